"""How soon the page plays: from asking for it to the first picture, from a key to the next one, and to the bars of Why.

In a real Chromium, over a real server with clips of the demo, all on this machine. Times are taken inside the page, so
that what drives the browser is not in them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.speed import filmed
from foryou.bench.load import ask, get
from foryou.bench.record import Benchmark, Line, Report
from foryou.bench.server import serving
from foryou.client import connect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = {"width": 390, "height": 844}
NOTES = Path(__file__).with_suffix(".js")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
LOOK_MS = 1_500
"""How long a card is looked at before it is asked about."""
SHIFT_MS = 2_000
"""For how long after the first picture it is noted what moves."""
PLAY_MS = 5_000
"""How long a video plays whose pictures are counted."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many videos there are, how often the page is opened by a browser that was never there, how often one goes
    to the next video, and asks Why."""

    clips: int = 120
    visits: int = 15
    steps: int = 20
    asked: int = 12


def measure(size: Size) -> Report:
    """ms: medians and 75th percentiles; bytes of script; what moved; and frames that were not drawn."""
    with (
        tempfile.TemporaryDirectory(prefix="foryou-bench-") as folder,
        browser() as chromium,
    ):
        videos = filmed.film(size.clips, Path(folder) / "data")
        with serving(Path(folder) / "data") as server:
            filmed.tell(connect(f"http://127.0.0.1:{server.port}"), videos)
            server.settle()
            for number in range(25):  # what is compiled is compiled then
                ask(server.port, get(f"/v1/feed?viewer=early-{number}"))
            address = f"http://127.0.0.1:{server.port}"
            visit(chromium, address)
            visits = [visit(chromium, address) for _ in range(size.visits)]
            return {
                "visits": size.visits,
                **quartiles("shown", [each["shown"] for each in visits]),
                **quartiles("plays", [each["plays"] for each in visits]),
                "blocked_ms": round(float(np.median([each["blocked"] for each in visits])), 1),
                "moved": round(max(each["moved"] for each in visits), 4),
                "script_bytes": visits[-1]["script"],
                **watch(chromium, address, size),
                "browser": chromium.version,
            }


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium. SystemExit if there is none, or nothing to drive it with."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 (who measures nothing here needs none)
    except ImportError:
        raise SystemExit("page: playwright is not installed; `pip install 'foryou[dev]'`") from None
    with sync_playwright() as playwright:
        path = chromium_path()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            raise SystemExit(
                "page: no browser; install Chromium, name one in $CHROMIUM, or `playwright install chromium`"
            )
        found = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield found
        found.close()


def chromium_path() -> str | None:
    """`$CHROMIUM`, or a Chromium or Chrome on the path; None where only playwright's own can be left."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


@contextmanager
def opened(chromium: Browser, address: str) -> Iterator[Page]:
    """The page, as a phone opens it that was never there, with the first video in sight."""
    with chromium.new_context(base_url=address, viewport=PHONE, has_touch=True, locale="en-GB") as context:  # type: ignore[arg-type]
        context.add_init_script(path=NOTES)
        page = context.new_page()
        with page.expect_console_message(lambda said: said.text == "shown"):
            page.goto("/", wait_until="commit")
        yield page


def visit(chromium: Browser, address: str) -> Report:
    """Opens the page once."""
    with opened(chromium, address) as page:
        before = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
        page.wait_for_timeout(SHIFT_MS)
        noted = page.evaluate("noted")
    scripts = [name for name in before if name.endswith(".js")]
    return {
        "shown": noted["shown"],
        "plays": noted["plays"],
        "moved": noted["moved"],
        "blocked": sum(max(0.0, took - 50) for start, took in noted["busy"] if start < noted["shown"]),
        "script": sum(map(gzipped, scripts)),
    }


def gzipped(url: str) -> int:
    """Bytes of a file as it goes out to who reads gzip."""
    asked = urllib.request.Request(url, headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return len(answer.read())


def watch(chromium: Browser, address: str, size: Size) -> Report:
    """Goes from video to video, and asks why some are there: after a look, and at once."""
    with opened(chromium, address) as page:
        page.wait_for_timeout(LOOK_MS)
        steps = [pressed(page, "j", "next", LOOK_MS) for _ in range(size.steps)]
        why: dict[int, list[float]] = {LOOK_MS: [], 0: []}
        for looked, took in why.items():
            for _ in range(size.asked):
                pressed(page, "j", "next", looked)
                took.append(pressed(page, "w", "opened", 100))
                page.keyboard.press("Escape")
        page.wait_for_timeout(PLAY_MS)
        drawn, lost = page.evaluate(
            "(({ totalVideoFrames: all, droppedVideoFrames: lost }) => [all, lost])"
            "(document.querySelector('[data-current] video').getVideoPlaybackQuality())"
        )
        moved = page.evaluate("noted.moved")
    return {
        **quartiles("next", steps),
        **quartiles("why", why[LOOK_MS]),
        **quartiles("why_at_once", why[0]),
        "moved_after": round(moved, 4),
        "frames": drawn,
        "frames_lost": lost,
    }


def pressed(page: Page, key: str, noted: str, then_ms: int) -> float:
    """Presses a key, and waits until what it does is seen, and a while; ms until it was seen."""
    with page.expect_console_message(lambda said: said.text == noted):
        page.keyboard.press(key)
    page.wait_for_timeout(then_ms)
    return float(page.evaluate(f"noted.{noted}"))


def quartiles(name: str, took: list[float]) -> Report:
    """The median, the 75th percentile, and all of it."""
    p50, p75 = np.percentile(took, [50, 75]).tolist()
    return {
        f"{name}_ms": round(p50, 1),
        f"{name}_p75_ms": round(p75, 1),
        f"{name}_each_ms": [round(each) for each in took],
    }


def lines(report: Report) -> list[Line]:
    """For the table."""

    def both(name: str) -> str:
        return f"{report[f'{name}_ms']:.0f} / {report[f'{name}_p75_ms']:.0f} ms"

    return [
        Line("the page, opened for the first time, to the first picture of a video: median / p75",
             both("shown"), "p75 1000 ms"),
        Line("from a key to a moving picture of the next video", both("next"), "p75 250 ms"),
        Line("from a key to the bars of Why, of a video that was looked at / just came",
             f"{both('why')}, {both('why_at_once')}", "p75 200 ms"),
        Line("script until the first picture, gzipped", f"{report['script_bytes'] / 1e3:.1f} kB", "90 kB"),
        Line("what moves by itself (cumulative layout shift), blocked before the first picture",
             f"{max(report['moved'], report['moved_after']):.3f}, {report['blocked_ms']:.0f} ms"),
        Line("pictures of a video that were not drawn", f"{report['frames_lost']} of {report['frames']}"),
    ]  # fmt: skip


BENCHMARK = Benchmark(
    "the page in a browser: to the first picture, to the next one, to the bars of Why",
    Size(),
    Size(clips=8, visits=1, steps=1, asked=1),
    measure,
    lines,
)
