"""KR-cold: new videos ranked by what they are, who made them, and their first counters.

A seeded tenth of the videos is new: what viewers did with them is not folded and not learned before the test days, so
neither an embedding nor a history, an interest or a likeness of anybody knows them. Their test rows are then ranked
twice: `unseen`, by content and author alone, and `early`, after their exposures before the test days were folded into
the tables (but not learned): their own counters then say something, their ids still nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.event import CATALOG, of_kinds
from foryou.core.ports import Keys, Store
from foryou.datasets.kuairand import KuaiRand
from foryou.evaluation.ranking import auc
from foryou.features.fold import fold_events
from foryou.protocols.measures import RANKED, Report, over_seeds, ranking
from foryou.protocols.peers import Told
from foryou.protocols.rank import Rows, open_engine, shrunk_mean, split
from foryou.training.examples import Examples
from foryou.training.validate import learn_all, predict_frozen

SHARE = 0.1
"""The share of videos that are new."""


def kr_cold(
    directory: Path,
    test_from: date,
    test_to: date,
    seeds: Sequence[int] = (1, 2, 3),
    told: Told = lambda what, rows: None,
) -> Report:
    """AUC and GAUC of long_view over the new videos' test rows, a tenth and a model for each seed.

    Keys: protocol, test_from, test_to, seeds; for each seed videos, rows, users (with a positive and a negative row);
    `systems`: by name label, auc, gauc, ndcg5 and primary with their deviations; `seconds`. `known` is the same model
    on the rows of all other videos.
    """
    started = time.perf_counter()
    data = KuaiRand(directory)
    _, test = split(data, test_from, test_to)
    runs = [_run(data, test, test_from, seed, told) for seed in seeds]
    return {
        "protocol": "KR-cold",
        "test_from": test_from.isoformat(),
        "test_to": test_to.isoformat(),
        "seeds": list(seeds),
        **{name: [run[name] for run in runs] for name in ("videos", "rows", "users")},
        "systems": {
            name: {"label": label, **over_seeds([run["systems"][name] for run in runs])}
            for name, label in LABELS.items()
        },
        "seconds": round(time.perf_counter() - started, 1),
    }


LABELS = {
    "random": "random order",
    "topic_mean": "topic mean",
    "author_mean": "author mean",
    "unseen": "ForYou: content and author",
    "early": "ForYou: and early counters",
    "known": "ForYou on the rows of all other videos",
}


def new_videos(data: KuaiRand, seed: int, share: float = SHARE) -> Keys:
    """A seeded share of the videos, as ids."""
    every = np.sort(data.videos()["video"])
    return np.random.default_rng(seed).choice(every, max(1, round(share * len(every))), replace=False)


def _run(data: KuaiRand, test: Rows, test_from: date, seed: int, told: Told) -> Report:
    """One tenth of the videos, and one model."""
    new, withheld, train = new_videos(data, seed), list[Batch](), list[Batch]()

    def listen(examples: Examples, predicted: Batch) -> None:
        measured = np.isfinite(examples.outcomes["watch"])
        told_of = examples.pairs.items.select(("author", "topics")).extend({RANKED: examples.outcomes[RANKED]})
        train.append(told_of.take(measured))

    def others() -> Iterator[Batch]:
        for batch in data.events(test_from):
            of_new = np.isin(batch["video"], new) & ~of_kinds(batch, CATALOG)
            withheld.append(batch.take(of_new))
            yield batch.take(~of_new)

    engine = open_engine(seed)
    learner, store = engine.learner, engine.backend.store
    learner.listener = listen
    learn_all(learner, store, others(), lambda rows: told(f"Events, seed {seed}", rows))
    unseen = predict_frozen(learner, store, data.exposures(test))
    for batch in withheld:
        fold_events(store, batch)
    early = predict_frozen(learner, store, data.exposures(test))
    is_new = np.isin(early["video"], new)
    scores = {
        "random": np.random.default_rng(seed).random(len(is_new)),
        **_means(store, Batch.concat(train), early["video"]),
        "unseen": unseen[RANKED],
        "early": early[RANKED],
    }
    users, labels = test["user_id"], test[RANKED].astype(np.float64)
    return {
        "videos": len(new),
        "rows": int(is_new.sum()),
        "users": _mixed(users[is_new], labels[is_new]),
        "systems": {
            **{name: _measures(users[is_new], labels[is_new], score[is_new], seed) for name, score in scores.items()},
            "known": _measures(users[~is_new], labels[~is_new], early[RANKED][~is_new], seed),
        },
    }


def _measures(users: Column, labels: Column, scores: Column, seed: int) -> Report:
    return {"auc": round(auc(labels, scores), 5), **ranking(users, labels, scores, seed)}


def _mixed(users: Column, labels: Column) -> int:
    """How many users have a positive and a negative row: those that GAUC is about."""
    _, row = np.unique(users, return_inverse=True)
    share = np.bincount(row, labels) / np.bincount(row)
    return int(((share > 0) & (share < 1)).sum())


def _means(store: Store, train: Batch, asked: Keys) -> dict[str, Column]:
    """What the train rows of other videos say of each asked video, by its author and by its topics (their mean)."""
    video = store.columns("video", asked, ("author", "topics"))
    row, slot = np.nonzero(train["topics"])
    topics, has = video["topics"], video["topics"] != 0
    labels = train[RANKED].astype(np.float64)
    by_topic = shrunk_mean(train["topics"][row, slot], labels[row], topics.reshape(-1)).reshape(topics.shape)
    overall = labels.mean() if len(labels) else 0.0
    number = has.sum(axis=1)
    of_topics = np.where(number > 0, (by_topic * has).sum(axis=1) / np.maximum(number, 1), overall)
    return {"topic_mean": of_topics, "author_mean": shrunk_mean(train["author"], labels, video["author"])}
