"""Fits behaviour to a log: the curves of watching by length, then the rates of acts, so that simulated exposures are
distributed as real ones.

Each number is found by bisection on a mean over the reference mix (`reference.py`), one after another: simulated method
of moments (McFadden, 1989) whose moments can be solved one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from foryou.core.batch import Column
from foryou.simulator.behaviour import ACTS, EARLY, FIRST_S, FIRST_SHARE, Behaviour
from foryou.simulator.distance import ks
from foryou.simulator.exposures import Log
from foryou.simulator.reference import Reference

LENGTHS = (7.0, 15.0, 30.0, 60.0, 120.0, 300.0)
LAPS = (
    0.005, 0.01, 0.02, 0.035, 0.055, 0.08, 0.12, 0.17, 0.25, 0.35, 0.5, 0.65, 0.8, 0.9, 0.96,
    1.0, 1.01, 1.03, 1.06, 1.12, 1.25, 1.5, 2.0, 3.0, 4.0,
)  # fmt: skip
LEAST = 50
"""A bucket with fewer exposures is taken together with the next shorter one's numbers."""
MIX = 100_000
"""Meetings of the reference mix."""
WORLDS = 4
"""Worlds over which rates are averaged."""
STEPS = 28
"""Bisections: far more than the digits of the numbers."""


@dataclass(frozen=True)
class Bucket:
    """Videos of like length: how many exposures, and how far the simulated watch ratio is from the real one (KS)."""

    low: float
    high: float
    exposures: int
    ks: float


@dataclass(frozen=True)
class Rate:
    """How often an act happens in the log and in simulated exposures."""

    act: str
    real: float
    simulated: float


def watching(log: Log, behaviour: Behaviour, mix: int = MIX, seed: int = 1) -> Behaviour:
    """The same with the curves of watching and the rates of acts of a log; acts it does not have stay as they are."""
    reference = Reference(behaviour, mix, seed)
    reference.lasting(log.rows["duration"], seed)
    held, risk, _ = reference.holds(behaviour)
    curves = [_curve(*each, held, risk) for each in _buckets(log)]
    hold, early, leaving = (tuple(column) for column in zip(*curves, strict=True))
    fitted = replace(behaviour, edges=LENGTHS, laps=LAPS, hold=hold, early=early, leaving=leaving)
    return replace(fitted, act=_acts(log, fitted, _logits(log, fitted, mix, seed)))


def checked(
    log: Log, behaviour: Behaviour, mix: int = MIX, seed: int = 1 + WORLDS
) -> tuple[tuple[Bucket, ...], tuple[Rate, ...]]:
    """How far fresh simulated exposures are from the log's, by length and by act."""
    reference = Reference(behaviour, mix, seed)
    ends = (0.0, *LENGTHS, np.inf)
    of = np.searchsorted(LENGTHS, log.rows["duration"], "right")
    compared = [(b, *compare(log, behaviour, reference, of == b)) for b in np.unique(of).tolist()]
    buckets = tuple(Bucket(ends[b], ends[b + 1], len(real), ks(real, made)) for b, real, made in compared)
    expected = _chance(_logits(log, behaviour, mix, seed)).mean(0)
    rates = tuple(Rate(act, float(log.rows[act].mean()), float(expected[ACTS.index(act)])) for act in log.acts)
    return buckets, rates


def compare(log: Log, behaviour: Behaviour, reference: Reference, rows: Column) -> tuple[Column, Column]:
    """Real watch ratios under a mask, and simulated ones of videos as long."""
    duration = log.rows["duration"][rows]
    reference.lasting(duration, len(duration))
    return ratios(log.rows["seconds"][rows], duration), ratios(reference.seconds(behaviour), reference.duration)


def ratios(seconds: Column, duration: Column) -> Column:
    """Watch ratios."""
    return np.asarray(seconds, np.float64) / duration


def _buckets(log: Log) -> list[tuple[Column, Column]]:
    """Seconds and durations of each bucket; one with too few exposures has those of the nearest that has enough."""
    seconds, duration = log.rows["seconds"], log.rows["duration"]
    of = np.searchsorted(LENGTHS, duration, "right")
    count = np.bincount(of, minlength=len(LENGTHS) + 1)
    full = np.flatnonzero(count >= min(LEAST, count.max()))
    nearest = [int(full[np.abs(full - b).argmin()]) for b in range(len(LENGTHS) + 1)]
    return [(seconds[of == b], duration[of == b]) for b in nearest]


def _curve(
    seconds: Column, duration: Column, held: Column, risk: Column
) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    """`hold`, `early` and `leaving` of one bucket."""
    first = np.minimum(FIRST_S, FIRST_SHARE * duration)
    stays = seconds >= first
    hold = _solved(lambda level: _chance(level + held).mean(), stays.mean(), -12.0, 12.0)
    share = np.sort((seconds / first)[~stays]) if not stays.all() else np.array([0.5])
    early = np.searchsorted(share, EARLY, "right") / len(share)
    lap = np.where(seconds < duration, (seconds - first) / np.maximum(duration - first, 1e-6), seconds / duration)[
        stays
    ]
    weight = _chance(hold + held)
    leaving = [
        _solved(lambda hazard: -(weight * np.exp(-hazard * risk)).sum() / weight.sum(), -_left(lap, at), 0.0, 40.0)
        for at in LAPS
    ]
    rising = np.maximum.accumulate(leaving) + 1e-5 * np.arange(1, len(LAPS) + 1)
    return hold, (*(float(each) for each in early[:-1]), 1.0), tuple(round(float(each), 5) for each in rising)


def _left(lap: Column, at: float) -> float:
    """The share that is still there."""
    return max(float((lap >= at).mean()), 0.25 / len(lap)) if len(lap) else 0.5


def _logits(log: Log, behaviour: Behaviour, mix: int, seed: int) -> Column:
    """[meetings, acts]: log-odds in several worlds, since a few lively viewers do much of what is done in one."""
    found = []
    for world in range(seed, seed + WORLDS):
        reference = Reference(behaviour, mix, world)
        reference.lasting(log.rows["duration"], world)
        share = np.minimum(ratios(reference.seconds(behaviour), reference.duration), 1.0)
        found.append(reference.logits(behaviour, share, reference.holds(behaviour)[2]))
    return np.concatenate(found)


def _acts(log: Log, behaviour: Behaviour, logits: Column) -> tuple[float, ...]:
    found = list(behaviour.act)
    for act in log.acts:
        place = ACTS.index(act)
        found[place] += _solved(_mean_chance(logits[:, place]), float(log.rows[act].mean()), -15.0, 15.0)
    return tuple(round(each, 4) for each in found)


def _mean_chance(logits: Column) -> Callable[[float], float]:
    return lambda level: float(_chance(level + logits).mean())


def _solved(rising: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where a rising function has a value, by bisection."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return round((low + high) / 2, 5)


def _chance(logit: Column) -> Column:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))
