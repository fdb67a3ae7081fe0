"""What most people liked lately, the same for everybody; and the same with chance in some of the places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.simulator.policies.policy import Numbers, Times, good
from foryou.simulator.policies.shelf import Shelf, insert
from foryou.simulator.public import Public

HALF_LIFE = 3 * DAY
"""After which a liking counts half."""
EPSILON = 0.1
"""The share of places that epsilon-greedy gives to chance (Sutton and Barto, 2018, section 2.2)."""


@dataclass
class Popular:
    """By likings, each fading; among videos without any, the newest first. With `epsilon`, that share of the places is
    given to chance."""

    epsilon: float = 0.0
    name: str = "popular"

    def start(self, public: Public) -> None:
        self.shelf = Shelf(public)
        self.start_at = public.start
        self.likings = np.zeros(public.videos)
        self._order: Numbers | None = None

    def join(self, viewers: Numbers, at: int) -> None:
        """Whoever they are."""

    def publish(self, videos: Numbers, at: int) -> None:
        self.shelf.publish(videos)
        self._order = None

    @property
    def order(self) -> Numbers:
        """All that are out, the most popular first."""
        if self._order is None:
            newest = self.shelf.out[::-1]
            self._order = newest[np.argsort(-self.likings[newest], kind="stable")]
        return self._order

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        slates = self.shelf.first(self.order, viewers, n)
        if self.epsilon == 0:
            return slates
        return np.asarray(insert(slates, self.shelf.random(viewers, n, self.epsilon)))

    def observe(self, rows: Batch) -> None:
        self.shelf.observe(rows)
        liked = np.flatnonzero(good(rows))
        # As weights that grow with time, which is the same order as counts that fade (Cormode et al., 2009).
        grown = np.exp2((rows["at"][liked] - self.start_at) / HALF_LIFE)
        np.add.at(self.likings, rows["video"][liked], grown)
        self._order = None

    def finish(self) -> Mapping[str, object]:
        return {}


def epsilon_greedy() -> Popular:
    """Popular, but that each place is given to chance one time in ten."""
    return Popular(EPSILON, "epsilon-greedy")
