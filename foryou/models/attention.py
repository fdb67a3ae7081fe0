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
from foryou.models.kernel import kernel

Numbers = NDArray[np.float32]
Integers = NDArray[np.int64]

KINDS = 2
"""Positive, negative; in the order of every array with one entry for each."""


def kind_of(flags: NDArray[Any], present: NDArray[np.bool_]) -> NDArray[np.int8]:
    """0 positive, 1 negative, -1 neither, for history entries with OUTCOME_BITS `flags`.

    Watched without any positive outcome is negative, whether or not it was a skip: not every log says which.
    """
    good = (flags & POSITIVE_BITS) != 0
    bad = (flags & (NEGATIVE_BITS | OUTCOME_BITS["watch"])) != 0
    refused = (flags & (OUTCOME_BITS["not_interested"] | OUTCOME_BITS["report"])) != 0
    kind = np.where(good & ~refused, 0, np.where(bad, 1, -1))
    return np.where(present, kind, -1).astype(np.int8)


@kernel
def mean_rows(vectors: Numbers, rows: Integers, out: Numbers) -> None:
    """`out[i]` `[n, dim]` becomes the mean of the vectors of `rows[i]` `[n, width]`, but for rows 0."""
    dim = vectors.shape[1]
    for i in range(rows.shape[0]):
        known = 0
        for d in range(dim):
            out[i, d] = 0.0
        for w in range(rows.shape[1]):
            if rows[i, w] != 0:
                known += 1
                for d in range(dim):
                    out[i, d] += vectors[rows[i, w], d]
        if known > 1:
            for d in range(dim):
                out[i, d] /= known


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


@kernel
def attend(
    query: Numbers,
    keys: Numbers,
    kind: NDArray[np.int8],
    of: Integers,
    sharp: Numbers,
    recency: Numbers,
    weights: Numbers,
    pooled: Numbers,
) -> None:
    """Fills `weights` `[rows, entries]` and `pooled` `[rows, KINDS, dim]`.

    `query` `[rows, dim]`, `keys` `[viewers, entries, dim]`, `kind` `[viewers, entries]`, `of` the viewer of each row,
    `sharp` `[KINDS]`, `recency` `[KINDS, entries]`. Without entries of a kind its pool is zero.
    """
    entries, dim = keys.shape[1], keys.shape[2]
    for i in range(query.shape[0]):
        v = of[i]
        top = np.full(KINDS, -1e30, np.float32)
        for j in range(entries):
            k = kind[v, j]
            if k < 0:
                weights[i, j] = 0.0
                continue
            total = np.float32(0.0)
            for d in range(dim):
                total += query[i, d] * keys[v, j, d]
            weights[i, j] = sharp[k] * total + recency[k, j]
            top[k] = max(top[k], weights[i, j])
        mass = np.zeros(KINDS, np.float32)
        for j in range(entries):
            k = kind[v, j]
            if k >= 0:
                weights[i, j] = np.exp(weights[i, j] - top[k])
                mass[k] += weights[i, j]
        pooled[i] = 0.0
        for j in range(entries):
            k = kind[v, j]
            if k >= 0:
                weights[i, j] /= mass[k]
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
def sum_by(values: Numbers, of: Integers, out: Numbers) -> None:
    """Adds row i of `values` to row `of[i]` of `out`."""
    for i in range(values.shape[0]):
        for d in range(values.shape[1]):
            out[of[i], d] += values[i, d]
