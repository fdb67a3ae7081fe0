"""A viewer's whole way through the app, with the connection cut on the way: what was done is in the log, once."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from live import Sent, current, listen, of_kind, opened, until
from playwright.sync_api import Browser, Page, Request, expect
from small_world import author

pytestmark = pytest.mark.web

VIDEO = "document.querySelector('[data-current] video')"


def on(page: Page) -> str:
    """To the next video, which plays."""
    page.keyboard.press("j")
    until(page, f"{VIDEO}?.currentTime > 0.1")
    return current(page)


def own_log(page: Page) -> list[dict[str, Any]]:
    """The events of "Your data", as they can be taken along."""
    page.goto("/data")
    with page.expect_download() as download:
        page.get_by_role("button", name="For machines (JSON)").click()
    return [item["event"] for item in json.loads(download.value.path().read_text())["log"] if "event" in item]


def attempted(page: Page) -> set[str]:
    """The ids of all events that the page ever tried to send, those that did not come through among them."""
    ids: set[str] = set()

    def keep(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/events"):
            ids.update(event["id"] for event in json.loads(request.post_data or "[]"))

    page.on("request", keep)
    return ids


def arrive(page: Page) -> list[str]:
    """1, 2. The first video plays, with sound after a tap, and is watched for a while; the next one is not."""
    page.goto("/")
    until(page, f"{VIDEO}?.currentTime > 0.1")
    page.touchscreen.tap(640, 300)
    until(page, f"!{VIDEO}.muted")
    until(page, f"{VIDEO}.currentTime > 1.5")
    return [current(page), on(page), on(page)]


def love(page: Page) -> None:
    """3, 4. It is liked and saved, its creator followed, and something said about it."""
    for key in ("l", "s", "f"):
        page.keyboard.press(key)
    expect(page.locator("[data-current]").get_by_role("button", name="Take the like back")).to_be_visible()
    page.keyboard.press("r")
    panel = page.get_by_role("dialog", name=re.compile("comment", re.I))
    panel.get_by_role("textbox").fill("What a loaf!")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("What a loaf!")).to_be_visible()
    page.keyboard.press("Escape")


def ask_why(page: Page) -> None:
    """5. Why this one? The bars add up to the score."""
    page.locator("[data-current] [data-act=why]").click()
    bars = page.locator("[data-chart=families]")
    bars.locator("[data-score]").wait_for()
    parts = bars.locator("[data-part]").evaluate_all("all => all.map((one) => Number(one.dataset.part))")
    (score,) = bars.locator("[data-score]").evaluate_all("all => all.map((one) => Number(one.dataset.score))")
    assert sum(parts) == pytest.approx(score, abs=1e-6)
    page.keyboard.press("Escape")


def refuse(page: Page) -> list[str]:
    """6. Less of the next one."""
    unwanted = on(page)
    page.keyboard.press("n")
    page.get_by_role("button", name="Videos like this").click()
    until(page, f"document.querySelector('[data-current]').dataset.video !== '{unwanted}'")
    return [unwanted, current(page)]


def go_on_alone(page: Page, arrived: Sent) -> list[str]:
    """7. The connection is cut: what is there plays on, and what is done waits, over a closed page too."""
    before = len(of_kind(arrived, "like"))
    page.context.set_offline(True)
    page.keyboard.press("l")
    seen = on(page)
    page.keyboard.press("s")
    page.wait_for_timeout(600)
    assert len(of_kind(arrived, "like")) == before
    page.context.set_offline(False)
    page.goto("about:blank")
    return [seen]


def steer(page: Page) -> str:
    """8, 9. More of a topic; and Following has the creator who was followed."""
    page.goto("/tune")
    slider = page.locator("[data-interest]").first.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    page.goto("/following")
    until(page, f"{VIDEO}?.currentTime > 0.1")
    return current(page)


def sign_up(page: Page) -> None:
    """10. An account takes all of it along."""
    page.goto("/signin")
    page.get_by_role("tab", name="Sign up").click()
    page.get_by_label("Name").fill("Storyteller")
    page.get_by_label("Password").fill("four words in a row")
    page.get_by_label("Year of birth").fill("1990")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible(timeout=15_000)


@pytest.mark.mission("NL-15")
@pytest.mark.mission("NO-05")
def test_a_story_in_ten_steps_loses_nothing_and_doubles_nothing(browser: Browser, theatre: str) -> None:
    with opened(browser, theatre) as page:
        arrived, tried = listen(page), attempted(page)
        seen = arrive(page)
        liked = current(page)
        love(page)
        ask_why(page)
        seen += refuse(page) + go_on_alone(page, arrived)
        followed = steer(page)
        sign_up(page)
        log = own_log(page)
    ids = Counter(event["id"] for event in log)
    assert set(ids.values()) == {1}
    assert tried <= set(ids)
    kinds = Counter(event["kind"] for event in log)
    done = {"like": 2, "save": 2, "follow": 1, "comment": 1, "not_interested": 1, "prefer": 1}
    assert {kind: kinds[kind] for kind in done} == done
    assert liked == next(event["video"] for event in log if event["kind"] == "like")
    assert set(seen) <= {event["video"] for event in log if event["kind"] == "watch"}
    assert [event["author"] for event in log if event["kind"] == "follow"] == [author(liked)] == [author(followed)]
