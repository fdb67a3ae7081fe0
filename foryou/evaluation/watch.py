"""How well seconds are predicted: how far they are off, and whether they are in the right order.

Pure functions over columns. Rows whose seconds are not known (NaN) do not count.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


def mae(labels: Numbers, predictions: Numbers) -> float:
    """Mean absolute error, in the unit of the labels. NaN without rows.

    Whoever predicts the median does best here, whoever predicts the mean does not: watch times have a long tail.
    """
    truth, guess = _known(labels, predictions)
    return float(np.mean(np.abs(truth - guess))) if len(truth) else float("nan")


def xauc(labels: Numbers, predictions: Numbers) -> float:
    """The chance that of two rows with different labels the one with the larger label has the larger prediction.

    Zhan et al., "Deconfounding duration bias in watch-time prediction for video recommendation" (KDD 2022), over all
    pairs, not a sample; a tie of predictions counts half. With labels 0 and 1 it is the AUC. O(n log n); NaN where all
    labels are equal.
    """
    truth, guess = _known(labels, predictions)
    if len(truth) == 0:
        return float("nan")
    order = np.argsort(truth, kind="stable")
    _, level = np.unique(truth[order], return_inverse=True)
    _, rank = np.unique(guess[order], return_inverse=True)
    right, pairs = _ordered(level.astype(np.int64), rank.astype(np.int64), int(rank.max()) + 1)
    return float(right / pairs) if pairs else float("nan")


@njit(cache=True, nogil=True)
def _ordered(level, rank, ranks):  # type: ignore[no-untyped-def]
    """Pairs in the right order (ties half), and all pairs of different levels; `level` rises.

    A Fenwick tree over ranks counts the rows of lower levels that were passed (Fenwick, 1994).
    """
    tree = np.zeros(ranks + 1, np.int64)
    right, pairs, start = 0.0, 0.0, 0
    while start < len(level):
        end = start
        while end < len(level) and level[end] == level[start]:
            below, upto = 0, 0
            place = rank[end]
            while place > 0:
                below += tree[place]
                place -= place & -place
            place = rank[end] + 1
            while place > 0:
                upto += tree[place]
                place -= place & -place
            right += 0.5 * (below + upto)
            end += 1
        pairs += float(start) * (end - start)
        for row in range(start, end):
            place = rank[row] + 1
            while place <= ranks:
                tree[place] += 1
                place += place & -place
        start = end
    return right, pairs


def _known(labels: Numbers, predictions: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    truth = np.asarray(labels, np.float64)
    known = ~np.isnan(truth)
    return truth[known], np.asarray(predictions, np.float64)[known]
