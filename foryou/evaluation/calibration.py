"""Whether predicted probabilities mean what they say: log loss, expected calibration error, reliability curve.

Pure functions over columns. Rows whose label is not known (NaN) do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]

LEAST = 1e-7
"""Predictions are kept this far from 0 and 1, so that one wrong certainty does not make a log loss infinite."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of equal mass, from the lowest prediction to the highest; three columns `[bins]`."""

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    rows: NDArray[np.int64]


def log_loss(labels: Numbers, predictions: Numbers) -> float:
    """Mean of -log of the probability that was given to what happened, in nats (Good, 1952). NaN without rows."""
    truth, chance = _known(labels, predictions)
    if len(truth) == 0:
        return float("nan")
    return float(-np.mean(truth * np.log(chance) + (1 - truth) * np.log1p(-chance)))


def reliability(labels: Numbers, predictions: Numbers, bins: int = 15) -> Reliability:
    """Mean prediction beside observed rate in bins of equal mass (Niculescu-Mizil and Caruana, 2005).

    Equal predictions stay in one bin, so there may be fewer than `bins`.
    """
    truth, chance = _known(labels, predictions)
    if len(truth) == 0:
        return Reliability(np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    edges = np.unique(np.quantile(chance, np.arange(1, bins) / bins, method="higher"))
    which = np.searchsorted(edges, chance, side="right")
    rows = np.bincount(which, minlength=len(edges) + 1)
    filled = rows > 0
    predicted = np.bincount(which, chance, len(edges) + 1)[filled] / rows[filled]
    observed = np.bincount(which, truth, len(edges) + 1)[filled] / rows[filled]
    return Reliability(predicted, observed, rows[filled])


def ece(labels: Numbers, predictions: Numbers, bins: int = 15) -> float:
    """Expected calibration error: the mean gap of `reliability`, weighted by rows (Naeini et al., AAAI 2015)."""
    curve = reliability(labels, predictions, bins)
    if len(curve.rows) == 0:
        return float("nan")
    return float(np.average(np.abs(curve.predicted - curve.observed), weights=curve.rows))


def _known(labels: Numbers, predictions: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    truth = np.asarray(labels, np.float64)
    known = ~np.isnan(truth)
    return truth[known], np.clip(np.asarray(predictions, np.float64)[known], LEAST, 1 - LEAST)
