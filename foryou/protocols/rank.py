"""The ranking protocol KR-rank: our predictions beside what happened, and beside simple rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from foryou.app import Engine
from foryou.core.batch import Batch, Column
from foryou.core.clock import ManualClock
from foryou.core.errors import NotFound
from foryou.core.event import UNKNOWN
from foryou.datasets.kuairand import KuaiRand, between
from foryou.features.enrich import watch_outcomes
from foryou.models.ranker import Ranker
from foryou.protocols.measures import Report, head_measures, ranking
from foryou.settings import DataSettings, Settings
from foryou.training.stream import LearningSettings
from foryou.training.validate import learn_all, predict_frozen

Rows = dict[str, Column]
Progressed = Callable[[int], None]
SHRINK = 20.0
"""Pseudo-rows of the overall mean in a mean."""


def kr_rank(
    directory: Path, test_from: date, test_to: date, seed: int = 1, progressed: Progressed = lambda rows: None
) -> Report:
    """KR-rank: learn everything before `test_from`, then rank each viewer's impressions up to and with `test_to`.

    Tables and model are frozen before the test days. Keys: protocol, rows, users, gauc, ndcg5, primary, seconds, seed,
    baselines (each with gauc, ndcg5 and primary), heads (log loss and ECE of each), learned.
    """
    started = time.perf_counter()
    data = KuaiRand(directory)
    train, test = split(data, test_from, test_to)
    engine = open_engine(seed)
    learner, store = engine.learner, engine.backend.store
    learn_all(learner, store, data.events(test_from), progressed)
    predicted = predict_frozen(learner, store, data.exposures(test))
    labels = test["long_view"].astype(np.float64)
    users = test["user_id"]
    report: Report = {
        "protocol": "KR-rank",
        "test_from": test_from.isoformat(),
        "test_to": test_to.isoformat(),
        "rows": len(labels),
        "users": len(np.unique(users)),
        **ranking(users, labels, predicted["long_view"], seed),
    }
    report["seconds"] = round(time.perf_counter() - started, 1)
    by_video = shrunk_mean(train["video_id"], train["long_view"], test["video_id"])
    chance = np.random.default_rng(seed).random(len(labels))
    report |= {
        "seed": seed,
        "learned": learner.learned,
        "baselines": {
            "random": ranking(users, labels, chance, seed),
            "item_mean": ranking(users, labels, by_video, seed),
            "oracle": ranking(users, labels, labels, seed),
        },
        "heads": head_measures(predicted, truth(test)),
    }
    return report


def fresh_model(seed: int) -> Ranker:
    """The untrained model that such an engine learns with."""
    model = open_engine(seed).learner.model
    assert isinstance(model, Ranker)
    return model


def open_engine(seed: int, clock: ManualClock | None = None) -> Engine:
    """An engine that keeps nothing, for a measurement."""
    settings = Settings(data=DataSettings(url="memory:"), learning=LearningSettings(seed=seed))
    return Engine.open(settings, clock or ManualClock())


def split(data: KuaiRand, test_from: date, test_to: date) -> tuple[Rows, Rows]:
    """The `impressions` before the test days, and those of the test days. NotFound if there are none."""
    impressions = data.impressions()
    rows = between(impressions, test_from, test_to + timedelta(days=1))
    if len(rows["date"]) == 0:
        raise NotFound(f"{data.directory} has no impressions from {test_from} to {test_to}")
    return between(impressions, None, test_from), rows


def shrunk_mean(key: Column, value: Column, asked: Column, shrink: float = SHRINK) -> Column:
    """The mean `value` of each asked key, with `shrink` pseudo-rows of the overall mean."""
    known, row = np.unique(key, return_inverse=True)
    overall = float(np.mean(value, dtype=np.float64)) if len(value) else 0.0
    if len(known) == 0:
        return np.full(len(asked), overall)
    mean = (np.bincount(row, value) + shrink * overall) / (np.bincount(row) + shrink)
    place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[place] == asked, mean[place], overall)


_HAPPENED = {
    "like": "is_like",
    "comment": "is_comment",
    "share": "is_forward",
    "follow": "is_follow",
    "visit": "is_profile_enter",
    "not_interested": "is_hate",
    "long_view": "long_view",
}
"""The heads that KuaiRand has a column for."""


def truth(rows: Rows, duration: Column | None = None) -> Batch:
    """What happened on rows of `impressions`, as far as the log says: the outcome columns of some heads.

    With the videos' durations (seconds), `finish`, `skip` and `watch` too, as they are read from a watch event.
    """
    happened = {head: rows[name].astype(np.float64) for head, name in _HAPPENED.items()}
    if duration is not None:
        nothing = np.full(len(duration), UNKNOWN)
        told = {"seconds": np.minimum(rows["play_time_ms"] / 1000, 3600), "long_view": rows["long_view"]}
        watched = watch_outcomes(Batch({**told, "furthest": nothing, "replays": nothing}), duration)
        happened |= {name: watched[name].astype(np.float64) for name in ("finish", "skip")}
        happened["watch"] = watched["seconds"]
    return Batch(happened)
