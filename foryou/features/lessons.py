"""What the latest act of each viewer taught about them: the interests it touched, before and after."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.event import TOPICS, Kind
from foryou.core.ports import Store
from foryou.core.table import Field, Table
from foryou.features import interests
from foryou.features.interests import INTERESTS, strengths_of

ACTS = (
    *(Kind.LIKE, Kind.UNLIKE, Kind.COMMENT, Kind.UNCOMMENT, Kind.SHARE, Kind.SAVE, Kind.UNSAVE, Kind.FOLLOW),
    *(Kind.UNFOLLOW, Kind.NOT_INTERESTED, Kind.INTERESTED, Kind.HIDE, Kind.UNHIDE, Kind.REPORT),
)
"""What viewers do on purpose."""
CHANGES = TOPICS + 6
"""Interests that one act can touch."""
LESSON = Table(
    "lesson",
    (
        Field("kind", "int8"),
        Field("video", "int64"),
        Field("at", "int64", help="ms; strengths are as of then"),
        Field("target", "int64", CHANGES),
        Field("what", "int8", CHANGES, help="position in KINDS_OF_INTEREST"),
        Field("before", "float32", CHANGES),
        Field("after", "float32", CHANGES),
    ),
)


def fold(store: Store, rows: Batch) -> None:
    """Fold enriched events, before interests are folded: of each viewer the last act among them.

    What it changes is found by folding a copy of the viewer's interests up to it, and then it.
    """
    acts = np.flatnonzero(np.isin(rows["kind"], ACTS) & (rows["viewer"] != 0) & (rows["amount"] != 0))
    if len(acts) == 0:
        return
    viewers, newest = np.unique(rows["viewer"][acts][::-1], return_index=True)
    last = acts[::-1][newest]
    of = np.searchsorted(viewers, rows["viewer"])
    of[of == len(viewers)] = 0
    before = np.flatnonzero((viewers[of] == rows["viewer"]) & (np.arange(len(rows)) < last[of]))
    state = store.read(INTERESTS.name, viewers)
    if len(before):
        state = _learned(state, rows.take(before), of[before])
    taught = _learned(state, rows.take(last), np.arange(len(last)))
    at = rows["at"][last]
    was, now = (dict_of(each, at) for each in (state, taught))
    out = {name: values.copy() for name, values in LESSON.empty(len(viewers)).columns.items()}
    out["kind"], out["video"], out["at"] = rows["kind"][last].astype(np.int8), rows["video"][last], at
    for k in range(len(viewers)):
        told = {key: what for key, what in now[k].items() if what != was[k].get(key, (what[0], 0.0))}
        for place, (key, (what, strength)) in enumerate(list(told.items())[:CHANGES]):
            out["target"][k, place], out["what"][k, place] = key, what
            out["before"][k, place], out["after"][k, place] = was[k].get(key, (what, 0.0))[1], strength
    store.write(LESSON.name, viewers, Batch(out))


def _learned(state: Batch, rows: Batch, row: Column) -> Batch:
    (view,) = interests.VIEWS
    held = view.update(state, rows.select(view.reads), row)
    # As it would be read again: columns of half precision are rounded to it.
    return Batch({each.name: held[each.name].astype(each.dtype) for each in INTERESTS.fields})


def dict_of(state: Batch, at: Column) -> list[dict[int, tuple[int, float]]]:
    """Of each viewer the kind and the strength of every interest, by key."""
    strength = strengths_of(state, at)
    return [
        {key: (what, how) for key, what, how in zip(keys.tolist(), whats.tolist(), hows.tolist(), strict=True) if key}
        for keys, whats, hows in zip(state["key"], state["what"], strength, strict=True)
    ]
