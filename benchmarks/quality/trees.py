"""The peer of the ranking protocol: LightGBM (Ke et al., 2017) on the columns that our hydrators make.

Training rows have their columns as of their own time; before the test days all is frozen, as it is for our model.
LightGBM is optional: where it is not installed, there is no peer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foryou.backends.open import open_backend
from foryou.core.batch import Batch, Column
from foryou.core.event import Kind
from foryou.core.inputs import INPUTS
from foryou.core.ports import Pairs, Store
from foryou.datasets.kuairand import KuaiRand, between
from foryou.features.fold import create_tables, fold_events
from foryou.protocols.rank import ranking
from foryou.training.examples import as_of_now

SMALL = ("surface", "hour", "weekday")
"""Ids with few values that trees can split on as numbers, beside all the inputs that are numbers."""


def installed() -> bool:
    """Whether there is a LightGBM."""
    return find_spec("lightgbm") is not None


def rank(directory: Path, test_from: date, test_to: date, seeds: Iterable[int], rounds: int) -> list[dict[str, float]]:
    """GAUC, nDCG@5 and their mean of long_view on the test days, for each seed."""
    log = KuaiRand(directory)
    rows = log.impressions()
    train, test = between(rows, None, test_from), between(rows, test_from, test_to + timedelta(days=1))
    earliest = date.fromisoformat(str(int(rows["date"].min())))
    store = open_backend("memory:").store
    create_tables(store)
    for batch in log.events(earliest):
        fold_events(store, batch)
    known = columns(store, log.exposures(train), fold=True)
    asked = columns(store, log.exposures(test), fold=False)
    labels, truth = train["long_view"].astype(np.float64), test["long_view"].astype(np.float64)
    lightgbm = import_module("lightgbm")
    out: list[dict[str, float]] = []
    for seed in seeds:
        settings = {
            "objective": "binary",
            "learning_rate": 0.05,
            "num_leaves": 63,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": seed,
            "verbosity": -1,
        }
        model = lightgbm.train(settings, lightgbm.Dataset(known, labels), num_boost_round=rounds)
        out.append(ranking(test["user_id"], truth, np.asarray(model.predict(asked)), seed))
    return out


def columns(store: Store, batches: Iterable[Batch], fold: bool) -> NDArray[np.float32]:
    """The inputs of each impression `[rows, inputs]`, as of when it was shown; `fold` goes on to what happened then."""
    parts: list[Column] = []
    for batch in batches:
        shown = batch.take(batch["kind"] == Kind.IMPRESSION)
        if len(shown):
            parts.append(flat(as_of_now(store, shown)))
        if fold:
            fold_events(store, batch)
    return np.concatenate(parts)


def flat(pairs: Pairs) -> NDArray[np.float32]:
    """Numbers only, the viewer's beside the item's."""
    found: list[Column] = []
    for each in INPUTS:
        if each.kind != "dense" and each.name not in SMALL:
            continue
        values = pairs.viewers[each.name][pairs.of] if each.side == "viewer" else pairs.items[each.name]
        if each.name == "surface":
            values = values % 1_009
        found.append(values.reshape(len(pairs), -1).astype(np.float32))
    return np.concatenate(found, axis=1)
