"""The app around the videos: by keys alone, on a phone, without a network, in two tabs, for long, and for everybody."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from live import ask, current, listen, of_kind, opened, swipe, until, wait_for
from playwright.sync_api import Browser, Page, Response, expect

pytestmark = pytest.mark.web

VIDEO = "document.querySelector('[data-current] video')"
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 360, "height": 640}, "is_mobile": True}
SCREENS = (("feed", ""), ("why", "w"), ("more", "n"), ("keys", "?"))
"""What lies over a video that plays, and the key that opens it."""
SWIPES = """async (count) => {
  const current = () => document.querySelector('[data-current]')?.dataset.video
  const seen = []
  while (seen.length < count) {
    const was = current()
    seen.push(was)
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }))
    while (!current() || current() === was) await new Promise(requestAnimationFrame)
  }
  return seen
}"""
"""Goes on by so many videos, and names those that it left."""


def test_a_story_by_keys_alone(cinema: Page, theatre: str) -> None:
    sent = listen(cinema)
    viewer = cinema.evaluate("localStorage['foryou.viewer.own']")
    for key in ("l", "s", "f"):
        cinema.keyboard.press(key)
    cinema.keyboard.press("?")
    expect(cinema.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    # The next key can come before the page hears that the dialog was closed: it counts all the same.
    cinema.evaluate("""document.querySelector('dialog').close();
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'w', bubbles: true }))""")
    cinema.locator("[data-part]").first.wait_for()
    cinema.keyboard.press("Escape")
    expect(cinema.get_by_role("dialog")).to_have_count(0)
    cinema.keyboard.press("j")
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "1")
    cinema.keyboard.press("n")
    expect(cinema.get_by_role("dialog", name="Not interested")).to_be_visible()
    while "Videos like this" not in cinema.evaluate("document.activeElement.textContent"):
        cinema.keyboard.press("Tab")
    cinema.keyboard.press("Enter")
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "2")
    wait_for(cinema, sent, "not_interested")
    assert {event["kind"] for event in sent} >= {"impression", "like", "save", "follow", "watch", "not_interested"}
    assert len({event["id"] for event in sent}) == len(sent)
    assert ask(f"{theatre}/v1/viewers/{viewer}")["signals_this_week"] == 5 or len(sent) > 5
    cinema.reload()
    until(cinema, f"{VIDEO}?.readyState >= 2")
    marks = cinema.evaluate(f"JSON.parse(localStorage['foryou.marks.{viewer}'])")
    assert [len(marks[mark]) for mark in ("like", "save", "follow", "not_interested")] == [1, 1, 1, 1]
    cinema.keyboard.press("?")
    cinema.get_by_label("Letter keys on").click()
    cinema.keyboard.press("Escape")
    cinema.keyboard.press("j")
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "0")
    cinema.keyboard.press("ArrowDown")
    expect(cinema.locator("[data-current]")).to_have_attribute("data-place", "1")


def test_on_a_phone_everything_fits_and_can_be_touched(browser: Browser, theatre: str) -> None:
    with opened(browser, theatre, viewport={"width": 320, "height": 568}, is_mobile=True) as page:
        page.goto("/")
        until(page, f"{VIDEO}?.currentTime > 0.1")
        swipe(page)
        expect(page.locator("[data-current]")).to_have_attribute("data-place", "1")
        for address in ("/", "/you"):
            page.goto(address)
            page.get_by_role("link", name="You", exact=True).wait_for()
            page.wait_for_timeout(300)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            small = page.evaluate("""[...document.querySelectorAll('button, nav a, label:has(input)')]
              .filter((one) => !one.closest('[inert]') && one.checkVisibility() && !one.matches('.unseen'))
              .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
              .filter(([, box]) => box.width > 1 && (box.height < 43.5 || box.width < 43.5)).map(([text]) => text)""")
            assert small == []
        page.goto("/")
        page.locator("[data-current] [data-act=why]").tap()
        page.locator("[data-part]").first.wait_for()
        shifts = page.evaluate("""new Promise((told) => new PerformanceObserver((list) => told(list.getEntries()
          .reduce((sum, { value }) => sum + value, 0))).observe({ type: 'layout-shift', buffered: true })
          || setTimeout(() => told(0), 300))""")
        assert shifts < 0.02


def test_without_a_network_the_last_videos_play_and_what_is_done_arrives_once(browser: Browser, theatre: str) -> None:
    with opened(browser, theatre, service_workers="allow") as page:
        sent = listen(page)
        page.goto("/")
        until(page, "navigator.serviceWorker.controller !== null")
        for _ in range(3):
            page.keyboard.press("j")
            until(page, f"{VIDEO}?.currentTime > 0.1")
        until(page, "caches.open('foryou-files').then((cache) => cache.keys()).then((keys) => keys.length >= 3)")
        watched = wait_for(page, sent, "watch", 3)
        page.context.set_offline(True)
        page.keyboard.press("l")
        page.keyboard.press("s")
        expect(page.get_by_role("button", name="Take the like back")).to_be_visible()
        page.goto("/following")  # the app itself opens without a network
        expect(page.get_by_text("These are the last videos you watched")).to_be_visible()
        assert current(page) in {event["video"] for event in sent}
        until(page, f"{VIDEO}?.currentTime > 0.3")
        page.keyboard.press("2")
        until(page, f"{VIDEO}?.currentTime > 0.9")
        assert of_kind(sent, "like") == []
        page.context.set_offline(False)
        wait_for(page, sent, "save")
        assert len(of_kind(sent, "like")) == 1
        assert len(watched) >= 3
        cached = page.evaluate("""caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name)
          .then((cache) => cache.keys())))).then((all) => all.flat().map(({ url }) => new URL(url).pathname))""")
        assert not [path for path in cached if path.startswith("/v1")]


def test_two_tabs_share_what_was_marked_and_send_nothing_twice(cinema: Page) -> None:
    other = cinema.context.new_page()
    sent, too = listen(cinema), listen(other)
    other.goto("/")
    until(other, f"{VIDEO}?.currentTime > 0.1")
    marks = "foryou.marks." + cinema.evaluate("localStorage['foryou.viewer.own']")
    cinema.context.set_offline(True)
    for page in (cinema, other):
        page.bring_to_front()
        page.evaluate(f"localStorage.removeItem('{marks}')")  # what one tab writes, another may read only later
        page.keyboard.press("l")
        page.keyboard.press("j")
    cinema.context.set_offline(False)
    for _ in range(100):
        if len(of_kind(sent + too, "like")) >= 2 and len(of_kind(sent + too, "watch")) >= 2:
            break
        cinema.wait_for_timeout(100)
    ids = [event["id"] for event in sent + too]
    assert len(of_kind(sent + too, "like")) == 2
    assert len(ids) == len(set(ids))
    until(cinema, f"JSON.parse(localStorage['{marks}']).like.length === 2")


def test_on_a_slow_network_there_is_a_picture_and_a_word_before_the_video(browser: Browser, theatre: str) -> None:
    with opened(browser, theatre) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        slow = {"offline": False, "latency": 300, "downloadThroughput": 30_000, "uploadThroughput": 30_000}
        session.send("Network.emulateNetworkConditions", slow)
        page.goto("/", wait_until="commit")
        page.locator("[data-current]").wait_for()
        assert page.locator("[data-current] video").get_attribute("poster")
        expect(page.locator("[data-current] .title")).to_be_visible()
        session.send("Network.emulateNetworkConditions", slow | {"latency": 0, "downloadThroughput": -1})
        until(page, f"{VIDEO}.currentTime > 0.1")


def test_three_hundred_swipes_repeat_nothing_and_keep_no_memory(cinema: Page) -> None:
    session = cinema.context.new_cdp_session(cinema)

    def memory() -> tuple[float, int]:
        session.send("HeapProfiler.collectGarbage")
        used = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
        return used["JSHeapUsedSize"] / 1e6, int(used["Nodes"])

    session.send("Performance.enable")
    seen: list[str] = []

    def go(count: int) -> None:
        seen.extend(cinema.evaluate(SWIPES, count))

    go(60)
    before, nodes = memory()
    go(240)
    after, more = memory()
    assert len(set(seen)) == 300
    assert cinema.locator("video").count() <= 6
    assert after < before + 4
    assert more < nodes * 1.5


def test_nobody_is_kept_out_of_what_lies_over_a_film(browser: Browser, theatre: str) -> None:
    rules = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }"
    for locale, size in (("en-GB", {}), ("nl-NL", PHONE)):
        with opened(browser, theatre, locale=locale, reduced_motion="reduce", **size) as page:
            page.goto("/")
            page.locator("[data-current]").wait_for()
            page.evaluate(AXE.read_text("utf-8"))
            for name, key in SCREENS:
                page.wait_for_timeout(400)
                if key:
                    page.keyboard.press(key)
                    page.get_by_role("dialog").wait_for()
                    page.wait_for_timeout(500)
                found = page.evaluate(f"axe.run(document, {rules}).then(({{ violations }}) => violations)")
                told = [
                    (name, locale, fault["id"], [node["target"] for node in fault["nodes"]])
                    for fault in found
                    if fault["impact"] in ("serious", "critical")
                ]
                assert told == []
                page.keyboard.press("Escape")


def test_the_first_load_is_small_and_compressed(browser: Browser, theatre: str) -> None:
    with opened(browser, theatre) as page:
        answers: list[Response] = []
        page.on("response", lambda answer, kept=answers: kept.append(answer))  # type: ignore[misc]
        page.add_init_script("""new MutationObserver((_, watching) => {
          const video = document.querySelector('[data-current] video')
          if (!video) return
          watching.disconnect()
          video.requestVideoFrameCallback((now) => (window.firstFrame = now))
        }).observe(document, { childList: true, subtree: true })""")
        page.goto("/")
        until(page, "window.firstFrame > 0")
        scripts = [answer for answer in answers if answer.url.endswith(".js")]
        assert {answer.headers["content-encoding"] for answer in scripts} == {"br"}
        assert 0 < sum(len(gzip.compress(answer.body())) for answer in scripts) < 60_000
        assert len(scripts) == 4  # what comes first, the page, what all pages share, the texts
