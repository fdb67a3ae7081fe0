"""What the protocols measure of predictions beside outcomes, for every system in the same way."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS
from foryou.evaluation.calibration import ece, log_loss
from foryou.evaluation.ranking import auc, gauc, ndcg_at
from foryou.evaluation.watch import mae, xauc

Report = dict[str, Any]
RANKED = "long_view"
"""The head whose predictions KR-rank orders rows by."""


def ranking(users: Column, labels: Column, scores: Column, seed: int) -> dict[str, float]:
    """GAUC, nDCG@5 and their mean."""
    area, gain = gauc(users, labels, scores), ndcg_at(users, labels, scores, 5, seed)
    return {"gauc": round(area, 5), "ndcg5": round(gain, 5), "primary": round((area + gain) / 2, 5)}


def head_measures(predicted: Batch, outcomes: Batch, users: Column | None = None) -> dict[str, dict[str, float]]:
    """Log loss and calibration error of each binary head that is predicted, and whose outcomes are known.

    With the rows' users, AUC and GAUC too.
    """
    out: dict[str, dict[str, float]] = {}
    for head in HEADS:
        if head.kind != "binary" or head.name not in outcomes or head.name not in predicted:
            continue
        known = np.isfinite(outcomes[head.name])
        y, p = outcomes[head.name][known].astype(np.float64), predicted[head.name][known].astype(np.float64)
        if len(y):
            out[head.name] = {
                "log_loss": log_loss(y, p),
                "ece": ece(y, p),
                "rate": float(y.mean()),
                "positives": float(y.sum()),
            }
            if users is not None:
                out[head.name] |= {"auc": auc(y, p), "gauc": gauc(users[known], y, p)}
    return out


def measures(users: Column, outcomes: Batch, predicted: Batch, seed: int) -> Report:
    """All measures of one system's predictions: those of KR-rank, `heads`, and `watch` (`mae` in seconds, `xauc`).

    What a system does not predict is not there. Seconds are measured by `watch_median` where a system has it beside
    `watch`: it has the lower error, and on the validation days the better order too.
    """
    report: Report = {"heads": head_measures(predicted, outcomes, users)}
    if RANKED in predicted:
        report |= ranking(users, outcomes[RANKED], predicted[RANKED], seed)
    if "watch" in predicted and "watch" in outcomes:
        truth, guess = outcomes["watch"], predicted["watch_median" if "watch_median" in predicted else "watch"]
        report["watch"] = {"mae": mae(truth, guess), "xauc": xauc(truth, guess)}
    return report


def over_seeds(reports: Sequence[Report]) -> Report:
    """Each number's mean over reports of the same form, with its standard deviation under `deviation`."""
    return {**_each(reports, statistics.fmean), "deviation": _each(reports, _deviation), "runs": len(reports)}


def _each(reports: Sequence[Any], of: Any) -> Any:
    first = reports[0]
    if isinstance(first, dict):
        return {name: _each([report[name] for report in reports], of) for name in first}
    return round(float(of([float(report) for report in reports])), 6)


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
