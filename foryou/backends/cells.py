"""Vectors sorted into cells around centroids, so that a search looks at a few cells only: an inverted file of FAISS.

A snapshot: it is built once and never changes. It finds most of the best, not all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from foryou.core.ports import Keys

Vectors = NDArray[np.float32]

RECALL = 0.95
"""The part of the best 500 that has to be found, in the mean over the worst quarter of the queries that are tried."""
_AMONG = 500
_QUERIES = 32
_TRAINED_ON = 40
"""Vectors that place one centroid."""
_ROUNDS = 10


class Searched(Protocol):
    """What is used of FAISS's inverted file."""

    nprobe: int

    def search(self, queries: Vectors, k: int) -> tuple[Vectors, Keys]: ...


class Cells:
    """The vectors in cells, half of a float a component, and how many cells a search looks at."""

    __slots__ = ("_file", "_ids", "_unit", "cells", "probes")

    def __init__(self, ids: Keys, vectors: Vectors) -> None:
        """`vectors` `[ids, dim]` are finite. ImportError without FAISS: see `missing`."""
        faiss = _faiss()
        faiss.omp_set_num_threads(1)  # of this thread; what is served runs beside it
        count, dim = vectors.shape
        self._ids = ids
        self._unit = np.float32(1.0 / max(float(np.abs(vectors).max(initial=0.0)), 1e-30))
        """Half floats end at 65,504; a factor changes no order."""
        self.cells = 1 << max(int(np.sqrt(count)).bit_length() - 1, 0)
        chance = np.random.default_rng(count)
        file = faiss.index_factory(dim, f"IVF{self.cells},SQfp16", faiss.METRIC_INNER_PRODUCT)
        file.cp.niter, file.cp.min_points_per_centroid, file.cp.max_points_per_centroid = _ROUNDS, 1, _TRAINED_ON
        file.train(vectors[chance.choice(count, min(count, _TRAINED_ON * self.cells), replace=False)] * self._unit)
        step = 1 << 16
        for first in range(0, count, step):
            file.add(vectors[first : first + step] * self._unit)
        self._file: Searched = file
        self.probes = self._enough(vectors, chance)

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, query: Vectors, k: int) -> Keys:
        """About k ids with high inner products with `query` `[dim]`, in no order."""
        return self._ids[self._rows(query, k)]

    def _rows(self, query: Vectors, k: int) -> Keys:
        size = float(np.abs(query).max(initial=0.0))
        if not 0.0 < size < np.inf:
            return np.zeros(0, np.int64)
        rows = self._file.search((query / np.float32(size))[None, :].astype(np.float32), k)[1][0]
        return np.asarray(rows[rows >= 0])

    def _enough(self, vectors: Vectors, chance: np.random.Generator) -> int:
        """The fewest cells, in doublings, with RECALL on queries that are vectors, and sums of two and of three."""
        k = max(min(_AMONG, len(vectors) // 4), 1)
        parts = vectors[chance.integers(0, len(vectors), (_QUERIES, 3))]
        parts[::3, 1:] = 0.0
        parts[1::3, 2] = 0.0
        queries = parts.sum(axis=1)
        best = [set(np.argpartition(vectors @ query, -k)[-k:].tolist()) for query in queries]
        probes = min(4, self.cells)
        while True:
            self._file.nprobe = probes
            found = sorted(
                len(truth.intersection(self._rows(query, k).tolist()))
                for query, truth in zip(queries, best, strict=True)
            )
            if probes >= self.cells or np.mean(found[: _QUERIES // 4]) >= RECALL * k:
                return probes
            probes = min(2 * probes, self.cells)


def missing() -> str:
    """What to install, or nothing if FAISS is there."""
    try:
        _faiss()
    except ImportError:
        return "pip install 'foryou[ann]'"
    return ""


@lru_cache(maxsize=1)
def _faiss() -> _Faiss:
    with warnings.catch_warnings():  # its generated code warns of its own types in newer Pythons
        warnings.simplefilter("ignore", DeprecationWarning)
        import faiss  # noqa: PLC0415  # an extra

    threadpool_limits(1, user_api="blas")  # as for the BLAS that was there before it
    return cast(_Faiss, faiss)


class _Parameters(Protocol):
    niter: int
    min_points_per_centroid: int
    max_points_per_centroid: int


class _File(Searched, Protocol):
    cp: _Parameters

    def train(self, vectors: Vectors) -> None: ...

    def add(self, vectors: Vectors) -> None: ...


class _Faiss(Protocol):
    METRIC_INNER_PRODUCT: int
    omp_set_num_threads: Callable[[int], None]
    index_factory: Callable[[int, str, int], _File]
