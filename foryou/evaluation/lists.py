"""How much of what viewers went on to engage with is among the first items of a list drawn from all items.

Pure functions over the lists and the items that were engaged with; it knows nothing of where scores come from.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


def first(scores: Numbers, most: int) -> NDArray[np.int64]:
    """The `most` highest columns of each row, best first, `[rows, most]`; ties by column.

    Scores that are not finite come last.
    """
    values = np.where(np.isfinite(scores), scores, -np.inf)
    most = min(most, values.shape[1])
    if most < values.shape[1]:
        least = -np.partition(-values, most - 1, axis=1)[:, most - 1 : most]
        # of the columns that tie for the last place, the first ones
        above, level = values > least, values == least
        room = most - above.sum(axis=1, keepdims=True)
        kept = above | (level & (np.cumsum(level, axis=1) <= room))
        column = np.nonzero(kept)[1].reshape(len(values), most)
    else:
        column = np.broadcast_to(np.arange(most), values.shape)
    order = np.argsort(-np.take_along_axis(values, column, 1), axis=1, kind="stable")
    return np.take_along_axis(column, order, 1).astype(np.int64)


def hits(lists: Numbers, wanted: Numbers) -> NDArray[np.bool_]:
    """Whether each place of lists `[viewers, places]` holds an item of the mask `wanted` `[viewers, items]`."""
    return np.take_along_axis(np.asarray(wanted, bool), lists, 1)


def recall_at(hit: Numbers, wanted: Numbers, k: int) -> float:
    """Mean over viewers of the share of their items among the first `k`; `wanted` `[viewers]` says how many each has.

    Viewers who have none are left out; NaN if all are.
    """
    some = wanted > 0
    return float((hit[some, :k].sum(axis=1) / wanted[some]).mean()) if some.any() else float("nan")


def ndcg_at(hit: Numbers, wanted: Numbers, k: int) -> float:
    """Mean over viewers of nDCG of the first `k` places, gain 1 for each item of theirs.

    The best list has as many of the viewer's items as fit in `k` places (Jarvelin and Kekalainen, 2002). Viewers who
    have none are left out.
    """
    some = wanted > 0
    if not some.any():
        return float("nan")
    discount = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discount)[np.minimum(wanted[some].astype(np.int64), k) - 1]
    places = hit[some, :k]
    return float(((places @ discount[: places.shape[1]]) / best).mean())


def coverage(lists: Numbers, items: int) -> float:
    """The share of all items that is in at least one list."""
    return len(np.unique(lists)) / max(items, 1)
