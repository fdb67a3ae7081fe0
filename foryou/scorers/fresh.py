"""New videos are worth a little more, and by so much less for every half-life that they grow older.

It stands as a part of its own in explanations. What a trend is worth would be added here too, next to age, from a
column of the candidates that is 0 where there is no trend: the score is made of parts that can be seen, not of factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Column, Columns
from foryou.core.clock import HOUR
from foryou.core.pipeline import Candidates, Request


def freshness(age_h: Column, worth: float, half_life_h: float) -> Column:
    """worth x 2^(-age / half-life), float64 `[rows]`; nothing is newer than new."""
    return np.asarray(worth * np.exp2(-np.maximum(age_h, 0.0) / half_life_h), np.float64)


@dataclass(frozen=True)
class Freshness:
    """Adds `freshness`, and it to `score`. A video whose upload time nobody knows is as old as can be."""

    worth: float
    half_life_h: float

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        age_h = np.where(rows["uploaded"] > 0, (request.at - rows["uploaded"]) / HOUR, np.inf)
        part = freshness(age_h, self.worth, self.half_life_h)
        return {"freshness": part, "score": rows["score"] + part}
