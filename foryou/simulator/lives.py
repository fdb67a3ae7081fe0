"""Sounds and effects have a life of their own: a birth, a peak, a decline; videos take from those that live."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Column
from foryou.core.clock import DAY, HOUR
from foryou.simulator.chance import stream

BIN = 6 * HOUR
"""What is used how much is the same for so long."""
EVERGREEN = 0.1
"""The share that is used at any time, as before."""
SPREAD_FAME = 0.8
"""Of the logarithm of how much each is used at its peak."""
MEDIAN_PEAK, SPREAD_PEAK = 3.0, 0.6
"""Days from birth to the peak, lognormal."""


def chosen(at: Column, count: int, seed: int, purpose: str) -> Column:
    """For each time (ms, ascending) one of `count` things that live then, as likely as it is used then."""
    if not len(at) or not count:
        return np.full(len(at), -1, np.int32)
    first, last = int(at[0]), int(at[-1])
    weight = uses(np.arange(first, last + BIN, BIN), count, first, last, seed, purpose)  # [bins, things]
    edges = np.cumsum(weight, axis=1)
    draws = stream(seed, purpose, "choice").random(len(at))
    bins = (at - first) // BIN
    found = np.zeros(len(at), np.int32)
    for number in np.unique(bins).tolist():
        here = slice(*np.searchsorted(bins, (number, number + 1)).tolist())
        found[here] = np.searchsorted(edges[number], draws[here] * edges[number, -1], "right")
    return np.minimum(found, count - 1)


def uses(at: Column, count: int, first: int, last: int, seed: int, purpose: str) -> Column:
    """[times, things]: how much each is used then, from its birth on fame x (age/peak) exp(1 - age/peak)."""
    rng = stream(seed, purpose, "life")
    draws = rng.standard_normal((count, 2))
    even = rng.random((count, 2))
    fame = np.exp(SPREAD_FAME * draws[:, 0])
    peak = MEDIAN_PEAK * np.exp(SPREAD_PEAK * draws[:, 1]) * DAY
    born = first - 20 * DAY + even[:, 0] * (last - first + 20 * DAY)
    age = np.maximum(at[:, None] - born, 0) / peak
    rising = age * np.exp(1 - age)
    return np.asarray(fame * np.where(even[:, 1] < EVERGREEN, 0.2, rising) + 1e-9, np.float64)
