"""Nearest neighbours by inner product: an exact scan of a float32 matrix."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from foryou.backends.proposals import in_all, ordered
from foryou.backends.rows import KeyedRows
from foryou.core.batch import Batch, Rows
from foryou.core.memory import HEAP, Memory, Published
from foryou.core.ports import Keys
from foryou.core.table import Field, Table

_NAMES = ("vector", "live")
_SAMPLED = 64
"""One score in so many says how high the best about are."""


class DenseIndex:
    """An `Index` that looks at every vector. One thread may add and remove while others search.

    Equal inner products come in the order of their ids, and a vector's product does not depend on where it lies, so
    that the same vectors give the same answer however they got here. A product that is not finite never comes.
    """

    def __init__(self, memory: Memory = HEAP) -> None:
        self._memory, self._name = memory, ""
        self._held: KeyedRows | None = None
        self._live = 0
        self._writing = threading.Lock()

    @classmethod
    def attached(cls, published: Callable[[str], Published], name: str) -> DenseIndex:
        """The vectors that another process publishes under a name, to search. BackendError while there are none."""
        vectors = (published(name).news() or {})[".vector"]
        found = cls()
        found._held = KeyedRows.attached(_table(vectors.shape[1] if vectors.ndim == 2 else 1), published(name))
        return found

    def add(self, ids: Keys, vectors: NDArray[np.float32]) -> None:
        """Put vectors `[ids, dim]`; an id that is there is replaced. ValueError if `dim` is not that of the others."""
        if vectors.ndim != 2 or len(vectors) != len(ids):
            raise ValueError(f"vectors are {list(vectors.shape)}; for {len(ids)} ids they have to be [{len(ids)}, dim]")
        with self._writing:
            if len(ids) == 0:
                return
            held = self._held or KeyedRows(_table(vectors.shape[1]), 0, self._memory)
            flat = vectors[:, 0] if vectors.shape[1] == 1 else vectors
            before = int(np.count_nonzero(held.read(ids, ("live",))["live"]))
            held.write(ids, Batch({"vector": flat, "live": np.ones(len(ids), np.bool_)}))
            self._live += len(ids) - before
            if self._held is None and self._name:
                held.publish(self._name)
            self._held = held

    def remove(self, ids: Keys) -> None:
        """Forget these ids; those that are not there are no matter."""
        with self._writing:
            held = self._held
            if held is None:
                return
            there = np.unique(ids[held.read(ids, ("live",))["live"]])
            held.write(there, Batch({"live": np.zeros(len(there), np.bool_)}))
            self._live -= len(there)
            if len(held) > 2 * self._live:
                keys, rows = held.scan(("live",))
                self._held = held.without(keys[~rows["live"]])
                if self._name:
                    self._held.publish(self._name)

    def publish(self, name: str) -> None:
        """Let other processes search these vectors, as they change, under a name."""
        with self._writing:
            self._name = name
            if self._held is not None:
                self._held.publish(name)

    def search(self, query: NDArray[np.float32], k: int) -> tuple[Keys, NDArray[np.float32]]:
        return self.searches(query[None], [k])[0]

    def searches(self, queries: NDArray[np.float32], ks: Sequence[int]) -> list[tuple[Keys, NDArray[np.float32]]]:
        """`search` of each of `queries` `[queries, dim]`; the vectors are read once for all of them."""
        held = self._held
        if held is None or max(ks, default=0) <= 0:
            return [(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in ks]
        ids, rows = held.scan(_NAMES)
        scores = _products(held, rows, queries)
        best = [among_the_best(each, k) if k > 0 else np.zeros(0, np.int64) for each, k in zip(scores, ks, strict=True)]
        return [best_first(ids[some], each[some], k) for some, each, k in zip(best, scores, ks, strict=True)]

    def refuse(self, queries: NDArray[np.float32]) -> None:
        """ValueError for queries of another length than the vectors."""
        if self._held is not None:
            _refuse(self._held.table.fields[0].width, queries)

    def proposals(self, queries: NDArray[np.float32], ks: NDArray[np.int64]) -> tuple[Keys, NDArray[np.int64]]:
        """The ids of the `ks[q]` highest inner products with each of `queries`, in no order, and where each query's
        begin `[queries + 1]`."""
        held = self._held
        if held is None or len(held) == 0:
            return np.zeros(0, np.int64), np.zeros(len(ks) + 1, np.int64)
        ids, rows = held.scan(_NAMES)
        vectors = rows["vector"].reshape(len(ids), held.table.fields[0].width)
        found, begins = in_all(vectors, rows["live"], np.ascontiguousarray(queries, np.float32), ks)
        return ids[found], begins

    def best_of(
        self, ids: Keys, begins: NDArray[np.int64], queries: NDArray[np.float32], ks: NDArray[np.int64]
    ) -> list[tuple[Keys, NDArray[np.float32]]]:
        """Of the ids that are proposed for each query, which begin at `begins[q]` and may come twice, the `ks[q]` with
        the highest inner products, best first, and these; equal ones by id."""
        scores = np.full(len(ids), -np.inf, np.float32)
        held = self._held
        if held is not None:
            rows = held.read(ids, _NAMES)
            vectors = rows["vector"].reshape(len(ids), held.table.fields[0].width)
            _score_own(vectors, rows["live"], begins, np.ascontiguousarray(queries, np.float32), scores)
        best, highest = np.empty(len(ids), np.int64), np.empty(len(ids), np.float32)
        number = ordered(ids, scores, begins, ks, best, highest)
        return [
            (best[first : first + some], highest[first : first + some])
            for first, some in zip(begins.tolist(), number.tolist(), strict=False)
        ]

    def vectors(self, ids: Keys) -> NDArray[np.float32]:
        """The vectors `[ids, dim]` of these; zero for one that is not here. `dim` is 0 while there was never any."""
        held = self._held
        if held is None:
            return np.zeros((len(ids), 0), np.float32)
        rows = held.read(ids, _NAMES)
        return np.asarray(rows["vector"].reshape(len(ids), held.table.fields[0].width) * rows["live"][:, None])

    def held(self) -> tuple[Keys, NDArray[np.float32]]:
        """A copy of the ids and their vectors `[ids, dim]`, without those whose vector is not finite."""
        held = self._held
        if held is None:
            return np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        ids, rows = held.scan(_NAMES)
        vectors = rows["vector"].reshape(len(ids), held.table.fields[0].width)
        kept = np.flatnonzero(rows["live"] & np.isfinite(vectors).all(axis=1))
        return ids[kept], vectors[kept]

    def __len__(self) -> int:
        return self._live


def best_first(ids: Keys, scores: NDArray[np.float32], k: int) -> tuple[Keys, NDArray[np.float32]]:
    """The k highest of these in order, equal ones by id; minus infinity never comes."""
    best = np.flatnonzero(scores > -np.inf)
    best = best[np.lexsort((ids[best], -scores[best]))][:k]
    return ids[best], scores[best]


def among_the_best(scores: NDArray[np.float32], k: int) -> Rows:
    """Some rows with all that are as high as the k-th among them: which of several equal ones come is not ours to say.

    To put a whole column in two parts takes longer than to compute it. So a sample says how high the k-th about is,
    and only what is higher is looked at; if that is too little, so is the rest.
    """
    if k >= len(scores):
        return np.arange(len(scores))
    sample = scores[::_SAMPLED]
    among = int(1.5 * k / _SAMPLED) + 8
    if 2 * among < len(sample):
        high = np.flatnonzero(scores >= np.partition(sample, -among)[-among])
        if len(high) >= k:
            return np.asarray(high[scores[high] >= np.partition(scores[high], -k)[-k]])
    return np.flatnonzero(scores >= np.partition(scores, -k)[-k])


def _products(held: KeyedRows, rows: Batch, queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inner products `[queries, rows]`."""
    dim = held.table.fields[0].width
    _refuse(dim, queries)
    vectors, scores = rows["vector"].reshape(len(rows), dim), np.empty((len(queries), len(rows)), np.float32)
    _score(vectors, rows["live"], np.ascontiguousarray(queries, np.float32), scores)
    return scores


