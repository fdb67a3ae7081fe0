"""The compiled part of a search in cells: for several queries at once, which rows have about the highest products.

A cell keeps its vectors column by column, so that the products of all its rows grow side by side in a register's
lanes. Of each query a heap's worth of candidates is kept with a bound that rises, nearest cells first: most rows are
then compared once and forgotten, and no score is written further than the first cache. It knows nothing about ids.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

_FAST = {"reassoc", "contract", "nsz"}
_CODES = types.Array(types.int8, 1, "C", readonly=True)
_MATRIX = types.Array(types.float32, 2, "C", readonly=True)
_FLOATS = types.Array(types.float32, 1, "C", readonly=True)
_BOOLS = types.Array(types.boolean, 1, "C", readonly=True)
_LONGS = types.Array(types.int64, 1, "C", readonly=True)
_OUT = types.float32[::1]


def _inner(rows, query, out):  # type: ignore[no-untyped-def]
    """The inner products of rows with a query."""
    for row in range(len(rows)):
        total = np.float32(0)
        for column in range(len(query)):
            total += rows[row, column] * query[column]
        out[row] = total


def _across(codes, start, size, query, out):  # type: ignore[no-untyped-def]
    """The inner products of a cell's `size` rows, kept column by column from `start` on; four columns at a time, so
    that the sums are loaded and stored a quarter as often."""
    dim = len(query)
    total = out[:size]
    total[:] = np.float32(0)
    column = 0
    while column + 4 <= dim:
        at = start + column * size
        # Slices, because an index that might be negative keeps the loop from being vectorised.
        one, two = codes[at : at + size], codes[at + size : at + 2 * size]
        three, four = codes[at + 2 * size : at + 3 * size], codes[at + 3 * size : at + 4 * size]
        a, b, c, d = query[column], query[column + 1], query[column + 2], query[column + 3]
        for row in range(size):
            total[row] += (np.float32(one[row]) * a + np.float32(two[row]) * b) + (
                np.float32(three[row]) * c + np.float32(four[row]) * d
            )
        column += 4
    while column < dim:
        at, a = start + column * size, query[column]
        one = codes[at : at + size]
        for row in range(size):
            total[row] += np.float32(one[row]) * a
        column += 1


def _kept(rows, scores, held, k):  # type: ignore[no-untyped-def]
    """Moves the k highest of the first `held` to the front; the lowest of them, which is the bound from then on."""
    last = np.partition(scores[:held], held - k)[held - k]
    equal = k
    for i in range(held):
        equal -= scores[i] > last
    out = 0
    for i in range(held):
        if scores[i] > last or (scores[i] == last and equal > 0):
            equal -= scores[i] == last
            rows[out], scores[out] = rows[i], scores[i]
            out += 1
    return last


_inner_of = njit(types.void(_MATRIX, _FLOATS, _OUT), cache=True, nogil=True, fastmath=_FAST)(_inner)
_inner_across = njit(
    types.void(_CODES, types.int64, types.int64, _FLOATS, _OUT), cache=True, nogil=True, fastmath=_FAST
)(_across)
_keep = njit(types.float32(types.int64[::1], _OUT, types.int64, types.int64), cache=True, nogil=True)(_kept)


def _best_of_cells(centroids, starts, codes, scales, queries, probes, ks):  # type: ignore[no-untyped-def]
    """The rows with about the `ks[q]` highest products in the `probes[q]` cells nearest to each query, and where each
    query's begin `[queries + 1]`."""
    dim, most, largest = centroids.shape[1], 0, 0
    for k in ks:
        most += k
    for cell in range(len(centroids)):
        largest = max(largest, starts[cell + 1] - starts[cell])
    toward, scores = np.empty(len(centroids), np.float32), np.empty(largest, np.float32)
    found, begins = np.empty(most, np.int64), np.zeros(len(ks) + 1, np.int64)
    out = 0
    for q in range(len(ks)):
        k, query = ks[q], queries[q]
        rows, highest = np.empty(2 * k + 1, np.int64), np.empty(2 * k + 1, np.float32)
        held, bound = 0, np.float32(-np.inf)
        if k > 0:
            _inner_of(centroids, query, toward)
            least = np.partition(toward, len(toward) - probes[q])[len(toward) - probes[q]]
            near = np.flatnonzero(toward >= least)
            for place in np.argsort(-toward[near]):
                cell = near[place]
                first, size = starts[cell], starts[cell + 1] - starts[cell]
                _inner_across(codes, first * dim, size, query, scores)
                for row in range(size):
                    score = scores[row] * scales[first + row]
                    if score > bound:
                        rows[held], highest[held] = first + row, score
                        held += 1
                        if held > 2 * k:
                            bound = _keep(rows, highest, held, k)
                            held = k
            if held > k:
                _keep(rows, highest, held, k)
                held = k
        found[out : out + held] = rows[:held]
        out += held
        begins[q + 1] = out
    return found[:out], begins


