"""Fits how often viewers come and how long they stay to the times of a log's exposures, whole or thinned.

A published log may be a sample: of each viewer's exposures a share was kept. Simulated exposures are thinned alike
before they are compared, so what is fitted holds for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.simulator.audience import Audience
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.chance import stream
from foryou.simulator.distance import ks
from foryou.simulator.exposures import Log
from foryou.simulator.world import Sizes, World, make

APART = 30 * MINUTE
"""Exposures of one viewer that are further apart are of two visits."""
VIEWERS = 800
SLATE, AMONG = 10, 3
OFTEN = (0.4, 1.0, 2.5, 6.0)
LEAVE = (0.02, 0.06, 0.2)
SPREADS = (0.0, 0.4, 0.8)
FINER = (0.7, 1.0, 1.4)


@dataclass(frozen=True)
class Times:
    """When viewers saw something: how many exposures each has, the gaps between them (ms), and exposures a visit."""

    each: Column
    gaps: Column
    visits: Column


@dataclass(frozen=True)
class Observed:
    """How a log came to be: this share of exposures was kept, which varies between viewers (log, deviation)."""

    kept: float
    spread: float


@dataclass(frozen=True)
class Activity:
    """How far simulated times are from the log's (KS each), as it was observed."""

    observed: Observed
    impressions: float
    gaps: float
    visits: float

    @property
    def distance(self) -> float:
        """What is made small; how many exposures a viewer has counts double."""
        return 2 * self.impressions + self.gaps + self.visits


def coming(
    log: Log,
    behaviour: Behaviour,
    viewers: int = VIEWERS,
    seed: int = 1,
    often: Sequence[float] = OFTEN,
    leave: Sequence[float] = LEAVE,
) -> tuple[Behaviour, Activity]:
    """The same with `often` and `leave` of a log, and how far it is from it: a coarse grid, then a finer one."""
    real = times(log.rows["viewer"], log.rows["at"])

    def tried(pairs: Iterable[tuple[float, float]]) -> tuple[Behaviour, Activity]:
        every = (replace(behaviour, often=round(comes, 4), leave=round(goes, 4)) for comes, goes in pairs)
        return min(((each, _near(log, real, each, viewers, seed)) for each in every), key=lambda pair: pair[1].distance)

    middle, _ = tried(product(often, leave))
    return tried((middle.often * more, middle.leave * longer) for more, longer in product(FINER, FINER))


def times(viewer: Column, at: Column) -> Times:
    """What there is to compare of exposures."""
    order = np.lexsort((at, viewer))
    viewer, at = viewer[order], at[order]
    same = viewer[1:] == viewer[:-1]
    gap = np.diff(at)
    starts = np.flatnonzero(np.concatenate([[True], ~same | (gap > APART)]))
    each = np.bincount(viewer)
    return Times(each[each > 0], gap[same], np.diff(np.append(starts, len(viewer))))


def seen(behaviour: Behaviour, days: float, viewers: int, seed: int) -> Batch:
    """`viewer` and `at` of all exposures of an ordinary feed: of three videos, the best fitting one."""
    world = _world(viewers, max(int(days), 1), seed)
    audience, found = Audience(world, behaviour, seed), []
    for viewer, at in _asking(audience, world.start, world.start + int(days * DAY)):
        rng = np.random.default_rng((seed, int(at[0]) % (1 << 32), len(at)))
        among = rng.integers(0, len(world.videos), (len(viewer) * SLATE, AMONG)).astype(np.int32)
        match = audience.match(np.repeat(viewer, SLATE * AMONG), among.ravel()).reshape(among.shape)
        slates = among[np.arange(len(among)), match.argmax(1)].reshape(len(viewer), SLATE)
        found.append(audience.watch(viewer, at, slates).select(("viewer", "at")))
    return Batch.concat(found) if found else Batch({"viewer": np.empty(0, np.int32), "at": np.empty(0, np.int64)})


@lru_cache(maxsize=1)
def _world(viewers: int, days: int, seed: int) -> World:
    """A world in which everybody is there from the start."""
    world = make(Sizes(viewers, min(300, viewers), 3000, days), seed)
    return replace(world, viewers=world.viewers.extend({"joined": np.full(viewers, world.start - 1)}))


def again(log: Log, behaviour: Behaviour, observed: Observed, seed: int, viewers: int = VIEWERS) -> Times:
    """Times simulated afresh and observed as the log was."""
    rows = seen(behaviour, log.days, viewers, seed)
    viewer = rows["viewer"].astype(np.int64)
    there = _there(viewer, observed, seed)
    return times(viewer[there], rows["at"][there])


def _near(log: Log, real: Times, behaviour: Behaviour, viewers: int, seed: int) -> Activity:
    """How far a behaviour is from a log, under the way of observing that brings it nearest."""
    rows = seen(behaviour, log.days, viewers, seed)
    if not len(rows):
        return Activity(Observed(1.0, 0.0), 1.0, 1.0, 1.0)
    return min((_observed(real, rows, spread, seed) for spread in SPREADS), key=lambda each: each.distance)


def _asking(audience: Audience, start: int, end: int) -> Iterator[tuple[Column, Column]]:
    for until in range(start + HOUR, end + 1, HOUR):
        while len((due := audience.due(until))[0]):
            yield due[0], due[1]


def _observed(real: Times, rows: Batch, spread: float, seed: int) -> Activity:
    """Thin simulated exposures to as many a viewer as the log has, and compare."""
    viewer, at = rows["viewer"].astype(np.int64), rows["at"]
    kept = _kept(np.bincount(viewer), _each(viewer, spread, seed), float(real.each.mean()))
    observed = Observed(round(kept, 5), spread)
    there = _there(viewer, observed, seed)
    made = times(viewer[there], at[there])
    return Activity(observed, *(ks(getattr(real, name), getattr(made, name)) for name in ("each", "gaps", "visits")))


def _there(viewer: Column, observed: Observed, seed: int) -> Column:
    """Which exposures are in the log."""
    share = np.minimum(observed.kept * _each(viewer, observed.spread, seed), 1.0)
    return stream(seed, "kept").random(len(viewer)) < share[viewer]


def _each(viewer: Column, spread: float, seed: int) -> Column:
    """[viewers]: how much more is kept of each one than of others."""
    return np.exp(spread * stream(seed, "spread").standard_normal(int(viewer.max()) + 1) - spread**2 / 2)


def _kept(each: Column, of: Column, wanted: float) -> float:
    """The share under which viewers with any exposure have `wanted` on average; all, where all are too few."""
    low, high = 0.0, 1.0
    for _ in range(30):
        kept = np.minimum((low + high) / 2 * of, 1.0)
        mean = (each * kept).sum() / max((1.0 - (1.0 - kept) ** each).sum(), 1e-9)
        low, high = ((low + high) / 2, high) if mean < wanted else (low, (low + high) / 2)
    return (low + high) / 2