def _refuse(dim: int, queries: NDArray[np.float32]) -> None:
    if queries.shape[1:] != (dim,):
        raise ValueError(f"the query is {list(queries.shape[1:])}; it has to be {[dim]}")


def _table(dim: int) -> Table:
    return Table("vectors", (Field("vector", "float32", dim), Field("live", "bool")))


def _scores(
    vectors: NDArray[np.float32], live: NDArray[np.bool_], queries: NDArray[np.float32], scores: NDArray[np.float32]
) -> None:
    """The inner products; minus infinity for what must not come. BLAS would sum rows at a block's edge differently."""
    for first in range(0, len(vectors), 512):
        for query in range(len(queries)):
            for row in range(first, min(first + 512, len(vectors))):
                total = np.float32(0)
                for column in range(vectors.shape[1]):
                    total += vectors[row, column] * queries[query, column]
                # Not isfinite, which is x - x == x - x inside, and folded away where sums may be reordered.
                scores[query, row] = total if live[row] and abs(total) < np.inf else -np.inf


_READ_VECTORS = types.Array(types.float32, 2, "C", readonly=True)
_READ_LIVE = types.Array(types.boolean, 1, "C", readonly=True)
_score: Callable[[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]], None] = njit(
    types.void(_READ_VECTORS, _READ_LIVE, _READ_VECTORS, types.float32[:, ::1]),
    cache=True,
    nogil=True,
    fastmath={"reassoc", "contract", "nsz"},
)(_scores)


def _own_scores(
    vectors: NDArray[np.float32],
    live: NDArray[np.bool_],
    begins: NDArray[np.int64],
    queries: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    """As `_scores`, of the rows from `begins[q]` on with query q alone."""
    for query in range(len(queries)):
        for row in range(begins[query], begins[query + 1]):
            total = np.float32(0)
            for column in range(vectors.shape[1]):
                total += vectors[row, column] * queries[query, column]
            scores[row] = total if live[row] and abs(total) < np.inf else -np.inf


_score_own: Callable[
    [NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]], None
] = njit(
    types.void(_READ_VECTORS, _READ_LIVE, types.Array(types.int64, 1, "C", readonly=True), _READ_VECTORS,
               types.float32[::1]),
    cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"},
)(_own_scores)  # fmt: skip
