"""A real browser, and a real server over a small world that was sent through its own API."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_world
from playwright.sync_api import Browser, Page, sync_playwright

STATIC = Path(__file__).parents[2] / "foryou" / "api" / "static"
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


def _ask(url: str, rows: list[dict[str, object]] | None = None) -> dict[str, object]:
    body = None if rows is None else json.dumps(rows).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"} if body else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        told: dict[str, object] = json.load(answer)
        return told


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `foryou serve`, with the small world in it."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the page is not built: run `make setup`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("live")
    command = [sys.executable, "-c", "from foryou.cli import main; main()", "serve", "--data", str(home / "data")]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_ready(address, process, home / "log")
            rows = small_world.events(int(time.time() * 1000))
            for start in range(0, len(rows), 1000):
                assert _ask(f"{address}/v1/events", rows[start : start + 1000])["refused"] == []
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120  # the first start on a machine compiles
    while time.monotonic() < until and process.poll() is None:
        try:
            _ask(f"{address}/health/ready")
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """The feed of a viewer who was never here before, on a desktop with a touch screen."""
    context = browser.new_context(
        base_url=server, viewport={"width": 1280, "height": 800}, has_touch=True, locale="en-GB"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto("/")
    page.locator("[data-current]").wait_for()
    yield page
    context.close()
    assert problems == []
