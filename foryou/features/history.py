"""The latest exposures of each viewer, newest first, each with what came of it; and what was seen, and sessions."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Rows
from foryou.core.clock import MINUTE
from foryou.core.event import KINDS, REACTIONS, Kind, of_kinds
from foryou.core.ids import pair_of
from foryou.core.inputs import HISTORY
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.pairs import pairs_of

HISTORY_TOPICS = 3
_UNDOING = tuple(kind for kind, rule in KINDS.items() if rule.undoes is not None)
"""Taking something back is no exposure: it neither adds a video nor moves one, even if it comes before what it
undoes."""
SESSION_GAP = 30 * MINUTE
"""ms without an event after which a visit is a new one."""

HISTORY_TABLE = Table(
    "history",
    (
        Field("item", "int64", HISTORY),
        Field("author", "int64", HISTORY),
        Field("sound", "int64", HISTORY),
        Field("topics", "int64", HISTORY * HISTORY_TOPICS),
        Field("flags", "int32", HISTORY),
        Field("seconds", "float32", HISTORY),
        Field("at", "int64", HISTORY),
    ),
)
SEEN = Table("seen", (Field("at", "int64"),))
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
def _place(item, author, sound, topics, flags, seconds, at, row, video, by, tune, about, bits, undo, secs, when):  # type: ignore[no-untyped-def]
    size = item.shape[1]
    wide = topics.shape[1] // size
    for i in range(len(row)):
        k, v = row[i], video[i]
        if v == 0:
            continue
        found = -1
        for j in range(size):
            if item[k, j] == v:
                found = j
                break
        if found < 0:
            if undo[i]:
                continue
            if item[k, size - 1] != 0 and at[k, size - 1] >= when[i]:
                continue
            found = size - 1
            item[k, found], author[k, found], sound[k, found] = v, by[i], tune[i]
            for t in range(wide):
                topics[k, found * wide + t] = about[i, t]
            flags[k, found], seconds[k, found], at[k, found] = 0, -1.0, when[i]
        if undo[i]:
            flags[k, found] &= ~bits[i]
            continue
        flags[k, found] |= bits[i]
        seconds[k, found] = max(seconds[k, found], secs[i])
        at[k, found] = max(at[k, found], when[i])
        while found > 0 and (item[k, found - 1] == 0 or at[k, found - 1] <= at[k, found]):
            p = found - 1
            item[k, p], item[k, found] = item[k, found], item[k, p]
            author[k, p], author[k, found] = author[k, found], author[k, p]
            sound[k, p], sound[k, found] = sound[k, found], sound[k, p]
            for t in range(wide):
                a, b = p * wide + t, found * wide + t
                topics[k, a], topics[k, b] = topics[k, b], topics[k, a]
            flags[k, p], flags[k, found] = flags[k, found], flags[k, p]
            seconds[k, p], seconds[k, found] = seconds[k, found], seconds[k, p]
            at[k, p], at[k, found] = at[k, found], at[k, p]
            found = p


def _history(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    undo = (events["amount"] < 0) | of_kinds(events, _UNDOING)
    bits = np.where(events["amount"] == 0, 0, events["flags"]).astype(np.int32)
    _place(
        held["item"],
        held["author"],
        held["sound"],
        held["topics"],
        held["flags"],
        held["seconds"],
        held["at"],
        row,
        events["video"],
        events["author"],
        events["sound"],
        events["topics"],
        bits,
        undo,
        events["seconds"].astype(np.float32),
        events["at"],
    )
    return Batch(held)


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
        ("kind", "amount", "flags", "video", "author", "sound", "topics", "seconds", "at"),
    ),
    View(SEEN, "viewer_video", (Kind.IMPRESSION, Kind.WATCH), _latest, ("at",)),
    View(SESSION, "viewer", REACTIONS, _session, ("at", "kind")),
)
SERVED_VIEW = View(SERVED, "served", (), _latest, ("at",))
"""Folds the `served` stream: what a session was given, whether or not it got to the screen."""


def unseen(store: Store, viewer: int, item: Keys, since: int) -> NDArray[np.bool_]:
    """Which items `[items]` the viewer has not had on their screen since a time (ms); viewer 0 has seen nothing."""
    if viewer == 0:
        return np.ones(len(item), np.bool_)
    at = store.columns("seen", pairs_of(viewer, item), ("at",))["at"]
    return np.asarray((at == 0) | (at < since))


def served_key(viewer: Keys, session: Keys, item: Keys) -> Keys:
    """The key of "this viewer was given this item in this session"."""
    return pair_of(pair_of(viewer, session), item)


def unserved(store: Store, viewer: int, session: int, item: Keys) -> NDArray[np.bool_]:
    """Which items `[items]` were not given to this viewer in this session yet; session 0 is no session."""
    if session == 0:
        return np.ones(len(item), np.bool_)
    return ~store.has("served", pairs_of(int(pairs_of(viewer, np.array([session]))[0]), item))
