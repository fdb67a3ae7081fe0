"""The page where a key is needed: it opens with a token that an app hands over, or with what is pasted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from live import ask, serving, watch_for_problems
from playwright.sync_api import Browser, Page, expect

from foryou.access.kept import Kept
from foryou.access.keys import Keys
from foryou.access.rules import Role
from foryou.core.clock import SystemClock

pytestmark = pytest.mark.web


@dataclass(frozen=True)
class Locked:
    """A server where a key is needed, and one that opens it."""

    address: str
    key: str

    def token(self, viewer: str) -> str:
        return str(ask(f"{self.address}/v1/tokens", {"viewer": viewer}, self.key)["token"])


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    home = tmp_path_factory.mktemp("locked")
    kept = Kept(home / "data")
    key = Keys(kept).create("app", [Role.SERVE, Role.INGEST], SystemClock()(), "test")[1]
    kept.close()
    with serving(home, key) as address:
        yield Locked(address, key)


@pytest.fixture
def page(browser: Browser, locked: Locked) -> Iterator[Page]:
    context = browser.new_context(base_url=locked.address, viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems: list[str] = []
    watch_for_problems(page, problems)
    yield page
    context.close()
    assert problems == []


def test_a_token_behind_the_hash_opens_the_feed_of_its_viewer(page: Page, locked: Locked) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
    token = locked.token("ada ø")
    page.goto(f"/#token={token}")
    page.locator("[data-current]").wait_for()
    assert any("viewer=ada+%C3%B8" in url for url in asked)
    assert token not in page.url
    assert not any(token in url for url in asked)
    with page.expect_response(lambda answer: answer.url.endswith("/v1/events")) as sent:
        page.keyboard.press("l")
    told = sent.value.json()
    assert (told["accepted"] > 0, told["refused"]) == (True, [])
    page.keyboard.press("w")
    page.locator("[data-part]").first.wait_for()
    page.reload()
    page.locator("[data-current]").wait_for()


def test_without_anything_to_show_it_asks_for_a_key(page: Page, locked: Locked) -> None:
    page.goto("/")
    field = page.get_by_label("Key or token")
    expect(field).to_be_visible()
    assert page.locator("[data-current]").count() == 0
    field.fill("fy_wrong")
    page.get_by_role("button", name="Open").click()
    expect(field).to_have_value("")
    field.fill(f" {locked.key} ")
    page.get_by_role("button", name="Open").click()
    page.locator("[data-current]").wait_for()
    other = page.context.new_page()
    other.goto("/")
    expect(other.get_by_label("Key or token")).to_be_visible()
