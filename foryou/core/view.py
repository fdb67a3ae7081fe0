"""A view: a fold of the log into a table. Whatever the engine knows is one of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch, Rows
from foryou.core.event import Kind, of_kinds
from foryou.core.ports import Store
from foryou.core.table import Table

Update = Callable[[Batch, Batch, Rows], Batch]
"""(state `[keys]`, events `[rows]` in log order, the state row of each event) -> the new state `[keys]`; pure."""


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
        rows, keys = batch.select(self.reads) if self.reads else batch, batch[self.key]
        if self.kinds:
            mine = of_kinds(batch, self.kinds)
            if not mine.all():
                rows, keys = rows.take(mine), keys[mine]
        if keys.ndim == 2:
            at, slot = np.nonzero(keys)
            rows = rows.take(at).extend({"slot": slot})
            keys = keys[at, slot]
        elif not keys.all():
            rows, keys = rows.take(keys != 0), keys[keys != 0]
        if len(keys) == 0:
            return
        unique, row = np.unique(keys, return_inverse=True)
        state = store.read(self.table.name, unique)
        store.write(self.table.name, unique, self.update(state, rows, row))