def _best_of_rows(vectors, live, queries, ks):  # type: ignore[no-untyped-def]
    """As `_best_of_cells`, of vectors that are all looked at; those that are not live never come."""
    most = 0
    for k in ks:
        most += min(k, len(vectors))
    scores = np.empty(_BLOCK, np.float32)
    found, begins = np.empty(most, np.int64), np.zeros(len(ks) + 1, np.int64)
    out = 0
    for q in range(len(ks)):
        k = min(ks[q], len(vectors))
        rows, highest = np.empty(2 * k + 1, np.int64), np.empty(2 * k + 1, np.float32)
        held, bound = 0, np.float32(-np.inf)
        for first in range(0, len(vectors) if k > 0 else 0, _BLOCK):
            some = vectors[first : first + _BLOCK]
            _inner_of(some, queries[q], scores)
            for row in range(len(some)):
                if scores[row] > bound and live[first + row]:
                    rows[held], highest[held] = first + row, scores[row]
                    held += 1
                    if held > 2 * k:
                        bound = _keep(rows, highest, held, k)
                        held = k
        if held > k:
            _keep(rows, highest, held, k)
            held = k
        found[out : out + held] = rows[:held]
        out += held
        begins[q + 1] = out
    return found[:out], begins


_BLOCK = 512
_FOUND = types.Tuple((types.int64[::1], types.int64[::1]))
in_cells: Callable[[Vectors, Rows, NDArray[np.int8], Vectors, Vectors, Rows, Rows], tuple[Rows, Rows]] = njit(
    _FOUND(_MATRIX, _LONGS, _CODES, _FLOATS, _MATRIX, _LONGS, _LONGS), cache=True, nogil=True
)(_best_of_cells)
in_all: Callable[[Vectors, NDArray[np.bool_], Vectors, Rows], tuple[Rows, Rows]] = njit(
    _FOUND(_MATRIX, _BOOLS, _MATRIX, _LONGS), cache=True, nogil=True
)(_best_of_rows)


def _order(ids, scores, begins, ks, out_ids, out_scores):  # type: ignore[no-untyped-def]
    """The best of each query in order, equal ones by id and each id once, from `begins[q]` on; how many of each."""
    number = np.zeros(len(ks), np.int64)
    for q in range(len(ks)):
        first, end = begins[q], begins[q + 1]
        by_id = np.argsort(ids[first:end])
        order = np.argsort(-scores[first:end][by_id], kind="mergesort")
        count = 0
        for place in order:
            at = first + by_id[place]
            if count == ks[q] or not scores[at] > -np.inf:
                break
            if count > 0 and out_ids[first + count - 1] == ids[at]:
                continue
            out_ids[first + count], out_scores[first + count] = ids[at], scores[at]
            count += 1
        number[q] = count
    return number


ordered: Callable[[Rows, Vectors, Rows, Rows, Rows, Vectors], Rows] = njit(
    types.int64[::1](_LONGS, _FLOATS, _LONGS, _LONGS, types.int64[::1], _OUT), cache=True, nogil=True
)(_order)
