"""A view: a fold of the log into a table. Whatever the engine knows is one of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from foryou.core.batch import Batch, Column, Rows
from foryou.core.event import Kind, of_kinds
from foryou.core.ports import Keys, Store
from foryou.core.table import Table

Update = Callable[[Batch, Batch, Rows], Batch]
"""(state `[keys]`, events `[rows]` in log order, the state row of each event) -> the new state `[keys]`; pure."""


Unique = Callable[[Column], tuple[Keys, Rows]]
"""The different keys of a column, in any order, and for each row the place of its key among them."""


def _sorted(keys: Column) -> tuple[Keys, Rows]:
    return np.unique(keys, return_inverse=True)


@dataclass(frozen=True, slots=True)
class Group:
    """The events of some kinds by one of their keys: which they are (None: all), in which slot of a wide key each
    (None: it is narrow), the different keys, and the place of each event's key among these."""

    events: Rows | None
    slot: Rows | None
    keys: Keys
    row: Rows


@dataclass(frozen=True)
class Groups:
    """The groups of a batch of events, each made once for all the views that need it."""

    batch: Batch
    unique: Unique = _sorted
    _made: dict[tuple[str, tuple[Kind, ...]], Group] = field(default_factory=dict)

    def of(self, key: str, kinds: tuple[Kind, ...]) -> Group:
        """The events of these kinds by this key; those whose key is 0 are left out."""
        made = self._made.get((key, kinds))
        if made is None:
            made = self._made[key, kinds] = self._group(key, kinds)
        return made

    def _group(self, key: str, kinds: tuple[Kind, ...]) -> Group:
        keys = self.batch[key]
        there = keys != 0
        if kinds:
            mine = of_kinds(self.batch, kinds)
            there &= mine if keys.ndim == 1 else mine[:, None]
        if there.all() and keys.ndim == 1:
            return Group(None, None, *self.unique(keys))
        if keys.ndim == 1:
            at = np.flatnonzero(there)
            return Group(at, None, *self.unique(keys[at]))
        at, slot = np.nonzero(there)
        return Group(at, slot, *self.unique(keys[at, slot]))


@dataclass(frozen=True)
class View:
    """How events of some kinds change the rows of a table, one key at a time.

    `key` names the event column that holds the key. It may be two-dimensional (a video's topics): then the event counts
    once for each key, with the position in a column `slot`. Key 0 is nobody's. An update goes through its events one
    by one in log order, so the table does not depend on how the log was cut into batches. `reads` names the event
    columns that the update needs beside `slot`; without it, it gets all of them.
    """

    table: Table
    key: str
    kinds: tuple[Kind, ...]
    update: Update
    reads: tuple[str, ...] = ()

    def fold(self, store: Store, batch: Batch) -> None:
        """Fold a batch of events into the table."""
        self.fold_groups(store, Groups(batch))

    def fold_groups(self, store: Store, groups: Groups) -> None:
        """Fold a batch of events into the table, by groups that other views of the same batch use too."""
        found = groups.of(self.key, self.kinds)
        if len(found.keys) == 0:
            return
        rows = groups.batch.select(self.reads) if self.reads else groups.batch
        if found.events is not None:
            rows = rows.take(found.events)
        if found.slot is not None:
            rows = rows.extend({"slot": found.slot})
        state = store.read(self.table.name, found.keys)
        store.write(self.table.name, found.keys, self.update(state, rows, found.row))
