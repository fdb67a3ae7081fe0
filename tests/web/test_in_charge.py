"""The pages where a viewer is in charge: why, what to change, what comes of it, how it all works, and one's data."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from live import ask, until, watch_for_problems
from playwright.sync_api import Browser, BrowserContext, Page, expect
from small_world import topic
from somebody import Somebody

pytestmark = pytest.mark.web

LANGUAGES = {"en": "en-GB", "nl": "nl-NL", "nb": "nb-NO"}


@pytest.fixture
def context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=server, viewport={"width": 1280, "height": 800}, locale="en-GB", service_workers="block"
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


def opened(context: BrowserContext, path: str, viewer: str) -> tuple[Page, list[str]]:
    """A page as a viewer sees it, and what goes wrong in it."""
    page = context.new_page()
    problems: list[str] = []
    watch_for_problems(page, problems)
    page.add_init_script(f"localStorage['foryou.viewer'] = {json.dumps(viewer)}")
    page.goto(path)
    return page, problems


@pytest.mark.mission("NL-18")
@pytest.mark.mission("NO-05")
def test_why_opens_at_once_adds_up_and_its_bars_can_be_acted_upon(context: BrowserContext, server: str) -> None:
    viewer = Somebody(server, "u6")  # loves cats
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    with context.expect_event("response", lambda answer: "/v1/explain/" in answer.url):  # of a video looked at
        page, problems = opened(context, "/", viewer.name)
    page.wait_for_load_state("networkidle")
    before = len(asked)
    page.keyboard.press("w")
    panel = page.get_by_role("dialog", name="Why this video?")
    bars = panel.locator("[data-chart=families]")
    bars.locator("[data-score]").wait_for()
    assert not any("/v1/explain/" in url for url in asked[before:])  # nothing to wait for
    parts = bars.locator("[data-part]").evaluate_all("all => all.map(one => Number(one.dataset.part))")
    (score,) = bars.locator("[data-score]").evaluate_all("all => all.map(one => Number(one.dataset.score))")
    assert sum(parts) == pytest.approx(score, abs=1e-6)
    expect(panel).to_contain_text("Nobody paid for its place")
    expect(panel).to_contain_text("that were ranked")
    expect(panel).to_contain_text("Audience")

    bars.get_by_role("button", name="your behaviour and preferences").click()
    about = topic(str(page.locator("[data-current]").get_attribute("data-video")))
    target = panel.locator(f"[data-target='hashtag {about}']").first
    target.get_by_role("button", name=f"Less #{about}").click()
    viewer.until(page, lambda known: [each["strength"] for each in known["prefers"]] == [0.5])
    page.get_by_role("button", name="Undo").click()
    viewer.until(page, lambda known: known["prefers"] == [])
    target.get_by_role("button", name="From").click()
    expect(target.get_by_role("link").first).to_contain_text(f"About {about}")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert problems == []


@pytest.mark.mission("NO-06")
def test_a_topic_that_is_forgotten_counts_for_nothing_and_forgetting_can_be_undone(
    context: BrowserContext, server: str
) -> None:
    viewer = Somebody(server, "u7")  # loves bread
    page, problems = opened(context, "/data", viewer.name)
    row = page.locator("[data-learned='hashtag bread']")
    row.get_by_role("button", name="Forget #bread").click()
    row.get_by_role("button", name="signals").click()
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    assert "bread" in json.dumps(viewer.known()["interests"])
    row.get_by_role("button", name="Forget #bread").click()
    row.get_by_role("button", name="signals").click()
    expect(row).to_have_count(0)
    page.get_by_role("link", name="Tune").first.click()  # whoever leaves is sure
    viewer.until(page, lambda known: "bread" not in json.dumps(known["interests"]))
    assert problems == []


@pytest.mark.mission("NL-01")
@pytest.mark.mission("NL-15")
@pytest.mark.mission("NL-23")
@pytest.mark.parametrize("spoken", LANGUAGES)
def test_how_it_works_has_every_factor_with_its_weight_two_clicks_from_the_feed(
    browser: Browser, server: str, spoken: str
) -> None:
    with browser.new_context(base_url=server, locale=LANGUAGES[spoken], service_workers="block") as context:
        page, problems = opened(context, "/plain", "u6")
        page.locator("[data-current]").wait_for()
        page.locator("nav a[href='/tune']").click()
        page.locator("main a[href='/how']").click()
        page.locator("[data-outcome]").first.wait_for()
        how = ask(f"{server}/v1/how?language={spoken}")
        weights = page.locator("[data-outcome]").evaluate_all(
            "all => all.map(one => [one.dataset.outcome, Number(one.dataset.weight)])"
        )
        outcomes, families = how["outcomes"], how["families"]
        assert isinstance(outcomes, list)
        assert isinstance(families, list)
        assert dict(weights) == {each["head"]: each["weight"] for each in outcomes}
        for family in families:
            row = page.locator(f"[data-family={family['family']}]")
            expect(row).to_contain_text(family["label"])
            expect(row).to_contain_text(family["you_can"])
        not_used = how["not_used"]
        assert isinstance(not_used, list)
        for sentence in not_used:
            expect(page.get_by_text(sentence)).to_be_visible()
        assert problems == []


def test_ones_data_can_be_taken_along_and_erased_with_a_receipt(context: BrowserContext, server: str) -> None:
    viewer = Somebody(server, "u11")
    page, problems = opened(context, "/", viewer.name)
    liked = f"JSON.parse(localStorage['foryou.marks.{viewer.name}']).like"
    page.locator("[data-current]").wait_for()
    page.keyboard.press("l")
    until(page, f"{liked}.length === 1")
    page.get_by_role("link", name="You", exact=True).click()
    page.get_by_role("link", name="Your data", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="For machines (JSON)").click()
    assert json.loads(download.value.path().read_text())["known"]["viewer"] == viewer.name
    button = page.get_by_role("button", name="Erase everything")
    expect(button).to_be_disabled()
    page.get_by_label("to confirm").fill("erase")
    button.click()
    expect(page.get_by_role("heading", name="Everything of you is gone")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Watch", exact=True).click()
    page.locator("[data-current]").wait_for()
    page.keyboard.press("l")
    until(page, f"{liked}.join() === document.querySelector('[data-current]').dataset.video")
    assert problems == []
