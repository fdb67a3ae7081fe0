"""Any video that is out, drawn evenly: what a feed has to beat to be worth anything."""

from __future__ import annotations

from collections.abc import Mapping

from foryou.core.batch import Batch
from foryou.simulator.policies.policy import Numbers, Times
from foryou.simulator.policies.shelf import Shelf
from foryou.simulator.public import Public


class Random:
    """Chance alone."""

    name = "random"

    def start(self, public: Public) -> None:
        self.shelf = Shelf(public)

    def join(self, viewers: Numbers, at: int) -> None:
        """Whoever they are."""

    def publish(self, videos: Numbers, at: int) -> None:
        self.shelf.publish(videos)

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        return self.shelf.random(viewers, n)

    def observe(self, rows: Batch) -> None:
        self.shelf.observe(rows)

    def finish(self) -> Mapping[str, object]:
        return {}
