"""The ranking protocol KR-rank, and the replay of a log: our predictions beside what happened, and beside simple
rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from foryou.app import Engine
from foryou.core.batch import Batch, Column
from foryou.core.clock import ManualClock
from foryou.core.errors import NotFound
from foryou.core.heads import HEADS
from foryou.datasets.kuairand import KuaiRand, between
from foryou.evaluation.calibration import ece, log_loss
from foryou.evaluation.ranking import gauc, ndcg_at
from foryou.settings import DataSettings, Settings
from foryou.training.stream import LearningSettings
from foryou.training.validate import Tested, learn_all, predict_frozen

Report = dict[str, Any]
Progressed = Callable[[int], None]
Told = Callable[[int, float], None]
"""Told the rows learned so far and the running GAUC."""
SHRINK = 20.0
"""Pseudo-counts of the item mean."""


def kr_rank(
    directory: Path, test_from: date, test_to: date, seed: int = 1, progressed: Progressed = lambda rows: None
) -> Report:
    """KR-rank: learn everything before `test_from`, then rank each viewer's impressions up to and with `test_to`.

    Tables and model are frozen before the test days. Keys: protocol, rows, users, gauc, ndcg5, primary, seconds, seed,
    baselines (each with gauc, ndcg5 and primary), heads (log loss and ECE of each), learned.
    """
    started = time.perf_counter()
    data = KuaiRand(directory)
    engine = _engine(seed)
    learner, store = engine.learner, engine.backend.store
    learn_all(learner, store, data.events(test_from), progressed)
    rows = data.impressions()
    train = between(rows, None, test_from)
    test = between(rows, test_from, test_to + timedelta(days=1))
    if len(test["date"]) == 0:
        raise NotFound(f"{directory} has no impressions from {test_from} to {test_to}")
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
    chance = np.random.default_rng(seed).random(len(labels))
    report |= {
        "seed": seed,
        "learned": learner.learned,
        "baselines": {
            "random": ranking(users, labels, chance, seed),
            "item_mean": ranking(users, labels, item_mean(train, test), seed),
            "oracle": ranking(users, labels, labels, seed),
        },
        "heads": head_measures(predicted, truth(test)),
    }
    return report


def replay(directory: Path, seed: int = 1, every: int = 20_000, told: Told = lambda learned, area: None) -> Report:
    """Play the log through the engine in time order: each row is predicted, then learned.

    Keys: protocol, rows, seconds, rows_per_second, seed, points (after every `every` measured rows: rows, gauc, heads).
    """
    started = time.perf_counter()
    clock = ManualClock()
    tested, running = Tested(), Running()
    engine = _engine(seed, clock)
    engine.learner.listener = tested.add
    data = KuaiRand(directory)
    for batch in data.events():
        clock.at = max(clock.at, int(batch["at"].max()))
        engine.accept(batch)
        while engine.work():
            pass
        told(engine.learner.learned, running.area(tested))
    engine.learner.flush()
    engine.learner.step()
    viewers, predicted, outcomes = tested.rows()
    measured = np.flatnonzero(np.isfinite(outcomes["watch"]))
    points = [
        {
            "rows": int(end),
            "gauc": _gauc_of(viewers, predicted, outcomes, measured[start:end]),
            "heads": head_measures(predicted.take(measured[start:end]), outcomes.take(measured[start:end])),
        }
        for start, end in _steps(len(measured), every)
    ]
    seconds = time.perf_counter() - started
    engine.close()
    return {
        "protocol": "replay",
        "rows": len(viewers),
        "measured": len(measured),
        "seconds": round(seconds, 1),
        "rows_per_second": round(len(viewers) / seconds),
        "seed": seed,
        "points": points,
    }


def _engine(seed: int, clock: ManualClock | None = None) -> Engine:
    settings = Settings(data=DataSettings(url="memory:"), learning=LearningSettings(seed=seed))
    return Engine.open(settings, clock or ManualClock())


@dataclass
class Running:
    """The GAUC of the latest rows, computed anew now and then: for progress bars."""

    least: int = 40_000
    done: int = 0
    latest: float = 0.5

    def area(self, tested: Tested) -> float:
        """GAUC of long_view over the latest rows that were predicted before they were learned."""
        rows = sum(len(part) for part in tested.viewer)
        if rows - self.done >= self.least:
            latest = slice(-(self.least // 512), None)
            viewers, predicted, outcomes = Tested(
                tested.viewer[latest], tested.predicted[latest], tested.outcomes[latest]
            ).rows()
            self.latest, self.done = _gauc_of(viewers, predicted, outcomes, np.arange(len(viewers))), rows
        return self.latest


def ranking(users: Column, labels: Column, scores: Column, seed: int) -> dict[str, float]:
    """GAUC, nDCG@5 and their mean."""
    area, gain = gauc(users, labels, scores), ndcg_at(users, labels, scores, 5, seed)
    return {"gauc": round(area, 5), "ndcg5": round(gain, 5), "primary": round((area + gain) / 2, 5)}


def item_mean(train: dict[str, Column], test: dict[str, Column]) -> Column:
    """Each test row's share of long views of its video in the train rows, shrunk to the overall share."""
    size = int(max(train["video_id"].max(initial=0), test["video_id"].max(initial=0))) + 1
    shown = np.bincount(train["video_id"], minlength=size)
    viewed = np.bincount(train["video_id"], train["long_view"], minlength=size)
    overall = viewed.sum() / max(shown.sum(), 1)
    return np.asarray(((viewed + SHRINK * overall) / (shown + SHRINK))[test["video_id"]])


def truth(rows: dict[str, Column]) -> Batch:
    """What happened on rows of `impressions`, as far as the log says: the outcome columns of some heads."""
    names = {
        "like": "is_like",
        "comment": "is_comment",
        "share": "is_forward",
        "follow": "is_follow",
        "visit": "is_profile_enter",
        "not_interested": "is_hate",
        "long_view": "long_view",
    }
    return Batch({head: rows[name].astype(np.float64) for head, name in names.items()})


def head_measures(predicted: Batch, outcomes: Batch) -> dict[str, dict[str, float]]:
    """Log loss and calibration error of each binary head whose outcomes are known."""
    out: dict[str, dict[str, float]] = {}
    for head in HEADS:
        if head.kind != "binary" or head.name not in outcomes:
            continue
        known = np.isfinite(outcomes[head.name])
        y, p = outcomes[head.name][known].astype(np.float64), predicted[head.name][known].astype(np.float64)
        if len(y):
            out[head.name] = {
                "log_loss": log_loss(y, p),
                "ece": ece(y, p),
                "rate": float(y.mean()),
                "positives": float(y.sum()),
            }
    return out


def _gauc_of(viewers: Column, predicted: Batch, outcomes: Batch, rows: Column) -> float:
    known = rows[np.isfinite(outcomes["long_view"][rows])]
    return gauc(viewers[known], outcomes["long_view"][known], predicted["long_view"][known])


def _steps(rows: int, every: int) -> Iterator[tuple[int, int]]:
    for start in range(0, rows, every):
        if rows - start >= every // 2:
            yield start, min(start + every, rows)
