"""The latest exposures of each viewer, newest first, each with what came of it; and what was served, and sessions."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import MINUTE, SECOND
from foryou.core.event import KINDS, REACTIONS, Kind, of_kinds
from foryou.core.ids import pair_of
from foryou.core.inputs import HISTORY
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.pairs import pairs_of
from foryou.grouping import group

HISTORY_TOPICS = 3
REMEMBERED = 128
"""How many of a viewer's latest exposures are kept: the model reads the first `HISTORY`, their taste is told from
all."""
_UNDOING = tuple(kind for kind, rule in KINDS.items() if rule.undoes is not None)
"""Taking something back is no exposure: it neither adds a video nor moves one, even if it comes before what it
undoes."""
SESSION_GAP = 30 * MINUTE
"""ms without an event after which a visit is a new one."""

HISTORY_TABLE = Table(
    "history",
    (
        Field("about", "int64", REMEMBERED, help="key of the video, and the author and hashtags that it had then"),
        Field("flags", "uint16", REMEMBERED),
        Field("tenths", "uint16", REMEMBERED, help="1 + seconds watched in tenths, up to 6,553; 0: not measured"),
        Field("at", "uint32", REMEMBERED, help="s since 1970"),
    ),
)
ABOUT = Table("about", (Field("item", "int64"), Field("author", "int64"), Field("topics", "int64", HISTORY_TOPICS)))
"""A video with its author and first hashtags, under `about_of` them: far fewer than the exposures that name them."""
_PART = (1 << 31) - 1
_WIDTH = 32
"""The upper bits of a key of `about` are a part of the video's id: that two of a viewer's exposures share it without
being of one video happens once in 40 million."""
MOST_S = (1 << 32) - 1
"""The last time that is told apart, s since 1970."""
SERVED = Table("served", (Field("at", "int64"),))
SESSION = Table(
    "session",
    (
        Field("last", "int64", help="ms of the latest event"),
        Field("started", "int64"),
        Field("depth", "int32", help="videos shown in this session"),
        Field("count", "int32", help="sessions so far"),
        Field("gap", "int64", help="ms between the session before this one and its start"),
    ),
)


@njit(cache=True, nogil=True)
def _place(about, flags, tenths, at, row, of, bits, undo, watched, when):  # type: ignore[no-untyped-def]
    size = about.shape[1]
    for i in range(len(row)):
        k, v = row[i], of[i] >> _WIDTH
        if of[i] == 0:
            continue
        found = -1
        for j in range(size):
            if about[k, j] >> _WIDTH == v and about[k, j] != 0:
                found = j
                break
        if found < 0:
            if undo[i]:
                continue
            if about[k, size - 1] != 0 and at[k, size - 1] >= when[i]:
                continue
            found = size - 1
            about[k, found], flags[k, found], tenths[k, found], at[k, found] = of[i], 0, 0, when[i]
        if undo[i]:
            flags[k, found] &= ~bits[i]
            continue
        flags[k, found] |= bits[i]
        tenths[k, found] = max(tenths[k, found], watched[i])
        at[k, found] = max(at[k, found], when[i])
        while found > 0 and (about[k, found - 1] == 0 or at[k, found - 1] <= at[k, found]):
            p = found - 1
            about[k, p], about[k, found] = about[k, found], about[k, p]
            flags[k, p], flags[k, found] = flags[k, found], flags[k, p]
            tenths[k, p], tenths[k, found] = tenths[k, found], tenths[k, p]
            at[k, p], at[k, found] = at[k, found], at[k, p]
            found = p


def _history(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    undo = (events["amount"] < 0) | of_kinds(events, _UNDOING)
    bits = np.where(events["amount"] == 0, 0, events["flags"]).astype(np.int32)
    watched = np.where(events["seconds"] < 0, 0, 1 + np.rint(10.0 * np.minimum(events["seconds"], 6553.0)))
    _place(
        held["about"],
        held["flags"],
        held["tenths"],
        held["at"],
        row,
        events["about"],
        bits,
        undo,
        watched.astype(np.uint16),
        whole_seconds(events["at"]),
    )
    return Batch(held)


def whole_seconds(at: Column) -> Column:
    """Times (ms) as whole seconds since 1970, as uint32."""
    return np.asarray(np.clip(at // SECOND, 0, MOST_S), np.uint32)


def _latest(state: Batch, events: Batch, row: Rows) -> Batch:
    at = state["at"].copy()
    np.maximum.at(at, row, events["at"])
    return Batch({"at": at})


@njit(cache=True, nogil=True)
def _visit(last, started, depth, count, gap, row, when, shown, limit):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k = row[i]
        if when[i] - last[k] > limit:
            gap[k] = when[i] - last[k] if last[k] > 0 else 0
            started[k] = when[i]
            depth[k] = 0
            count[k] += 1
        if shown[i]:
            depth[k] += 1
        last[k] = max(last[k], when[i])


def _session(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    _visit(
        held["last"],
        held["started"],
        held["depth"],
        held["count"],
        held["gap"],
        row,
        events["at"],
        events["kind"] == Kind.IMPRESSION,
        SESSION_GAP,
    )
    return Batch(held)


VIEWS = (
    View(
        HISTORY_TABLE,
        "viewer",
        REACTIONS,
        _history,
        ("kind", "amount", "flags", "about", "seconds", "at"),
    ),
    View(SESSION, "viewer", REACTIONS, _session, ("at", "kind")),
)
SERVED_VIEW = View(SERVED, "served", (), _latest, ("at",))
"""Folds the `served` stream: what a session was given, whether or not it got to the screen."""


def about_of(item: Keys, author: Keys, topics: Column) -> Keys:
    """The key in `about` of videos `[rows]` of authors `[rows]` with hashtags `[rows, any]`, of which the first few
    count; 0 without a video."""
    key = pair_of(item, author)
    for place in range(HISTORY_TOPICS):
        key = pair_of(key, topics[:, place])
    made = (item & _PART) << _WIDTH | key & ((1 << _WIDTH) - 1)
    return np.where(item != 0, np.maximum(made, 1), 0)


def tell_about(store: Store, reactions: Batch) -> Batch:
    """Reactions with the column `about`, whose keys are in their table from now on."""
    about = about_of(reactions["video"], reactions["author"], reactions["topics"])
    keys, row = group(about)
    first = np.zeros(len(keys), np.int64)
    first[row[::-1]] = np.arange(len(row))[::-1]
    new = (keys != 0) & ~store.has(ABOUT.name, keys)
    if new.any():
        named = reactions.take(first[new])
        topics = np.ascontiguousarray(named["topics"][:, :HISTORY_TOPICS])
        store.write(ABOUT.name, keys[new], Batch({"item": named["video"], "author": named["author"], "topics": topics}))
    return reactions.extend({"about": about})


def latest_exposures(store: Store, viewer: Keys, most: int = HISTORY) -> Batch:
    """The history of each viewer `[viewers]`: `item`, `author`, `flags`, `seconds` and `at` (ms) `[viewers, most]`,
    and `topics` `[viewers, most * HISTORY_TOPICS]`; at most `REMEMBERED`."""
    held = store.read(HISTORY_TABLE.name, viewer)
    rows = Batch({name: held[name][:, :most] for name in held})
    named = store.read(ABOUT.name, rows["about"].ravel())
    tenths = rows["tenths"].astype(np.float32)
    seconds = np.where(tenths == 0, np.float32(-1.0), (tenths - 1) / np.float32(10.0))
    return Batch(
        {
            "flags": rows["flags"].astype(np.int32),
            "seconds": np.where(rows["about"] == 0, np.float32(0.0), seconds),
            "at": rows["at"].astype(np.int64) * SECOND,
            "item": named["item"].reshape(len(viewer), most),
            "author": named["author"].reshape(len(viewer), most),
            "topics": named["topics"].reshape(len(viewer), most * HISTORY_TOPICS),
        }
    )


def served_key(viewer: Keys, session: Keys, item: Keys) -> Keys:
    """The key of "this viewer was given this item in this session"."""
    return pair_of(pair_of(viewer, session), item)


def unserved(store: Store, viewer: int, session: int, item: Keys) -> NDArray[np.bool_]:
    """Which items `[items]` were not given to this viewer in this session yet; session 0 is no session."""
    if session == 0:
        return np.ones(len(item), np.bool_)
    return ~store.has("served", pairs_of(int(pairs_of(viewer, np.array([session]))[0]), item))
