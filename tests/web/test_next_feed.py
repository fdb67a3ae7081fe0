"""Every control of Why, Tune and Your data, used in the page as a person does, is seen in what the next feed brings."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from statistics import mean
from typing import Any

import pytest
from live import ask, watch_for_problems
from playwright.sync_api import Browser, Page, expect
from small_world import TOPICS, VIDEOS, topic
from small_world import events as small_events
from somebody import Somebody, slide

pytestmark = pytest.mark.web

LONG = range(VIDEOS, VIDEOS + 60)
"""Videos that others are not: long, Dutch, about a secret, twenty of each author and with each sound."""
Visit = Callable[[str, str], tuple[Somebody, Page]]


@pytest.fixture(scope="module")
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """Opens the page at a path as a viewer sees it: one page for all of them, in which nothing may go wrong."""
    uploaded = int(time.time() * 1000) - 30 * 86_400_000
    videos = [
        {"id": f"v{n}", "kind": "video", "video": f"v{n}", "author": f"long{n // 20}", "sound": f"hum{n % 3}",
         "hashtags": [topic(f"v{n}")], "duration": 90.0, "language": "nl", "uploaded": uploaded + n,
         "caption": f"Een geheim, nummer {n}"}
        for n in LONG
    ]  # fmt: skip
    assert ask(f"{server}/v1/events", videos)["refused"] == []
    size = {"width": 1280, "height": 800}
    with browser.new_context(base_url=server, viewport=size, locale="en-GB", service_workers="block") as context:
        context.set_default_timeout(15_000)
        page, problems = context.new_page(), list[str]()
        watch_for_problems(page, problems)
        page.goto("/how")

        def come(viewer: str, path: str = "/tune") -> tuple[Somebody, Page]:
            page.evaluate("(viewer) => (localStorage['foryou.viewer'] = viewer)", viewer)
            page.goto(path)
            return Somebody(server, viewer), page

        yield come
    assert problems == []


def watched() -> dict[str, int]:
    """How often each video of the small world was watched."""
    videos = [str(row["video"]) for row in small_events(0) if row["kind"] == "watch"]
    return {video: videos.count(video) for video in set(videos)}


@pytest.mark.mission("NO-07")
@pytest.mark.mission("NO-08")
@pytest.mark.mission("NL-19")
@pytest.mark.mission("NO-33")
def test_as_much_of_an_interest_comes_as_its_slider_says_and_none_at_its_end(visit: Visit) -> None:
    viewer, page = visit("u8", "/tune")  # loves fjords
    interest = page.locator("[data-interest='hashtag fjords']")
    expect(interest).to_contain_text("signals")
    usual, others = viewer.share("fjords"), viewer.share("bread")
    slide(page.locator("[data-interest='hashtag bread']").get_by_role("slider"), "End")
    viewer.until(page, lambda known: [each["strength"] for each in known["prefers"]] == [2.0])
    assert viewer.share("bread") >= max(2 * others, 0.2)
    page.get_by_role("button", name="Undo").click()
    viewer.until(page, lambda known: known["prefers"] == [])
    slide(interest.get_by_role("slider"), "ArrowLeft", 8)
    viewer.until(page, lambda known: [each["strength"] for each in known["prefers"]] == [0.2])
    assert viewer.share("fjords") <= usual / 4
    slide(interest.get_by_role("slider"), "Home")
    viewer.until(page, lambda known: [each["strength"] for each in known["prefers"]] == [0.0])
    assert viewer.share("fjords") == 0
    expect(page.locator("[data-asked='hashtag fjords']")).to_contain_text("You asked for less #fjords")
    page.get_by_role("button", name="Undo").click()
    viewer.until(page, lambda known: [each["strength"] for each in known["prefers"]] == [0.2])


def test_much_less_comes_of_what_was_forgotten_in_tune(visit: Visit) -> None:
    viewer, page = visit("forgets", "/how")
    viewer.finishes([f"v{n}" for n in range(2, 40, len(TOPICS))])  # fjords
    viewer, page = visit("forgets", "/tune")
    usual = viewer.share("fjords")
    page.get_by_role("button", name="Forget #fjords").click()
    page.get_by_role("link", name="Your data").first.click()  # whoever leaves is sure
    viewer.until(page, lambda known: "fjords" not in json.dumps(known["interests"]))
    assert viewer.share("fjords") < usual / 2


Of = Callable[[dict[str, Any]], bool]


def muted(some: dict[str, Any]) -> list[tuple[str, str, Of]]:
    """What of a video can be muted: a kind, a name, and what else is so."""
    tag, author, sound = some["hashtags"][0], some["author"], some["sound"]
    return [
        ("hashtag", tag, lambda item: tag in item["hashtags"]),
        ("word", tag.upper(), lambda item: tag in item["caption"].lower()),
        ("author", author, lambda item: bool(item["author"] == author)),
        ("sound", sound, lambda item: bool(item["sound"] == sound)),
    ]


@pytest.mark.mission("NO-07")
def test_what_is_muted_never_comes_and_comes_again_when_it_is_not(visit: Visit) -> None:
    viewer, page = visit("mute", "/tune")
    mutes = page.get_by_role("region", name="Muted")
    page.locator("[data-tile]").nth(11).wait_for()
    some = viewer.items(100)[0]
    for kind, name, is_of in muted(some):
        assert any(map(is_of, viewer.items(100))), kind
        mutes.get_by_role("combobox").select_option(kind)
        mutes.get_by_label("Which one").fill(name)
        mutes.get_by_role("button", name="Add").click()
        viewer.until(page, lambda known, name=name: [each["name"] for each in known["hidden"]] == [name])
        assert not any(map(is_of, viewer.items(100))), kind
        if kind == "hashtag":  # the strip says what goes before it is gone
            gone = page.locator("[data-mark=removed]").evaluate_all("all => all.map(one => one.dataset.tile)")
            stay = page.locator("[data-tile]:not([data-mark=removed])")
            assert name in map(topic, gone)
            assert name not in map(topic, stay.evaluate_all("all => all.map(one => one.dataset.tile)"))
        mutes.get_by_role("button", name=re.compile("Show .* again")).click()
        viewer.until(page, lambda known: known["hidden"] == [])


@pytest.mark.mission("NO-05")
def test_the_mix_is_as_its_sliders_and_languages_say(visit: Visit) -> None:
    viewer, page = visit("mix", "/how")
    viewer.finishes([f"v{n}" for n in range(5, 40, len(TOPICS))])  # jazz
    viewer, page = visit("mix", "/tune")
    counts = watched()

    def known_of() -> float:
        return mean(counts.get(video, 0) for video in viewer.next())

    def long() -> float:
        return mean(item["duration"] > 60 for item in viewer.items())

    for name, level, measure in (
        ("Length", "length", long),
        ("Popular or little known", "niche", lambda: -known_of()),
        ("Familiar or new", "novelty", lambda: 1 - viewer.share("jazz")),
    ):
        found = []
        for key, value in (("Home", -1), ("End", 1)):
            slide(page.get_by_role("slider", name=name), key)
            viewer.until(page, lambda known, to=(level, value): known["settings"][to[0]] == to[1])
            found.append(measure())
        assert found[0] < found[1], (name, found)
        viewer.sends({"kind": "viewer", level: 0})

    page.get_by_role("button", name="Dutch").click()
    viewer.until(page, lambda known: known["settings"]["languages"] == ["nl"])
    assert {item["language"] for item in viewer.items()} == {"nl"}
    page.get_by_role("button", name="Norwegian").first.click()
    page.get_by_role("button", name="Dutch").click()
    viewer.until(page, lambda known: known["settings"]["languages"] == ["nb"])
    assert viewer.next() == []
    expect(page.get_by_text("There are no videos for you right now")).to_be_visible()
    page.get_by_role("button", name="All languages").click()
    viewer.until(page, lambda known: known["settings"]["languages"] == [])
    assert "en" in {item["language"] for item in viewer.items()}


@pytest.mark.mission("NO-05")
def test_age_and_country_move_nothing_in_the_feed_of_who_turns_them_off(visit: Visit) -> None:
    viewer, page = visit("u15", "/tune")
    viewer.sends({"kind": "viewer", "age": "25-34", "gender": "x", "country": "NL"})

    def parts() -> dict[str, float]:
        """What who one is adds to the score of each video of a feed."""
        slate = viewer.slate(6)
        told = {
            item["video"]: ask(f"{viewer.address}/v1/explain/{slate['request']}/{item['video']}")["families"]
            for item in slate["items"]
        }
        return {video: row["part"] for video, rows in told.items() for row in rows if row["family"] == "demographics"}

    assert any(parts().values())
    page.get_by_role("switch", name="Use age group").click()
    viewer.until(page, lambda known: known["settings"]["demographics"] is False)
    young = parts()
    viewer.sends({"kind": "viewer", "age": "55+", "gender": "y", "country": "JP"})
    old = parts()
    both = [video for video in young if video in old]
    assert both
    assert [old[video] for video in both] == pytest.approx([young[video] for video in both], abs=1e-7)


@pytest.mark.mission("NO-06")
def test_what_is_watched_in_a_pause_brings_nothing_and_after_it_does(visit: Visit) -> None:
    viewer, page = visit("pause", "/tune")
    jazz = [f"v{n}" for n in range(5, VIDEOS, len(TOPICS))]
    page.get_by_role("button", name="1 hour").click()
    viewer.until(page, lambda known: known["paused_until"] is not None)
    usual = viewer.share("jazz")
    viewer.finishes(jazz[:5])
    assert viewer.known()["interests"] == []
    assert abs(viewer.share("jazz") - usual) < 0.15
    page.get_by_role("button", name="Learn again").click()
    viewer.until(page, lambda known: known["paused_until"] is None)
    viewer.finishes(jazz[5:10])
    assert viewer.share("jazz") > usual + 0.15


def test_a_feed_starts_anew_comes_back_by_undo_and_by_a_snapshot(visit: Visit) -> None:
    viewer, page = visit("u10", "/tune")  # loves bikes

    def names(known: dict[str, list[dict[str, str]]]) -> list[str]:  # how much of each fades by the minute
        return [each["name"] for each in known["interests"]]

    learned, usual = names(viewer.known()), viewer.share("bikes")
    assert usual > 0.3
    page.get_by_label("A name").fill("spring")
    page.get_by_role("button", name="Keep", exact=True).click()
    viewer.until(page, lambda known: [each["name"] for each in known["snapshots"]] == ["spring"])
    for back in ("Undo", "Restore spring"):
        page.get_by_role("button", name="Start my feed anew").click()
        viewer.until(page, lambda known: known["interests"] == [])
        assert viewer.share("bikes") < usual - 0.1
        expect(page.get_by_role("heading", name="What do you like?")).to_be_visible()
        page.get_by_role("button", name=back).click()
        viewer.until(page, lambda known: names(known) == learned)
        assert viewer.share("bikes") > usual - 0.1
    page.get_by_role("button", name="Delete spring").click()
    expect(page.get_by_role("button", name="Restore spring")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Restore spring")).to_be_visible()


def test_who_is_new_gets_the_topics_that_they_choose(visit: Visit) -> None:
    viewer, page = visit("newcomer", "/tune")
    page.get_by_role("button", name="#jazz").click()
    viewer.until(page, lambda known: [each["name"] for each in known["prefers"]] == ["jazz"])
    assert viewer.share("jazz") > 0.2


@pytest.mark.mission("NO-06")
def test_more_less_and_forget_of_a_bar_of_why_and_deleting_its_evidence_are_in_the_next_feed(visit: Visit) -> None:
    cats, jazz = ([f"v{n}" for n in range(first, VIDEOS, len(TOPICS))] for first in (0, 5))
    viewer, page = visit("whyer", "/how")
    viewer.finishes([*cats[:3], *jazz[:3]])
    viewer, page = visit("whyer", "/")
    video = page.locator("[data-current]")
    while topic(str(video.get_attribute("data-video"))) != "cats":
        at = video.get_attribute("data-video")
        page.keyboard.press("j")
        expect(video).not_to_have_attribute("data-video", str(at))
    page.keyboard.press("w")
    panel = page.get_by_role("dialog", name="Why this video?")
    panel.get_by_role("button", name="your behaviour and preferences").click()
    target = panel.locator("[data-target='hashtag cats']").first
    usual = viewer.share("cats")

    def asks(button: str, strength: list[float]) -> float:
        target.get_by_role("button", name=button).click()
        viewer.until(page, lambda known: [each["strength"] for each in known["prefers"]] == strength)
        return viewer.share("cats")

    assert asks("More #cats", [1.5]) > usual
    assert asks("Less #cats", [0.5]) < usual
    page.get_by_role("button", name="Undo").click()
    viewer.until(page, lambda known: [each["strength"] for each in known["prefers"]] == [1.5])
    assert asks("More #cats", []) == pytest.approx(usual, abs=0.15)

    target.get_by_role("button", name="From").click()
    lines = target.get_by_role("listitem")
    expect(lines.first).to_contain_text("About cats")
    proofs = len(ask(f"{viewer.address}/v1/viewers/whyer/evidence?kind=hashtag&name=cats"))  # type: ignore[arg-type]
    lines.first.get_by_role("button", name="Forget").click()
    target.get_by_role("button", name="Forget #cats").click()
    page.keyboard.press("Escape")
    assert proofs > 2
    page.goto("/how")  # whoever leaves is sure
    viewer.until(page, lambda known: "cats" not in json.dumps(known["interests"]))
    assert viewer.share("cats") < usual
