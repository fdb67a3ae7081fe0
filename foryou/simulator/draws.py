"""Random numbers that belong to an occasion: the same viewer and video always meet with the same luck.

Nothing is drawn in turn. Each number is mixed from what it is for, so two feeds that show the same video to the same
viewer see the same reaction, and what differs between their worlds is what they showed (common random numbers;
Glasserman and Yao, 1992).
"""

from __future__ import annotations

import numpy as np
from numba import njit

HOLD, STAY, QUIRK, WHEN, LIKE, COMMENT, SHARE, SAVE, FOLLOW, VISIT, REFUSE, REPORT = range(12)
"""What a number of a viewer and a video is for."""
ARRIVE, COME, LEAVE, DRIFT, FRIEND, LATER, OPEN = range(20, 27)
"""What a number of a viewer and an occasion (a visit, a day, something sent) is for."""
AGAIN = 40
"""Added to the purpose when the viewer has seen the video before: the luck of the first time is not repeated."""

_GOLDEN, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


@njit(cache=True, nogil=True)
def _mixed(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * _SECOND
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def pair_key(seed, viewer, thing):  # type: ignore[no-untyped-def]
    """The number from which all luck of a viewer and a video (or an occasion) is mixed (SplitMix64; Steele, 2014)."""
    key = _mixed(np.uint64(seed) + _GOLDEN * (np.uint64(viewer) + np.uint64(1)))
    return _mixed(key ^ (_GOLDEN * (np.uint64(thing) + np.uint64(1))))


@njit(cache=True, nogil=True)
def uniform(key, purpose):  # type: ignore[no-untyped-def]
    """A number in (0, 1)."""
    bits = _mixed(key + _GOLDEN * (np.uint64(purpose) + np.uint64(1))) >> np.uint64(11)
    return (np.float64(bits) + 0.5) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def exponential(key, purpose):  # type: ignore[no-untyped-def]
    """A waiting time of mean 1."""
    return -np.log(uniform(key, purpose))


@njit(cache=True, nogil=True)
def normal(key, purpose):  # type: ignore[no-untyped-def]
    """A number of mean 0 and deviation 1 (the sum of uniform numbers is near enough, and has no far tails)."""
    total = 0.0
    bits = _mixed(key + _GOLDEN * (np.uint64(purpose) + np.uint64(1)))
    for _ in range(4):  # 4 x 16 bits
        total += np.float64(bits & np.uint64(0xFFFF)) * (1.0 / 65536.0) - 0.5
        bits = bits >> np.uint64(16)
    return total * 1.7320508075688772
