"""Draws of what videos on trial may be worth: the less is known of one, the wider they spread (Thompson, 1933)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Column
from foryou.core.pipeline import Candidates

DRAWS = 32
"""Their shares are the chances, so these are multiples of a 32nd but for the floor."""
HALF_KNOWN = 10.0
"""Exposures after which half of what a video's own value may differ by is known: the noise of one exposure against the
spread between videos."""


def draws_of(rows: Candidates, trial: Column, spread: float, chance: np.random.Generator) -> NDArray[np.float64]:
    """Values `[DRAWS, trial]` of the rows that are on trial.

    Without a posterior of the model each is the prediction plus the video's own part, normal with mean 0 and variance
    spread^2 / (1 + n / 10) after n exposures, where `spread` is how far the values of candidates lie apart: the
    posterior of a mean of n outcomes whose noise has ten times the variance of what they are the mean of.
    """
    evidence = rows["effect_evidence"][trial] if "effect_evidence" in rows else np.zeros(len(trial))
    seen = np.expm1(2.0 * evidence.astype(np.float64))
    deviation = spread / np.sqrt(1 + np.maximum(seen, 0) / HALF_KNOWN)
    return np.asarray(rows["score"][trial] + deviation * chance.standard_normal((DRAWS, len(trial))))
