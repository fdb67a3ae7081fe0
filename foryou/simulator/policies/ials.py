"""Viewers and videos as vectors whose product says who likes what: weighted alternating least squares, each hour."""

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

DIM = 32
UNSEEN = np.float32(0.05)
"""What a pair that was not liked weighs beside one that was."""
REGULAR = np.float32(0.05)
"""Of the norms; times how often a row occurs (Rendle et al., 2022: "Revisiting the performance of iALS")."""
SWEEPS = 2
"""Over all viewers and videos at each fit, from where the last one ended."""


@njit(cache=True, nogil=True)
def _solve(gram, factors, starts, others, unseen, regular, out):  # type: ignore[no-untyped-def]
    """One side, given the other: for each row the least squares over all of the other side."""
    dim = factors.shape[1]
    for row in range(len(starts) - 1):
        mine = others[starts[row] : starts[row + 1]]
        if len(mine) == 0:
            out[row] = 0.0
            continue
        left = gram * unseen
        right = np.zeros(dim, factors.dtype)
        for other in mine:
            vector = factors[other]
            right += vector
            for i in range(dim):
                for j in range(dim):
                    left[i, j] += vector[i] * vector[j]
        for i in range(dim):
            left[i, i] += regular * (len(mine) + unseen * len(factors))
        out[row] = np.linalg.solve(left, right)


class Factors:
    """The vectors `[viewers, DIM]` and `[videos, DIM]`, as of the last fit."""

    def __init__(self, viewers: int, videos: int, seed: int) -> None:
        rng = np.random.default_rng((seed, 0x1A15))
        self.viewers = np.zeros((viewers, DIM), np.float32)
        self.videos = rng.normal(0, 0.1, (videos, DIM)).astype(np.float32)
        self.known = np.zeros(videos, np.bool_)
        """Whether a video was liked by anybody before the last fit."""

    def fit(self, likings: Likings) -> None:
        """Sweep over both sides."""
        starts, videos = likings.pairs
        back, viewers = _turned(starts, videos, len(self.videos))
        for _ in range(SWEEPS):
            _solve(self.videos.T @ self.videos, self.videos, starts, videos, UNSEEN, REGULAR, self.viewers)
            _solve(self.viewers.T @ self.viewers, self.viewers, back, viewers, UNSEEN, REGULAR, self.videos)
        self.known = np.diff(back) > 0

    def folded(self, liked: Numbers, gram: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vector of a viewer who liked these, with the videos' as they are."""
        out = np.zeros((1, DIM), np.float32)
        _solve(gram, self.videos, np.array([0, len(liked)], np.int32), liked, UNSEEN, REGULAR, out)
        return np.asarray(out[0])


def _turned(starts: Numbers, videos: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """The likings video by video: how many there are before each video's, and the viewers."""
    viewers = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    order = np.argsort(videos, kind="stable")
    back = np.concatenate([[0], np.cumsum(np.bincount(videos, minlength=count))]).astype(np.int32)
    return back, viewers[order]


class Ials:
    """Implicit ALS (Hu et al., 2008), fitted each hour; a viewer's vector is made anew for each slate. Who liked
    nothing yet, and places that are left, get what is popular."""

    name = "ials"

    def start(self, public: Public) -> None:
        self.popular = Popular()
        self.popular.start(public)
        self.likings = Likings(public.viewers, public.videos)
        self.factors = Factors(public.viewers, public.videos, public.seed)
        self.gram = np.zeros((DIM, DIM), np.float32)
        self.at = public.start

    def join(self, viewers: Numbers, at: int) -> None:
        """Whoever they are."""

    def publish(self, videos: Numbers, at: int) -> None:
        self.popular.publish(videos, at)

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        if len(at) and at[-1] - self.at >= HOUR:
            self.factors.fit(self.likings)
            self.gram, self.at = self.factors.videos.T @ self.factors.videos, int(at[-1])
        slates = np.full((len(viewers), n), -1, np.int32)
        known = np.flatnonzero(self.factors.known).astype(np.int32)
        if len(known):
            vectors = self.factors.videos[known]
            for row, viewer in enumerate(viewers.tolist()):
                liked = self.likings.of(viewer)
                if len(liked):
                    best = self.popular.shelf.best(viewer, known, vectors @ self.factors.folded(liked, self.gram), n)
                    slates[row, : len(best)] = best
        return self.popular.shelf.fill(slates, self.popular.order, viewers)

    def observe(self, rows: Batch) -> None:
        self.popular.observe(rows)
        self.likings.observe(rows)

    def finish(self) -> Mapping[str, object]:
        return {}
