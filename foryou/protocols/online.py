"""KR-rank online: one pass over the log in time order, each row predicted before anything that came later was learned.

Tables and models go on through the test days. Measured are the same rows as in KR-rank, all of them, in the same order
for every system. Each system is there twice: with what is known of the viewer held as before the test days (see
`held`), as candidates of one request would share it, and with all as of now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.ports import Model
from foryou.models.ranker import Ranker
from foryou.protocols.columns import Table, table
from foryou.protocols.examples import RankExamples, fold_log
from foryou.protocols.held import held, unnamed
from foryou.protocols.measures import RANKED, Report, measures, over_seeds
from foryou.protocols.peers import Told, chance, known_heads, means, pace
from foryou.protocols.rank import SHRINK, fresh_model
from foryou.training import recorded


class Learns(Protocol):
    """An online learner of one binary head."""

    def predict(self, rows: Table) -> Column: ...

    def learn(self, rows: Table, labels: Column) -> None: ...


@dataclass(frozen=True)
class OnlinePeer:
    """A system to compare with. `start` gets rows from the beginning of the log (to scale its inputs by) and a seed."""

    name: str
    label: str
    start: Callable[[Table, int], Learns]
    seeded: bool = True
    effects: bool = False
    """Whether it gets `columns.LEARNED` too."""


OURS = {
    "foryou_frozen": "ForYou, frozen before the test days",
    "foryou_videos": "ForYou, only the columns of videos go on",
    "foryou": "ForYou",
    "foryou_now": "ForYou, all as of now",
}
"""`foryou_videos` and `foryou` rank with what is known of the viewer held; `foryou` goes on learning at a `Pace`."""
VARIANTS = {"_videos": ", only the columns of videos go on", "": "", "_now": ", all as of now"}
"""The same of every peer: what is added to its name and to its label."""


@dataclass(frozen=True)
class Pace:
    """How our model goes on learning through the test days; it learns of videos, not of viewers (`held.unnamed`).

    Chosen on 28-30 April: rows of one viewer are ranked by different steps of the model, and each step of the dense
    parameters moves them against each other by more than it teaches.
    """

    rate: float = 0.0
    """Adam's step for the dense parameters."""
    embedding_rate: float = 0.005
    """AdaGrad's step for the embeddings."""


STRETCH = 512
"""Rows that a peer learns at a time before the test days."""


def online(
    directory: Path,
    test_from: date,
    test_to: date,
    seeds: Sequence[int] = (1, 2, 3),
    peers: Sequence[OnlinePeer] = (),
    told: Told = lambda what, rows: None,
) -> Report:
    """Every system's measures over the test days. Keys as in `compare`; `foryou_frozen` is our own model of KR-rank."""
    started = time.perf_counter()
    rows = fold_log(directory, test_from, test_to, True, lambda count: told("Events", count))
    folded = time.perf_counter() - started
    assert rows.ongoing is not None and rows.later is not None
    users, truth = rows.rows["user_id"], rows.ongoing.outcomes
    systems: dict[str, tuple[str, list[Report]]] = {
        "random": ("random order", [measures(users, truth, chance(truth, seed), seed) for seed in seeds]),
        "item_mean": ("item mean before the test days", [measures(users, truth, means(rows), seeds[0])]),
        "running_mean": ("running item mean", [measures(users, truth, running_means(rows), seeds[0])]),
    }
    ours = [_ours(rows, seed, told) for seed in seeds]
    systems |= {name: (label, [run[name] for run in ours]) for name, label in OURS.items()}
    for effects in {peer.effects: None for peer in peers}:
        learned = table(rows.learned.batches(), effects)
        both = table(held(rows), effects), table(rows.ongoing.batches(), effects)
        for peer in (peer for peer in peers if peer.effects == effects):
            each = [
                _theirs(peer, learned, both, rows.ongoing.ends, users, seed, told)
                for seed in (seeds if peer.seeded else seeds[:1])
            ]
            for suffix, said in VARIANTS.items():
                systems[peer.name + suffix] = peer.label + said, [run[suffix] for run in each]
    return {
        "protocol": "KR-rank online",
        "test_from": test_from.isoformat(),
        "test_to": test_to.isoformat(),
        "rows": len(users),
        "users": len(np.unique(users)),
        "seeds": list(seeds),
        "columns": pace(len(rows.learned) + 2 * len(rows.ongoing), folded),
        "systems": {name: {"label": label, **over_seeds(runs)} for name, (label, runs) in systems.items()},
        "seconds": round(time.perf_counter() - started, 1),
    }


