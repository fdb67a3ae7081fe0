"""The latest exposures of each viewer, newest first, each with what came of it; and what was seen, and sessions."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import MINUTE
from foryou.core.event import KINDS, REACTIONS, Kind, of_kinds
from foryou.core.ids import pair_of
from foryou.core.inputs import HISTORY
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.pairs import pairs_of
from foryou.grouping import group

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
        Field("about", "int64", HISTORY, help="key of the author and hashtags that the video had then"),
        Field("flags", "int32", HISTORY),
        Field("seconds", "float32", HISTORY),
        Field("at", "int64", HISTORY),
    ),
)
ABOUT = Table("about", (Field("author", "int64"), Field("topics", "int64", HISTORY_TOPICS)))
"""An author with a video's first hashtags, under `about_of` them: far fewer than the exposures that name them."""
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
def _place(item, about, flags, seconds, at, row, video, of, bits, undo, secs, when):  # type: ignore[no-untyped-def]
    size = item.shape[1]
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
            item[k, found], about[k, found] = v, of[i]
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
            about[k, p], about[k, found] = about[k, found], about[k, p]
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
        held["about"],
        held["flags"],
        held["seconds"],
        held["at"],
        row,
        events["video"],
        events["about"],
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
        ("kind", "amount", "flags", "video", "about", "seconds", "at"),
    ),
    View(SEEN, "viewer_video", (Kind.IMPRESSION, Kind.WATCH), _latest, ("at",)),
    View(SESSION, "viewer", REACTIONS, _session, ("at", "kind")),
)
SERVED_VIEW = View(SERVED, "served", (), _latest, ("at",))
"""Folds the `served` stream: what a session was given, whether or not it got to the screen."""


def about_of(author: Keys, topics: Column) -> Keys:
    """The key in `about` of authors `[rows]` with hashtags `[rows, any]`, of which the first few count; 0: nothing."""
    key, known = author, author != 0
    for place in range(HISTORY_TOPICS):
        key, known = pair_of(key, topics[:, place]), known | (topics[:, place] != 0)
    return np.where(known, key, 0)


def tell_about(store: Store, reactions: Batch) -> Batch:
    """Reactions with the column `about`, whose keys are in their table from now on."""
    about = about_of(reactions["author"], reactions["topics"])
    keys, row = group(about)
    first = np.zeros(len(keys), np.int64)
    first[row[::-1]] = np.arange(len(row))[::-1]
    new = (keys != 0) & ~store.has(ABOUT.name, keys)
    if new.any():
        named = reactions.take(first[new])
        topics = np.ascontiguousarray(named["topics"][:, :HISTORY_TOPICS])
        store.write(ABOUT.name, keys[new], Batch({"author": named["author"], "topics": topics}))
    return reactions.extend({"about": about})


def latest_exposures(store: Store, viewer: Keys) -> Batch:
    """The history of each viewer `[viewers]`: `item`, `author`, `flags`, `seconds` and `at` `[viewers, HISTORY]`, and
    `topics` `[viewers, HISTORY * HISTORY_TOPICS]`."""
    rows = store.read(HISTORY_TABLE.name, viewer)
    named = store.read(ABOUT.name, rows["about"].ravel())
    return Batch(
        {
            **{name: rows[name] for name in ("item", "flags", "seconds", "at")},
            "author": named["author"].reshape(len(viewer), HISTORY),
            "topics": named["topics"].reshape(len(viewer), HISTORY * HISTORY_TOPICS),
        }
    )


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
