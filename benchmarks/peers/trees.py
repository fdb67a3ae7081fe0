"""LightGBM (Ke et al., NeurIPS 2017) on the numbers that our hydrators make, and the surface as a category.

Tuned on 28-30 April (see `tune`): few, small trees with a slow rate; more of them fit the training days better and the
next days worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Column
from foryou.protocols.columns import Table
from foryou.protocols.peers import Predict

SETTINGS: Mapping[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "verbosity": -1,
    "num_threads": 1,
}
ROUNDS = 100
OBJECTIVES = {"binary": "binary", "mean": "regression", "median": "regression_l1"}


def fit(
    train: Table, labels: Column, kind: str, seed: int, rounds: int = ROUNDS, settings: Mapping[str, Any] | None = None
) -> Predict:
    """Trees for one head: `kind` is binary, or what to predict of seconds, their mean or their median."""
    lightgbm = import_module("lightgbm")
    last = train.numbers.shape[1]
    data = lightgbm.Dataset(_inputs(train), labels, categorical_feature=[last])
    chosen = {**SETTINGS, **(settings or {}), "objective": OBJECTIVES[kind], "seed": seed}
    model = lightgbm.train(chosen, data, num_boost_round=rounds)
    return lambda rows: np.asarray(model.predict(_inputs(rows), num_threads=1))


def _inputs(rows: Table) -> NDArray[np.float32]:
    surface = rows.ids[:, rows.fields.index("surface")] % 1_009
    return np.concatenate([rows.numbers, surface[:, None].astype(np.float32)], axis=1)
