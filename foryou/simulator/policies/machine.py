"""A factorisation machine over viewer, video, author and hashtags (Rendle, 2010): the chance that a viewer likes a
video."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.simulator.policies.policy import Numbers
from foryou.simulator.public import Public

DIM = 8
TAGS = 4
RATE, REGULAR = 0.05, 1e-4
MOST = 200_000
"""Exposures that a fit goes over: the latest."""
PASSES = 2


@njit(cache=True, nogil=True)
def _fit(bias, factors, squares, fields, liked, rate, regular):  # type: ignore[no-untyped-def]
    """One pass of gradient steps with rates that fall for each row of the table (AdaGrad; Duchi et al., 2011)."""
    dim = factors.shape[1]
    for k in range(len(fields)):
        total = np.zeros(dim, np.float32)
        raw = np.float32(0.0)
        for f in fields[k]:
            if f >= 0:
                raw += bias[f]
                total += factors[f]
        for f in fields[k]:
            if f >= 0:
                raw += np.float32(0.5) * (factors[f] @ (total - factors[f]))
        error = np.float32(1.0 / (1.0 + np.exp(-raw)) - liked[k])
        for f in fields[k]:
            if f >= 0:
                squares[f] += error * error
                pace = rate / np.sqrt(squares[f] + np.float32(1.0))
                bias[f] -= pace * (error + regular * bias[f])
                for d in range(dim):
                    slope = error * (total[d] - factors[f, d]) + regular * factors[f, d]
                    factors[f, d] -= pace * slope


@njit(cache=True, nogil=True)
def _scores(bias, factors, viewer, fields):  # type: ignore[no-untyped-def]
    out = np.zeros(len(fields), np.float32)
    for k in range(len(fields)):
        total = factors[viewer].copy()
        own = factors[viewer] @ factors[viewer]
        for f in fields[k]:
            if f >= 0:
                out[k] += bias[f]
                total += factors[f]
                own += factors[f] @ factors[f]
        out[k] += np.float32(0.5) * (total @ total - own)
    return out


class Machine:
    """Learns from exposures, a fit at a time."""

    def __init__(self, public: Public) -> None:
        base = public.viewers + public.videos + public.creators
        of = np.full((public.videos, 2 + TAGS), -1, np.int32)
        of[:, 0] = public.viewers + np.arange(public.videos)
        of[:, 1] = public.viewers + public.videos + public.author
        tags = public.tags[:, :TAGS]
        of[:, 2 : 2 + tags.shape[1]] = np.where(tags >= 0, base + tags, -1)
        self.of: Numbers = of
        rng = np.random.default_rng((public.seed, 0xF0))
        self.bias = np.zeros(base + len(public.tag_names), np.float32)
        self.factors: NDArray[np.float32] = rng.normal(0, 0.05, (len(self.bias), DIM)).astype(np.float32)
        self.squares = np.zeros(len(self.bias), np.float32)
        self._waiting: list[tuple[Numbers, Numbers, NDArray[np.bool_]]] = []

    def take(self, viewers: Numbers, videos: Numbers, liked: NDArray[np.bool_]) -> None:
        """These exposures are learned at the next fit."""
        self._waiting.append((viewers, videos, liked))

    def fit(self) -> None:
        """Learn what came since the last fit."""
        if not self._waiting:
            return
        viewers, videos, liked = (np.concatenate(column)[-MOST:] for column in zip(*self._waiting, strict=True))
        self._waiting = []
        fields = np.concatenate([viewers[:, None].astype(np.int32), self.of[videos]], axis=1)
        for _ in range(PASSES):
            _fit(
                self.bias, self.factors, self.squares, fields, liked.astype(np.float32),
                np.float32(RATE), np.float32(REGULAR),
            )  # fmt: skip

    def scores(self, viewer: int, videos: Numbers) -> NDArray[np.float32]:
        """The logit of each video for a viewer; what is the same for all of them is left out."""
        return np.asarray(_scores(self.bias, self.factors, viewer, self.of[videos]))
