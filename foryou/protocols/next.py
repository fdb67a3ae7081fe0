"""KR-next: which videos will each viewer watch for long in the next days, of all that there are.

What is known ends before the first test day. A viewer's videos are their long views of the test days that they were not
shown before; what they were shown before is out. Settings and the blend are chosen four days earlier, in the same way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foryou.core.batch import Column
from foryou.core.clock import DAY
from foryou.core.errors import NotFound
from foryou.datasets.kuairand import KuaiRand, between, day_ms
from foryou.models import graph, tower
from foryou.models.engagements import Engagements
from foryou.models.graph import Histories
from foryou.models.retriever import Retriever, Signal, constant, join
from foryou.models.tower import TowerSettings
from foryou.protocols.interactions import Peer, against
from foryou.protocols.lists import measure

Report = dict[str, Any]
RECALL, NDCG = (20, 100, 500), 100
DAYS = 4
"""Days of the test, and of the validation just before it."""
OLDER_DAYS = 20.0
"""Age of long views whose time the log does not know."""
HALF_LIVES = (0.5, 1.0, 2.0, 4.0, 16.0)
"""Days."""
RIDGE, POWER, FRESH_DAYS = 100.0, 0.5, 4.0
"""Of the regression; half-life of what it tells. Chosen on 27 to 30 April."""
TOWERS = TowerSettings(passes=8, ridge=3e-5, left_out=0.7)
HIDDEN = 16
FITTED = 6000
"""Viewers that the blend is fitted to."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known at the start of a day, and what viewers watched for long after it that they had not been shown."""

    shown: Engagements
    viewed: Engagements
    wanted: Histories
    videos: dict[str, Column]
    day: float
    """The day, in days since 1970 in China."""

    @property
    def viewers(self) -> NDArray[np.int64]:
        """Those who have something to find."""
        return np.flatnonzero(np.diff(self.wanted.indptr))

    def known(self) -> dict[str, Engagements]:
        """The engagements by name; everything shown comes last."""
        return {"long views": self.viewed, "shown": self.shown}


def moment(data: KuaiRand, first: date, last: date) -> Moment:
    """The moment before `first`, and what came up to and with `last`. NotFound if nothing did."""
    rows, sequences, older, videos = (
        data.impressions(),
        data.sequences(first),
        data.older_long_views(),
        data.catalogue(),
    )
    before, after = between(rows, None, first), between(rows, first, last + timedelta(days=1))
    if not after["long_view"].any():
        raise NotFound(f"{data.directory} has no long views from {first} to {last}")
    count = 1 + max(int(part["user_id"].max(initial=0)) for part in (rows, sequences, older))
    items = len(videos["video_id"])

    def each(name: str) -> Column:
        return np.concatenate([sequences[name], before[name]])

    item = np.searchsorted(videos["video_id"], np.concatenate([older["video_id"], each("video_id")]))
    long = np.concatenate([np.ones(len(older["user_id"]), bool), each("long_view").astype(bool)])
    days = np.maximum((day_ms(first) + data.shift_ms - each("time_ms")) / DAY, 0)
    shown = Engagements(
        np.concatenate([older["user_id"], each("user_id")]).astype(np.int64),
        item.astype(np.int64),
        np.ones(len(item), np.float32),
        np.concatenate([np.full(len(older["user_id"]), OLDER_DAYS), days]),
        count,
        items,
    )
    watched = after["long_view"].astype(bool)
    pairs = (after["user_id"][watched], np.searchsorted(videos["video_id"], after["video_id"][watched]))
    found = sparse.csr_array((np.ones(len(pairs[0]), np.float32), pairs), shape=(count, items)).astype(bool)
    old = shown.histories().astype(bool)
    wanted = (found.astype(np.int8) - found.multiply(old).astype(np.int8)).tocsr()
    wanted.eliminate_zeros()
    return Moment(shown, shown.where(long), wanted, videos, day_ms(first) / DAY)


