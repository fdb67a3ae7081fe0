"""Vectors sorted into cells around centroids, so that a search looks at a few cells only: an inverted file.

Plain arrays, all of them made by `arrays`, so that other processes can map them. A cell's vectors lie column by column,
a byte a component. It finds most of the best, not all; which vectors it has never changes, but a vector that moves
within its cell moves here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, pow
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import DTypeLike, NDArray

from foryou.backends.dense import among_the_best
from foryou.backends.intmap import ABSENT, IntMap, RowNumbers
from foryou.backends.proposals import in_cells
from foryou.core.ports import Keys

Vectors = NDArray[np.float32]
Zeros = Callable[[tuple[int, ...], DTypeLike], NDArray[Any]]
"""Makes an array of zeros: in this process's memory, or in memory that others see."""

RECALL = 0.95
"""The part of the best 500 that has to be found, in the mean over the worst quarter of the queries that are tried."""
_AMONG = 500
_QUERIES = 32
_TRAINED_ON = 40
"""Vectors that place one centroid."""
_ROUNDS = 10
_BLOCK = 256
"""Vectors that are held against all centroids at a time: what comes of it stays in the cache."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """All that a search needs. Cell c has rows `starts[c]` to `starts[c + 1]`."""

    centroids: Vectors
    """`[cells, dim]`"""
    starts: Keys
    """`[cells + 1]`"""
    ids: Keys
    """`[vectors]` in the order of their cells"""
    codes: NDArray[np.int8]
    """`[vectors * dim]`: each vector over its scale, those of a cell of n as `[dim, n]`"""
    scales: Vectors
    """`[vectors]`"""


def arrays(cells: int, count: int, dim: int, zeros: Zeros = np.zeros) -> Arrays:
    """Room for so many vectors in so many cells."""
    return Arrays(
        zeros((cells, dim), np.float32),
        zeros((cells + 1,), np.int64),
        zeros((count,), np.int64),
        zeros((count * dim,), np.int8),
        zeros((count,), np.float32),
    )


class Cells:
    """The vectors in cells, and how many cells a search looks at (`probes`)."""

    __slots__ = ("_rows", "held", "probes")

    def __init__(self, ids: Keys, vectors: Vectors, zeros: Zeros = np.zeros) -> None:
        """`vectors` `[ids, dim]` are finite; at least one."""
        count, dim = vectors.shape
        number = cells_for(count)
        chance = np.random.default_rng(count)
        some = chance.choice(count, min(count, _TRAINED_ON * number), replace=False)
        centroids = _centroids(vectors[some], number, chance)
        which = nearest(vectors, centroids)
        order = np.argsort(which, kind="stable")
        self.held = arrays(number, count, dim, zeros)
        self.held.centroids[:] = centroids
        self.held.starts[1:] = np.cumsum(np.bincount(which, minlength=number))
        self.held.ids[:] = ids[order]
        for first in range(0, count, _BLOCK):
            rows = np.arange(first, min(first + _BLOCK, count))
            self._write(rows, vectors[order[rows]])
        self._rows = IntMap(count)
        self._rows.insert(self.held.ids)
        self.probes = self._enough(vectors[order], chance)

    @classmethod
    def over(cls, held: Arrays, probes: int) -> Cells:
        """Cells to search, over the arrays of others."""
        found = cls.__new__(cls)
        found.held, found.probes = held, probes
        return found

    def __len__(self) -> int:
        return len(self.held.ids)

    @property
    def cells(self) -> int:
        """How many there are."""
        return len(self.held.centroids)

    def searches(self, queries: Vectors, ks: NDArray[np.int64]) -> tuple[Keys, NDArray[np.int64]]:
        """About `ks[q]` ids with high inner products with each of `queries` `[queries, dim]`, in no order, and where
        each query's begin `[queries + 1]`."""
        probes = np.array([probes_for(self.probes, k) for k in ks.tolist()], np.int64)
        rows, begins = searches(self.held, probes, queries, ks)
        return self.held.ids[rows], begins

    def move(self, ids: Keys, vectors: Vectors) -> NDArray[np.bool_]:
        """Give vectors that stay in their cell their new place in it; which of them `[ids]` did. One thread at a time.

        A search that reads such a row meanwhile may take it for a little more or less than it is.
        """
        rows = self._rows.find(ids)
        there = np.flatnonzero((rows != ABSENT) & np.isfinite(vectors).all(axis=1))
        cell = np.searchsorted(self.held.starts, rows[there], side="right") - 1
        stays = there[nearest(vectors[there], self.held.centroids) == cell]
        self._write(rows[stays], vectors[stays])
        moved = np.zeros(len(ids), np.bool_)
        moved[stays] = True
        return moved

    def _write(self, rows: RowNumbers, vectors: Vectors) -> None:
        scale = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), np.float32(1e-30)) / np.float32(127)
        starts, dim = self.held.starts, self.held.centroids.shape[1]
        cell = np.searchsorted(starts, rows, side="right") - 1
        first, size = starts[cell], starts[cell + 1] - starts[cell]
        places = (dim * first + rows - first)[:, None] + np.arange(dim) * size[:, None]
        self.held.codes[places] = np.rint(vectors / scale[:, None])
        self.held.scales[rows] = scale

    def _enough(self, vectors: Vectors, chance: np.random.Generator) -> int:
        """The fewest cells, in steps of a quarter, with RECALL on queries that are vectors, and sums of two and of
        three. `vectors` in the order of the cells."""
        k = max(min(_AMONG, len(vectors) // 4), 1)
        parts = vectors[chance.integers(0, len(vectors), (_QUERIES, 3))]
        parts[::3, 1:] = 0.0
        parts[1::3, 2] = 0.0
        queries = parts.sum(axis=1)
        best = [among_the_best(vectors @ query, k) for query in queries]
        probes = min(4, self.cells)
        ks = np.full(len(queries), k + k // 4 + 16)
        while True:
            rows, begins = searches(self.held, np.full(len(queries), probes), queries, ks)
            each = np.split(rows, begins[1:-1])
            found = sorted(len(np.intersect1d(truth, some)) for some, truth in zip(each, best, strict=True))
            if probes >= self.cells or np.mean(found[: _QUERIES // 4]) >= RECALL * k:
                return probes
            probes = min(probes + max(probes // 4, 1), self.cells)


def cells_for(count: int) -> int:
    """How many cells so many vectors have: about twice their root, and no more than 1,024, which are quick to fill."""
    return 1 << min(round(np.log2(max(count, 1)) / 2) + 1, 10) if count > 1 else 1


def probes_for(probes: int, k: int) -> int:
    """How many cells are searched for k, where `probes` are for the usual 500: few are nearly all in the nearest cells.

    With the power .4, recall@20 and @60 are still .95 and more on made-up heaps.
    """
    return max(min(ceil(probes * pow(k / _AMONG, 0.4)), probes), min(probes, 4))


def searches(
    held: Arrays, probes: NDArray[np.int64], queries: Vectors, ks: NDArray[np.int64]
) -> tuple[RowNumbers, NDArray[np.int64]]:
    """The rows of about the `ks[q]` highest inner products with each of `queries` `[queries, dim]` in the `probes[q]`
    cells nearest to it, and where each query's begin; none for one that is zero or not finite."""
    size = np.abs(queries).max(axis=1, initial=0.0)
    usable = (size > 0) & (size < np.inf)
    scaled = np.where(usable[:, None], queries, 0) / np.where(usable, size, 1)[:, None]
    wanted = np.where(usable, np.minimum(ks, len(held.ids)), 0).astype(np.int64)
    return in_cells(
        held.centroids, held.starts, held.codes, held.scales, np.ascontiguousarray(scaled, np.float32), probes, wanted
    )


def nearest(vectors: Vectors, centroids: Vectors) -> NDArray[np.int64]:
    """The centroid that each vector `[rows, dim]` is nearest to; of several the first."""
    which = np.empty(len(vectors), np.int64)
    toward = np.concatenate([centroids, -0.5 * np.square(centroids).sum(axis=1, keepdims=True)], axis=1).T
    block = np.ones((_BLOCK, vectors.shape[1] + 1), np.float32)
    for first in range(0, len(vectors), _BLOCK):
        some = block[: len(vectors) - first]
        some[:, :-1] = vectors[first : first + _BLOCK]
        which[first : first + _BLOCK] = (some @ toward).argmax(axis=1)
    return which


def _centroids(sample: Vectors, number: int, chance: np.random.Generator) -> Vectors:
    """K-means (Lloyd, 1982) from vectors drawn at random; a cell without vectors goes beside the largest."""
    centroids: Vectors = sample[chance.choice(len(sample), min(number, len(sample)), replace=False)]
    for _ in range(_ROUNDS):
        which = nearest(sample, centroids)
        size = np.bincount(which, minlength=len(centroids))
        sums = np.zeros_like(centroids)
        _add_up(sample, which, sums)
        centroids = np.asarray(sums / np.maximum(size, 1)[:, None], np.float32)
        empty = np.flatnonzero(size == 0)
        largest = np.argsort(-size, kind="stable")[: len(empty)]
        apart = chance.normal(scale=1e-3, size=(len(empty), sample.shape[1])).astype(np.float32)
        centroids[empty[: len(largest)]] = centroids[largest] * (1 + apart[: len(largest)])
    if len(centroids) < number:  # fewer vectors than cells
        centroids = np.concatenate([centroids, np.zeros((number - len(centroids), sample.shape[1]), np.float32)])
    return centroids


@njit(cache=True, nogil=True)
def _add_up(vectors, which, sums):  # type: ignore[no-untyped-def]
    for row in range(len(which)):
        for column in range(vectors.shape[1]):
            sums[which[row], column] += vectors[row, column]
