"""What a candidate is worth: the sum of weight x prediction over the heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch, Column, Columns
from foryou.core.pipeline import Candidates, Request


def value_of(heads: Batch, weights: Mapping[str, float]) -> Column:
    """The value `[rows]`, float64."""
    if not weights:
        return np.zeros(len(heads))
    return np.array(list(weights.values())) @ np.stack([heads[name] for name in weights]).astype(np.float64)


@dataclass(frozen=True)
class Value:
    """Adds `score`."""

    weights: Mapping[str, float]

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        return {"score": value_of(rows, self.weights)}


def source_score(request: Request, rows: Candidates) -> Columns:
    """The score is what the source said: for feeds without a model."""
    return {"score": rows["source_score"].astype(np.float64)}
