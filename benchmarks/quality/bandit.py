"""Off-policy estimates on the Open Bandit sample (Saito et al., NeurIPS Datasets 2021): each policy's click rate from
the log of the other, against what it got itself.

The sample is read where it lies (a Parquet file, CC BY 4.0, no part of the project), and left out if it is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from foryou.bench.record import Report
from foryou.evaluation.intervals import Interval, Ratios, bootstrap, normal
from foryou.evaluation.offpolicy import (
    chosen_cut,
    direct,
    doubly_robust,
    ips,
    overlap,
    self_normalised_doubly_robust,
    snips,
    switch,
    weights,
)

FOLDS = 3
PRIOR = 300.0
"""Views that the mean click rate counts as, when an item's own rate is estimated."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Impressions:
    """What one policy showed in one campaign, one row an impression."""

    item: NDArray[np.int64]
    position: NDArray[np.int64]
    click: Numbers
    propensity: Numbers


def impressions(file: Path, campaign: str, policy: str) -> Impressions:
    """Rows in the order of time."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select item_id, position - 1 as position, click, propensity_score from read_parquet(?) "
            "where campaign = ? and policy = ? order by timestamp",
            [str(file), campaign, policy],
        ).fetchnumpy()
    return Impressions(
        np.asarray(rows["item_id"], np.int64),
        np.asarray(rows["position"], np.int64),
        np.asarray(rows["click"], np.float64),
        np.asarray(rows["propensity_score"], np.float64),
    )


def shares(log: Impressions, items: int) -> Numbers:
    """How often a policy showed each item at each position, `[positions, items]`: its mean propensities.

    They are counted, so that nothing of what was clicked is in them.
    """
    counts = np.zeros((int(log.position.max()) + 1, items))
    np.add.at(counts, (log.position, log.item), 1.0)
    return counts / counts.sum(axis=1, keepdims=True)


def rates(log: Impressions, items: int, seed: int = 1) -> Iterator[tuple[NDArray[np.int64], Numbers]]:
    """For each fold its rows, and each item's click rate in the other folds, shrunk to the mean `[items]`."""
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(log.item))
    for one in range(FOLDS):
        others = fold != one
        shown = np.bincount(log.item[others], minlength=items)
        clicks = np.bincount(log.item[others], log.click[others], minlength=items)
        yield np.flatnonzero(~others), (clicks + PRIOR * log.click[others].mean()) / (shown + PRIOR)


def estimate(log: Impressions, target: Impressions, seed: int = 1) -> Report:
    """Each estimator of the target's click rate from the other log, and what the target got."""
    items = int(max(log.item.max(), target.item.max())) + 1
    chances = shares(target, items)
    weight = weights(chances[log.position, log.item], log.propensity)
    predicted, expected = np.zeros(len(log.item)), np.zeros(len(log.item))
    for rows, rate in rates(log, items, seed):
        predicted[rows], expected[rows] = rate[log.item[rows]], chances[log.position[rows]] @ rate
    cut = chosen_cut(lambda most: switch(log.click, weight, predicted, expected, most))
    by = {
        "ips": ips(log.click, weight),
        "snips": snips(log.click, weight),
        "direct": direct(expected),
        "dr": doubly_robust(log.click, weight, predicted, expected),
        "sndr": self_normalised_doubly_robust(log.click, weight, predicted, expected),
        "switch": switch(log.click, weight, predicted, expected, cut),
    }
    truth = normal(Ratios.of(target.click))
    told = overlap(weight)
    return {
        "truth": _interval(truth),
        "logged": float(log.click.mean()),
        "clicks": [int(log.click.sum()), int(target.click.sum())],
        "effective": told.effective,
        "largest": told.largest,
        "verdict": told.verdict,
        "cut": cut if np.isfinite(cut) else None,
        "estimators": {name: _against(each, truth, seed) for name, each in by.items()},
    }


def _against(found: Ratios, truth: Interval, seed: int) -> Report:
    """An estimate beside the truth; `apart`: by how many standard errors of the two together."""
    told = normal(found)
    both = float(np.hypot(told.error, truth.error))
    drawn = bootstrap(found, seed=seed)
    return {
        **_interval(told),
        "bootstrap": [drawn.low, drawn.high],
        "relative_error": told.value / truth.value - 1,
        "apart": abs(told.value - truth.value) / both,
    }


def _interval(interval: Interval) -> Report:
    return {"mean": interval.value, "low": interval.low, "high": interval.high}


def open_bandit(file: Path, seed: int = 1) -> Report:
    """Both campaigns, both ways."""
    if not file.is_file():
        return {}
    told: Report = {}
    for campaign in ("men", "women"):
        logs = {policy: impressions(file, campaign, policy) for policy in ("random", "bts")}
        for log, target in (("random", "bts"), ("bts", "random")):
            told[f"{campaign}: {target} from {log}"] = estimate(logs[log], logs[target], seed)
    return told
