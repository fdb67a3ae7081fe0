"""Rows of a table as they were at one moment, read out bit by bit while the table goes on changing.

Nothing is copied when they are captured. Whoever changes a row of theirs first puts it aside as it was, and whoever
reads them takes what was put aside instead (copy on update: Cao et al., SIGMOD 2011). So capturing takes no time, and
memory for the rows that change until they were read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.memory import HEAP
from foryou.core.ports import Keys
from foryou.core.table import Table

PART = 4 << 20
"""Bytes read out at a time, about."""
_LEAST = 64


class Captured(Protocol):
    """A table as it was. Keys and columns come in parts, which may be kept."""

    @property
    def table(self) -> Table: ...

    def __len__(self) -> int: ...

    def keys(self) -> Iterator[Keys]:
        """The keys, in the order of their rows."""

    def column(self, name: str) -> Iterator[Column]:
        """The values of a column, in the order of the keys."""

    def release(self) -> None:
        """It is not read any more; calling twice is fine."""


class CapturedRows:
    """Rows with columns. One thread changes the table and calls `keep`; another reads."""

    def __init__(self, table: Table, keys: Keys, columns: Mapping[str, Column]) -> None:
        """`keys` `[rows]`, and views of the columns `[rows]` or `[rows, width]` that later writes show through."""
        self.table, self._keys, self._columns = table, keys, columns
        self._at = np.zeros(len(keys), np.int32)
        """Where each row was put aside, 0 where it was not."""
        self._kept = 1
        self._aside = {name: np.zeros((_LEAST, *values.shape[1:]), values.dtype) for name, values in columns.items()}
        self.released = False

    def __len__(self) -> int:
        return len(self._keys)

    def keep(self, rows: NDArray[np.int64]) -> None:
        """These rows are about to change."""
        at, aside, columns = self._at, self._aside, self._columns
        if self.released:  # after they were looked at: it may be released at any time
            return
        mine = rows[rows < len(at)]
        fresh = mine[at[mine] == 0]
        if len(fresh) == 0:
            return
        start, end, room = self._kept, self._kept + len(fresh), len(next(iter(aside.values())))
        if end > room:
            aside = {name: HEAP.grown(values, max(end, 2 * room)) for name, values in aside.items()}
        for name, values in aside.items():
            values[start:end] = columns[name][fresh]
        # In this order: who finds a place finds there what belongs in it.
        self._aside, self._kept = aside, end
        at[fresh] = np.arange(start, end)

    def keys(self) -> Iterator[Keys]:
        yield from _parts(self._keys)

    def column(self, name: str) -> Iterator[Column]:
        start = 0
        for part in _parts(self._columns[name]):
            then = part.copy()
            # Looked at after the copy: what changed before that was put aside before that.
            at = self._at[start : start + len(part)].copy()
            changed = np.flatnonzero(at)
            if len(changed):
                then[changed] = self._aside[name][at[changed]]
            yield then
            start += len(part)

    def release(self) -> None:
        self.released = True
        self._at, self._aside, self._columns = np.zeros(0, np.int32), {}, {}


class CapturedKeys:
    """Keys without columns, in parts that no longer change."""

    def __init__(self, table: Table, parts: Sequence[tuple[int, Callable[[], Keys]]]) -> None:
        """How many keys each part has, and what reads them out."""
        self.table, self._all = table, tuple(parts)

    def __len__(self) -> int:
        return sum(count for count, _ in self._all)

    def keys(self) -> Iterator[Keys]:
        for _, read in self._all:
            yield from _parts(read())

    def column(self, name: str) -> Iterator[Column]:
        raise ValueError(f"table {self.table.name!r} has no column {name!r}; there are none")

    def release(self) -> None:
        self._all = ()


def copied(captured: Captured) -> tuple[Table, Keys, Batch]:
    """The table as it was, in one piece; it is released."""
    try:
        keys = np.concatenate([np.zeros(0, np.int64), *captured.keys()])
        columns = {
            each.name: np.concatenate([each.empty(0), *captured.column(each.name)]) for each in captured.table.fields
        }
        return captured.table, keys, Batch(columns, len(keys))
    finally:
        captured.release()


def _parts(values: Column) -> Iterator[Column]:
    size = max(1, PART // max(1, values[:1].nbytes))
    for start in range(0, len(values), size):
        yield values[start : start + size]
