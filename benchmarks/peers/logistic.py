"""Logistic regression (scikit-learn) on standardised numbers and one weight for each id.

Tuned on 28-30 April (see `tune`).
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Column
from foryou.protocols.columns import Table
from foryou.protocols.peers import Predict

STRENGTH = 0.02
"""The inverse of the L2 penalty (`C`)."""
BUCKETS = 1 << 18
"""Ids are hashed into this many weights."""


def fit(train: Table, labels: Column, kind: str, seed: int, strength: float = STRENGTH) -> Predict:
    """A weight for each number and id, for one binary head."""
    linear = import_module("sklearn.linear_model")
    scale, known = Scale.of(train.numbers), np.unique(places(train))
    model = linear.LogisticRegression(C=strength, max_iter=200, tol=1e-3, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "not converged" after 200 steps: no matter for the ranking
        model.fit(_inputs(train, scale, known), labels)
    return lambda rows: np.asarray(model.predict_proba(_inputs(rows, scale, known))[:, 1])


class Scale:
    """Numbers with mean 0 and deviation 1 in the training rows, cut at 4."""

    def __init__(self, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> None:
        self.mean, self.deviation = mean, deviation

    @staticmethod
    def of(numbers: NDArray[np.float32]) -> Scale:
        """The scale of these rows."""
        return Scale(numbers.mean(axis=0), np.maximum(numbers.std(axis=0), 1e-3))

    def __call__(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.clip((numbers - self.mean) / self.deviation, -4, 4), np.float32)


def places(rows: Table, buckets: int = BUCKETS) -> NDArray[np.int64]:
    """A bucket for each id `[rows, fields]`, -1 where there is none; the topics of a video share their buckets."""
    offset = np.array([sum(map(ord, name)) * 2_654_435_761 for name in rows.fields], np.int64)
    return np.where(rows.ids != 0, ((rows.ids ^ offset) & 0x7FFFFFFFFFFFFFFF) % buckets, -1)


def _inputs(rows: Table, scale: Scale, known: NDArray[np.int64]) -> Any:
    """Numbers, and a one for each bucket that the training rows had too."""
    sparse = import_module("scipy.sparse")
    found = places(rows)
    place = np.minimum(np.searchsorted(known, found), len(known) - 1)
    row, field = np.nonzero((found >= 0) & (known[place] == found))
    ones = np.ones(len(row), np.float32)
    one_hot = sparse.csr_matrix((ones, (row, place[row, field])), shape=(len(rows), len(known)), dtype=np.float32)
    return sparse.hstack([sparse.csr_matrix(scale(rows.numbers)), one_hot], format="csr")
