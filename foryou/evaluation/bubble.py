"""How narrow a feed has become: entropy, the largest topic's share, coverage, concentration, what is new, and how much
two viewers' feeds overlap.

Pure functions over columns `[rows]`, one row a view. Topics are `[rows]` or `[rows, width]` with 0 for none; a view of
several topics counts as a part of a view for each.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


def topic_entropy(group: Numbers, topic: Numbers) -> NDArray[np.float64]:
    """The entropy of the topics of each group of views (a viewer and a day, say), in bits, `[groups]` (Shannon, 1948);
    2^entropy is how many equally common topics would be as mixed.

    Groups without any topic are left out.
    """
    of, parts = _shares(group, topic)
    return np.asarray(np.bincount(of, -parts * np.log2(parts)), np.float64)


def largest_share(group: Numbers, topic: Numbers) -> NDArray[np.float64]:
    """The share of its commonest topic among the views of each group, `[groups]` (majority-category domination)."""
    of, parts = _shares(group, topic)
    most = np.zeros(int(of.max()) + 1 if len(of) else 0)
    np.maximum.at(most, of, parts)
    return most


def topics_per(group: Numbers, topic: Numbers, views: int = 100) -> NDArray[np.float64]:
    """How many different topics the first `views` views of each group have, `[groups]`; rows in the order of time.

    Groups with fewer views are left out: a short visit is no narrow one.
    """
    _, of = np.unique(group, return_inverse=True)
    order = np.argsort(of, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(of[order]) != 0]) if len(of) else np.zeros(0, np.int64)
    place = np.arange(len(of)) - np.repeat(starts, np.diff(np.r_[starts, len(of)]))
    enough = np.bincount(of)[of[order]] >= views if len(of) else np.zeros(0, np.bool_)
    first = order[enough & (place < views)]
    wide = _wide(topic)[first]
    pairs = np.unique(np.stack([np.repeat(of[first], wide.shape[1]), wide.ravel()], axis=1), axis=0)
    pairs = pairs[pairs[:, 1] != 0]
    groups, told = np.unique(of[first]), np.unique(pairs[:, 0], return_counts=True)
    counts = np.zeros(len(groups))
    counts[np.searchsorted(groups, told[0])] = told[1]
    return counts


def coverage(shown: Numbers, items: int) -> float:
    """The share of all items that was shown at all."""
    return len(np.unique(shown)) / items if items else float("nan")


def gini(exposure: Numbers) -> float:
    """How unequally exposure is spread, 0 (all alike) to 1 (one has all): the Gini coefficient (1912). `exposure`
    `[items]` has the items that were never shown, too, as 0. NaN without any exposure."""
    ordered = np.sort(np.asarray(exposure, np.float64))
    total, count = ordered.sum(), len(ordered)
    if total <= 0:
        return float("nan")
    return float((2 * np.arange(1, count + 1) - count - 1) @ ordered / (count * total))


def share_where(mask: Numbers, known: Numbers | None = None) -> float:
    """The share of views for which something holds, of those where it is known. NaN where it is of none."""
    held = np.asarray(mask, np.bool_)
    held = held if known is None else held[np.asarray(known, np.bool_)]
    return float(held.mean()) if len(held) else float("nan")


def jaccard(one: Numbers, other: Numbers) -> float:
    """How much two feeds overlap: what both have, of what either has (Jaccard, 1901). NaN for two empty ones."""
    both = len(np.intersect1d(one, other))
    either = len(np.union1d(one, other))
    return both / either if either else float("nan")


def mean_overlap(group: Numbers, item: Numbers, first: int = 50, pairs: int = 10_000, seed: int = 0) -> float:
    """The feed-difference meter: the mean Jaccard overlap of the `first` views of two groups (viewers), over `pairs`
    pairs drawn from `seed`, or all pairs where there are fewer. Rows in the order of time; NaN without two groups."""
    _, of = np.unique(group, return_inverse=True)
    order = np.argsort(of, kind="stable")
    cuts = np.flatnonzero(np.diff(of[order])) + 1
    feeds = [np.unique(items[:first]) for items in np.split(np.asarray(item)[order], cuts)] if len(of) else []
    count = len(feeds)
    if count < 2:
        return float("nan")
    left, right = np.triu_indices(count, 1) if count * (count - 1) // 2 <= pairs else _drawn(count, pairs, seed)
    return float(np.mean([jaccard(feeds[a], feeds[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True)]))


def _drawn(count: int, pairs: int, seed: int) -> tuple[Numbers, Numbers]:
    """Pairs of two different groups."""
    chance = np.random.default_rng(seed)
    left = chance.integers(0, count, pairs)
    return left, (left + chance.integers(1, count, pairs)) % count


def _wide(topic: Numbers) -> Numbers:
    values = np.asarray(topic)
    return values if values.ndim == 2 else values[:, None]


def _shares(group: Numbers, topic: Numbers) -> tuple[Numbers, NDArray[np.float64]]:
    """For each topic of each group: the number of the group (from 0, of those with any topic), and its share there."""
    wide = _wide(topic)
    there = wide != 0
    row = np.repeat(np.arange(len(wide)), wide.shape[1])[there.ravel()]
    if len(row) == 0:
        return np.zeros(0, np.int64), np.zeros(0)
    part = 1 / there.sum(axis=1)[row]
    _, of = np.unique(np.asarray(group)[row], return_inverse=True)
    _, which = np.unique(wide[there], return_inverse=True)
    cells, cell = np.unique(of * (int(which.max()) + 1) + which, return_inverse=True)
    held = np.bincount(cell, part)
    owner = cells // (int(which.max()) + 1)
    return owner, held / np.bincount(owner, held)[owner]
