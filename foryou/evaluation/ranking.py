"""How well rows are ordered within each viewer: AUC, grouped AUC and nDCG. Pure functions over columns.

It knows nothing of where scores come from. A score that is not finite counts as the lowest there is.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


def auc(labels: Numbers, scores: Numbers) -> float:
    """The chance that a positive row scores above a negative one; a tie counts half. NaN without one of either.

    The Mann-Whitney U statistic over the product of the two counts (Mann and Whitney, 1947).
    """
    ones = np.zeros(len(labels), np.int64)
    values, _ = _grouped_auc(ones, labels, scores)
    return float(values[0]) if len(values) else float("nan")


def gauc(users: Numbers, labels: Numbers, scores: Numbers) -> float:
    """Mean of the users' own AUC, weighted by their positives, over users with a positive and a negative row.

    Zhu et al., "Optimized cost per click in Taobao display advertising" (KDD 2017), with the weights of the KuaiRand
    ranking kit. A tie counts half, which is the expectation of breaking it at random. NaN without any such user.
    """
    values, weights = _grouped_auc(users, labels, scores)
    return float(np.average(values, weights=weights)) if len(values) else float("nan")


def ndcg_at(users: Numbers, labels: Numbers, scores: Numbers, k: int = 5, seed: int = 0) -> float:
    """Mean over users of nDCG of their first `k` rows, gain `2^label - 1`; users without a positive count 0.

    DCG sums gain / log2(position + 1) (Jarvelin and Kekalainen, 2002). Ties are broken at random from `seed`.
    """
    if len(labels) == 0:
        return float("nan")
    group, gains = _codes(users), np.exp2(np.asarray(labels, np.float64)) - 1
    count = int(group.max()) + 1
    chance = np.random.default_rng(seed).random(len(group))

    def dcg(by: Numbers) -> Numbers:
        order = np.lexsort((chance, -by, group))
        position = _positions(group[order])
        kept = position < k
        discounted = gains[order][kept] / np.log2(position[kept] + 2)
        return np.bincount(group[order][kept], discounted, minlength=count)

    reached, best = dcg(_finite(scores)), dcg(gains)
    return float(np.divide(reached, best, out=np.zeros(count), where=best > 0).mean())


def primary(users: Numbers, labels: Numbers, scores: Numbers, seed: int = 0) -> float:
    """The KR-rank measure: the mean of GAUC and nDCG@5."""
    return (gauc(users, labels, scores) + ndcg_at(users, labels, scores, 5, seed)) / 2


def _grouped_auc(users: Numbers, labels: Numbers, scores: Numbers) -> tuple[Numbers, Numbers]:
    """The AUC and the number of positives of each group that has a positive and a negative row."""
    if len(labels) == 0:
        return np.zeros(0), np.zeros(0)
    order = np.lexsort((_finite(scores), users))
    group, value = _codes(np.asarray(users)[order]), _finite(scores)[order]
    positive = np.asarray(labels)[order] > 0
    starts = np.flatnonzero(np.r_[True, (group[1:] != group[:-1]) | (value[1:] != value[:-1])])
    tied = np.diff(np.r_[starts, len(group)])
    rank = np.repeat(starts + (tied + 1) / 2, tied)  # mean rank of each tie, from 1 over all rows
    size = np.bincount(group)
    rank = rank - (np.cumsum(size) - size)[group]
    wins = np.bincount(group, positive)
    losses = size - wins
    both = (wins > 0) & (losses > 0)
    above = np.bincount(group, np.where(positive, rank, 0.0)) - wins * (wins + 1) / 2
    return above[both] / (wins * losses)[both], wins[both]


def _codes(users: Numbers) -> NDArray[np.int64]:
    return np.unique(users, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _positions(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of each row within its group, from 0, where the rows of a group lie together."""
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    return np.arange(len(group)) - np.repeat(starts, np.diff(np.r_[starts, len(group)]))


def _finite(scores: Numbers) -> Numbers:
    values = np.asarray(scores, np.float64)
    return np.where(np.isfinite(values), values, -np.inf)
