"""Passkeys in a real browser, with the authenticator that it has for tests (DevTools protocol, WebAuthn)."""

from __future__ import annotations

from typing import Any

import pytest
from live import opened
from playwright.sync_api import Browser, CDPSession, Page, expect
from test_people import PASSWORD, sign_up

pytestmark = pytest.mark.web


def authenticator(page: Page) -> tuple[CDPSession, str]:
    """One that is inside the machine, knows its owner, and keeps whose its passkeys are."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    made: dict[str, Any] = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, str(made["authenticatorId"])


def test_a_passkey_is_added_signs_in_and_is_removed(browser: Browser, street: str) -> None:
    with opened(browser, street.replace("127.0.0.1", "localhost")) as page:
        session, which = authenticator(page)
        sign_up(page, "Pia", 1990)
        mine = page.get_by_role("region", name="Passkeys")
        expect(mine.get_by_text("You have no passkey yet.")).to_be_visible()
        mine.get_by_role("button", name="Add a passkey").click()
        name = mine.get_by_label("Name")
        expect(name).to_be_focused()
        expect(name).to_have_value("Chrome, Linux")
        name.fill("Pia’s laptop")
        mine.get_by_label("Current password").fill("not her password")
        page.keyboard.press("Enter")
        expect(mine.get_by_text("This is not the password of your account.")).to_be_visible()
        mine.get_by_label("Current password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(mine.get_by_text("Pia’s laptop")).to_be_visible()
        expect(mine.get_by_text("not used yet")).to_be_visible()
        (kept,) = session.send("WebAuthn.getCredentials", {"authenticatorId": which})["credentials"]
        assert (kept["isResidentCredential"], kept["rpId"]) == (True, "localhost")
        mine.get_by_role("button", name="Add a passkey").click()
        mine.get_by_label("Current password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(mine.get_by_text("You already have a passkey for this account there.")).to_be_visible()

        page.get_by_role("button", name="Sign out", exact=True).click()
        with_passkey = page.get_by_role("button", name="Sign in with a passkey")
        with_passkey.click()
        expect(page.get_by_role("heading", name="Account", exact=True)).to_be_focused()
        expect(page.get_by_text("Welcome back, Pia")).to_be_visible()
        expect(mine.get_by_text("last used")).to_be_visible()

        mine.get_by_role("button", name="Delete Pia’s laptop").click()
        sure = mine.get_by_role("group", name="Delete Pia’s laptop")
        sure.get_by_role("button", name="Keep it").click()
        expect(mine.get_by_role("button", name="Delete Pia’s laptop")).to_be_focused()
        page.keyboard.press("Enter")
        expect(sure.get_by_role("button", name="Delete", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        expect(mine.get_by_text("You have no passkey yet.")).to_be_visible()
        page.get_by_role("button", name="Sign out", exact=True).click()
        with_passkey.click()
        expect(page.get_by_text("This passkey no longer works here. Sign in with your password.")).to_be_visible()
        session.send("WebAuthn.clearCredentials", {"authenticatorId": which})
        with_passkey.click()  # nothing to choose from, as if the browser's window was closed
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(with_passkey).to_be_enabled()


def test_at_an_address_in_numbers_none_is_offered_and_the_account_says_where(browser: Browser, street: str) -> None:
    with opened(browser, street) as page:
        sign_up(page, "Pim", 1990)
        mine = page.get_by_role("region", name="Passkeys")
        expect(mine.get_by_text("Passkeys need an address with a name, over https.")).to_be_visible()
        there = mine.get_by_role("link", name="On this computer: localhost:")
        assert there.get_attribute("href") == f"{street.replace('127.0.0.1', 'localhost')}/signin"
        expect(mine.get_by_role("button")).to_have_count(0)
        page.get_by_role("button", name="Sign out", exact=True).click()
        expect(page.get_by_text("You are here as a guest")).to_be_visible()
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
