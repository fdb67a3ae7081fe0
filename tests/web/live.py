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

import pytest
import small_world
from playwright.sync_api import Page

STATIC = Path(__file__).parents[2] / "foryou" / "api" / "static"


def ask(url: str, sent: object = None, key: str = "") -> dict[str, object]:
    body = None if sent is None else json.dumps(sent).encode()
    headers = {"content-type": "application/json"} if body else {}
    request = urllib.request.Request(url, body, headers | ({"authorization": f"Bearer {key}"} if key else {}))
    with urllib.request.urlopen(request, timeout=30) as answer:
        told: dict[str, object] = json.load(answer)
        return told


@contextmanager
def serving(home: Path, key: str = "", world: Callable[[int], list[dict[str, object]]] = small_world.events) -> Iterator[str]:
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
    until = time.monotonic() + 120  # the first start on a machine compiles
    while time.monotonic() < until and process.poll() is None:
        try:
            ask(f"{address}/health/ready")
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-2000:]}")


def watch_for_problems(page: Page, problems: list[str]) -> None:
    """Notes errors of the page, and whatever its content security policy kept from it."""
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
