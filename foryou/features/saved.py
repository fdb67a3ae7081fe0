"""Collections: in which of a viewer's own named collections a saved video lies. "" is the one without a name."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.event import Kind, of_kinds
from foryou.core.ids import id_of, pair_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features import lists
from foryou.features.acts import toggle
from foryou.grouping import group

COLLECTED = Table(
    "collected",
    (
        Field("viewer", "int64"),
        Field("video", "int64"),
        Field("collection", "int64", help="`collection_id`"),
        Field("active", "int8"),
        Field("since", "int64"),
        Field("at", "int64"),
    ),
)
COLLECTIONS = Table("collections", lists.FIELDS)
"""The collections of each viewer."""
TABLES = (COLLECTED, COLLECTIONS)

_KINDS = (Kind.SAVE, Kind.UNSAVE)


class _Said(Struct):
    collection: str = ""


_decode = msgspec.msgpack.Decoder(_Said).decode


def collection_id(viewer: int, name: str) -> int:
    """The id of a viewer's collection: no two viewers share one, whatever they call it."""
    return int(pair_of(np.array([viewer]), np.array([_named(name)]))[0])


def fold(store: Store, rows: Batch) -> NDArray[np.bool_]:
    """Fold saves `[rows]` in log order. True for each `unsave` after which the video is still saved elsewhere."""
    stays = np.zeros(len(rows), np.bool_)
    mine = np.flatnonzero(of_kinds(rows, _KINDS))
    if len(mine) == 0:
        return stays
    some = rows.take(mine)
    named = [_decode(raw).collection if raw else "" for raw in some["raw"].tolist()]
    topic = np.array([_named(name) for name in named], np.int64)
    collection = pair_of(some["viewer"], topic)
    start = 0
    for place in np.flatnonzero(some["kind"] == Kind.UNSAVE).tolist():
        _put(store, some.take(np.arange(start, place)), collection[start:place], False)
        start = place + 1
        viewer, video = int(some["viewer"][place]), int(some["video"][place])
        gone = collection[place:start] if named[place] else collections_of(store, viewer)
        _put(store, some.take(np.full(len(gone), place)), gone, True)
        stays[mine[place]] = bool(_held(store, viewer, video, collections_of(store, viewer))["active"].any())
    _put(store, some.take(np.arange(start, len(some))), collection[start:], False)
    return stays


def _put(store: Store, rows: Batch, collection: Keys, undo: bool) -> None:
    """Puts the videos of rows in collections, or takes them out."""
    if len(rows) == 0:
        return
    keys, row = group(pair_of(pair_of(rows["viewer"], rows["video"]), collection))
    held = store.read(COLLECTED.name, keys)
    active, since, at = (held[name].copy() for name in ("active", "since", "at"))
    loud, aloud = np.zeros(len(keys), np.int8), np.zeros(len(row), np.bool_)  # there is nothing to learn of it
    ignored, silent = (np.zeros(len(row)), np.zeros(len(row), np.int64)), np.zeros(len(row), np.bool_)
    toggle(active, since, at, loud, row, rows["at"], np.full(len(row), undo), aloud, *ignored, silent)
    of = np.zeros(len(keys), np.int64)
    of[row] = np.arange(len(row))
    store.write(
        COLLECTED.name,
        keys,
        Batch(
            {
                "viewer": rows["viewer"][of], "video": rows["video"][of], "collection": collection[of],
                "active": active, "since": since, "at": at,
            }
        ),
    )  # fmt: skip
    lists.append(store, COLLECTIONS, rows["viewer"], collection, rows["at"])


def _named(name: str) -> int:
    return id_of("collection", f"#{name}")


def _held(store: Store, viewer: int, video: int, collection: Keys) -> Batch:
    keys = pair_of(pair_of(np.full(len(collection), viewer), np.full(len(collection), video)), collection)
    return store.columns(COLLECTED.name, keys, ("active",))


def collections_of(store: Store, viewer: int) -> Keys:
    """The collections that a viewer ever put a video in, oldest first."""
    return lists.whole(store, COLLECTIONS, viewer)


def saved_in(store: Store, viewer: int, collection: int, video: Keys) -> tuple[NDArray[np.bool_], Keys]:
    """Which videos lie in a collection of a viewer, and since when (ms)."""
    keys = pair_of(pair_of(np.full(len(video), viewer), video), np.full(len(video), collection))
    rows = store.columns(COLLECTED.name, keys, ("active", "since"))
    return rows["active"] == 1, rows["since"]


def rows_of(store: Store, viewer: int) -> Keys:
    """The keys of what a viewer ever put in a collection."""
    key, rows = store.scan(COLLECTED.name, ("viewer",))
    return np.asarray(key[rows["viewer"] == viewer])


def listed_of(store: Store, viewer: int) -> Keys:
    """The keys of a viewer's list of collections in `lists.LISTED`."""
    held = collections_of(store, viewer)
    return pair_of(np.full(len(held), viewer), held)
