"""KR-rank beside peers: every system learns the same rows before the test days and ranks the same rows after them.

Peers are handed in: nothing here knows which there are, nor imports one. They get the columns that our model gets, as
of each row's own time, with tables and models frozen before the test days; what our own additive model has learned
(`columns.LEARNED`) only who asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS
from foryou.core.ports import Pairs
from foryou.models import layout, survival
from foryou.models.linear import predictions, seconds_of
from foryou.models.ranker import Ranker
from foryou.protocols.columns import Table, table
from foryou.protocols.examples import RankExamples, fold_log
from foryou.protocols.measures import Report, measures, over_seeds
from foryou.protocols.rank import fresh_model, shrunk_mean
from foryou.training import recorded

Predict: TypeAlias = Callable[[Table], Column]
Told = Callable[[str, int], None]
"""Told what is going on, and how many rows of it were done since."""


class Fit(Protocol):
    """Learns one head from rows; `kind` is binary, or what to predict of seconds: their mean or their median."""

    def __call__(self, train: Table, labels: Column, kind: str, seed: int) -> Predict: ...


@dataclass(frozen=True)
class Peer:
    """A system to compare with, one model for each head. `seeded`: whether another seed gives another model."""

    name: str
    label: str
    fit: Fit
    heads: tuple[str, ...]
    watch: Literal["mean", "median", ""] = ""
    seeded: bool = True
    effects: bool = False
    """Whether it gets `columns.LEARNED` too."""


def known_heads(outcomes: Batch) -> tuple[str, ...]:
    """The binary heads whose outcomes the log knows, in the order of the table."""
    return tuple(head.name for head in HEADS if head.kind == "binary" and head.name in outcomes)


def compare(
    directory: Path,
    test_from: date,
    test_to: date,
    seeds: Sequence[int] = (1, 2, 3),
    peers: Sequence[Peer] = (),
    told: Told = lambda what, rows: None,
) -> Report:
    """Every system's measures on the test days, averaged over the seeds.

    Keys: protocol, test_from, test_to, rows, users, seeds, columns (seconds and rows/s of folding and hydrating, which
    all share), systems: by name its label, measures (see `measures`), `deviation` of each, `train` (rows, seconds,
    rows/s) and `predict` (likewise).
    """
    started = time.perf_counter()
    rows = fold_log(directory, test_from, test_to, progressed=lambda count: told("Events", count))
    folded = time.perf_counter() - started
    users, truth = rows.rows["user_id"], rows.frozen.outcomes
    report: Report = {
        "protocol": "KR-rank beside peers",
        "test_from": test_from.isoformat(),
        "test_to": test_to.isoformat(),
        "rows": len(users),
        "users": len(np.unique(users)),
        "seeds": list(seeds),
        "columns": pace(len(rows.learned) + len(rows.frozen), folded),
    }
    systems: dict[str, tuple[str, list[Report]]] = {
        "random": ("random order", [measures(users, truth, chance(truth, seed), seed) for seed in seeds]),
        "item_mean": ("item mean", [measures(users, truth, means(rows), seed) for seed in seeds[:1]]),
        "length_mean": ("mean of the length bucket", [measures(users, truth, length_means(rows), seeds[0])]),
        "oracle": ("oracle", [measures(users, truth, truth, seed) for seed in seeds[:1]]),
    }
    systems["foryou"] = "ForYou", [_ours(rows, seed, told) for seed in seeds]
    for effects in {peer.effects: None for peer in peers}:
        learned, asked = table(rows.learned.batches(), effects), table(rows.frozen.batches(), effects)
        for peer in (peer for peer in peers if peer.effects == effects):
            runs = seeds if peer.seeded else seeds[:1]
            systems[peer.name] = peer.label, [_theirs(peer, learned, asked, users, seed, told) for seed in runs]
    report["systems"] = {name: {"label": label, **over_seeds(runs)} for name, (label, runs) in systems.items()}
    report["seconds"] = round(time.perf_counter() - started, 1)
    return report


def _ours(rows: RankExamples, seed: int, told: Told) -> Report:
    model, started = fresh_model(seed), time.perf_counter()
    recorded.learn(model, rows.learned, progressed=lambda count: told(f"ForYou, seed {seed}", count))
    trained = time.perf_counter()
    predicted = with_median(model, (examples.pairs for examples in rows.frozen.batches()))
    done = time.perf_counter()
    return {
        **measures(rows.rows["user_id"], rows.frozen.outcomes, predicted, seed),
        "train": pace(len(rows.learned), trained - started),
        "predict": pace(len(rows.frozen), done - trained),
    }


def with_median(model: Ranker, asked: Iterable[Pairs]) -> Batch:
    """The heads of some rows, and `watch_median`, the seconds that half of the views are longer than."""
    out: list[Batch] = []
    for pairs in asked:
        logits, duration = model.logits(pairs), seconds_of(pairs.items)
        median = survival.median_seconds(logits[:, layout.HAZARDS], duration)
        out.append(predictions(logits, duration).extend({"watch_median": median}))
    return Batch.concat(out)


def _theirs(peer: Peer, learned: Table, asked: Table, users: Column, seed: int, told: Told) -> Report:
    """One model for each head, on the rows of `impressions`. `train` adds up the time of all heads.

    Rows without seconds (KuaiRand's sequences) gave the peers no more on the validation days, and take ten times as
    long.
    """
    predicted: dict[str, Column] = {}
    seconds, most, asking = 0.0, 0, 0.0
    measured = np.isfinite(learned.outcomes["watch"])
    heads = [(name, "binary") for name in known_heads(asked.outcomes) if name in peer.heads]
    for name, kind in [*heads, *([("watch", peer.watch)] if peer.watch else [])]:
        train = learned.take(np.flatnonzero(measured & np.isfinite(learned.outcomes[name])))
        labels = train.outcomes[name].astype(np.float64)
        if kind == "binary" and labels.min() == labels.max():
            continue
        started = time.perf_counter()
        predict = peer.fit(train, labels, kind, seed)
        trained = time.perf_counter()
        predicted[name] = predict(asked)
        seconds, most = seconds + trained - started, max(most, len(train))
        asking += time.perf_counter() - trained
        told(f"{peer.label}, seed {seed}", len(train))
    return {
        **measures(users, asked.outcomes, Batch(predicted, len(asked)), seed),
        "train": pace(most, seconds),
        "predict": pace(len(asked), asking),
    }


def chance(outcomes: Batch, seed: int) -> Batch:
    """A random number for each row and binary head."""
    rng = np.random.default_rng(seed)
    return Batch({name: rng.random(len(outcomes)) for name in known_heads(outcomes)})


def means(rows: RankExamples) -> Batch:
    """Each video's share of each outcome in the train `impressions`, shrunk to the overall share."""
    return Batch({name: _mean_by("item", name, rows) for name in known_heads(rows.frozen.outcomes)})


def length_means(rows: RankExamples) -> Batch:
    """The mean seconds of each length bucket, which is what a watch time is first of all a matter of."""
    return Batch({"watch": _mean_by("length", "watch", rows)})


def _mean_by(column: str, head: str, rows: RankExamples) -> Column:
    train = rows.learned
    measured = np.isfinite(train.outcomes["watch"])
    return shrunk_mean(train.items[column][measured], train.outcomes[head][measured], rows.frozen.items[column])


def pace(rows: int, seconds: float) -> dict[str, float]:
    """How many rows, in how long, and how many a second."""
    return {"rows": rows, "seconds": round(seconds, 2), "rows_per_second": round(rows / max(seconds, 1e-9))}


def best_peer(report: Report, measure: str = "primary") -> str:
    """The name of the peer with the highest mean of a measure; "" if there is none."""
    known = {
        name: row[measure]
        for name, row in report["systems"].items()
        if name not in ("foryou", "oracle") and measure in row
    }
    return max(known, key=lambda name: known[name]) if known else ""
