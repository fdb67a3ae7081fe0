"""How sure the ranker is of what a video is worth: a posterior over its last layer, for exploring by Thompson sampling.

It says how far values may be off, never what they are: those are the network's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.heads import HEADS

Numbers = NDArray[np.float32]

PRIOR = 100.0
"""Precision of each weight where nothing was learned, in units of the noise. The squares of the features add up to
about 30, so that a value may be off by half of what one exposure is."""
ROWS = 100.0
"""Made-up exposures with a noise of 1 (the value's, with the weights and rates of `core/heads.py`, is about that), so
that one early report is not all that is known of it."""
MEMORY = 100_000.0
"""Rows after which half of the evidence has faded: the layers below go on learning."""
HALF_KNOWN = 10.0
"""Exposures after which half of the variance of a video's own part is known: the noise of one exposure has so many
times the variance by which videos differ beyond what the features say."""
DOUBT, OWN_DOUBT = "doubt", "own_doubt"
"""Columns `[items, width]` and `[items]`: a draw of the value is value + doubt @ z + own_doubt * e, with standard
normal z (one for all items) and e (one for each)."""


class Posterior:
    """Bayesian linear regression of the value on the last hidden layer, about what the network predicts (neural-linear:
    Riquelme et al., ICLR 2018).

    The value of an exposure is the sum of weight x outcome over the heads that are known of it. With features f
    `[width]` its weights have the covariance noise x (PRIOR + sum f f')^-1, older rows fading; their mean is the
    network's own last layer. A video that was never shown is unlike any weight: its own part has the variance noise /
    HALF_KNOWN, and after n exposures 1 / (1 + n / HALF_KNOWN) of that.
    """

    def __init__(self, width: int) -> None:
        self.precision = PRIOR * np.eye(width)
        self.noise = np.array([ROWS, ROWS])
        """The weighted sum of squared misses, and the weight; from some made-up rows on."""
        self._root: Numbers | None = None

    def see(self, hidden: Numbers, predicted: Batch, outcomes: Batch, weight: Numbers) -> None:
        """Rows that were learned, with their last hidden layer `[rows, width]` and what was predicted of them before;
        `weight` `[rows, 1]`."""
        keep, features = 2.0 ** (-len(hidden) / MEMORY), hidden.astype(np.float64)
        self.precision -= PRIOR * np.eye(len(self.precision))
        self.precision *= keep
        self.precision += (features * weight).T @ features + PRIOR * np.eye(len(self.precision))
        missed = missed_value(predicted, outcomes)
        self.noise = keep * self.noise + [float((weight[:, 0] * missed * missed).sum()), float(weight.sum())]
        self._root = None

    def root(self) -> Numbers:
        """A square root of the covariance `[width, width]`: root @ root' is the covariance."""
        if self._root is None:
            lower = np.linalg.cholesky(self.precision)
            scale = np.sqrt(self.variance)
            self._root = np.asarray(scale * np.linalg.inv(lower).T, np.float32)
        return self._root

    @property
    def variance(self) -> float:
        """Of the noise of one exposure, in squared units of the value."""
        return float(self.noise[0] / self.noise[1])

    def doubts(self, hidden: Numbers, evidence: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The columns DOUBT and OWN_DOUBT of items with these last layers; `evidence` is the input
        `effect_evidence`."""
        seen = np.expm1(2.0 * np.maximum(evidence.astype(np.float64), 0.0))
        own = np.sqrt(self.variance / (HALF_KNOWN + seen))
        return {DOUBT: np.asarray(hidden @ self.root()), OWN_DOUBT: own}

    def copy(self) -> Posterior:
        """A copy that no longer changes, its root at hand."""
        return Posterior.attached({"root": self.root(), "noise": self.noise.copy()})

    def parts(self) -> Mapping[str, NDArray[Any]]:
        """What `doubts` reads."""
        return {"root": self.root(), "noise": self.noise}

    @staticmethod
    def attached(parts: Mapping[str, NDArray[Any]]) -> Posterior:
        """One to read, over `parts`."""
        made = Posterior(0)
        made._root, made.noise = parts["root"], parts["noise"]
        return made

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Everything needed to continue."""
        return {"precision": self.precision.copy(), "noise": self.noise.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue from a state; from one that was kept before there was any posterior, anew."""
        if not state:
            self.precision, self.noise = PRIOR * np.eye(len(self.precision)), np.array([ROWS, ROWS])
        else:
            self.precision, self.noise = np.array(state["precision"]), np.array(state["noise"])
        self._root = None


def missed_value(predicted: Batch, outcomes: Batch) -> NDArray[np.float64]:
    """By how much the value of each row `[rows]` came out otherwise than predicted, over the heads that are known."""
    missed = np.zeros(len(predicted))
    for head in HEADS:
        if head.name in outcomes:
            off = outcomes[head.name].astype(np.float64) - predicted[head.name]
            missed += head.weight * np.where(np.isnan(off), 0.0, off)
    return missed
