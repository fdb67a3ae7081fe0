"""The change in each reward between the policy of a log and another one: by several estimators, with intervals by
viewer.

Everything is per video that was seen: viewers are taken to come to as many slots as they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS
from foryou.evaluation.intervals import Interval, Ratios, bootstrap, normal
from foryou.evaluation.offpolicy import (
    Overlap,
    Weights,
    cascaded,
    chosen_cut,
    direct,
    doubly_robust,
    ips,
    overlap,
    self_normalised_doubly_robust,
    snips,
    switch,
)
from foryou.protocols.offpolicy import Logged, Replayed, drift
from foryou.protocols.outcomes import REWARDS

Report: TypeAlias = dict[str, Any]

VALUE = "value"
"""The reward that adds up all others, by the weights in use."""
USUAL = ("watch", "finish", "long_view", "skip", "like", VALUE)
CHOSEN = "sndr"
"""The estimator that is believed: right if either the chances or the model are, and never wild."""
NAMES: Mapping[str, str] = {
    "direct": "direct",
    "ips": "IPS",
    "snips": "SNIPS",
    "dr": "doubly robust",
    "sndr": "doubly robust, self-normalised",
    "switch": "switch",
    "cascade": "SNIPS, given the slots above",
}
_IN_USE = {head.name: head.weight for head in HEADS}


def estimates(logged: Logged, replayed: Replayed, rewards: Sequence[str] = USUAL, seed: int = 0) -> Report:
    """Keys: slates, rows (that were seen), viewers, drift, overlap, cascade (the weights of each slot by itself, and
    with those above), verdict, answered, rewards (by name: now, then, change, relative, estimators)."""
    seen = logged.rows["seen"] > 0
    viewer = logged.rows["viewer"][seen]
    weight, cascade = replayed.slate[seen], cascaded(replayed.slot, logged.rows["slate"])[seen]
    by_slate, given = overlap(weight, viewer), overlap(cascade, viewer)
    report: Report = {
        "slates": len(logged),
        "rows": int(seen.sum()),
        "viewers": len(np.unique(viewer)),
        "drift": drift(replayed),
        "overlap": _told(by_slate),
        "cascade": _told(given),
        "verdict": by_slate.verdict,
        "answered": not by_slate.problems,
    }
    if not seen.any():
        return {**report, "rewards": {}}
    columns = (_summed(logged.rows, replayed, name, seen) for name in rewards)
    told = {name: _change(*each, weight, cascade, viewer, seed) for name, each in zip(rewards, columns, strict=True)}
    return {**report, "rewards": told}


def _told(weights: Overlap) -> Report:
    return {**asdict(weights), "verdict": weights.verdict}


def _summed(rows: Batch, replayed: Replayed, name: str, seen: Column) -> tuple[Column, Column, Column]:
    """What was got, predicted and expected of a reward, in the rows that were seen."""
    parts = {name: 1.0} if name != VALUE else {each: _IN_USE[each] for each in REWARDS}
    got = sum(weight * rows[each] for each, weight in parts.items())
    predicted = sum(weight * replayed.predicted[each] for each, weight in parts.items())
    expected = sum(weight * replayed.expected[each] for each, weight in parts.items())
    return np.asarray(got)[seen], np.asarray(predicted)[seen], np.asarray(expected)[seen]


def _change(
    got: Column, predicted: Column, expected: Column, weight: Weights, cascade: Weights, viewer: Column, seed: int
) -> Report:
    cut = chosen_cut(lambda most: switch(got, weight, predicted, expected, most), viewer)
    by = {
        "direct": direct(expected),
        "ips": ips(got, weight),
        "snips": snips(got, weight),
        "dr": doubly_robust(got, weight, predicted, expected),
        "sndr": self_normalised_doubly_robust(got, weight, predicted, expected),
        "switch": switch(got, weight, predicted, expected, cut),
        "cascade": snips(got, cascade),
    }
    now = Ratios.of(got)
    change = by[CHOSEN] - now
    return {
        "now": _interval(normal(now, viewer)),
        "then": _interval(normal(by[CHOSEN], viewer)),
        "change": _interval(normal(change, viewer)),
        "change_bootstrap": _interval(bootstrap(change, viewer, seed)),
        "relative": change.value / now.value if now.value else float("nan"),
        "cut": cut if np.isfinite(cut) else None,
        "estimators": {name: _interval(normal(each, viewer)) for name, each in by.items()},
    }


def _interval(interval: Interval) -> Report:
    return {"mean": interval.value, "low": interval.low, "high": interval.high}
