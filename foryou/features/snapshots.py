"""A viewer's tastes as they were at some moment, under a name; and starting anew.

Tastes are all that was learned of a viewer in tables: interests, histories, texts they liked, how they usually act. A
snapshot is a copy of those rows. What the model holds of a viewer, a small vector, is kept and brought back with them,
by the learner and in its own time: `steps` says what it has to do.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from foryou.core.batch import Batch, Column
from foryou.core.event import LONGEST_NAME, Kind
from foryou.core.ids import id_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.counters import VIEWS as COUNTERS
from foryou.features.effects import EFFECT
from foryou.features.history import HISTORY_TABLE
from foryou.features.interests import INTERESTS
from foryou.features.pairs import pairs_of
from foryou.features.similar import COMPANION
from foryou.features.taste import TASTE

_BYTES = 4 * LONGEST_NAME
MOST = 9
"""Snapshots of a viewer; beyond, the oldest goes, but for the one before a refresh."""
BEFORE_REFRESH = "before refresh"
"""The snapshot that a refresh makes by itself, so that it can be undone."""

_USUAL = next(view.table for view in COUNTERS if view.table.name == "count_viewer")
TASTES = (INTERESTS, HISTORY_TABLE, TASTE, COMPANION, _USUAL, EFFECT)
KEPT: tuple[Table, ...] = tuple(Table(f"kept_{table.name}", table.fields) for table in TASTES)
"""The copies, by `pair_of(viewer, id of the name)`."""
SNAPSHOT = Table(
    "snapshot",
    (
        Field("id", "int64", MOST),
        Field("at", "int64", MOST, help="ms"),
        Field("name", "uint8", MOST * _BYTES, help="UTF-8, a piece for each"),
        Field("anew", "int64", help="when the viewer last started anew, ms: no earlier act is in what was learned"),
    ),
)
TABLES = (SNAPSHOT, *KEPT)
_LEARNED = (Kind.SNAPSHOT, Kind.RESTORE, Kind.UNSNAPSHOT, Kind.REFRESH, Kind.FORGET)
_KINDS = (Kind.SNAPSHOT, Kind.RESTORE, Kind.UNSNAPSHOT, Kind.REFRESH)


class _Named(Struct):
    name: str = BEFORE_REFRESH


_decode = msgspec.msgpack.Decoder(_Named).decode


def steer(store: Store, rows: Batch) -> None:
    """Fold what viewers said of their snapshots `[rows]`, one by one; what they do beside it was folded before."""
    for row in np.flatnonzero(np.isin(rows["kind"], _KINDS)).tolist():
        kind, viewer, at = (int(rows[name][row]) for name in ("kind", "viewer", "at"))
        name = BEFORE_REFRESH if kind == Kind.REFRESH else _decode(rows["raw"][row]).name
        if kind == Kind.RESTORE:
            _restore(store, viewer, name)
        elif kind == Kind.UNSNAPSHOT:
            _drop(store, viewer, name)
        else:
            _keep(store, viewer, name, at)
        if kind == Kind.REFRESH:
            _start_anew(store, viewer, at)


def steps(store: Store, rows: Batch, before: set[tuple[int, int]]) -> list[tuple[Kind, int, int]]:
    """What events that were folded `[rows]` ask of whoever keeps something else of viewers under the same names, in
    order: a kind, a viewer and the id of a name. `before`: what was `named` before they were folded."""
    todo, kept = list[tuple[Kind, int, int]](), set(before)
    for row in np.flatnonzero(np.isin(rows["kind"], _LEARNED)).tolist():
        kind, viewer, name = Kind(int(rows["kind"][row])), int(rows["viewer"][row]), int(rows["topics"][row, 0])
        if kind == Kind.FORGET:
            if not rows["video"][
                row
            ]:  # what one video taught cannot be told apart in a vector; a whole theme starts it anew
                todo.append((Kind.REFRESH, viewer, 0))
            continue
        if kind == Kind.REFRESH:
            name = id_of("snapshot", BEFORE_REFRESH)
            todo.append((Kind.SNAPSHOT, viewer, name))
        if kind != Kind.RESTORE:
            kept.add((viewer, name))
        todo.append((kind, viewer, name))
    return todo + [(Kind.UNSNAPSHOT, *key) for key in sorted(kept - named(store, rows))]


def named(store: Store, rows: Batch) -> set[tuple[int, int]]:
    """The viewers who say something of their snapshots in these events, each with the ids of the names there are."""
    viewers = np.unique(rows["viewer"][np.isin(rows["kind"], _KINDS)])
    held = store.columns(SNAPSHOT.name, viewers, ("id",))["id"]
    return {(viewer, name) for viewer, ids in zip(viewers.tolist(), held.tolist(), strict=True) for name in ids if name}


def _key(viewer: int, name: str) -> Keys:
    return pairs_of(viewer, np.array([id_of("snapshot", name)]))


def _held(store: Store, viewer: int) -> dict[str, Column]:
    row = store.read(SNAPSHOT.name, np.array([viewer], np.int64))
    return {name: row[name].copy() for name in row}


def _put(store: Store, viewer: int, held: dict[str, Column]) -> None:
    store.write(SNAPSHOT.name, np.array([viewer], np.int64), Batch(held))


def _keep(store: Store, viewer: int, name: str, at: int) -> None:
    held, number = _held(store, viewer), id_of("snapshot", name)
    same = np.flatnonzero(held["id"][0] == number)
    spared = held["id"][0] == id_of("snapshot", BEFORE_REFRESH)
    place = int(same[0]) if len(same) else int(np.lexsort((held["at"][0], spared, held["id"][0] != 0))[0])
    if held["id"][0, place] not in (0, number):
        _blank(store, pairs_of(viewer, held["id"][0, place : place + 1]))
    held["id"][0, place], held["at"][0, place] = number, at
    held["name"][0, place * _BYTES : (place + 1) * _BYTES] = np.frombuffer(name.encode().ljust(_BYTES, b"\0"), np.uint8)
    _put(store, viewer, held)
    for table, kept in zip(TASTES, KEPT, strict=True):
        store.write(kept.name, _key(viewer, name), store.read(table.name, np.array([viewer], np.int64)))


def _restore(store: Store, viewer: int, name: str) -> None:
    held = _held(store, viewer)
    if id_of("snapshot", name) not in held["id"][0]:
        return  # it was never made, or had to make room
    for table, kept in zip(TASTES, KEPT, strict=True):
        store.write(table.name, np.array([viewer], np.int64), store.read(kept.name, _key(viewer, name)))
    held["anew"][:] = 0
    _put(store, viewer, held)


def _drop(store: Store, viewer: int, name: str) -> None:
    held = _held(store, viewer)
    place = np.flatnonzero(held["id"][0] == id_of("snapshot", name))
    if len(place):
        held["id"][0, place], held["at"][0, place] = 0, 0
        held["name"].reshape(MOST, _BYTES)[place] = 0
        _put(store, viewer, held)
        _blank(store, _key(viewer, name))


def _blank(store: Store, key: Keys) -> None:
    """Rows as if they had never been: taking them out would copy the whole table."""
    for kept in KEPT:
        store.write(kept.name, key, kept.empty(1))


def _start_anew(store: Store, viewer: int, at: int) -> None:
    for table in TASTES:
        store.write(table.name, np.array([viewer], np.int64), table.empty(1))
    held = _held(store, viewer)
    held["anew"][:] = at
    _put(store, viewer, held)


def anew(store: Store, viewer: Keys) -> Column:
    """When each viewer last started anew, ms; 0: never, or it was undone."""
    return np.asarray(store.columns(SNAPSHOT.name, viewer, ("anew",))["anew"])


def snapshots(store: Store, viewer: int) -> list[dict[str, object]]:
    """The snapshots of a viewer, newest first, each with its name and when it was made (ms)."""
    held = _held(store, viewer)
    names = held["name"].reshape(MOST, _BYTES)
    made = [
        {"name": bytes(names[place]).rstrip(b"\0").decode(), "at": int(held["at"][0, place])}
        for place in np.argsort(-held["at"][0], kind="stable").tolist()
        if held["id"][0, place]
    ]
    return list(made)


def keys_of(store: Store, viewer: int) -> Keys:
    """The keys of the copies of a viewer's rows."""
    held = store.columns(SNAPSHOT.name, np.array([viewer], np.int64), ("id",))["id"][0]
    return pairs_of(viewer, held[held != 0])
