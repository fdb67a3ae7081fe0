"""Lists that grow, one for each owner: what a viewer ever followed, hid, blocked, liked, saved or turned down, and
the videos of an author or a series.

The newest values of a list stand in the row of its owner; each time that row is full it moves to a row of its own. So
the latest of many owners are one look-up each, and a list may be of any length. A list only says what to look at:
whether an act still stands, and whose a video is now, stands elsewhere.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.event import Kind, of_kinds
from foryou.core.ids import pair_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.acts import stands
from foryou.features.pairs import pairs, pairs_of

CHUNK = 8
"""Values in one row."""

FIELDS = (
    Field("value", "int64", CHUNK, help="in the row of the owner the newest of them"),
    Field("count", "int64", help="values of the whole list"),
    Field("latest", "int64", help="ms of the newest value"),
)
ACTED = Table("acts_of", FIELDS)
"""What a viewer ever did one of `_ACTS` to; the owner is `pair_of(viewer, kind)`."""
UPLOADS = Table("uploads", FIELDS)
EPISODES = Table("episodes", FIELDS)
"""The videos of a series."""
LISTED = Table("listed")
"""(owner, value) pairs that are in a list: none is twice in one."""
_ACTS = (Kind.FOLLOW, Kind.HIDE, Kind.BLOCK, Kind.LIKE, Kind.SAVE, Kind.NOT_INTERESTED)


@njit(cache=True, nogil=True)
def _append(held, count, latest, row, value, when, spilled, of, number):  # type: ignore[no-untyped-def]
    """Puts each value behind its list; how many rows were full and moved out to `spilled`."""
    out = 0
    for i in range(len(row)):
        k = row[i]
        place = count[k] % held.shape[1]
        if place == 0 and count[k] > 0:
            spilled[out] = held[k]
            of[out], number[out] = k, count[k] // held.shape[1]
            held[k] = 0
            out += 1
        held[k, place] = value[i]
        count[k] += 1
        latest[k] = max(latest[k], when[i])
    return out


def append(store: Store, table: Table, owner: Keys, value: Keys, when: Column) -> None:
    """Add values `[rows]` to the lists of their owners in this order, unless they are in them; `when` is in ms."""
    pairs = pair_of(owner, value)
    first = np.unique(pairs, return_index=True)[1]
    some = np.sort(first[(owner[first] != 0) & (value[first] != 0)])
    some = some[~store.has(LISTED.name, pairs[some])]
    if len(some) == 0:
        return
    store.write(LISTED.name, pairs[some], Batch({}, len(some)))
    owners, row = np.unique(owner[some], return_inverse=True)
    state = store.read(table.name, owners)
    held, count, latest = (state[name].copy() for name in ("value", "count", "latest"))
    room = len(some) // CHUNK + len(owners)
    spilled, of, number = np.zeros((room, CHUNK), np.int64), np.zeros(room, np.int64), np.zeros(room, np.int64)
    out = _append(held, count, latest, row, value[some], when[some], spilled, of, number)
    if out:
        full = Batch({"value": spilled[:out], "count": np.full(out, CHUNK), "latest": np.zeros(out, np.int64)})
        store.write(table.name, pair_of(owners[of[:out]], number[:out]), full)
    store.write(table.name, owners, Batch({"value": held, "count": count, "latest": latest}))


def older(store: Store, table: Table, owner: Keys, count: Column, first: int, chunks: int) -> tuple[Keys, Rows]:
    """Values beyond those in the rows of the owners, and which owner each is of: `chunks` rows of each list from the
    `first` full row before the newest on. `count` `[owners]` is that of the lists."""
    full = np.maximum(count - 1, 0) // CHUNK
    number = full[:, None] - first - np.arange(chunks)
    of, back = np.nonzero(number > 0)
    if len(of) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    keys = pairs(owner[of], number[of, back])
    return store.columns(table.name, keys, ("value",))["value"].ravel(), np.repeat(of, CHUNK)


def whole(store: Store, table: Table, owner: int) -> Keys:
    """All values of one list."""
    key = np.array([owner], np.int64)
    head = store.columns(table.name, key, ("value", "count"))
    if head["count"][0] <= CHUNK:
        return np.asarray(head["value"][0][: head["count"][0]])
    rest = older(store, table, key, head["count"], 0, int(head["count"][0]) // CHUNK + 1)[0]
    values = np.concatenate([head["value"][0], rest])
    return np.asarray(values[values != 0])


def describe(store: Store, rows: Batch) -> None:
    """Fold what was said about videos `[rows]`: each is in the list of every author, and
    of every series, that was ever named."""
    named = rows.take(rows["kind"] == Kind.VIDEO)
    uploaded = np.where(named["uploaded"] != 0, named["uploaded"], named["at"])
    append(store, UPLOADS, named["author"], named["video"], uploaded)
    if "series" in named and named["series"].any():
        append(store, EPISODES, named["series"], named["video"], uploaded)


def act(store: Store, rows: Batch) -> None:
    """Fold what viewers did `[rows]`, as enriched: what they followed, hid, blocked, liked, saved or turned down."""
    mine = of_kinds(rows, _ACTS)
    if mine.any():
        acts = rows.take(mine)
        append(store, ACTED, pair_of(acts["viewer"], acts["kind"].astype(np.int64)), acts["target"], acts["at"])


def owners(viewer: int) -> Keys:
    """The owners of a viewer's lists of acts."""
    return pairs_of(viewer, np.array([int(kind) for kind in _ACTS]))


def acted_on(store: Store, viewer: int, kind: Kind) -> Keys:
    """The targets of all acts of a kind, one of `_ACTS`, that a viewer ever did. None for viewer 0."""
    if viewer == 0:
        return np.zeros(0, np.int64)
    return whole(store, ACTED, int(pairs_of(viewer, np.array([int(kind)]))[0]))


def standing(store: Store, viewer: int, kind: Kind) -> Keys:
    """The targets of a viewer's acts of a kind that stand, one of `_ACTS`: whom they follow, say. None for viewer 0."""
    target = acted_on(store, viewer, kind)
    return target[stands(store, np.full(len(target), viewer), target, kind)] if len(target) else target
