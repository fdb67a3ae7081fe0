"""Who liked what so far, in the order in which it came: what feeds that learn from likings read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.simulator.policies.policy import Numbers, good


@dataclass
class Likings:
    """For each viewer the videos that they liked, oldest first, without any twice."""

    viewers: int
    videos: int
    count: NDArray[np.int32] = field(init=False)
    """How many likings each viewer has `[viewers]`."""
    _of: NDArray[np.int32] = field(init=False)
    _there: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.count = np.zeros(self.viewers, np.int32)
        self._of = np.zeros((self.viewers, 64), np.int32)

    def observe(self, rows: Batch) -> Batch:
        """Take in what happened; the likings that are new, `viewer` and `video`."""
        some = rows.take(good(rows)).select(("viewer", "video"))
        keys = some["viewer"].astype(np.int64) * self.videos + some["video"]
        fresh = np.array([self._new(key) for key in keys.tolist()], np.bool_)
        some = some.take(fresh)
        for viewer, video in zip(some["viewer"].tolist(), some["video"].tolist(), strict=True):
            place = self.count[viewer]
            if place == self._of.shape[1]:
                self._of = np.concatenate([self._of, np.zeros_like(self._of)], axis=1)
            self._of[viewer, place] = video
            self.count[viewer] = place + 1
        return some

    def _new(self, key: int) -> bool:
        before = len(self._there)
        self._there.add(key)
        return len(self._there) > before

    def of(self, viewer: int) -> Numbers:
        """What a viewer liked, oldest first."""
        return self._of[viewer, : self.count[viewer]]

    @property
    def pairs(self) -> tuple[Numbers, Numbers]:
        """All likings, viewer by viewer: how many there are before each viewer's `[viewers + 1]`, and the videos."""
        starts = np.concatenate([[0], np.cumsum(self.count)]).astype(np.int32)
        filled = np.arange(self._of.shape[1]) < self.count[:, None]
        return starts, self._of[filled]
