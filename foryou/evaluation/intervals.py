"""Sums of ratios of sums, such as a weighted mean, with intervals for rows that come in clusters (one for each viewer).

Pure functions over columns; it knows nothing of what the rows are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Numbers: TypeAlias = NDArray[Any]

RESAMPLES = 1000
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Ratios:
    """A number that is `sum over j of sum(up[j]) / sum(down[j])`; both `[ratios, rows]`.

    A mean has one ratio with `down` all ones; a self-normalised mean has the weights there; the difference of two such
    numbers has the ratios of both, with `up` of the second negative.
    """

    up: NDArray[np.float64]
    down: NDArray[np.float64]

    @staticmethod
    def of(up: Numbers, down: Numbers | None = None) -> Ratios:
        """One ratio of columns `[rows]`; a mean where there is no `down`."""
        above = np.asarray(up, np.float64)[None]
        return Ratios(above, np.ones_like(above) if down is None else np.asarray(down, np.float64)[None])

    def __add__(self, other: Ratios) -> Ratios:
        return Ratios(np.concatenate([self.up, other.up]), np.concatenate([self.down, other.down]))

    def __sub__(self, other: Ratios) -> Ratios:
        return self + Ratios(-other.up, other.down)

    @property
    def value(self) -> float:
        """NaN where something is divided by nothing."""
        return float(_divided(self.up.sum(axis=1), self.down.sum(axis=1)).sum())


@dataclass(frozen=True, slots=True)
class Interval:
    """A number, its standard error, and the bounds of 95 %."""

    value: float
    error: float
    low: float
    high: float

    def holds(self, truth: float) -> bool:
        """Whether the truth lies within the bounds."""
        return self.low <= truth <= self.high


def normal(ratios: Ratios, clusters: Numbers | None = None) -> Interval:
    """By the jackknife: the variance of what the number would be without each cluster of rows (Tukey, 1958).

    `clusters` `[rows]` says which rows belong together (Liang and Zeger, 1986); each row by itself where there are
    none. The bounds are those of Student's t, with as many degrees of freedom as there are clusters that matter (after
    Satterthwaite, 1946: the sum of squares, squared, over that of fourth powers, less one): few heavy ones say little
    about themselves.
    """
    up, down = _by_cluster(ratios, clusters)
    total = down.sum(axis=1)
    ratio = _divided(up.sum(axis=1), total)
    value, count = float(ratio.sum()), up.shape[1]
    if count < 2:
        return Interval(value, float("nan"), float("nan"), float("nan"))
    # What the number loses without each cluster: a heavy one pulls the ratio to itself, and looks as if it fitted.
    moves = _divided(up - ratio[:, None] * down, total[:, None] - down).sum(axis=0)
    squares = np.square(moves)
    error = float(np.sqrt(squares.sum() * (count - 1) / count))
    fourth = float(np.square(squares).sum())
    freedom = max(float(squares.sum()) ** 2 / fourth - 1.0, 1.0) if fourth else count - 1.0
    wide = float(stdtrit(freedom, 0.975)) * error
    return Interval(value, error, value - wide, value + wide)


def bootstrap(ratios: Ratios, clusters: Numbers | None = None, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """By drawing as many clusters as there are, with replacement, again and again: the 2.5 % and 97.5 % quantiles
    (percentile bootstrap; Efron, 1979)."""
    up, down = _by_cluster(ratios, clusters)
    count = up.shape[1]
    if count < 2:
        return Interval(ratios.value, float("nan"), float("nan"), float("nan"))
    chance, drawn = np.random.default_rng(seed), []
    for start in range(0, resamples, _AT_ONCE):
        some = min(_AT_ONCE, resamples - start)
        times = np.stack([np.bincount(chance.integers(0, count, count), minlength=count) for _ in range(some)])
        drawn.append(_divided(up @ times.T, down @ times.T).sum(axis=0))
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return Interval(ratios.value, float("nan"), float("nan"), float("nan"))
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(ratios.value, float(values.std()), float(low), float(high))


def _by_cluster(ratios: Ratios, clusters: Numbers | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sums of each cluster, `[ratios, clusters]`."""
    if clusters is None:
        return ratios.up, ratios.down
    _, of = np.unique(clusters, return_inverse=True)
    count = int(of.max()) + 1 if len(of) else 0
    return (
        np.stack([np.bincount(of, each, minlength=count) for each in ratios.up]),
        np.stack([np.bincount(of, each, minlength=count) for each in ratios.down]),
    )


def _divided(up: Numbers, down: Numbers) -> NDArray[np.float64]:
    return np.asarray(np.divide(up, down, out=np.full(np.broadcast(up, down).shape, np.nan), where=down != 0))