def _ours(rows: RankExamples, seed: int, told: Told) -> dict[str, Report]:
    """Our measures of each of OURS, with one learning of what came before the test days."""
    users, model, started = rows.rows["user_id"], fresh_model(seed), time.perf_counter()
    recorded.learn(model, rows.learned, progressed=lambda count: told(f"ForYou, seed {seed}", count))
    before = pace(len(rows.learned), time.perf_counter() - started)
    assert rows.ongoing is not None
    truth = rows.ongoing.outcomes
    state = model.state()
    frozen = recorded.predict(model, rows.frozen)
    videos = Batch.concat([model.predict(shown.pairs) for shown in held(rows)])
    resumed = time.perf_counter()
    online = go_on(rows, model, Pace())
    learning = _both(rows, before, time.perf_counter() - resumed)
    model = fresh_model(seed)
    model.restore(state)
    resumed = time.perf_counter()
    now = predict_then_learn(rows, model)
    following = _both(rows, before, time.perf_counter() - resumed)
    return {
        "foryou_frozen": {**measures(users, truth, frozen, seed), "train": before},
        "foryou_videos": {**measures(users, truth, videos, seed), "train": before},
        "foryou": {**measures(users, truth, online, seed), "train": learning},
        "foryou_now": {**measures(users, truth, now, seed), "train": following},
    }


def _both(rows: RankExamples, before: Mapping[str, float], seconds: float) -> dict[str, float]:
    """The pace of learning before the test days and through them."""
    assert rows.ongoing is not None
    return pace(len(rows.learned) + len(rows.ongoing), before["seconds"] + seconds)


def go_on(rows: RankExamples, model: Ranker, at: Pace) -> Batch:
    """The test rows, what is known of the viewer held, each batch predicted and then learned."""
    model.learning = replace(model.learning, rate=at.rate, embedding_rate=at.embedding_rate)
    out: list[Batch] = []
    for shown in held(rows):
        out.append(model.predict(shown.pairs))
        model.learn(unnamed(shown.pairs), shown.outcomes)
    return Batch.concat(out)


def predict_then_learn(rows: RankExamples, model: Model) -> Batch:
    """The test rows by a model that has learned what was before; it learns each batch when the learner did."""
    assert rows.ongoing is not None and rows.later is not None
    later, done = rows.later.batches(), 0
    out: list[Batch] = []
    for shown, ready in zip(rows.ongoing.batches(), rows.after.tolist(), strict=True):
        for examples in islice(later, ready - done):
            model.learn(examples.pairs, examples.outcomes)
        done = ready
        out.append(model.predict(shown.pairs))
    return Batch.concat(out)


def _theirs(
    peer: OnlinePeer, learned: Table, asked: tuple[Table, Table], ends: Column, users: Column, seed: int, told: Told
) -> dict[str, Report]:
    """A peer's measures of each of VARIANTS; `asked`: the test rows with viewers held, and with all as of now."""
    out: dict[str, Report] = {}
    for suffix, shown in zip(("", "_now"), asked, strict=True):
        started = time.perf_counter()
        model, count = _taught(peer, learned, seed, told)
        if suffix == "":
            train = pace(count, time.perf_counter() - started)
            still = Batch({RANKED: model.predict(shown)})
            out["_videos"] = {**measures(users, shown.outcomes, still, seed), "train": train}
        predicted = Batch({RANKED: _in_turn(model, shown, ends)})
        train = pace(count + len(shown), time.perf_counter() - started)
        out[suffix] = {**measures(users, shown.outcomes, predicted, seed), "train": train}
    return out


def _taught(peer: OnlinePeer, learned: Table, seed: int, told: Told) -> tuple[Learns, int]:
    """A peer that has learned the head that is ranked by from the `impressions` before the test days; how many."""
    model, label = peer.start(learned, seed), learned.outcomes[RANKED]
    known = np.flatnonzero(np.isfinite(label) & np.isfinite(learned.outcomes["watch"]))
    for start in range(0, len(known), STRETCH):
        some = known[start : start + STRETCH]
        model.learn(learned.take(some), label[some])
        told(f"{peer.label}, seed {seed}", len(some))
    return model, len(known)


def _in_turn(model: Learns, asked: Table, ends: Column) -> Column:
    """What was predicted of each batch before it was learned."""
    out: list[Column] = []
    for start, end in pairwise([0, *ends.tolist()]):
        shown = asked.take(np.arange(start, end))
        out.append(model.predict(shown))
        model.learn(shown, shown.outcomes[RANKED])
    return np.concatenate(out)


def running_means(rows: RankExamples) -> Batch:
    """Each video's share of each outcome in the `impressions` until a row's batch was shown, shrunk to the share of
    all."""
    assert rows.ongoing is not None
    train, asked = rows.learned, rows.ongoing
    measured = np.isfinite(train.outcomes["watch"])
    known, place = np.unique(np.concatenate([train.items["item"][measured], asked.items["item"]]), return_inverse=True)
    before, now = np.split(place.reshape(-1), [int(measured.sum())])
    out: dict[str, Column] = {}
    for name in known_heads(asked.outcomes):
        labels, told = train.outcomes[name][measured].astype(np.float64), asked.outcomes[name]
        count = np.bincount(before, minlength=len(known)).astype(np.float64)
        total = np.bincount(before, labels, minlength=len(known))
        found = np.empty(len(asked))
        for start, end in pairwise([0, *asked.ends.tolist()]):
            some = now[start:end]
            overall = total.sum() / max(count.sum(), 1)
            found[start:end] = (total[some] + SHRINK * overall) / (count[some] + SHRINK)
            np.add.at(count, some, 1)
            np.add.at(total, some, told[start:end])
        out[name] = found
    return Batch(out)
