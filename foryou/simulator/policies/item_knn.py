"""What was liked by those who liked what the viewer liked: neighbours of videos by cosine, counted anew each hour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.clock import HOUR
from foryou.simulator.policies.likings import Likings
from foryou.simulator.policies.policy import Numbers, Times
from foryou.simulator.policies.popular import Popular
from foryou.simulator.public import Public

LATEST = 50
"""How many of a viewer's likings are looked at, the latest."""
SHRUNK = 10.0
"""Added to the norm: two videos with one liking each are not the best of neighbours."""


@njit(cache=True, nogil=True)
def _scores(together, norms, liked, shrunk, out):  # type: ignore[no-untyped-def]
    for one in liked:
        for other in range(len(out)):
            both = together[one, other]
            if both:
                out[other] += both / (np.sqrt(norms[one] * norms[other]) + shrunk)


class ItemKnn:
    """Item-based neighbours (Sarwar et al., 2001); what nobody's neighbours bring, popularity does."""

    name = "item-knn"

    def start(self, public: Public) -> None:
        self.popular = Popular()
        self.popular.start(public)
        self.likings = Likings(public.viewers, public.videos)
        self.neighbours = Neighbours(public.videos)
        self.at = public.start

    def join(self, viewers: Numbers, at: int) -> None:
        """Whoever they are."""

    def publish(self, videos: Numbers, at: int) -> None:
        self.popular.publish(videos, at)

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        if len(at) and at[-1] - self.at >= HOUR:
            self.neighbours.update(self.likings)
            self.at = int(at[-1])
        slates = np.full((len(viewers), n), -1, np.int32)
        for row, viewer in enumerate(viewers.tolist()):
            liked = self.likings.of(viewer)[-LATEST:]
            if len(liked):
                near = self.neighbours.of(liked)
                videos = np.flatnonzero(near).astype(np.int32)
                best = self.popular.shelf.best(viewer, videos, near[videos], n)
                slates[row, : len(best)] = best
        return self.popular.shelf.fill(slates, self.popular.order, viewers)

    def observe(self, rows: Batch) -> None:
        self.popular.observe(rows)
        self.likings.observe(rows)

    def finish(self) -> Mapping[str, object]:
        return {}


class Neighbours:
    """How often two videos were liked by the same viewer `[videos, videos]`, as of the last update."""

    def __init__(self, videos: int) -> None:
        self._together = np.zeros((videos, videos), np.uint16)
        self._norms = np.zeros(videos, np.float32)
        self._counted: NDArray[np.int32] | None = None

    def update(self, likings: Likings) -> None:
        """Count what is new among the likings."""
        starts, videos = likings.pairs
        before = np.zeros(likings.viewers, np.int32) if self._counted is None else self._counted
        _pairs(self._together, self._norms, starts, videos, before)
        self._counted = likings.count.copy()

    def of(self, liked: Numbers) -> NDArray[np.float32]:
        """How near each video is to some together `[videos]`."""
        near = np.zeros(len(self._norms), np.float32)
        _scores(self._together, self._norms, liked, SHRUNK, near)
        return near


@njit(cache=True, nogil=True)
def _pairs(together, norms, starts, videos, before):  # type: ignore[no-untyped-def]
    for viewer in range(len(before)):
        mine = videos[starts[viewer] : starts[viewer + 1]]
        for place in range(before[viewer], len(mine)):
            norms[mine[place]] += 1
            for other in mine[:place]:
                together[mine[place], other] += 1
                together[other, mine[place]] += 1
