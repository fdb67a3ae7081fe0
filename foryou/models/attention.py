"""How a viewer's history is summed up, beside a candidate: kernels for attention pooling, forward and backward.

Positives and negatives are pooled apart. An entry's weight is softmax(sharp * query . key + recency[position]) over the
entries of its kind: dot-product target attention, as DIN (Zhou et al., KDD 2018) but without its inner network, which
is 30 times dearer. A zero query leaves the recency alone, and so gives a mean that does not depend on the candidate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.inputs import NEGATIVE_BITS, OUTCOME_BITS, POSITIVE_BITS
from foryou.models.kernel import kernel, summing_kernel

Numbers = NDArray[np.float32]
Integers = NDArray[np.int64]

KINDS = 2
"""Positive, negative; in the order of every array with one entry for each."""


_REFUSED = OUTCOME_BITS["not_interested"] | OUTCOME_BITS["report"]


def kind_of(flags: NDArray[Any], present: NDArray[np.bool_]) -> NDArray[np.int8]:
    """0 positive, 1 negative, -1 neither, for history entries with OUTCOME_BITS `flags`.

    Watched without any positive outcome is negative, whether or not it was a skip: not every log says which.
    """
    out = np.empty(flags.shape, np.int8)
    _kind_of(flags, present, POSITIVE_BITS, NEGATIVE_BITS | OUTCOME_BITS["watch"], _REFUSED, out)
    return out


@kernel
def _kind_of(
    flags: NDArray[Any], present: NDArray[np.bool_], good: int, bad: int, refused: int, out: NDArray[np.int8]
) -> None:
    for i in range(flags.shape[0]):
        for j in range(flags.shape[1]):
            bits = flags[i, j]
            if not present[i, j]:
                out[i, j] = -1
            elif bits & good != 0 and bits & refused == 0:
                out[i, j] = 0
            else:
                out[i, j] = 1 if bits & bad != 0 else -1


@kernel
def mean_rows(vectors: Numbers, rows: Integers, widths: Integers, out: Numbers) -> None:
    """For each of some inputs the mean of its vectors, but for rows 0, one input after another in `out`.

    `rows` `[n, columns]` has `widths[j]` columns for input j; `out` `[n, at least inputs * dim]`.
    """
    dim = vectors.shape[1]
    for i in range(rows.shape[0]):
        column = 0
        for j in range(len(widths)):
            known = 0
            start = j * dim
            for _ in range(widths[j]):
                row = rows[i, column]
                column += 1
                if row != 0:
                    known += 1
                    if known == 1:
                        for d in range(dim):
                            out[i, start + d] = vectors[row, d]
                    else:
                        for d in range(dim):
                            out[i, start + d] += vectors[row, d]
            if known == 0:
                for d in range(dim):
                    out[i, start + d] = 0.0
            if known > 1:
                for d in range(dim):
                    out[i, start + d] /= known


@kernel
def spread_rows(
    change: Numbers, rows: Integers, gradient: Numbers, marks: NDArray[np.bool_], touched: Integers, count: Integers
) -> None:
    """The transpose of `mean_rows`: adds `change` `[n, dim]` to the gradient of the rows it was the mean of."""
    dim = change.shape[1]
    for i in range(rows.shape[0]):
        known = 0
        for w in range(rows.shape[1]):
            if rows[i, w] != 0:
                known += 1
        for w in range(rows.shape[1]):
            row = rows[i, w]
            if row == 0:
                continue
            if not marks[row]:
                marks[row] = True
                touched[count[0]] = row
                count[0] += 1
            for d in range(dim):
                gradient[row, d] += change[i, d] / known


def attend(
    query: Numbers, keys: Numbers, kind: NDArray[np.int8], of: Integers, sharp: Numbers, recency: Numbers
) -> tuple[Numbers, Numbers]:
    """The weights `[rows, entries]` and what they pool of the history `[rows, KINDS, dim]`.

    `query` `[rows, dim]`, `keys` `[viewers, entries, dim]`, `kind` `[viewers, entries]`, `of` the viewer of each row,
    `sharp` `[KINDS]`, `recency` `[KINDS, entries]`. Without entries of a kind its pool is zero.
    """
    weights = np.empty((len(query), keys.shape[1]), np.float32)
    pooled = np.empty((len(query), KINDS, keys.shape[2]), np.float32)
    mine = np.empty((len(keys), KINDS, keys.shape[1]), np.float32)
    factor, shift = np.empty((2, *kind.shape), np.float32)
    _apart(kind, sharp, recency, mine, factor, shift)
    alone = len(keys) == 1  # then both sums over components are products of two matrices
    if alone:
        np.matmul(query, keys[0].T, out=weights)
    else:
        _products(query, np.ascontiguousarray(keys.transpose(0, 2, 1)), of, weights)
    _score(mine, factor, shift, of, weights)
    np.exp(weights, out=weights)
    _share(mine, of, weights)
    if alone:
        apart = weights[:, None, :] * mine
        np.matmul(apart.reshape(-1, keys.shape[1]), keys[0], out=pooled.reshape(-1, keys.shape[2]))
    else:
        _pool(keys, kind, of, weights, pooled)
    return weights, pooled


@kernel
def _apart(
    kind: NDArray[np.int8], sharp: Numbers, recency: Numbers, mine: Numbers, factor: Numbers, shift: Numbers
) -> None:
    """What `_score` reads, of each viewer's entries."""
    for v in range(kind.shape[0]):
        for j in range(kind.shape[1]):
            factor[v, j], shift[v, j] = np.float32(0.0), np.float32(-np.inf)
            for k in range(KINDS):
                mine[v, k, j] = np.float32(0.0)
                if kind[v, j] == k:
                    mine[v, k, j], factor[v, j], shift[v, j] = np.float32(1.0), sharp[k], recency[k, j]


