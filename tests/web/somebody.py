"""A viewer of the small world: what the engine says of them, and what would come next for them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

from live import ask
from playwright.sync_api import Locator, Page
from small_world import topic

Told = dict[str, Any]


class Somebody:
    """Knows nothing of the page but how to wait in it."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.name = address, name

    def known(self) -> Told:
        return _asked(f"{self.address}/v1/viewers/{self.name}")

    def slate(self, count: int = 40) -> Told:
        """A feed of what they were not shown yet, as a new session gets it."""
        session, patient = f"s{time.monotonic_ns()}", "deadline_ms=1000"  # or a busy machine leaves something out
        return _asked(f"{self.address}/v1/feed?viewer={self.name}&n={count}&session={session}&{patient}")

    def items(self, count: int = 40) -> list[Told]:
        items: list[Told] = self.slate(count)["items"]
        return items

    def next(self, count: int = 40) -> list[str]:
        return [item["video"] for item in self.items(count)]

    def share(self, of: str) -> float:
        topics = [topic(video) for video in self.next()]
        return topics.count(of) / max(1, len(topics))

    def sends(self, *events: Told) -> None:
        """Something else than the page, a phone perhaps, says what they do."""
        now = time.monotonic_ns()
        rows = [{"id": f"{self.name}-{now}-{n}", "viewer": self.name, **event} for n, event in enumerate(events)]
        assert ask(f"{self.address}/v1/events", rows)["refused"] == []

    def finishes(self, videos: list[str]) -> None:
        self.sends(
            *({"kind": kind, "video": video, **more} for video in videos for kind, more in (
                ("impression", {}), ("watch", {"seconds": 4.0, "furthest": 4.0}), ("like", {})))
        )  # fmt: skip

    def until(self, page: Page, true: Callable[[Told], bool]) -> None:
        """Waits for what the page sends to have come."""
        for _ in range(200):
            if true(self.known()):
                return
            page.wait_for_timeout(50)
        raise AssertionError(json.dumps(self.known())[:2000])


def _asked(url: str) -> Told:
    """Asks again where a busy machine says that it should."""
    for _ in range(50):
        try:
            return ask(url)
        except HTTPError as refused:
            if refused.code != 503:
                raise
            time.sleep(0.1)
    return ask(url)


def slide(slider: Locator, key: str, times: int = 1) -> None:
    slider.focus()
    for _ in range(times):
        slider.press(key)
