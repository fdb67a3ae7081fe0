"""How far each video is carried by people who share it: who came because of whom, as generations.

Who comes to a video by a share is one generation further than who shared it; who found it in a feed is of generation
0. The reproduction number R is how many viewers one view brings by sharing: below 1 a chain dies out by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numba import njit

from foryou.core.batch import Batch
from foryou.core.event import Kind, of_kinds
from foryou.core.ids import id_of, pair_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.counters import TOTAL
from foryou.features.enrich import OUTCOMES
from foryou.features.pairs import pairs_with
from foryou.grouping import group

GENERATIONS = 8
"""Generations whose sizes are told apart; the last has all later ones."""
MOST = 10_000
"""Viewers of a video that are remembered as having come by a share. Those who come later are counted too, and again if
they come again; who comes by them counts as of generation 1."""
CHAIN = Table(
    "chain",
    (
        Field("generation", "int32", GENERATIONS, help="viewers who came by a share, of generation 1, 2, ..."),
        Field("depth", "int32"),
    ),
)
CAME = Table("came", (Field("generation", "int16", help="of this viewer, who came to this video by a share"),))
"""By `pair_of(video, viewer)`."""
SHARED = id_of("surface", "shared")
_IMPRESSION, _WATCH = (OUTCOMES.index(name) for name in ("impression", "watch"))


def fold(store: Store, rows: Batch) -> None:
    """Fold what viewers did `[rows]`: who came by a share."""
    sharer = rows["sharer"] if "sharer" in rows else np.zeros(len(rows), np.int64)
    by = ((sharer != 0) | (rows["surface"] == SHARED)) & (sharer != rows["viewer"])
    by &= of_kinds(rows, (Kind.IMPRESSION, Kind.WATCH)) & (rows["video"] != 0) & (rows["viewer"] != 0)
    if not by.any():
        return
    sharer, rows = sharer[by], rows.select(("video", "viewer", "kind")).take(by)
    video, row = group(rows["video"])
    held = {name: values.copy() for name, values in store.read(CHAIN.name, video).columns.items()}
    known = np.where(sharer != 0, pair_of(rows["video"], sharer), 0)
    keys, of = group(np.concatenate([pair_of(rows["video"], rows["viewer"]), known]))
    came = store.columns(CAME.name, keys, ("generation",))["generation"].copy()
    before = came.copy()
    _grow(held["generation"], held["depth"], came, row, rows["kind"] == Kind.WATCH, of[: len(row)], of[len(row) :])
    store.write(CHAIN.name, video, Batch(held))
    new = came != before
    if new.any():
        store.write(CAME.name, keys[new], Batch({"generation": came[new]}))


@njit(cache=True, nogil=True)
def _grow(generation, depth, came, row, watch, of, by):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k = row[i]
        if came[of[i]] != 0:
            continue
        g = min(came[by[i]] + 1, 32_000)
        if generation[k].sum() < MOST:
            came[of[i]] = g
        elif not watch[i]:  # of who is not remembered, only the watch counts
            continue
        generation[k, min(g, generation.shape[1]) - 1] += 1
        depth[k] = max(depth[k], g)


def came_keys(video: Keys, viewer: int) -> Keys:
    """The keys of `came` that a viewer may have."""
    return pairs_with(video, viewer)


@dataclass(frozen=True, slots=True)
class Chain:
    """What sharing did for a video."""

    views: int
    generations: tuple[int, ...]
    """Viewers who came by a share, of generation 1, 2, ... as far as there are any."""
    depth: int
    reproduction: float
    low: float
    high: float
    """Of R, 95 % (Wilson, 1927): every viewer who came by a share is one view."""


def chain_of(store: Store, video: int) -> Chain:
    """The sharing chain of a video."""
    key = np.array([video], np.int64)
    row, told = store.read(CHAIN.name, key), store.read(TOTAL.name, key)["raw"][0]
    views, sizes = max(int(told[_IMPRESSION]), int(told[_WATCH])), row["generation"][0].tolist()
    brought = sum(sizes)
    while sizes and sizes[-1] == 0:
        sizes.pop()
    views = max(views, brought)
    low, high = wilson(brought, views)
    return Chain(views, tuple(sizes), int(row["depth"][0]), brought / views if views else 0.0, low, high)


def wilson(happened: float, tried: float, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share (Wilson, 1927); all of [0, 1] where nothing was tried.

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    if tried <= 0:
        return 0.0, 1.0
    share, square = min(max(happened / tried, 0.0), 1.0), z * z / tried
    middle = (share + square / 2) / (1 + square)
    half = z * sqrt(share * (1 - share) / tried + square / (4 * tried)) / (1 + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)
