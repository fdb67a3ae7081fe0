"""Pictures of every screen of the page, in each theme, language and size, to be looked at by people.

`python -m scripts.screens OUT` needs a demo that runs (`foryou demo --quiet`) and a browser; `--help` says how to take
fewer. Beside the pictures it makes sheets with many on one. It adds a viewer to the world, and an account.
"""

from __future__ import annotations

import argparse
import html
import json
import shutil
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

THEMES = ("dark", "light")
LANGUAGES = {"en": "en-GB", "nl": "nl-NL", "nb": "nb-NO"}
SIZES = {"phone": (390, 844), "desk": (1280, 800), "small": (320, 568)}
WATCH = ("/", "/following", "/plain")
PASSWORD = "four words in a row"
SETTLED_MS = 500
"""Until what moves has come to rest."""


@dataclass(frozen=True)
class World:
    """Who and what there is to look at."""

    address: str
    viewer: str
    """Who has done a bit of everything."""
    creator: str
    """To whom others have answered."""
    account: str
    video: str
    series: str
    sound: str
    hashtag: str
    author: str


@dataclass(frozen=True)
class Screen:
    name: str
    path: str
    look_as: str = ""
    """A field of the world; empty: a guest who was never here."""
    keys: str = ""
    does: Callable[[Page], None] | None = None
    first: Callable[[Page], None] | None = None
    """What is done before the page is opened."""
    settings: tuple[tuple[str, object], ...] = ()


def screens(world: World) -> tuple[Screen, ...]:
    watching = (
        Screen("feed", "/", "viewer"),
        Screen("feed-new", "/"),
        Screen("why", "/", "viewer", "w"),
        Screen("comments", f"/v/{world.video}?comments", "viewer"),
        Screen("more", "/", "viewer", does=lambda page: page.locator("[data-current] [data-act=more]").click()),
        Screen("not-interested", "/", "viewer", "n"),
        Screen("less-told", "/", "viewer", "n", does=lambda page: page.locator("dialog li button").first.click()),
        Screen("hide", "/", "viewer", does=_row(2)),
        Screen("report", "/", "viewer", does=_row(3)),
        Screen("collect", "/", "viewer", does=_row(1)),
        Screen("share", "/", "viewer", "h"),
        Screen("details", "/", "viewer", "i"),
        Screen("paused", "/", "viewer", " "),
        Screen("following", "/following", "viewer"),
        Screen("following-empty", "/following"),
        Screen("caught-up", "/following", "viewer", does=_to_the_end),
        Screen("plain", "/plain", "viewer"),
        Screen("stop", "/", "viewer", does=_stop, settings=(("stopAfter", 1 / 60),)),
        Screen("done", "/", "viewer", does=_to_the_end, settings=(("finite", True),)),
        Screen("loading", "/", first=lambda page: _answered(page, "feed", None)),
        Screen("error", "/", first=lambda page: _answered(page, "feed", 500)),
        Screen("locked", "/", first=lambda page: _answered(page, "feed", 401)),
        Screen("offline", "/", "viewer", does=lambda page: page.context.set_offline(True)),
        Screen("keys", "/", "", "?"),
    )
    pages = (
        Screen("tune", "/tune", "viewer"),
        Screen("tune-new", "/tune"),
        Screen("how", "/how"),
        Screen("data", "/data", "viewer"),
        Screen("data-new", "/data"),
        Screen("you", "/you", "viewer"),
        Screen("you-new", "/you"),
        Screen("inbox", "/inbox", "creator"),
        Screen("inbox-empty", "/inbox"),
        Screen("inbox-error", "/inbox", first=lambda page: _answered(page, "viewers/*/inbox", 500)),
        Screen("liked", "/liked", "viewer"),
        Screen("liked-empty", "/liked"),
        Screen("saved", "/saved", "viewer"),
        Screen("saved-empty", "/saved"),
        Screen("saved-error", "/saved", first=lambda page: _answered(page, "viewers/*/saved", 500)),
        Screen("collection", "/saved/Weekend", "viewer"),
        Screen("profile", f"/@{world.author}", "viewer"),
        Screen("profile-gone", "/@nobody"),
        Screen("sound", f"/s/{quote(world.sound)}"),
        Screen("hashtag", f"/t/{quote(world.hashtag)}"),
        Screen("series", f"/series/{quote(world.series)}"),
        Screen("sign-in", "/signin"),
        Screen("sign-up", "/signin", does=_sign_up),
        Screen("too-young", "/signin", does=_too_young),
        Screen("account", "/signin", "account"),
        Screen("own-profile", "/@", "account"),
        Screen("missing", "/how", does=_missing),
    )
    return watching + pages


def main() -> None:
    asked = _arguments()
    world = fill(asked.address)
    chosen = [screen for screen in screens(world) if not asked.screen or screen.name in asked.screen]
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=path, args=("--no-sandbox", "--disable-gpu"))
        for size, language, theme in product(asked.size, asked.language, asked.theme):
            taken = [
                each
                for screen in chosen
                if size != "small" or screen.path in WATCH
                for each in take(browser, world, screen, size, language, theme, asked.out)
            ]
            sheets(browser, taken, asked.out / f"sheet-{size}-{language}-{theme}", *SIZES[size])
            print(f"{size} {language} {theme}: {len(taken)} pictures", flush=True)
        browser.close()