@kernel
def _products(query: Numbers, across: Numbers, of: Integers, out: Numbers) -> None:
    """The inner product of each row's query with each key of its viewer, `across` `[viewers, dim, entries]`."""
    for i in range(query.shape[0]):
        v = of[i]
        for j in range(across.shape[2]):
            out[i, j] = 0.0
        for d in range(across.shape[1]):
            for j in range(across.shape[2]):
                out[i, j] += query[i, d] * across[v, d, j]


@summing_kernel
def _score(mine: Numbers, factor: Numbers, shift: Numbers, of: Integers, weights: Numbers) -> None:
    """From inner products to logits, below the highest of each kind; -inf where an entry is of no kind.

    `mine` `[viewers, KINDS, entries]` is 1 where an entry is of the kind, else 0; a logit is factor * product + shift.
    """
    entries = weights.shape[1]
    for i in range(weights.shape[0]):
        v = of[i]
        for j in range(entries):
            weights[i, j] = factor[v, j] * weights[i, j] + shift[v, j]
        for k in range(KINDS):
            top = np.float32(-1e30)
            for j in range(entries):
                top = max(top, weights[i, j] if mine[v, k, j] > 0 else np.float32(-1e30))
            for j in range(entries):
                weights[i, j] -= top * mine[v, k, j]


@summing_kernel
def _share(mine: Numbers, of: Integers, weights: Numbers) -> None:
    """Makes each kind's weights add up to one."""
    entries = weights.shape[1]
    for i in range(weights.shape[0]):
        v = of[i]
        for k in range(KINDS):
            mass = np.float32(0.0)
            for j in range(entries):
                mass += weights[i, j] * mine[v, k, j]
            if mass > 0.0:
                for j in range(entries):
                    weights[i, j] /= mass if mine[v, k, j] > 0 else np.float32(1.0)


@kernel
def _pool(keys: Numbers, kind: NDArray[np.int8], of: Integers, weights: Numbers, pooled: Numbers) -> None:
    """Each kind's weighted sum of keys."""
    entries, dim = keys.shape[1], keys.shape[2]
    for i in range(weights.shape[0]):
        v = of[i]
        for k in range(KINDS):
            for d in range(dim):
                pooled[i, k, d] = 0.0
        for j in range(entries):
            k = kind[v, j]
            if k >= 0:
                for d in range(dim):
                    pooled[i, k, d] += weights[i, j] * keys[v, j, d]


@kernel
def attend_back(
    query: Numbers,
    keys: Numbers,
    kind: NDArray[np.int8],
    of: Integers,
    sharp: Numbers,
    weights: Numbers,
    pooled: Numbers,
    d_pooled: Numbers,
    d_query: Numbers,
    d_keys: Numbers,
    d_sharp: Numbers,
    d_recency: Numbers,
) -> None:
    """The gradients of `attend`, added to `d_query`, `d_keys`, `d_sharp` and `d_recency`, from that of `pooled`."""
    entries, dim = keys.shape[1], keys.shape[2]
    for i in range(query.shape[0]):
        v = of[i]
        along = np.zeros(KINDS, np.float32)
        for k in range(KINDS):
            for d in range(dim):
                along[k] += d_pooled[i, k, d] * pooled[i, k, d]
        for j in range(entries):
            k = kind[v, j]
            if k < 0:
                continue
            fit = np.float32(0.0)
            alike = np.float32(0.0)
            for d in range(dim):
                fit += d_pooled[i, k, d] * keys[v, j, d]
                alike += query[i, d] * keys[v, j, d]
            d_score = weights[i, j] * (fit - along[k])
            d_recency[k, j] += d_score
            d_sharp[k] += d_score * alike
            for d in range(dim):
                d_keys[v, j, d] += weights[i, j] * d_pooled[i, k, d] + d_score * sharp[k] * query[i, d]
                d_query[i, d] += d_score * sharp[k] * keys[v, j, d]


@kernel
def compare(
    query: Numbers, vector: Numbers, pools: Numbers, tastes: Numbers, of: Integers, out: Numbers, start: int
) -> None:
    """Inner products of `query` with `pools` `[rows, KINDS, dim]`, then of `vector` with the viewer's `tastes`
    `[viewers, tastes, dim]`, into the columns of `out` from `start` on."""
    kinds, number, dim = pools.shape[1], tastes.shape[1], query.shape[1]
    for i in range(query.shape[0]):
        for k in range(kinds + number):
            total = np.float32(0.0)
            for d in range(dim):
                if k < kinds:
                    total += query[i, d] * pools[i, k, d]
                else:
                    total += vector[i, d] * tastes[of[i], k - kinds, d]
            out[i, start + k] = total


@kernel
def sum_by(values: Numbers, of: Integers, out: Numbers) -> None:
    """Adds row i of `values` to row `of[i]` of `out`."""
    for i in range(values.shape[0]):
        for d in range(values.shape[1]):
            out[of[i], d] += values[i, d]
