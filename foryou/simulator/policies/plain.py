"""Feeds that go by the shelf alone: chance, and the newest first. What a feed has to beat to be worth anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from foryou.core.batch import Batch
from foryou.simulator.policies.policy import Numbers, Times
from foryou.simulator.policies.shelf import Shelf
from foryou.simulator.public import Public


@dataclass
class Plain:
    """Knows nothing of anybody but what they have seen; `choose` takes from what is out."""

    name: str
    choose: Callable[[Shelf, Numbers, int], Numbers]
    """(shelf, viewers `[k]`, n) -> slates `[k, n]`"""

    def start(self, public: Public) -> None:
        self.shelf = Shelf(public)

    def join(self, viewers: Numbers, at: int) -> None:
        """Whoever they are."""

    def publish(self, videos: Numbers, at: int) -> None:
        self.shelf.publish(videos)

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        return self.choose(self.shelf, viewers, n)

    def observe(self, rows: Batch) -> None:
        self.shelf.observe(rows)

    def finish(self) -> Mapping[str, object]:
        return {}


def chance() -> Plain:
    """Any video that is out, drawn evenly."""
    return Plain("random", Shelf.random)


def recent() -> Plain:
    """By time of upload, as timelines were before there were feeds."""
    return Plain("recent", lambda shelf, viewers, n: shelf.first(shelf.out[::-1], viewers, n))