def take(
    browser: Browser, world: World, screen: Screen, size: str, language: str, theme: str, out: Path
) -> Iterator[Path]:
    """The picture of a screen; what cannot be had is said, and the others are still taken."""
    file = out / f"{screen.name}-{size}-{language}-{theme}.png"
    try:
        with _opened(browser, world, screen, size, language, theme) as page:
            path = screen.path if screen.path != "/@" else f"/@{_kept(page, 'foryou.account')['author']}"
            if screen.first:
                screen.first(page)
            page.goto(path)
            page.locator("[data-current], main h1, main h2, .notice p").last.wait_for()
            if screen.path in WATCH and not screen.first:
                page.locator("[data-current], .blank").first.wait_for()
            page.wait_for_timeout(SETTLED_MS)
            for key in screen.keys:
                page.keyboard.press("Space" if key == " " else key)
                page.wait_for_timeout(SETTLED_MS)
            if screen.does:
                screen.does(page)
            _settled(page)
            page.screenshot(path=file)
            yield file
            tall = page.evaluate("document.querySelector('main.scrolls')?.scrollHeight ?? 0")
            if tall > SIZES[size][1] * 1.2:
                page.set_viewport_size({"width": SIZES[size][0], "height": min(tall + 60, 6000)})
                _settled(page)
                page.screenshot(path=file.with_stem(f"{screen.name}-whole-{size}-{language}-{theme}"))
    except Exception as problem:
        print(f"{file.stem}: {str(problem).splitlines()[0]}", flush=True)


def sheets(browser: Browser, pictures: list[Path], stem: Path, width: int, height: int) -> None:
    """Many pictures on one, each with its name."""
    across, down = (4, 2) if width < height else (2, 2)
    shown = 400 if width < height else 800
    page = browser.new_page(viewport={"width": across * (shown + 12) + 12, "height": 600})
    for number, start in enumerate(range(0, len(pictures), across * down)):
        figures = "".join(
            f'<figure><figcaption>{html.escape(each.stem)}</figcaption><img src="{each.resolve().as_uri()}"></figure>'
            for each in pictures[start : start + across * down]
        )
        sheet = stem.with_name(f"{stem.name}-{number}.html")
        sheet.write_text(
            "<style>body{margin:6px;display:flex;flex-wrap:wrap;background:#777;font:15px sans-serif}"
            f"figure{{margin:6px;width:{shown}px}}img{{width:100%;display:block}}</style>{figures}"
        )
        page.goto(sheet.resolve().as_uri())
        page.screenshot(path=sheet.with_suffix(".png"), full_page=True)
        sheet.unlink()
    page.close()


def fill(address: str) -> World:
    """One viewer who does a bit of everything, and an account."""
    told: Any = _ask(f"{address}/v1/feed?surface=plain&n=60")
    items = told["items"]
    demo: Any = _ask(f"{address}/v1/demo")
    viewer, now = f"looker-{uuid.uuid4().hex[:6]}", int(time.time() * 1000)
    authors = list(dict.fromkeys(item["author"] for item in items))
    rows: list[dict[str, object]] = []
    for n, item in enumerate(items[:24]):
        about = {"viewer": viewer, "video": item["video"], "session": "looked-at"}
        length = item.get("duration") or 12
        rows.append({"kind": "watch", **about, "seconds": round(length * (0.1, 0.6, 1.4)[n % 3], 1)})
        if n % 3 == 2:
            rows.append({"kind": "like", **about})
        if n % 4 == 1:
            collection = {"collection": ("Weekend", "Ideas for the long winter evenings")[n % 8 == 1]} if n > 3 else {}
            rows.append({"kind": "save", **about, **collection})
        if n in (5, 9):
            rows.append({"kind": "not_interested", **about})
    rows += [{"kind": "follow", "viewer": viewer, "author": author} for author in authors[:4]]
    rows += [{"kind": "prefer", "viewer": viewer, "hashtag": _tag(items[0]), "strength": 2}]
    rows += [{"kind": "hide", "viewer": viewer, "hashtag": _tag(items[-1])}]
    rows = [{"id": str(uuid.uuid4()), "at": now - 1000 * (len(rows) - n), **row} for n, row in enumerate(rows)]
    refused: Any = _ask(f"{address}/v1/events", rows)
    if refused["refused"]:
        print("not taken:", refused["refused"][:3])
    account = "Ingrid Solberg"
    who = {"name": account, "password": PASSWORD, "birth_year": 1990, "language": "en"}
    try:
        _ask(f"{address}/v1/account", who)
    except urllib.error.HTTPError as problem:
        if problem.code != 400:  # the name is taken: it is there from the time before
            raise
    episode = next((item for item in items if item.get("series")), items[0])
    spoken = max(items, key=lambda item: (item.get("counts") or {}).get("comments", 0))
    heard = max(
        (each["author"] for each in demo["creators"]),
        key=lambda author: len(_ask(f"{address}/v1/viewers/{quote(author)}/inbox")["items"]),
    )
    return World(
        address=address,
        viewer=viewer,
        creator=heard,
        account=account,
        video=spoken["video"],
        series=episode.get("series") or "none",
        sound=next((item["sound"] for item in items if item.get("sound")), "none"),
        hashtag=_tag(items[0]),
        author=episode["author"],
    )


