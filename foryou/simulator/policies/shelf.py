"""What can be shown: which videos are out, and who has seen which. Every policy has one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.simulator.policies.policy import Numbers
from foryou.simulator.public import Public


@njit(cache=True, nogil=True)
def _first(order, seen, viewers, n, out):  # type: ignore[no-untyped-def]
    for k in range(len(viewers)):
        found = 0
        mine = seen[viewers[k]]
        for video in order:
            if found == n:
                break
            if not mine[video]:
                out[k, found] = video
                found += 1


@njit(cache=True, nogil=True)
def _mixed(value):  # type: ignore[no-untyped-def]
    """SplitMix64's finaliser (Steele et al., 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def _random(order, seen, viewers, seeds, share, out):  # type: ignore[no-untyped-def]
    n = out.shape[1]
    for k in range(len(viewers)):
        mine = seen[viewers[k]]
        state = seeds[k]
        for place in range(n):
            state += np.uint64(0x9E3779B97F4A7C15)
            if share < 1.0 and (_mixed(state) >> np.uint64(11)) * 2.0**-53 >= share:
                continue
            state += np.uint64(0x9E3779B97F4A7C15)
            at = np.int64(_mixed(state) % np.uint64(len(order)))
            for _ in range(len(order)):  # the next one that is not seen and not in the slate
                video = order[at]
                taken = mine[video]
                for other in range(n):
                    taken |= out[k, other] == video
                if not taken:
                    out[k, place] = video
                    break
                at = (at + 1) % len(order)


@dataclass
class Shelf:
    """The videos that are out, newest last, and a mark for each that a viewer has seen `[viewers, videos]`."""

    public: Public
    seen: NDArray[np.bool_] = field(init=False)
    out: Numbers = field(init=False)
    _draws: int = 0

    def __post_init__(self) -> None:
        self.seen = np.zeros((self.public.viewers, self.public.videos), np.bool_)
        self.out = np.zeros(0, np.int32)

    def publish(self, videos: Numbers) -> None:
        """These are out, too."""
        self.out = np.concatenate([self.out, np.asarray(videos, np.int32)])

    def observe(self, rows: Batch) -> None:
        """Nobody is to see twice what is in these rows."""
        self.seen[rows["viewer"], rows["video"]] = True

    def first(self, order: Numbers, viewers: Numbers, n: int) -> Numbers:
        """The first `n` of one order that each viewer has not seen `[k, n]`."""
        slates = np.full((len(viewers), n), -1, np.int32)
        _first(order, self.seen, viewers, n, slates)
        return slates

    def random(self, viewers: Numbers, n: int, share: float = 1.0) -> Numbers:
        """In each place, with this chance, any video that the viewer has not seen; -1 elsewhere `[k, n]`.

        It is drawn evenly from all that are out, but that one after a seen one is drawn for it, too.
        """
        slates = np.full((len(viewers), n), -1, np.int32)
        if len(self.out):
            seeds = np.arange(self._draws, self._draws + len(viewers), dtype=np.uint64) * np.uint64(0x1_0000_0001)
            seeds += np.uint64((self.public.seed + 1) * 0x51_7C_C1_B7)
            self._draws += len(viewers)
            _random(self.out, self.seen, viewers, seeds, share, slates)
        return slates

    def best(self, viewer: int, videos: Numbers, scores: NDArray[np.float32], n: int) -> Numbers:
        """The `n` videos with the highest scores that a viewer has not seen, best first; fewer if there are fewer."""
        new = ~self.seen[viewer, videos]
        videos, scores = videos[new], scores[new]
        if len(videos) > n:
            top = np.argpartition(-scores, n - 1)[:n]
            videos, scores = videos[top], scores[top]
        return np.asarray(videos[np.argsort(-scores, kind="stable")])

    def fill(self, slates: Numbers, order: Numbers, viewers: Numbers) -> Numbers:
        """The slates with their empty places filled from one order, without anything twice."""
        lacking = np.flatnonzero((slates < 0).any(axis=1))
        if len(lacking) == 0:
            return slates
        n = slates.shape[1]
        more = self.first(order, viewers[lacking], 2 * n)
        full = slates.copy()
        for row, extra in zip(lacking.tolist(), more, strict=True):
            there = full[row][full[row] >= 0]
            rest = extra[(extra >= 0) & ~np.isin(extra, there)]
            whole = np.concatenate([there, rest])[:n]
            full[row, : len(whole)] = whole
        return full


@njit(cache=True, nogil=True)
def insert(slates, drawn):  # type: ignore[no-untyped-def]
    """Put what was drawn (-1: nothing) into its places of slates `[k, n]`; what was there, and a second copy of what
    was drawn, gives way from the end."""
    out = np.full_like(slates, -1)
    n = slates.shape[1]
    for k in range(len(slates)):
        for place in range(n):
            out[k, place] = drawn[k, place]
        next_one = 0
        for place in range(n):
            if out[k, place] >= 0:
                continue
            while next_one < n:
                video = slates[k, next_one]
                next_one += 1
                twice = False
                for other in range(n):
                    twice |= out[k, other] == video
                if not twice:
                    out[k, place] = video
                    break
    return out
