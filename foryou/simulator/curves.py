"""A run day by day: the lines of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from foryou.core.clock import DAY, HOUR
from foryou.simulator.measures import Floats, Seen, gini
from foryou.simulator.run import Outcome

REACH_H = (1, 2, 4, 8, 12, 24, 36, 48)
"""Hours after a video came out at which its reach is looked at."""
SETTLING = 20
"""Swipes of new viewers that make a point."""
Curves = Mapping[str, Sequence[float]]


def curves(outcome: Outcome) -> Curves:
    """By day: `satisfaction`, `active` (share of the members who came), `entropy`, `gini` (of all exposures so far),
    `age_h`. By hours since a video came out: `reach` of the best new hundredth, and of the others. By swipes of new
    viewers: `settling`."""
    seen = Seen(outcome)
    return {
        "satisfaction": _by_day(seen, seen.feed["pleasure"]),
        "active": _active(seen),
        "entropy": _days(seen, seen.varied[2], seen.varied[0]),
        "gini": _concentration(seen),
        "age_h": _ages(seen),
        "reach_best": _reach(seen, seen.best),
        "reach_rest": _reach(seen, _rest(seen)),
        "settling": [float(x) for x in _means(seen.settling())],
        "lorenz": _lorenz(seen),
    }


def _by_day(seen: Seen, values: Floats) -> list[float]:
    return _days(seen, seen.day, values)


def _days(seen: Seen, day: np.ndarray, values: Floats) -> list[float]:
    count = np.bincount(day, minlength=seen.days)[: seen.days]
    total = np.bincount(day, values, seen.days)[: seen.days]
    return [float(each) for each in np.where(count > 0, total / np.maximum(count, 1), np.nan)]


def _active(seen: Seen) -> list[float]:
    pairs = np.unique(seen.feed["viewer"].astype(np.int64) * seen.days + seen.day)
    came = np.bincount(pairs % seen.days, minlength=seen.days)
    members = [(seen.joined[seen.people] < seen.start + (day + 1) * DAY).sum() for day in range(seen.days)]
    return [float(each) for each in came / np.maximum(members, 1)]


def _concentration(seen: Seen) -> list[float]:
    found = []
    for day in range(seen.days):
        out = (seen.outcome.published >= 0) & (seen.outcome.published < seen.start + (day + 1) * DAY) & seen.own
        counts = np.bincount(seen.feed["video"][seen.day <= day], minlength=len(out))
        found.append(gini(counts[out]))
    return found


def _ages(seen: Seen) -> list[float]:
    order = np.argsort(seen.day, kind="stable")
    edges = np.searchsorted(seen.day[order], np.arange(seen.days + 1))
    ages = seen.age_h[order]
    return [float(np.median(ages[a:b])) if b > a else float("nan") for a, b in pairwise(edges)]


def _rest(seen: Seen) -> np.ndarray:
    out = seen.outcome.published
    new = (out >= seen.start) & (out < max(seen.end - 2 * DAY, seen.start + 1)) & seen.own
    new[seen.best] = False
    return np.flatnonzero(new)


def _reach(seen: Seen, videos: np.ndarray) -> list[float]:
    """Mean number of viewers of these videos, by hours since they came out."""
    mine = np.isin(seen.all["video"], videos)
    age = seen.all["at"][mine] - seen.outcome.published[seen.all["video"][mine]]
    return [float((age < hours * HOUR).sum() / max(len(videos), 1)) for hours in REACH_H]


def _means(values: Floats) -> Floats:
    """Of so many in turn; those without any are left out."""
    whole = values[: len(values) // SETTLING * SETTLING].reshape(-1, SETTLING)
    known = ~np.isnan(whole)
    return np.where(known.any(1), np.where(known, whole, 0).sum(1) / np.maximum(known.sum(1), 1), np.nan)


def _lorenz(seen: Seen) -> list[float]:
    """The share of all exposures that the least shown 0, 10, ..., 100 % of videos have."""
    share = np.cumsum(np.sort(seen.shown)) / max(seen.shown.sum(), 1)
    places = np.linspace(0, len(share), 11).astype(int)
    return [float(share[place - 1]) if place else 0.0 for place in places]