@contextmanager
def _opened(browser: Browser, world: World, screen: Screen, size: str, language: str, theme: str) -> Iterator[Page]:
    width, height = SIZES[size]
    with browser.new_context(
        base_url=world.address,
        viewport={"width": width, "height": height},
        has_touch=size != "desk",
        is_mobile=size != "desk",
        locale=LANGUAGES[language],
        reduced_motion="reduce",
        permissions=["clipboard-write"],
        service_workers="block",
    ) as context:
        context.set_default_timeout(20_000)
        kept = {"foryou.settings": json.dumps({"theme": theme, "language": language, **dict(screen.settings)})}
        if screen.look_as == "account":
            told = context.request.post("/v1/session", data={"name": world.account, "password": PASSWORD}).json()
            kept |= {"foryou.account": json.dumps(told), "foryou.viewer.own": told["viewer"]}
        elif screen.look_as:
            kept["foryou.viewer"] = getattr(world, screen.look_as)
        lines = (f"localStorage[{json.dumps(key)}] ??= {json.dumps(value)}" for key, value in kept.items())
        context.add_init_script(";".join(lines))
        page = context.new_page()
        if screen.path == "/@":
            page.goto("/you")
        yield page


def _row(number: int) -> Callable[[Page], None]:
    """What lies behind a line of the sheet of a video."""

    def does(page: Page) -> None:
        page.locator("[data-current] [data-act=more]").click()
        page.locator("dialog li button").nth(number).click()

    return does


def _to_the_end(page: Page) -> None:
    for _ in range(200):
        if not page.locator("[data-current]").count():
            break
        page.keyboard.press("j")
        page.wait_for_timeout(30)


def _stop(page: Page) -> None:
    """It comes after a second, and then tells of half an hour."""
    page.get_by_role("alertdialog").wait_for()
    page.evaluate("""() => {
      const kept = { ...JSON.parse(localStorage['foryou.settings']), stopAfter: 30 }
      localStorage['foryou.settings'] = JSON.stringify(kept)
      dispatchEvent(new StorageEvent('storage', { key: 'foryou.settings' }))
    }""")


def _answered(page: Page, what: str, status: int | None) -> None:
    """From now on the engine answers with an error, or (without a status) not at all."""
    problem = {"error": {"status": status, "message": "the engine is being started again"}}
    page.route(
        f"**/v1/{what}*", lambda route: route.fulfill(status=status, json=problem) if status is not None else None
    )


def _missing(page: Page) -> None:
    """The server answers with the app where there is a page; one comes here by a link within it."""
    page.evaluate("history.pushState(null, '', '/no/such/page'); dispatchEvent(new PopStateEvent('popstate'))")


def _sign_up(page: Page) -> None:
    page.locator("[data-tab=up]").click()
    page.locator("[name=name]").fill("Jo")
    page.locator("[name=password]").fill("short")
    page.locator("form button").click()


def _too_young(page: Page) -> None:
    page.locator("[data-tab=up]").click()
    page.locator("[name=name]").fill(f"Jo {uuid.uuid4().hex[:8]}")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=birth_year]").fill(str(time.gmtime().tm_year - 9))
    page.locator("form button").click()


def _settled(page: Page) -> None:
    for _ in range(20):
        page.wait_for_timeout(SETTLED_MS // 2)
        busy = "[...document.querySelectorAll('[aria-busy=true], img')]"
        if not page.evaluate(f"{busy}.some((one) => one.ariaBusy === 'true' || !one.complete)"):
            break
    page.wait_for_timeout(SETTLED_MS)


def _kept(page: Page, key: str) -> dict[str, str]:
    kept: dict[str, str] = json.loads(page.evaluate(f"localStorage[{json.dumps(key)}]"))
    return kept


def _tag(item: dict[str, Any]) -> str:
    return str((item.get("hashtags") or ["none"])[0])


def _ask(url: str, sent: object = None) -> Any:
    body = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"} if body else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pictures of every screen, and sheets of them.")
    parser.add_argument("out", type=Path, help="a folder for them")
    parser.add_argument("--address", default="http://127.0.0.1:8080", help="of a demo that runs")
    for name, all_of_them in (("theme", THEMES), ("language", LANGUAGES), ("size", SIZES)):
        every = tuple(all_of_them)
        parser.add_argument(f"--{name}", nargs="+", choices=every, default=every)
    parser.add_argument("--screen", nargs="+", default=(), help="names of screens; all of them if none is said")
    return parser.parse_args()


if __name__ == "__main__":
    main()
