"""A real browser, and a real server over a small world that was sent through its own API."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import clips
import neighbours
import pytest
import small_world
from live import ask, opened, serving, until
from playwright.sync_api import Browser, Page, sync_playwright

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


def _browser_path() -> str | None:
    """`$CHROMIUM`, or a Chromium or Chrome on the path; None where only playwright's own can be left."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    return named or next(filter(None, found), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = _browser_path()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no browser: install Chromium, name one in $CHROMIUM, or run `playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `foryou serve`, with the small world in it."""
    with serving(tmp_path_factory.mktemp("live")) as address:
        yield address


@pytest.fixture(scope="session")
def street(server: str) -> str:
    """The address of the small world, with people in it."""
    rows = neighbours.events(int(time.time() * 1000))
    assert ask(f"{server}/v1/events", rows)["refused"] == []
    return server


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `foryou serve` with videos that really play."""
    home = tmp_path_factory.mktemp("theatre")
    clips.render(home / "data" / "media")
    with serving(home, world=small_world.filmed) as address:
        yield address


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """The feed of a viewer who was never here before, on a desktop with a touch screen."""
    with opened(browser, server) as page:
        page.goto("/")
        page.locator("[data-current]").wait_for()
        yield page


@pytest.fixture
def cinema(browser: Browser, theatre: str) -> Iterator[Page]:
    """The same, where videos really play, and the first of them does."""
    with opened(browser, theatre) as page:
        page.goto("/")
        until(page, "document.querySelector('[data-current] video')?.currentTime > 0.1")
        yield page
