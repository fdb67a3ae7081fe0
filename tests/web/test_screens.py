"""Every screen, in both themes and on the smallest phone: nothing that axe finds, nothing wider than the screen."""

from __future__ import annotations

from pathlib import Path

import neighbours
import pytest
from live import opened, until
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.web

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SMALL = {"viewport": {"width": 320, "height": 568}, "is_mobile": True, "reduced_motion": "reduce"}
VIDEO, SHEET = "[data-current]", "dialog[open]"
SCREENS = (
    ("kari", (  # who has done a bit of everything, and has heard from others
        ("/", "", VIDEO), ("/", "more", SHEET), ("/", "n", SHEET), ("/", "?", SHEET), ("/", "i", VIDEO),
        ("/plain", "", VIDEO), ("/following", "", ".blank"), ("/@kari", "", "[data-video]"), ("/@nobody", "", ".blank"),
        ("/v/k1?comments", "", "[data-comment]"), ("/s/waves", "", "[data-video]"), ("/t/rowing", "", "[data-video]"),
        (f"/series/{neighbours.SERIES}", "", "[data-video]"), ("/inbox", "", "[data-heard]"), ("/liked", "", "h1"),
        ("/you", "", "h1"),
    )),
    ("u6", (  # who loves cats
        ("/", "w", "[data-chart=families]"), ("/tune", "", "[data-tile]"), ("/data", "", "[data-learned]"),
    )),
    ("", (
        ("/how", "", "[data-outcome]"), ("/tune", "", ".chips"), ("/data", "", "h2"), ("/following", "", ".blank"),
        ("/inbox", "", ".blank"), ("/liked", "", ".blank"), ("/saved", "", ".blank"), ("/signin", "", "form"),
        ("/signin", "up", "[name=birth_year]"), ("/no/such/page", "", ".blank"),
    )),
)  # fmt: skip
"""Whom one looks as; for each an address, the key or button that opens what lies over it, and what is then there."""


def test_nothing_is_wrong_with_any_screen_for_axe_or_a_small_phone(browser: Browser, street: str) -> None:
    found: list[str] = []
    for viewer, screens in SCREENS:
        with opened(browser, street, **SMALL) as page:
            page.goto(f"/you?viewer={viewer}" if viewer else "/you")
            page.evaluate(AXE.read_text("utf-8"))
            for address, opens, there in screens:
                _go(page, "/you")  # from another page each is as it was opened first
                _go(page, address)
                page.locator(VIDEO if address == "/" else "main h1, main h2").first.wait_for()
                if opens in ("more", "up"):
                    page.locator(f"{VIDEO} [data-act=more], [data-tab=up]").first.click()
                elif opens:
                    page.keyboard.press(opens)
                page.locator(there).first.wait_for()
                until(page, "!document.querySelector('[aria-busy=true]')")
                for theme in ("dark", "light"):
                    found += [f"{viewer} {address} {opens} {theme}: {each}" for each in _wrong(page, theme)]
                page.keyboard.press("Escape")
    assert found == []


def _go(page: Page, address: str) -> None:
    """As by a link within the app: what was loaded stays."""
    page.evaluate("(to) => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')) }", address)


def _wrong(page: Page, theme: str) -> list[str]:
    page.evaluate(
        """(theme) => {
          localStorage['foryou.settings'] = JSON.stringify({ theme })
          dispatchEvent(new StorageEvent('storage', { key: 'foryou.settings' }))
        }""",
        theme,
    )
    until(page, f"document.documentElement.dataset.theme === '{theme}'")
    wide = page.evaluate("Math.max(...[...document.querySelectorAll('html, main')].map((one) => one.scrollWidth))")
    told: list[str] = page.evaluate(
        """axe.run(document, { resultTypes: ['violations'], rules: {
          'target-size': { enabled: true }, 'label-content-name-mismatch': { enabled: true } } }
        ).then(({ violations }) => violations.map((each) =>
          `${each.impact} ${each.id} ${each.nodes.slice(0, 2).map((node) => node.html.slice(0, 160)).join(' ')}`))"""
    )
    return [f"{wide} px wide", *told] if wide > 320 else told
