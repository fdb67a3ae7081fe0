"""What a viewer was shown lately, in earlier requests: which themes and authors they may be tired of, and which are
new to them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.clock import HOUR

HALF_LIFE = 2 * HOUR
"""ms after which having been shown something counts half."""
_TIRED = 5.0
"""Videos of a theme, just shown, at which fatigue is half of what it can be."""
_SLOTS = 1 << 9
"""Of the hash map: a history names at most 200 authors and hashtags."""


def worn(viewer: Batch, at: int, topics: Column, author: Column) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How tired a viewer is of each row `[rows]`, and how familiar its themes are, both 0 to 1.

    Tired: of a theme or author that was shown w times, each counted half for every two hours since, w / (w + 5); of a
    video the mean of its hashtags' mean and its author's. Familiar: 1 - 2^-times among the latest 50, the mean over its
    hashtags, or its author where it has none.
    """
    if "history_at" not in viewer:
        return np.zeros(len(author)), np.zeros(len(author))
    then, authors = viewer["history_at"][0], viewer["history_author"][0]
    weight = np.where(viewer["history_item"][0] != 0, 0.5 ** (np.maximum(at - then, 0) / HALF_LIFE), -1.0)
    past = viewer["history_topics"][0].reshape(len(then), -1)
    tired, familiar = np.empty(len(author)), np.empty(len(author))
    _worn(weight, np.ascontiguousarray(past), authors, topics, author, tired, familiar)
    return tired, familiar


@njit(cache=True, nogil=True)
def _worn(weight, past, authors, topics, author, tired, familiar):  # type: ignore[no-untyped-def]
    keys, shown, often = np.zeros(_SLOTS, np.int64), np.zeros(_SLOTS), np.zeros(_SLOTS)
    for e in range(len(weight)):
        if weight[e] < 0:
            continue
        for t in range(past.shape[1] + 1):
            key = authors[e] if t == past.shape[1] else past[e, t]
            if key != 0:
                place = _place(keys, key)
                keys[place] = key
                shown[place] += weight[e]
                often[place] += 1
    for i in range(len(author)):
        number, of_topics, known = 0, 0.0, 0.0
        for t in range(topics.shape[1]):
            if topics[i, t] != 0:
                place = _place(keys, topics[i, t])
                number += 1
                of_topics += shown[place] / (shown[place] + _TIRED)
                known += 1 - 0.5 ** often[place]
        place = _place(keys, author[i]) if author[i] != 0 else -1
        of_author = shown[place] / (shown[place] + _TIRED) if place >= 0 else 0.0
        tired[i] = (of_topics / max(number, 1) + of_author) / 2
        familiar[i] = known / number if number > 0 else (1 - 0.5 ** often[place] if place >= 0 else 0.0)


@njit(cache=True, nogil=True)
def _place(keys, key):  # type: ignore[no-untyped-def]
    """Where a key is, or would be: ids are hashes already."""
    place = key & (len(keys) - 1)
    while keys[place] != 0 and keys[place] != key:
        place = (place + 1) & (len(keys) - 1)
    return place
