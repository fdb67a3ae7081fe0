"""The page in a real browser, on the real engine: watching teaches it, and it can say why."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

import pytest
from live import ask, current, listen, of_kind, swipe, wait_for
from playwright.sync_api import Locator, Page, expect
from small_world import SECONDS, topic

pytestmark = pytest.mark.web


def turn_wheel(page: Page) -> None:
    """One flick: many small turns, as a trackpad sends them."""
    page.mouse.move(640, 300)
    session, now = page.context.new_cdp_session(page), time.time()
    for turn in range(6):  # with the times that they would have, however slowly they are sent
        where = {"type": "mouseWheel", "x": 640, "y": 300, "deltaX": 0, "deltaY": 40}
        session.send("Input.dispatchMouseEvent", {**where, "timestamp": now + turn * 0.016})
    session.detach()
    page.wait_for_timeout(300)


RESTS = """() => {
    const slot = document.querySelector('[data-current]')
    return Math.abs(slot.getBoundingClientRect().top - slot.parentElement.getBoundingClientRect().top) < 2
}"""


def expect_place(page: Page, place: int) -> None:
    """It is the current one, and the list has come to rest there: a finger that catches it on its way holds it back."""
    expect(page.locator("[data-current]")).to_have_attribute("data-place", str(place))
    page.wait_for_function(RESTS)


def numbers(bars: Locator, name: str) -> list[float]:
    return [float(value) for value in bars.evaluate_all(f"all => all.map(one => one.dataset.{name})")]


def shown_next(page: Page, count: int) -> list[str]:
    """The next videos, each swiped away as soon as it is the one on the screen."""
    videos = []
    for _ in range(count):
        videos.append(current(page))
        page.keyboard.press("j")
        expect(page.locator("[data-current]")).not_to_have_attribute("data-video", videos[-1])
    return videos


def share(videos: Iterable[str], of: str) -> float:
    topics = [topic(video) for video in videos]
    return topics.count(of) / len(topics)


def test_five_swipes_show_six_videos_once_each_and_are_seen_by_the_engine(page: Page) -> None:
    sent = listen(page)
    videos = [current(page)]
    for place, move in enumerate(
        [swipe, turn_wheel, swipe, turn_wheel, lambda page: page.keyboard.press("ArrowDown")], 1
    ):
        move(page)
        expect_place(page, place)
        videos.append(current(page))
    assert len(set(videos)) == 6
    watches = wait_for(page, sent, "watch", 5)
    assert [event["video"] for event in watches] == videos[:5]
    assert {event["request"] for event in watches} == {page.locator("[data-current]").get_attribute("data-request")}
    page.keyboard.press("k")
    expect_place(page, 4)


@pytest.mark.parametrize(("what", "key"), [("like", "l"), ("save", "s")])
def test_what_is_marked_counts_at_once_and_no_more_when_it_is_taken_back(page: Page, what: str, key: str) -> None:
    under = page.locator(f"[data-current] [data-act={what}] .under")
    before = int(under.inner_text())
    for more in (1, 0, 1):
        page.keyboard.press(key)
        expect(under).to_have_text(str(before + more))
    page.keyboard.press("j")
    expect_place(page, 1)
    page.keyboard.press("k")
    expect_place(page, 0)
    expect(under).to_have_text(str(before + 1))


def test_watch_time_is_the_time_waited_and_stops_under_a_menu(page: Page) -> None:
    sent = listen(page)
    page.keyboard.press("j")
    expect_place(page, 1)
    page.wait_for_timeout(int(SECONDS * 1000) + 1000)
    page.keyboard.press("?")
    page.wait_for_timeout(1500)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("j")
    watch = wait_for(page, sent, "watch", 2)[1]
    assert isinstance(watch["seconds"], float)
    assert SECONDS + 0.9 < watch["seconds"] < SECONDS + 2.2
    assert watch["furthest"] == SECONDS
    assert watch["replays"] == 1


def test_leaving_the_page_sends_what_was_watched(page: Page, server: str) -> None:
    viewer = page.evaluate("localStorage['foryou.viewer.own']")
    page.wait_for_timeout(int(SECONDS * 1000) + 300)
    page.goto("about:blank")
    other = page.context.new_page()
    other.goto("/")
    known = other.request.get(f"/v1/viewers/{viewer}").json()
    assert known["signals_this_week"] >= 1


def test_a_like_shows_and_a_later_feed_has_more_of_its_topic(page: Page) -> None:
    sent = listen(page)
    before = shown_next(page, 20)
    loved = topic(current(page))
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Take the like back")).to_have_attribute("aria-pressed", "true")
    wait_for(page, sent, "like")
    page.wait_for_timeout(int(SECONDS * 1000) + 200)  # and it is watched to the end
    page.keyboard.press("j")
    wait_for(page, sent, "watch", 21)
    page.reload()
    page.locator("[data-current]").wait_for()
    after = shown_next(page, 10)
    assert not set(before) & set(after)
    assert share(after, loved) > share(before, loved)


def test_why_opens_and_its_bars_add_up_to_the_score(page: Page) -> None:
    page.keyboard.press("w")
    panel = page.get_by_role("dialog", name="Why this video?")
    panel.locator("[data-chart=families] [data-score]").wait_for()
    for chart in ("families", "heads"):
        bars = panel.locator(f"[data-chart={chart}]")
        (score,) = numbers(bars.locator("[data-score]"), "score")
        parts = numbers(bars.locator("[data-part]"), "part")
        assert len(parts) >= 11
        assert sum(parts) == pytest.approx(score, abs=1e-6)
    expect(panel.locator(".lead")).to_have_text(re.compile(r"\w+.*\."))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_not_interested_moves_on_and_can_be_undone(page: Page) -> None:
    sent = listen(page)
    video = current(page)
    page.keyboard.press("n")
    page.get_by_role("dialog", name="Not interested").get_by_role("button", name="Videos like this").click()
    expect_place(page, 1)
    page.get_by_role("button", name="Undo").click()
    expect_place(page, 0)
    assert current(page) == video
    (taken_back,) = wait_for(page, sent, "interested")
    (rejected,) = of_kind(sent, "not_interested")
    assert rejected["video"] == taken_back["video"] == video


def test_what_is_not_wanted_is_a_topic_a_creator_or_only_known_already(page: Page, server: str) -> None:
    sent = listen(page)
    viewer = page.evaluate("localStorage['foryou.viewer.own']")

    def turn_down(what: str) -> None:
        page.keyboard.press("n")
        page.get_by_role("dialog", name="Not interested").get_by_role("button", name=re.compile(what)).click()

    video = current(page)
    turn_down("Seen already")
    expect_place(page, 1)
    page.wait_for_timeout(6000)  # for so long it can be taken back
    assert [event["video"] for event in wait_for(page, sent, "seen")] == [video]
    assert ask(f"{server}/v1/viewers/{viewer}")["less_of"] == []  # it says nothing against what it is about
    turn_down("This creator")
    expect_place(page, 2)
    turn_down("This topic")
    expect_place(page, 3)
    assert [event["about"] for event in wait_for(page, sent, "not_interested", 2)] == ["author", "topic"]
    less = ask(f"{server}/v1/viewers/{viewer}")["less_of"]
    assert isinstance(less, list)
    assert {each["kind"] for each in less} >= {"author", "topic"}


def test_a_followed_author_fills_the_following_feed(page: Page) -> None:
    sent = listen(page)
    page.keyboard.press("f")
    (follow,) = wait_for(page, sent, "follow")
    page.get_by_role("tab", name="Following").click()
    page.locator("[data-current]").wait_for()
    author = page.locator("[data-current] .author b")
    expect(author).to_have_text(str(follow["author"]))


def test_the_plain_feed_is_asked_for_without_a_viewer(page: Page) -> None:
    with page.expect_request(re.compile("surface=plain")) as asked:
        page.get_by_role("tab", name="Plain").click()
    assert not re.search("viewer|device|time_zone", asked.value.url)
    expect(page.get_by_text("Nothing about you goes into it")).to_be_visible()


def test_events_wait_while_the_network_is_away(page: Page) -> None:
    sent = listen(page)
    page.context.set_offline(True)
    page.keyboard.press("l")
    page.keyboard.press("j")
    page.wait_for_timeout(600)
    assert of_kind(sent, "like") == []
    page.context.set_offline(False)
    assert len(wait_for(page, sent, "like")) == 1


@pytest.mark.parametrize(("locale", "words"), [("nl-NL", "Waarom deze video?"), ("nb-NO", "Hvorfor denne videoen?")])
def test_the_page_speaks_the_language_of_the_browser(page: Page, server: str, locale: str, words: str) -> None:
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(base_url=server, locale=locale, viewport={"width": 320, "height": 568}) as context:
        phone = context.new_page()
        phone.goto("/")
        expect(phone.locator("[data-current]").get_by_role("button", name=words)).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 320
