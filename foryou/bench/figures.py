"""Figures that every benchmark tells in the same words: percentiles, rates, and the exponents of growth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foryou.bench.record import Report


def percentiles(ms: Sequence[float]) -> Report:
    """`p50_ms`, `p95_ms`, `p99_ms` and `max_ms` of some times; 0 of none."""
    values = np.array(ms) if len(ms) else np.zeros(1)
    found = {f"p{which}_ms": round(float(np.percentile(values, which)), 3) for which in (50, 95, 99)}
    return {**found, "max_ms": round(float(values.max()), 3)}


def exponent(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """The slope of log(value) over log(size) by least squares, and its standard error (NaN below three points).

    0: it does not grow; 1: it grows with the size.

    >>> exponent([10, 100, 1000], [3, 30, 300])
    (1.0, 0.0)
    """
    x, y = np.log(np.array(sizes, np.float64)), np.log(np.maximum(np.array(values, np.float64), 1e-9))
    away = x - x.mean()
    slope = float((away * y).sum() / (away**2).sum())
    if len(x) < 3:
        return round(slope, 3), float("nan")
    left = y - y.mean() - slope * away
    error = float(np.sqrt((left**2).sum() / (len(x) - 2) / (away**2).sum()))
    return round(slope, 3), round(error, 3)