def signals(now: Moment, seed: int, told: Callable[[str], None] = lambda step: None) -> list[Signal]:
    """Who was shown what, what they watched for long, what is shown these days, and what the videos are."""
    shown, viewed = now.shown.histories(), now.viewed.histories()
    recent = now.shown.histories(FRESH_DAYS)
    told("regression")
    solved = graph.Regression(shown, RIDGE, POWER)
    told_all, told_recent = solved.itself(), solved.telling(recent)
    del solved
    taste = graph.Regression(viewed, RIDGE, POWER).itself()
    told("walks")
    by_shown, by_viewed = graph.walk(shown, 0.8, 0.3), graph.walk(viewed, 0.8, 0.3)
    told("towers")
    trained = tower.train(shown, np.zeros((shown.shape[1], 0), np.float32), TOWERS, seed)
    lately = now.shown.histories(3.0)
    counts, views = now.shown.counts(), now.viewed.counts()
    share = views.sum() / max(counts.sum(), 1)
    out = [
        Signal("regression", shown, lambda rows: rows @ told_all),
        Signal("regression to recent", shown, lambda rows: rows @ told_recent),
        Signal("regression of lately", lately, lambda rows: rows @ told_all),
        Signal("regression of long views", viewed, lambda rows: rows @ taste),
        Signal("walk", shown, lambda rows: rows @ by_shown),
        Signal("walk of long views", viewed, lambda rows: rows @ by_viewed),
        Signal("towers", shown, trained, log=True),
        Signal("towers of lately", lately, trained, log=True),
        *(_topics(now, shown, viewed)),
        constant("shown", shown, np.log(counts + 1), log=True),
        constant("long view rate", shown, np.log((views + 20 * share) / (counts + 20)), log=True),
        constant("seconds", shown, np.log1p(np.maximum(now.videos["video_duration"], 0) / 1000), log=True),
        constant("days since upload", shown, np.log1p(_age(now)), log=True),
    ]
    for half in HALF_LIVES:
        out.append(constant(f"shown {half:g} d", shown, np.log(now.shown.counts(half) + 0.3), log=True))
        out.append(constant(f"long views {half:g} d", shown, np.log(now.viewed.counts(half) + 0.3), log=True))
    return out


def _topics(now: Moment, shown: Histories, viewed: Histories) -> list[Signal]:
    """How much more of an item's topics a viewer was shown, and watched for long, than others."""
    names = [str(text).split(",") for text in now.videos["tag"].tolist()]
    every = {name: place for place, name in enumerate(sorted({name for some in names for name in some}))}
    row = np.repeat(np.arange(len(names)), [len(some) for some in names])
    column = np.array([every[name] for some in names for name in some])
    each = (1 / np.array([len(some) for some in names], np.float32))[row]
    topics = sparse.csr_array((each, (row, column)), shape=(len(names), len(every)))
    out = []
    for name, history in (("topics shown", shown), ("topics watched", viewed)):
        usual = np.asarray((history @ topics).sum(axis=0)).ravel()
        usual = (usual / usual.sum() + 1e-6).astype(np.float32)

        def through(rows: Histories, usual: NDArray[np.float32] = usual) -> NDArray[np.float32]:
            mine = np.asarray((rows @ topics).toarray(), np.float32) + 3 * usual
            mine /= mine.sum(axis=1, keepdims=True)
            return np.asarray(np.log(mine / usual) @ topics.T, np.float32)

        out.append(Signal(name, history, through, log=True))
    return out


def _age(now: Moment) -> NDArray[np.float64]:
    """Days from upload to now `[items]`; 0 where the upload is not known."""
    uploaded = np.array([day_ms(date.fromisoformat(day)) / DAY if day else now.day for day in now.videos["upload_dt"]])
    return np.maximum(now.day - uploaded, 0)


def kr_next(
    directory: Path,
    test_from: date,
    test_to: date,
    seed: int = 1,
    peers: tuple[Peer, ...] = (),
    told: Callable[[str], None] = lambda step: None,
) -> Report:
    """Choose on the days before, and measure on the test days.

    Keys: protocol, test_from, test_to, valid_from, users, wanted, items, systems (for each: recall@20, recall@100,
    recall@500, ndcg@100, coverage, seconds, chosen), signals, seed, seconds.
    """
    started = time.perf_counter()
    data = KuaiRand(directory)
    valid_from = test_from - timedelta(days=DAYS)
    earlier = moment(data, valid_from, test_from - timedelta(days=1))
    told("valid: signals")
    known = signals(earlier, seed, lambda step: told(f"valid: {step}"))
    told("valid: blend")
    chosen = np.sort(np.random.default_rng(seed).permutation(earlier.viewers)[:FITTED])
    blend = join(known, earlier.shown.histories(), chosen, earlier.wanted, seed, HIDDEN).blend
    del known
    now = moment(data, test_from, test_to)
    retriever = Retriever(tuple(signals(now, seed, lambda step: told(f"test: {step}"))), now.shown.histories(), blend)
    told("test: lists")
    ours = measure(retriever, retriever.seen, now.wanted, now.viewers, RECALL, NDCG)
    names = [*(signal.name for signal in retriever.signals), "known"]
    systems: Report = {"foryou": {**ours, "seconds": round(time.perf_counter() - started, 1)}}
    del retriever
    wanted = {"valid": earlier.wanted, "test": now.wanted}
    for peer in peers:
        systems[peer.name] = against(peer, earlier.known(), now.known(), wanted, RECALL, NDCG, seed, told)
    return {
        "protocol": "KR-next",
        "test_from": test_from.isoformat(),
        "test_to": test_to.isoformat(),
        "valid_from": valid_from.isoformat(),
        "users": len(now.viewers),
        "wanted": int(now.wanted.nnz),
        "items": now.shown.items,
        "systems": systems,
        "signals": dict(zip(names, [round(float(weight), 3) for weight in blend.linear], strict=True)),
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 1),
    }
