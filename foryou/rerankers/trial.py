"""Draws of what videos on trial may be worth: the less is known of one, the wider they spread (Thompson, 1933)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Column
from foryou.core.pipeline import Candidates
from foryou.models.posterior import DOUBT, HALF_KNOWN, OWN_DOUBT

DRAWS = 32
"""Their shares are the chances, so these are multiples of a 32nd but for the floor."""


def draws_of(rows: Candidates, pool: Column, chance: np.random.Generator, luck: Column) -> NDArray[np.float64]:
    """Draws `[DRAWS, rows]` of the values of rows on trial.

    From the posterior of the model that scored them: see `foryou/models/posterior.py`. Where it has none, each is the
    score plus the video's own part, normal with mean 0 and variance spread^2 / (1 + n / 10) after n exposures, where
    `spread` is the standard deviation of the scores of the `pool`. A video's own part is times the row's `luck`.
    """
    own = chance.standard_normal((DRAWS, len(rows))) * luck
    if DOUBT not in rows:
        return np.asarray(rows["score"] + own * np.std(pool) / np.sqrt(1 + _seen(rows) / HALF_KNOWN))
    doubt = rows[DOUBT]
    together = chance.standard_normal((DRAWS, doubt.shape[1]), np.float32) @ doubt.T
    return np.asarray(rows["score"] + together + own * rows[OWN_DOUBT])


def _seen(rows: Candidates) -> Column:
    """How many exposures are known of each."""
    if "effect_evidence" not in rows:
        return np.zeros(len(rows))
    return np.expm1(2.0 * np.maximum(rows["effect_evidence"].astype(np.float64), 0.0))
