"""The pages around the feed, in a real browser on the real engine: comments, profiles, an inbox and accounts."""

from __future__ import annotations

import json
import re
import time

import neighbours
import pytest
from live import ask, listen, opened, until, wait_for
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.web

PHONE = {"viewport": {"width": 320, "height": 640}, "is_mobile": True}
PASSWORD = "four words in a row"


def look_as(page: Page, viewer: str) -> None:
    page.add_init_script(f"localStorage['foryou.viewer'] ??= {json.dumps(viewer)}")


def tab_to(page: Page, there: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if there.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"keys do not reach {there}")


def comments(street: str, video: str) -> list[dict[str, object]]:
    told = ask(f"{street}/v1/videos/{video}/comments?sort=new")["comments"]
    assert isinstance(told, list)
    return told


def open_comments(page: Page, video: str) -> Locator:
    page.goto(f"/v/{video}")
    page.locator("[data-current]").wait_for()
    page.keyboard.press("r")
    panel = page.get_by_role("dialog", name=re.compile("comment", re.I))
    panel.wait_for()
    return panel


def commented(page: Page) -> int:
    """How many comments the card says that it has."""
    return int(page.locator("[data-current] [data-act=comments] .under").inner_text())


def test_a_comment_is_written_answered_and_liked_by_keys_alone(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        sent = listen(page)
        panel = open_comments(page, "k1")
        expect(panel.locator("[data-comment=asked]")).to_be_visible()
        counted = commented(page)
        tab_to(page, panel.get_by_label("Write a comment"))
        page.keyboard.type("So calm")
        page.keyboard.press("Enter")
        expect(panel.get_by_text("So calm")).to_be_visible()
        asked = panel.locator("[data-comment=asked]")
        tab_to(page, asked.get_by_role("button", name="Reply"))
        page.keyboard.press("Enter")
        expect(panel.get_by_label("Reply to Ida")).to_be_focused()
        page.keyboard.type("I wonder too")
        page.keyboard.press("Enter")
        expect(panel.get_by_label("Replies to Ida").get_by_text("I wonder too")).to_be_visible()
        expect(asked.get_by_role("button", name="Reply")).to_be_focused()
        tab_to(page, asked.get_by_role("button", name="Like this comment"))
        page.keyboard.press("Enter")
        expect(asked.get_by_role("button", name="Like this comment, 2 likes")).to_have_attribute("aria-pressed", "true")
        wait_for(page, sent, "comment", 2)
        assert commented(page) == counted + 2
        wait_for(page, sent, "like_comment")
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
    root = next(each for each in comments(street, "k1") if each["id"] == "asked")
    assert (root["likes"], root["reply_count"]) == (2, 2)


def test_a_creator_pins_a_comment_and_is_known_as_one(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        look_as(page, "kari")
        sent = listen(page)
        panel = open_comments(page, "k1")
        expect(panel.get_by_label("Comment by Kari Nordmann").get_by_text("Creator", exact=True)).to_be_visible()
        expect(panel.get_by_role("link", name="Answered with a video")).to_have_attribute("href", "/v/k2")
        cold = panel.locator("[data-comment=cold]")
        tab_to(page, cold.get_by_role("button", name="Pin"))
        page.keyboard.press("Enter")
        expect(panel.get_by_role("article").first).to_have_attribute("data-comment", "cold")
        wait_for(page, sent, "pin")
    assert comments(street, "k1")[0]["pinned"] is True


@pytest.mark.mission("NO-22")
def test_a_video_that_answers_a_comment_leads_to_it_and_the_comment_to_the_video(browser: Browser, street: str) -> None:
    with opened(browser, street, **PHONE) as page:
        page.goto("/v/k2")
        page.get_by_role("link", name="Answer to Ida: Which lens is that?").tap()
        expect(page.locator("[data-current]")).to_have_attribute("data-video", "k1")
        asked = page.get_by_role("dialog").locator("[data-comment=asked]")
        expect(asked).to_be_focused()
        page.get_by_role("link", name="Answered with a video").tap()
        expect(page.locator("[data-current]")).to_have_attribute("data-video", "k2")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.go_back()
        expect(asked).to_be_focused()


def test_markup_in_comments_captions_and_names_is_text(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        panel = open_comments(page, "k1")
        expect(panel.locator("[data-comment=hostile]")).to_contain_text(neighbours.HOSTILE)
        page.goto("/@kari")
        expect(page.locator("[data-video=k5]")).to_contain_text(neighbours.HOSTILE)
        assert page.locator("main img[onerror], article img, main script").count() == 0
        assert page.evaluate("window.hacked") is None


def test_a_comment_waits_for_a_connection_and_is_sent_once(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        sent = listen(page)
        panel = open_comments(page, "k2")
        expect(panel.get_by_text("No comments yet")).to_be_visible()
        page.context.set_offline(True)
        panel.get_by_label("Write a comment").fill("From a tunnel")
        page.keyboard.press("Enter")
        expect(panel.get_by_text("Waits for a connection")).to_be_visible()
        page.keyboard.press("Escape")
        page.context.set_offline(False)
        wait_for(page, sent, "comment")
        panel = open_comments(page, "k2")
        expect(panel.get_by_text("From a tunnel")).to_have_count(1)
        expect(panel.get_by_text("Waits for a connection")).to_have_count(0)
        assert commented(page) == 1
        panel.get_by_role("button", name="Delete").click()
        assert commented(page) == 0
        page.get_by_role("button", name="Undo").click()
        expect(panel.get_by_text("From a tunnel")).to_be_visible()
        assert commented(page) == 1
    assert len(comments(street, "k2")) == 1


def test_an_author_is_followed_on_their_page_which_shows_what_others_may_see(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        sent = listen(page)
        page.goto("/@kari")
        expect(page.get_by_role("heading", name="Kari Nordmann")).to_be_visible()
        expect(page.locator("[data-video]")).to_have_count(5)
        page.get_by_role("button", name="Follow").click()
        assert wait_for(page, sent, "follow")[0]["author"] == "kari"
        page.reload()
        expect(page.get_by_role("button", name="Following")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("tab", name="Liked").click()
        expect(page.locator("[data-video=v7]")).to_be_visible()
        page.goto("/@nobody-at-all")
        expect(page.get_by_text("There is nobody called @nobody-at-all.")).to_be_visible()


@pytest.mark.mission("NO-23")
def test_who_follows_nobody_yet_sees_whom_people_of_their_taste_follow(browser: Browser, street: str) -> None:
    now = int(time.time() * 1000)
    cats = [f"u{n}" for n in range(0, 60, 6) if n != 30]
    rows = [{"id": f"{who}-a8", "kind": "follow", "viewer": who, "author": "a8", "at": now} for who in cats]
    assert ask(f"{street}/v1/events", rows)["refused"] == []
    with opened(browser, street, **PHONE) as page:
        look_as(page, "u30")
        sent = listen(page)
        page.goto("/following")
        expect(page.get_by_role("heading", name="People like you follow")).to_be_visible()
        first = page.locator("[data-author]").first
        expect(first).to_contain_text("9 people with a taste like yours follow them")
        first.get_by_role("button", name="Follow a8").tap()
        assert wait_for(page, sent, "follow")[0]["author"] == "a8"
        page.get_by_role("button", name="Show what they posted").tap()
        expect(page.locator("[data-current] .author b")).to_have_text("a8")


def test_a_series_goes_on_where_one_was(browser: Browser, theatre: str) -> None:
    with opened(browser, theatre) as page:
        page.goto("/series/The%20loaf")
        page.get_by_role("link", name="Start with part 1").click()
        expect(page.locator("[data-current]")).to_have_attribute("data-video", "e1")
        until(page, "document.querySelector('[data-current] video')?.currentTime > 0.1")
        page.go_back()
        page.get_by_role("link", name="Continue with part 2").click()
        expect(page.locator("[data-current]")).to_have_attribute("data-video", "e2")


@pytest.mark.parametrize("path", ["/s/waves", "/t/Rowing"])
def test_a_sound_and_a_hashtag_lead_to_their_videos(browser: Browser, street: str, path: str) -> None:
    with opened(browser, street) as page:
        page.goto(path)
        expect(page.get_by_text("5 videos")).to_be_visible()
        page.locator("[data-video=k3]").click()
        expect(page.locator("[data-current]")).to_have_attribute("data-video", "k3")


def test_more_videos_come_as_one_scrolls(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        page.goto("/t/cats")
        expect(page.locator("[data-video]").nth(19)).to_be_attached()
        page.locator("[data-video]").nth(19).scroll_into_view_if_needed()
        expect(page.locator("[data-video]").nth(39)).to_be_attached()


def test_what_is_new_in_an_inbox_is_counted_and_answered_on_the_spot(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        look_as(page, "ida")
        sent = listen(page)
        page.goto("/")
        inbox = page.get_by_role("navigation").get_by_role("link", name="Inbox")
        expect(inbox).to_contain_text(re.compile(r"\d"))
        inbox.click()
        item = page.locator("[data-heard]", has_text="Kari Nordmann replied to you")
        expect(item).to_have_attribute("data-unread", "true")
        expect(inbox).not_to_contain_text(re.compile(r"\d"))
        tab_to(page, item.get_by_role("button", name="Reply"))
        page.keyboard.press("Enter")
        page.keyboard.type("Thank you")
        page.keyboard.press("Enter")
        assert wait_for(page, sent, "comment")[0]["text"] == "Thank you"
        expect(item.get_by_role("button", name="Reply")).to_be_focused()
    assert ask(f"{street}/v1/viewers/ida/inbox")["unread"] == 0


@pytest.mark.mission("NO-23")
def test_a_creator_sees_what_they_take_part_in_on_their_own_page_alone(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        page.goto("/@kari")
        page.locator("[data-video]").first.wait_for()
        expect(page.get_by_role("table")).to_have_count(0)
        page.evaluate("localStorage['foryou.viewer'] = 'kari'")
        page.reload()
        table = page.get_by_role("table")
        expect(table.get_by_role("row", name=re.compile("#rowing"))).to_contain_text("100%")
        expect(table.get_by_role("row", name=re.compile("#bread"))).to_contain_text("100%")  # v7, which she likes


def test_a_creator_sees_who_waits_for_an_answer(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        look_as(page, "kari")
        page.goto("/inbox")
        expect(page.get_by_text("You answer within")).to_be_visible()
        page.get_by_role("tab", name="Waiting for you").click()
        item = page.locator("[data-heard]", has_text="How cold was it?")
        item.get_by_role("button", name="Reply").click()
        page.keyboard.type("Eight degrees")
        page.keyboard.press("Enter")
        expect(item).to_have_count(0)


def test_a_video_is_saved_in_a_collection_of_its_own(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        sent = listen(page)
        page.goto("/v/k4")
        save = page.locator("[data-current] [data-act=save]")
        save.click(delay=700)
        page.get_by_label("New collection").fill("On the water")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Saved in “On the water”")).to_be_visible()
        expect(save).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("j")
        page.keyboard.press("s")  # from now on there
        assert [each["collection"] for each in wait_for(page, sent, "save", 2)] == ["On the water"] * 2
        page.keyboard.press("j")
        page.keyboard.press("Shift+S")
        page.get_by_role("button", name="In no collection").click()
        assert "collection" not in wait_for(page, sent, "save", 3)[2]
        page.goto("/saved")
        page.get_by_role("link", name="On the water").click()
        expect(page.get_by_role("heading", name="On the water")).to_be_visible()
        expect(page.locator("[data-video=k4]")).to_be_visible()


def sign_up(page: Page, name: str, year: int) -> None:
    page.goto("/signin")
    page.get_by_role("tab", name="Sign up").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Year of birth").fill(str(year))
    page.get_by_role("button", name="Sign up").click()


def test_marks_of_a_guest_outlast_signing_up_out_and_in_and_are_on_every_device(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        sent = listen(page)
        page.goto("/v/k3")
        page.locator("[data-current]").wait_for()
        page.keyboard.press("l")
        guest = page.evaluate("localStorage['foryou.viewer.own']")
        sign_up(page, "Nora", 1990)
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        page.get_by_role("button", name="Sign out", exact=True).click()
        expect(page.get_by_text("You are here as a guest")).to_be_visible()
        expect(page.get_by_role("heading", name="Account")).to_be_focused()
        assert page.evaluate("localStorage['foryou.viewer.own']") != guest
        page.get_by_label("Name").fill("nora")
        page.get_by_label("Password").fill("not her password")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Name or password is wrong.")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_focused()
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
        page.goto("/liked")
        page.locator("[data-video=k3]").click()
        page.locator("[data-current]").get_by_role("button", name="Take the like back").wait_for()
        for key in ("s", "f"):
            page.keyboard.press(key)
        wait_for(page, sent, "follow")
    with opened(browser, street) as page:  # another device of hers
        page.goto("/signin")
        page.get_by_label("Name").fill("nora")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Sign out", exact=True).wait_for()
        page.goto("/v/k3")
        card = page.locator("[data-current]")
        for name in ("Take the like back", "Remove from saved", "Unfollow kari"):
            expect(card.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        card.get_by_role("link", name="kari", exact=True).click()
        expect(page.get_by_role("button", name="Following")).to_have_attribute("aria-pressed", "true")
    with opened(browser, street) as page:
        sign_up(page, "NORA", 1990)
        expect(page.get_by_label("Name")).to_be_focused()
        expect(page.get_by_text("This name is taken")).to_be_visible()


def test_who_may_be_a_minor_gets_calmer_defaults_and_who_is_too_young_a_kind_answer(
    browser: Browser, street: str
) -> None:
    year = time.gmtime().tm_year
    with opened(browser, street) as page:
        sign_up(page, "Little one", year - 9)
        expect(page.get_by_text("You have to be 13")).to_be_visible()
        page.get_by_label("Year of birth").fill(str(year - 15))
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_text("You are under 18")).to_be_visible()
        page.goto("/you")
        expect(page.get_by_role("switch", name="Play by itself")).not_to_be_checked()
        expect(page.get_by_role("radio", name="60 min")).to_be_checked()
        expect(page.get_by_role("heading", name="View as")).to_have_count(0)  # this is no demo


def test_an_account_is_deleted_with_all_of_it(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        sign_up(page, "Gone soon", 1980)
        leave = page.get_by_role("region", name="Delete your account")
        leave.get_by_label("Password").fill("wrong password")
        page.keyboard.press("Enter")
        expect(leave.get_by_text("This is not the password of your account.")).to_be_visible()
        leave.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("You are here as a guest")).to_be_visible()
        assert ask(f"{street}/v1/account")["signed_in"] is False
