"""What another policy would have got, from the log of the one that chose: weights, estimators, and whether they can be
trusted.

Pure functions over columns `[rows]`. A row is something that was shown: its `reward`, the chance with which the logging
policy showed it there (`logged`, its propensity), and that of the other policy (`target`). It knows nothing of how the
two choose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.evaluation.intervals import Ratios, normal

Numbers: TypeAlias = NDArray[Any]
Weights: TypeAlias = NDArray[np.float64]

LEAST_EFFECTIVE = 200.0
"""Rows that the weights must be worth, at least, before an estimate is given out: a mean of that many has an error of
7 % of the standard deviation of a row."""
MOST = 20.0
"""Where weights are cut, if nothing else is said."""
CUTS = (float("inf"), 50.0, 20.0, 10.0, 5.0, 2.0)
"""The cuts that `chosen_cut` tries: from no bias to little variance."""


def weights(target: Numbers, logged: Numbers) -> Weights:
    """How much more often the other policy would have shown each row. ValueError where a logged propensity is not above
    0: what was shown had a chance."""
    had = np.asarray(logged, np.float64)
    if not (had > 0).all():
        raise ValueError("a row that was shown has a logged propensity of 0; expected above 0")
    return np.asarray(target, np.float64) / had


def clipped(weight: Weights, most: float = MOST) -> Weights:
    """No weight above `most` (Ionides, 2008): less variance, and an estimate that is too near to the logged policy."""
    return np.minimum(weight, most)


def effective(weight: Weights) -> float:
    """How many rows of equal weight say as much: (sum w)^2 / sum w^2 (Kish, 1965)."""
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares else 0.0


# --- estimators -------------------------------------------------------------------------------------------------------


def ips(reward: Numbers, weight: Weights) -> Ratios:
    """Inverse propensity score: mean(w r) (Horvitz and Thompson, 1952). Right on average, if every row that the other
    policy would show had a chance."""
    return Ratios.of(weight * reward)


def snips(reward: Numbers, weight: Weights) -> Ratios:
    """Self-normalised: sum(w r) / sum(w) (Swaminathan and Joachims, NeurIPS 2015). Never outside of the rewards that
    there were; its bias vanishes as rows come."""
    return Ratios.of(weight * reward, weight)


def direct(expected: Numbers) -> Ratios:
    """The mean of what a model of the reward expects of what the other policy would show, `expected`: no variance from
    weights, and all the faults of the model."""
    return Ratios.of(expected)


def doubly_robust(reward: Numbers, weight: Weights, predicted: Numbers, expected: Numbers) -> Ratios:
    """The direct method, and weights on what the model got wrong (Dudik et al., ICML 2011): right on average if either
    the propensities or the model are. `predicted` is the model's reward of what was shown."""
    return direct(expected) + Ratios.of(weight * (reward - predicted))


def self_normalised_doubly_robust(reward: Numbers, weight: Weights, predicted: Numbers, expected: Numbers) -> Ratios:
    """As `doubly_robust`, with the correction divided by the sum of the weights."""
    return direct(expected) + Ratios.of(weight * (reward - predicted), weight)


def switch(reward: Numbers, weight: Weights, predicted: Numbers, expected: Numbers, most: float = MOST) -> Ratios:
    """As `doubly_robust`, where a weight above `most` counts 0: there the model is believed (Wang et al., ICML
    2017)."""
    return doubly_robust(reward, np.where(weight > most, 0.0, weight), predicted, expected)


def chosen_cut(
    estimate: Callable[[float], Ratios], clusters: Numbers | None = None, cuts: Sequence[float] = CUTS
) -> float:
    """The lowest cut whose interval still meets those of all higher ones: as little variance as can be had before bias
    shows (SLOPE; Su, Srinath and Krishnamurthy, ICML 2020).

    `estimate` makes the ratios for a cut; `cuts` go from the highest to the lowest.
    """
    low, high, chosen = -np.inf, np.inf, cuts[0]
    for cut in cuts:
        found = normal(estimate(cut), clusters)
        low, high = max(low, found.value - 2 * found.error), min(high, found.value + 2 * found.error)
        if not low <= high:
            break
        chosen = cut
    return chosen


# --- slates -----------------------------------------------------------------------------------------------------------


def cascaded(weight: Weights, slate: Numbers) -> Weights:
    """The weight of each slot with those of all slots above it: their product within each slate, where rows of a slate
    lie together, from the top.

    Whoever comes to a slot saw what is above it; what is below does not matter (RIPS; McInerney et al., KDD 2020).
    """
    return np.asarray(_cascaded(np.asarray(weight, np.float64), np.asarray(slate)))


@njit(cache=True, nogil=True)
def _cascaded(weight, slate):  # type: ignore[no-untyped-def]
    product = weight.copy()
    for row in range(1, len(weight)):
        if slate[row] == slate[row - 1]:
            product[row] *= product[row - 1]
    return product


def by_slot(reward: Numbers, weight: Weights, slot: Numbers, slates: int) -> Ratios:
    """The reward of a whole slate, each slot self-normalised by itself: one ratio a slot, `[slots, rows]`.

    With plain weights each slot is judged by itself (independence); with those of `cascaded` it is the self-normalised
    RIPS. A row that nobody came to counts as a reward of 0 and is a row all the same; `slates` there are.
    """
    slots, of = np.unique(slot, return_inverse=True)
    here = of[None] == np.arange(len(slots))[:, None]
    share = here.sum(axis=1, keepdims=True) / max(slates, 1)
    return Ratios(np.where(here, weight * reward, 0.0) * share, np.where(here, weight, 0.0))


# --- whether it can be trusted ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much the log says of the other policy."""

    rows: int
    effective: float
    """Rows of equal weight that say as much."""
    mean: float
    """The mean weight: 1 but for chance, or the propensities are not what they say."""
    mean_error: float
    largest: float
    share_clipped: float
    """The share of rows whose weight is above `most`."""
    most: float
    unseen: float
    """The share of rows that the other policy would never show."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the log cannot answer, in words; none where it can."""
        found = []
        if self.rows == 0:
            return ("no rows: nothing that was shown had its propensity and its outcome logged",)
        if self.effective < LEAST_EFFECTIVE:
            found.append(
                f"the rows are worth {self.effective:,.0f} of the other policy's; expected {LEAST_EFFECTIVE:,.0f} or "
                "more: log for longer, log more candidates, or ask for a smaller change"
            )
        off = abs(self.mean - 1)
        if off > 0.05 and off > 4 * self.mean_error:
            found.append(
                f"the mean weight is {self.mean:.3f} ± {self.mean_error:.3f}; expected 1: the other policy shows what "
                "the logged one never could, or the propensities are wrong"
            )
        return tuple(found)

    @property
    def verdict(self) -> str:
        """In one line whether the log can answer."""
        return "; ".join(self.problems) or "the log can answer"


def overlap(weight: Weights, clusters: Numbers | None = None, most: float = MOST) -> Overlap:
    """The diagnostics of the weights of rows."""
    count = len(weight)
    if count == 0:
        return Overlap(0, 0.0, float("nan"), float("nan"), float("nan"), 0.0, most, 0.0)
    mean = normal(Ratios.of(weight), clusters)
    return Overlap(
        count,
        effective(weight),
        mean.value,
        mean.error,
        float(weight.max()),
        float((weight > most).mean()),
        most,
        float((weight == 0).mean()),
    )
