"""Who acts on the same things: a small sketch of each target's recent actors, and how much two of them overlap.

Accounts that are run together act on the same targets, whatever else they do to hide it (Beutel et al., CopyCatch,
2013; Cao et al., SynchroTrap, 2014). The share of actors that two targets have in common is estimated from min-hashes
(Broder, 1997) in one permutation (Li, Owen and Zhang, 2012), each of which is forgotten after a while.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.clock import DAY, MINUTE
from foryou.core.table import Field, Table

BINS = 32
WINDOW = 7 * DAY
"""ms after which an actor is forgotten, unless it acts again."""
ALONE = 2
"""So many common actors are friends, and no lockstep."""
SMOOTH = 4.0
"""Added to the bins that are compared: two targets with a handful of actors say little."""

CROWD = Table(
    "crowd",
    (
        Field("least", "uint32", BINS, help="smallest hash of a recent actor; 0: nobody"),
        Field("at", "int32", BINS, help="when that actor was here, minutes"),
    ),
)
_MINUTES = MINUTE
_WINDOW_MINUTES = WINDOW // MINUTE


@njit(cache=True, nogil=True)
def minutes(at):  # type: ignore[no-untyped-def]
    """ms as whole minutes."""
    return at // _MINUTES


@njit(cache=True, nogil=True)
def join_crowd(least, at, k, viewer, now):  # type: ignore[no-untyped-def]
    """Puts a viewer into the sketch of row k; `now` in minutes."""
    mixed = np.uint64(viewer) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = mixed ^ (mixed >> np.uint64(27))
    slot = np.int64(mixed & np.uint64(BINS - 1))
    value = np.uint32((mixed >> np.uint64(32)) | np.uint64(1))
    held = least[k, slot]
    if held == 0 or value <= held or at[k, slot] < now - _WINDOW_MINUTES:
        least[k, slot] = value
        at[k, slot] = max(now, at[k, slot]) if held == value else now


@njit(cache=True, nogil=True)
def crowd_size(least, at, k, now):  # type: ignore[no-untyped-def]
    """About how many actors the sketch of row k has seen lately (within a fourth; linear counting while bins are
    empty)."""
    empty, total = 0, 0.0
    for slot in range(BINS):
        if least[k, slot] == 0 or at[k, slot] < now - _WINDOW_MINUTES:
            empty += 1
        else:
            total += least[k, slot] / 4294967296.0
    if empty == BINS:
        return 0.0
    if empty > 0:
        return BINS * np.log(BINS / empty)
    return BINS * (BINS - 1.0) / total


@njit(cache=True, nogil=True)
def overlap(least, at, one, other, everyone, now):  # type: ignore[no-untyped-def]
    """How much more two crowds have in common than two crowds of their sizes would by chance, in [0, 1].

    (J - E) / (1 - E), J the Jaccard similarity, shrunk, and E what it is of independent draws from `everyone` (a
    number): what half of all people like has many people in common, and means nothing.
    """
    same, union = 0, 0
    for slot in range(BINS):
        here = least[one, slot] != 0 and at[one, slot] >= now - _WINDOW_MINUTES
        there = least[other, slot] != 0 and at[other, slot] >= now - _WINDOW_MINUTES
        if here or there:
            union += 1
            if here and there and least[one, slot] == least[other, slot]:
                same += 1
    if same <= ALONE:
        return 0.0
    left, right = crowd_size(least, at, one, now), crowd_size(least, at, other, now)
    both = min(left * right / max(everyone, left, right, 1.0), left, right)
    expected = min(both / max(left + right - both, 1.0), 0.99)
    return max(((same - ALONE) / (union + SMOOTH) - expected) / (1.0 - expected), 0.0)
