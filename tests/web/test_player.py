"""Videos that really play: what is measured is what was played, and everything that one does to a video works."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import small_world
from live import ask, current, listen, of_kind, opened, swipe, until, wait_for
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.web

VIDEO = "document.querySelector('[data-current] video')"


def played_by(page: Page) -> None:
    """Note, whenever a video is paused, which seconds of it the browser says it played."""
    page.evaluate("""() => {
      window.played = []
      const sum = (ranges) => Array.from(ranges, (_, i) => ranges.end(i) - ranges.start(i)).reduce((a, b) => a + b, 0)
      Object.defineProperty(TimeRanges.prototype, Symbol.iterator, { value: function* () {
        for (let i = 0; i < this.length; i++) yield i } })
      document.addEventListener('pause', ({ target }) => window.played.push(sum(target.played)), true)
    }""")


def at(page: Page, second: float) -> None:
    until(page, f"{VIDEO}.currentTime >= {second}")


def leave(page: Page, sent: list[dict[str, object]]) -> dict[str, object]:
    """Go to the next video; the watch of the one that was left."""
    count = len(of_kind(sent, "watch"))
    page.keyboard.press("j")
    return wait_for(page, sent, "watch", count + 1)[count]


RESTS = """((stage, current) => Math.abs(stage.scrollTop / stage.clientHeight - current.dataset.place) < 0.01)(
  document.querySelector('[role=feed]'), document.querySelector('[data-current]'))"""
"""Nothing scrolls any more."""


def longest(page: Page) -> None:
    """Go on to a clip of five seconds or more."""
    for _ in range(12):
        until(page, f"{VIDEO}.readyState >= 2")
        if page.evaluate(f"{VIDEO}.duration") > 4.9:
            until(page, RESTS)
            return
        page.keyboard.press("j")
    raise AssertionError("no long clip came")


def test_watch_time_is_what_the_video_says_it_played(cinema: Page) -> None:
    sent = listen(cinema)
    longest(cinema)
    played_by(cinema)
    at(cinema, 2.2)
    watch = leave(cinema, sent)
    (truth,) = cinema.evaluate("window.played")[-1:]
    assert watch["seconds"] == pytest.approx(truth, abs=0.1)
    assert watch["furthest"] == pytest.approx(truth, abs=0.1)
    assert watch["replays"] == 0


def test_what_is_skipped_by_seeking_is_not_watched_and_double_speed_counts_the_seconds_that_went_by(
    cinema: Page,
) -> None:
    sent = listen(cinema)
    longest(cinema)
    played_by(cinema)
    cinema.keyboard.press("6")
    at(cinema, cinema.evaluate(f"{VIDEO}.currentTime") + 1)
    watch = leave(cinema, sent)
    truth = cinema.evaluate("window.played")[-1]
    assert watch["seconds"] == pytest.approx(truth, abs=0.1)
    assert watch["furthest"] > 3
    longest(cinema)
    cinema.evaluate("window.played = []")
    box = cinema.locator("[data-current]").bounding_box()
    assert box is not None
    cinema.mouse.move(box["x"] + 100, box["y"] + 250)
    cinema.mouse.down()
    until(cinema, f"{VIDEO}.playbackRate === 2")
    before = cinema.evaluate(f"{VIDEO}.currentTime")
    at(cinema, before + 2)
    cinema.keyboard.press(" ")
    cinema.mouse.up()
    watch = leave(cinema, sent)
    truth = cinema.evaluate("window.played[0]")
    assert watch["seconds"] == pytest.approx(before + (truth - before) / 2, abs=0.12)


def test_a_loop_is_a_replay_and_a_hidden_tab_is_not_watched(cinema: Page) -> None:
    sent = listen(cinema)
    until(cinema, f"{VIDEO}.duration > 0")
    length = cinema.evaluate(f"{VIDEO}.duration")
    cinema.evaluate(f"window.wraps = 0; {VIDEO}.addEventListener('seeked', () => window.wraps++)")
    until(cinema, "window.wraps >= 1")
    at(cinema, 0.5)
    hide = "Object.defineProperty(document, 'visibilityState', { value: '%s', configurable: true });"
    told = "document.dispatchEvent(new Event('visibilitychange'))"
    cinema.evaluate(hide % "hidden" + told)
    stands = cinema.evaluate(f"{VIDEO}.currentTime")
    cinema.wait_for_timeout(700)
    assert cinema.evaluate(f"{VIDEO}.currentTime") == stands
    cinema.evaluate(hide % "visible" + told)
    at(cinema, stands + 0.2)
    cinema.keyboard.press(" ")
    stands = cinema.evaluate(f"{VIDEO}.currentTime")
    watch = leave(cinema, sent)
    assert watch["replays"] == 1
    assert watch["furthest"] == pytest.approx(length, abs=0.05)
    assert watch["seconds"] == pytest.approx(length + stands, abs=0.1)


def test_two_are_preloaded_and_three_kept_and_only_the_current_one_plays(cinema: Page) -> None:
    for _ in range(5):
        cinema.keyboard.press("ArrowDown")
        cinema.wait_for_timeout(120)
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "5")
    assert cinema.locator("video").count() == 6
    until(cinema, "[...document.querySelectorAll('video')].every((video) => video.readyState >= 2)")
    assert cinema.evaluate("[...document.querySelectorAll('video')].filter((video) => !video.paused).length") == 1


def test_a_tap_turns_sound_on_once_and_then_pauses_and_two_taps_like(cinema: Page) -> None:
    sent = listen(cinema)
    box = cinema.locator("[data-current]").bounding_box()
    assert box is not None
    spot = (box["x"] + 120, box["y"] + 240)
    assert cinema.evaluate(f"{VIDEO}.muted")
    cinema.touchscreen.tap(*spot)
    until(cinema, f"!{VIDEO}.muted")
    assert not cinema.evaluate(f"{VIDEO}.paused")
    cinema.touchscreen.tap(*spot)
    until(cinema, f"{VIDEO}.paused")
    cinema.get_by_role("button", name="Play").click()
    until(cinema, f"!{VIDEO}.paused")
    cinema.mouse.dblclick(*spot)
    expect(cinema.get_by_role("button", name="Take the like back")).to_be_visible()
    wait_for(cinema, sent, "like")
    cinema.mouse.dblclick(*spot)
    cinema.wait_for_timeout(400)
    assert of_kind(sent, "unlike") == []
    cinema.keyboard.press("j")
    until(cinema, f"!{VIDEO}.muted && !{VIDEO}.paused")


@pytest.mark.mission("NL-02")
def test_a_shared_link_plays_that_video_for_somebody_who_was_never_here(browser: Browser, theatre: str) -> None:
    with opened(browser, theatre, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto("/")
        until(page, f"{VIDEO}?.currentTime > 0.3")
        page.keyboard.press("j")
        until(page, RESTS)
        shared, video = listen(page), current(page)
        page.keyboard.press("h")
        expect(page.get_by_text("Link copied")).to_be_visible()
        link = page.evaluate("navigator.clipboard.readText()")
        assert wait_for(page, shared, "share", 1)[0]["video"] == video
    with opened(browser, theatre) as stranger:
        stranger.goto(link)
        until(stranger, f"{VIDEO}?.currentTime > 0.3")
        assert current(stranger) == video


@pytest.mark.mission("NO-50")
def test_captions_are_text_and_their_choice_is_remembered(cinema: Page) -> None:
    said = cinema.locator(".captions")
    cinema.keyboard.press("0")
    expect(said).to_contain_text(re.compile(r"First words of \w+ <img src=x>|Æ ø å"))
    assert cinema.locator("article img").count() == 0
    cinema.keyboard.press("c")
    expect(said).to_have_count(0)
    cinema.reload()
    until(cinema, f"{VIDEO}?.currentTime > 0.3")
    expect(said).to_have_count(0)


def test_the_scrub_bar_goes_where_it_is_dragged_and_by_keys(cinema: Page) -> None:
    cinema.keyboard.press(" ")
    bar = cinema.get_by_role("slider", name="Position in the video")
    box = bar.bounding_box()
    assert box is not None
    length = cinema.evaluate(f"{VIDEO}.duration")
    cinema.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 14)
    cinema.mouse.down()
    cinema.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 14)
    cinema.mouse.up()
    assert cinema.evaluate(f"{VIDEO}.currentTime") == pytest.approx(length / 2, abs=0.15)
    cinema.keyboard.press("ArrowLeft")
    assert cinema.evaluate(f"{VIDEO}.currentTime") == pytest.approx(max(0, length / 2 - 5), abs=0.15)
    cinema.keyboard.press("3")
    assert cinema.evaluate(f"{VIDEO}.currentTime") == pytest.approx(0.3 * length, abs=0.05)
    cinema.keyboard.press("Shift+ArrowRight")
    assert cinema.evaluate(f"{VIDEO}.currentTime") == pytest.approx(0.3 * length + 0.04, abs=0.01)
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"0:0\d of 0:0\d"))


@pytest.fixture
def blank(browser: Browser, theatre: str) -> Iterator[Page]:
    with opened(browser, theatre) as page:
        yield page


def test_a_link_opens_its_video_and_what_cannot_be_played_says_so_and_goes_on(blank: Page) -> None:
    blank.goto(f"/v/{small_world.BREAKS}")
    blank.locator("[data-current]").wait_for()
    assert current(blank) == small_world.BREAKS
    expect(blank.get_by_text("This video cannot be played")).to_be_visible()
    expect(blank.locator("[data-current]")).to_have_attribute("data-place", "1", timeout=8000)
    blank.goto("/v/none-such")
    expect(blank.get_by_text("no longer available")).to_be_visible()
    blank.locator("[data-current]").wait_for()


def test_without_autoplay_a_video_waits_and_a_feed_can_end_after_ten(blank: Page) -> None:
    blank.goto("/you")
    blank.get_by_label("Play by itself").click()
    blank.get_by_label("A feed that ends").click()
    blank.get_by_role("link", name="Watch").click()
    until(blank, f"{VIDEO}?.readyState >= 2")
    assert blank.evaluate(f"{VIDEO}.paused")
    blank.keyboard.press(" ")
    until(blank, f"{VIDEO}.currentTime > 0")
    for place in range(1, 10):
        blank.keyboard.press("j")
        expect(blank.locator("[data-current]")).to_have_attribute("data-place", str(place))
    blank.keyboard.press("j")
    expect(blank.get_by_role("heading", name="That was 10 videos")).to_be_visible()
    blank.get_by_role("button", name="Ten more").click()
    expect(blank.locator("[data-current]")).to_have_attribute("data-place", "0")


def test_the_stop_card_comes_after_the_time_of_ones_choice(blank: Page) -> None:
    blank.goto("/")
    blank.evaluate("localStorage['foryou.settings'] = JSON.stringify({ stopAfter: 1 / 60 })")
    blank.reload()
    card = blank.get_by_role("alertdialog")
    expect(card).to_be_visible()
    assert blank.evaluate(f"{VIDEO}.paused")
    blank.keyboard.press("j")
    expect(blank.locator("[data-current]")).to_have_attribute("data-place", "0")
    card.get_by_role("button").last.click()
    until(blank, f"!{VIDEO}.paused")


def test_hiding_a_sound_or_hashtag_and_reporting_can_be_undone(cinema: Page, theatre: str) -> None:
    sent = listen(cinema)
    first = current(cinema)
    tag = small_world.topic(first)

    def more(row: str) -> None:
        cinema.locator("[data-current] [data-act=more]").click()
        cinema.get_by_role("dialog").get_by_role("button", name=row).click()

    more("Hide a sound, hashtag or creator")
    cinema.get_by_role("button", name=f"#{tag}").click()
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "1")
    assert wait_for(cinema, sent, "hide")[0]["hashtag"] == tag
    places = cinema.locator("article:not([data-place='0']) .words ul").all_inner_texts()
    assert all(f"#{tag}" not in text for text in places)
    cinema.get_by_role("button", name="Undo").click()
    wait_for(cinema, sent, "unhide")
    assert current(cinema) == first
    more("Report")
    cinema.get_by_role("button", name="Spam or deceit").click()
    cinema.get_by_role("button", name="Undo").click()
    more("Report")
    cinema.get_by_role("button", name="False information").click()
    cinema.goto("about:blank")  # leaving does not lose what was still waiting
    viewer = sent[0]["viewer"]
    assert ask(f"{theatre}/v1/viewers/{viewer}")["viewer"] == viewer


def sweep_left(page: Page) -> None:
    """A finger from right to left over the picture, below the button that turns it."""
    box = page.locator("[data-current]").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    points = [{"x": box["x"] + 240 - 22 * n, "y": box["y"] + 0.55 * box["height"]} for n in range(9)]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_to_the_left_is_who_made_it_and_back_is_the_same_video_where_it_was(cinema: Page) -> None:
    swipe(cinema)
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "1")
    video, author = current(cinema), cinema.locator("[data-current] .author b").inner_text()
    at(cinema, 1.2)
    cinema.keyboard.press(" ")
    stood = cinema.evaluate(f"{VIDEO}.currentTime")
    sweep_left(cinema)
    expect(cinema).to_have_url(re.compile(f"/@{author}$"))
    cinema.get_by_role("heading", name=author).wait_for()
    cinema.go_back()
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "1")
    assert current(cinema) == video
    until(cinema, f"{VIDEO}?.readyState >= 2")
    assert cinema.evaluate(f"{VIDEO}.currentTime") >= stood - 0.1


def test_what_lies_on_its_side_can_be_turned_to_fill_the_screen(blank: Page) -> None:
    blank.goto("/v/f0")
    until(blank, f"{VIDEO}?.readyState >= 2")
    expect(blank.get_by_role("button", name="Turn")).to_have_count(0)
    blank.set_viewport_size({"width": 390, "height": 800})
    blank.goto("/v/f4")
    until(blank, f"{VIDEO}?.readyState >= 2")
    before = blank.locator("[data-current] video").bounding_box()
    blank.get_by_role("button", name="Turn").tap()
    expect(blank.get_by_role("button", name="Turn back")).to_have_attribute("aria-pressed", "true")
    expect(blank.locator("[data-current] [data-act=like]")).to_have_count(0)
    until(blank, "document.fullscreenElement || document.querySelector('[data-current] .turned')")
    turned = blank.locator("[data-current] video")
    until(blank, f"{VIDEO}.closest('.turned') !== null")  # a portrait screen that does not turn: the picture does
    after = turned.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] == pytest.approx(before["height"], abs=2)
    assert blank.evaluate(f"{VIDEO}.offsetWidth > {VIDEO}.offsetHeight")
    blank.keyboard.press("Escape")
    expect(blank.locator("[data-current] [data-act=like]")).to_be_visible()
    blank.keyboard.press("t")
    expect(blank.get_by_role("button", name="Turn back")).to_be_visible()
    blank.keyboard.press("j")
    expect(blank.get_by_role("button", name="Turn back")).to_have_count(0)


def test_at_the_end_of_an_episode_the_next_one_is_offered(blank: Page) -> None:
    blank.goto("/v/e1")
    until(blank, f"{VIDEO}?.currentTime > 0.1")
    expect(blank.get_by_text("Part 1 · The loaf")).to_be_visible()
    expect(blank.get_by_role("button", name="Next episode")).to_have_count(0)
    blank.keyboard.press("9")
    blank.get_by_role("button", name="Next episode").click()
    expect(blank.locator("[data-current]")).to_have_attribute("data-video", "e2")


def test_letters_can_go_about_in_a_video_instead(cinema: Page) -> None:
    longest(cinema)
    place = cinema.locator("[data-current]").get_attribute("data-place")
    cinema.keyboard.press("?")
    keys = cinema.get_by_role("dialog", name="Keyboard shortcuts")
    keys.get_by_label("In the video: j, k, l").check()
    expect(keys.get_by_text("10 seconds back or on")).to_be_visible()
    # What had the focus in a dialog has it until the browser draws again: a key that comes before that counts.
    had = cinema.evaluate("""() => {
      const focused = document.activeElement
      document.querySelector('dialog').close()
      focused.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', bubbles: true }))
      return focused.tagName
    }""")
    assert had == "INPUT"
    expect(cinema.get_by_role("dialog")).to_have_count(0)
    until(cinema, f"{VIDEO}.paused")
    cinema.keyboard.press("l")
    until(cinema, f"{VIDEO}.currentTime > 4.8")
    cinema.keyboard.press("j")
    until(cinema, f"{VIDEO}.currentTime < 0.1")
    cinema.keyboard.press("u")
    expect(cinema.get_by_role("button", name="Take the like back")).to_have_attribute("title", re.compile(r"\(u\)"))
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", str(place))
    cinema.keyboard.press("ArrowDown")
    expect(cinema.locator("[data-current]")).not_to_have_attribute("data-place", str(place))


def test_swipes_of_a_finger_go_one_by_one(cinema: Page) -> None:
    for place in range(1, 4):
        swipe(cinema)
        expect(cinema.locator("[data-current]")).to_have_attribute("data-place", str(place))
        cinema.wait_for_timeout(500)
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "3")
