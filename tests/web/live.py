"""A running server with a small world that was sent through its own API, and what to note of pages."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import small_world
from playwright.sync_api import Browser, Page, Request

STATIC = Path(__file__).parents[2] / "foryou" / "api" / "static"


def ask(url: str, sent: object = None, key: str = "") -> dict[str, object]:
    body = None if sent is None else json.dumps(sent).encode()
    headers = {"content-type": "application/json"} if body else {}
    request = urllib.request.Request(url, body, headers | ({"authorization": f"Bearer {key}"} if key else {}))
    with urllib.request.urlopen(request, timeout=30) as answer:
        told: dict[str, object] = json.load(answer)
        return told


@contextmanager
def serving(
    home: Path, key: str = "", world: Callable[[int], list[dict[str, object]]] = small_world.events
) -> Iterator[str]:
    """`foryou serve` on a directory, with a world in it (the small one), sent with a key where one is needed."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the page is not built: run `make setup`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from foryou.cli import main; main()", "serve", "--data", str(home / "data")]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_ready(address, process, home / "log")
            rows = world(int(time.time() * 1000))
            for start in range(0, len(rows), 1000):
                assert ask(f"{address}/v1/events", rows[start : start + 1000], key)["refused"] == []
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 600  # the first start on a machine compiles
    while time.monotonic() < until and process.poll() is None:
        try:
            ask(f"{address}/health/ready")
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-2000:]}")


@contextmanager
def opened(browser: Browser, address: str, **more: Any) -> Iterator[Page]:
    """A page of a browser that was never here before, on a desktop with a touch screen if nothing else is said.

    Nothing may go wrong in it. Without a service worker, which would answer for the server, unless it is asked for.
    """
    how: dict[str, Any] = {
        "viewport": {"width": 1280, "height": 800},
        "has_touch": True,
        "locale": "en-GB",
        "service_workers": "block",
    }
    with browser.new_context(base_url=address, **(how | more)) as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        problems: list[str] = []
        watch_for_problems(page, problems)
        yield page
    assert problems == [], problems


Sent = list[dict[str, Any]]


def listen(page: Page) -> Sent:
    """Every event that the page sends and the engine accepts, as it goes out."""
    sent: Sent = []

    def keep(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/events"):
            answer = request.response()
            assert answer is not None and answer.json()["refused"] == []
            sent.extend(json.loads(request.post_data or "[]"))

    page.on("requestfinished", keep)
    return sent


def of_kind(sent: Sent, kind: str) -> Sent:
    return [event for event in sent if event["kind"] == kind]


def wait_for(page: Page, sent: Sent, kind: str, count: int = 1) -> Sent:
    for _ in range(100):
        if len(of_kind(sent, kind)) >= count:
            break
        page.wait_for_timeout(50)
    assert len(of_kind(sent, kind)) >= count, f"{kind} was not sent; there were {[event['kind'] for event in sent]}"
    return of_kind(sent, kind)


def until(page: Page, holds: str, seconds: float = 15) -> None:
    """Wait for an expression to be true; playwright's own way evaluates in the page, whose policy forbids it."""
    end = time.monotonic() + seconds
    while not page.evaluate(holds):
        assert time.monotonic() < end, f"never true: {holds}"
        page.wait_for_timeout(10)


def current(page: Page) -> str:
    video = page.locator("[data-current]").get_attribute("data-video")
    assert video is not None
    return video


def swipe(page: Page) -> None:
    """A finger from low to high over the card."""
    assert page.viewport_size is not None
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    session = page.context.new_cdp_session(page)
    points = [{"x": width * 0.55, "y": height * (0.82 - 0.06 * n)} for n in range(11)]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def watch_for_problems(page: Page, problems: list[str]) -> None:
    """Notes errors of the page, and whatever its content security policy kept from it."""
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
