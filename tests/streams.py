"""Logs for tests: short ones written by hand, and ones drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from foryou.backends.open import open_backend
from foryou.core.batch import Batch
from foryou.core.clock import DAY, MINUTE
from foryou.core.event import KINDS, TOPICS, Kind, events
from foryou.core.ports import Store
from foryou.features.fold import create_tables, fold_events
from foryou.features.trust import DEFAULT, TrustSettings
from foryou.keeping import replay

START = 1_700_000_000_000
VIEWERS, VIDEOS, AUTHORS, SOUNDS, TAGS = (range(first, first + count) for first, count in
                                          ((10, 3), (100, 8), (200, 3), (300, 3), (400, 4)))  # fmt: skip

Row: TypeAlias = dict[str, Any]


def log(*rows: Row) -> Batch:
    """Events with ids of their own; `at` counts in minutes from the start, `topics` is a list of up to eight."""
    columns: dict[str, list[Any]] = {}
    filled = [
        {
            "id": number + 1,
            **row,
            "at": START + int(row.get("at", number) * MINUTE),
            "topics": [*row.get("topics", []), *[0] * TOPICS][:TOPICS],
        }
        for number, row in enumerate(rows)
    ]
    empty = events({"id": np.zeros(1, np.int64)})
    for name in sorted({"at", "topics", *(name for row in filled for name in row)}):
        columns[name] = [row.get(name, empty[name].tolist()[0]) for row in filled]
    made = {name: np.array(values) for name, values in columns.items()} if rows else {"at": np.zeros(0, np.int64)}
    made["received"] = made["at"]
    return events(made)


FULL = TrustSettings(least=1.0)
"""Whatever anybody does counts fully."""


def store_of(*batches: Batch, trust: TrustSettings = DEFAULT) -> Store:
    """Empty tables with these batches folded into them, one after another."""
    store = open_backend("memory:").store
    create_tables(store)
    for batch in batches:
        fold_events(store, batch, trust)
    return store


def cut(batch: Batch, places: Sequence[int]) -> list[Batch]:
    """A log cut at some places into batches."""
    ends = sorted({min(place, len(batch)) for place in places} | {0, len(batch)})
    return [batch.take(np.arange(a, b)) for a, b in pairwise(ends)]


def tables_of(store: Store) -> dict[str, dict[str, np.ndarray]]:
    """Every row of every table, in the order of the keys."""
    return {table: dict(rows) for table, rows in replay.rows_in(store).items()}


def differences(one: Store, other: Store) -> list[str]:
    """The columns, as table.column, that are not the same bit for bit."""
    return list(replay.differences(replay.rows_in(one), replay.rows_in(other)))


def catalogue() -> Batch:
    """Eight videos of three authors, with sounds and hashtags among them, and three viewers in two countries."""
    videos: list[Row] = [
        {
            "kind": Kind.VIDEO, "video": video, "author": AUTHORS[n % 3], "sound": SOUNDS[n % 2], "at": -100 + n,
            "topics": [TAGS[n % 4], TAGS[(n + 1) % 4]][: 1 + n % 2], "duration": 5.0 + 4 * n, "language": 1 + n % 2,
            "width": 720, "height": 1280 if n % 2 else 720,
        }
        for n, video in enumerate(VIDEOS)
    ]  # fmt: skip
    viewers: list[Row] = [{"kind": Kind.VIEWER, "viewer": viewer, "country": 1 + viewer % 2, "at": -50}
                          for viewer in VIEWERS]  # fmt: skip
    batch = log(*videos, *viewers)
    return batch.extend({"id": batch["id"] + 1_000_000})


_ON_VIDEO = (
    Kind.IMPRESSION, Kind.WATCH, Kind.LIKE, Kind.UNLIKE, Kind.COMMENT, Kind.UNCOMMENT, Kind.SHARE, Kind.SAVE,
    Kind.UNSAVE, Kind.NOT_INTERESTED, Kind.INTERESTED, Kind.REPORT,
)  # fmt: skip
_ON_AUTHOR = (Kind.FOLLOW, Kind.UNFOLLOW, Kind.VISIT, Kind.BLOCK, Kind.UNBLOCK)
_HIDING = (Kind.HIDE, Kind.UNHIDE)
_STEERING = (Kind.SEEN, Kind.PREFER, Kind.FORGET, Kind.REFRESH, Kind.VIEWER)


@st.composite
def reactions(draw: st.DrawFn, least: int = 1, most: int = 40) -> Batch:
    """What viewers did to the videos of `catalogue`, in any order of time, every act as often as it comes."""
    rows: list[Row] = []
    for _ in range(draw(st.integers(least, most))):
        kind = draw(
            st.sampled_from((*_ON_VIDEO, *_ON_VIDEO, Kind.WATCH, Kind.WATCH, *_ON_AUTHOR, *_HIDING, *_STEERING))
        )
        row: Row = {"kind": kind, "viewer": draw(st.sampled_from(VIEWERS)), "at": draw(st.integers(0, 40 * 1440))}
        if kind in _ON_VIDEO:
            row["video"] = draw(st.sampled_from(VIDEOS))
            if kind in (Kind.NOT_INTERESTED, Kind.INTERESTED):
                row["dislike"] = draw(st.integers(0, 2))
        elif kind in _ON_AUTHOR:
            row["author"] = draw(st.sampled_from(AUTHORS))
            if draw(st.booleans()):
                row["video"] = draw(st.sampled_from(VIDEOS))
        elif kind == Kind.VIEWER:
            row["pause_until"] = START + draw(st.integers(0, 40 * 1440)) * 60_000
        elif kind == Kind.SEEN:
            row["video"] = draw(st.sampled_from(VIDEOS))
        elif kind != Kind.REFRESH:
            target = draw(st.sampled_from(("author", "sound", "topics")))
            row["strength"] = draw(st.sampled_from((0.0, 1.0, 2.0))) if kind == Kind.PREFER else -1.0
            row[target] = {
                "author": draw(st.sampled_from(AUTHORS)),
                "sound": draw(st.sampled_from(SOUNDS)),
                "topics": [draw(st.sampled_from(TAGS))],
            }[target]
        if kind == Kind.WATCH:
            row |= {"seconds": draw(st.sampled_from((0.3, 2.0, 5.0, 12.0, 25.0, 400.0)))}
        rows.append(row)
    return log(*rows)


@st.composite
def tellings(draw: st.DrawFn) -> tuple[Batch, Batch]:
    """The same reactions in the order in which they happened, and in another; no two at the same time.

    Every act is done at most once and taken back at most once, as honest clients send it.
    """
    times = iter(draw(st.lists(st.integers(0, 40 * 1440), min_size=40, max_size=40, unique=True)))
    rows: list[Row] = [
        {
            "kind": Kind.WATCH, "viewer": draw(st.sampled_from(VIEWERS)), "video": draw(st.sampled_from(VIDEOS)),
            "at": next(times), "seconds": draw(st.sampled_from((0.3, 5.0, 25.0))),
        }
        for _ in range(draw(st.integers(1, 15)))
    ]  # fmt: skip
    undoing = {rule.undoes: kind for kind, rule in KINDS.items() if rule.undoes is not None}
    acts = st.tuples(st.sampled_from((Kind.LIKE, Kind.SAVE, Kind.NOT_INTERESTED)), st.sampled_from(VIEWERS),
                     st.sampled_from(VIDEOS), st.booleans())  # fmt: skip
    for kind, viewer, video, undone in draw(st.lists(acts, max_size=10, unique_by=lambda act: act[:3])):
        first, second = sorted((next(times), next(times)))
        rows.append({"kind": kind, "viewer": viewer, "video": video, "at": first})
        if undone:
            rows.append({"kind": undoing[kind], "viewer": viewer, "video": video, "at": second})
    batch = log(*rows)
    return batch.take(np.argsort(batch["at"])), batch.take(np.array(draw(st.permutations(range(len(rows)))), np.int64))


LATER = START + 100 * DAY
"""After everything that is drawn here."""
