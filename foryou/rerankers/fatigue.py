"""What a viewer was shown lately, in earlier requests: which themes, authors and sounds they may be tired of, and which
are new to them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.clock import HOUR
from foryou.core.pipeline import Candidates

HALF_LIFE = 2 * HOUR
"""ms after which having been shown something counts half."""
_TIRED = 5.0
"""Videos of a theme, just shown, at which fatigue is half of what it can be."""
_SLOTS = 1 << 9
"""Of the hash map: a history names at most 250 hashtags, authors and sounds."""


def worn(
    viewer: Batch, past_sound: Column, at: int, rows: Candidates
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How tired a viewer is of each row `[rows]`, and how familiar its themes are, both 0 to 1.

    Tired: of a theme, author or sound that was shown w times, each counted half for every two hours since, w / (w + 5);
    of a video the mean of the author's, the sound's and its hashtags' mean. Familiar: 1 - 2^-times among the latest 50,
    the mean over its hashtags, or its author where it has none. `past_sound`: the sounds of the viewer's history.
    """
    if "history_at" not in viewer:
        return np.zeros(len(rows)), np.zeros(len(rows))
    then, authors = viewer["history_at"][0], viewer["history_author"][0]
    weight = np.where(viewer["history_item"][0] != 0, 0.5 ** (np.maximum(at - then, 0) / HALF_LIFE), -1.0)
    past = viewer["history_topics"][0].reshape(len(then), -1)
    tired, familiar = np.empty(len(rows)), np.empty(len(rows))
    named = np.concatenate([authors[:, None], past_sound[:, None], past], axis=1)
    _worn(weight, named, np.ascontiguousarray(rows["topics"]), rows["author"], rows["sound"], tired, familiar)
    return tired, familiar


@njit(cache=True, nogil=True)
def _worn(weight, named, topics, author, sound, tired, familiar):  # type: ignore[no-untyped-def]
    keys, shown, often = np.zeros(_SLOTS, np.int64), np.zeros(_SLOTS), np.zeros(_SLOTS)
    for e in range(len(weight)):
        if weight[e] < 0:
            continue
        for t in range(named.shape[1]):
            if named[e, t] != 0:
                place = _place(keys, named[e, t])
                keys[place] = named[e, t]
                shown[place] += weight[e]
                often[place] += 1
    for i in range(len(author)):
        number, of_topics, known = 0, 0.0, 0.0
        for t in range(topics.shape[1]):
            if topics[i, t] != 0:
                place = _place(keys, topics[i, t])
                number += 1
                of_topics += _of(shown[place])
                known += 1 - 0.5 ** often[place]
        by, heard = _place(keys, author[i]), _place(keys, sound[i])  # nothing was noted under 0
        tired[i] = (of_topics / max(number, 1) + _of(shown[by]) + _of(shown[heard])) / 3
        familiar[i] = known / number if number > 0 else 1 - 0.5 ** often[by]


@njit(cache=True, nogil=True)
def _of(shown):  # type: ignore[no-untyped-def]
    return shown / (shown + _TIRED)


@njit(cache=True, nogil=True)
def _place(keys, key):  # type: ignore[no-untyped-def]
    """Where a key is, or would be: ids are hashes already."""
    place = key & (len(keys) - 1)
    while keys[place] != 0 and keys[place] != key:
        place = (place + 1) & (len(keys) - 1)
    return place
