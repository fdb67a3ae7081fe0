"""The rows of a table in memory: each column a growing array, each key a row.

One thread writes while others read, in other processes too. A row is written before its key can be found, and rows
never move (what moves them makes a new table of columns). A table counts its writes: a reader whose row may be half old
and half new sees that by the count, and reads again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.backends.captured import CapturedRows
from foryou.backends.intmap import IntMap
from foryou.core.batch import Batch, Column
from foryou.core.memory import HEAP, Memory, Published
from foryou.core.ports import Keys
from foryou.core.table import Field, Table
from foryou.grouping import group

_LEAST = 64
"""Rows of a new column. Columns double."""
_TRIES = 50
"""Times that a reader waits for a write to end; then it takes what there is, as from a writer that died writing."""
_ATTEMPTS = (*(False,) * _TRIES, True)
"""Whether each is the last."""


class KeyedRows:
    """The rows of one table. Row 0 of every column is the default, so that a key without a row reads it."""

    __slots__ = ("_captured", "_held", "_memory", "_name", "_published", "table")

    def __init__(self, table: Table, capacity: int = 0, memory: Memory = HEAP) -> None:
        for each in table.fields:
            if np.dtype(each.dtype).hasobject:
                raise ValueError(
                    f"field {each.name!r} of table {table.name!r} is of type {each.dtype}; "
                    "rows of a table have a fixed width: keep bytes in documents"
                )
        self.table, self._memory = table, memory
        self._name = ""
        """Under which it is published; not at all without."""
        self._published: Published | None = None
        self._captured: CapturedRows | None = None
        columns = {each.name: _column(memory, each, max(capacity, _LEAST) + 1) for each in table.fields}
        self._held = _Held(IntMap(capacity, memory), columns, memory.zeros(1, np.int64))

    @classmethod
    def attached(cls, table: Table, published: Published) -> KeyedRows:
        """The rows that another process publishes, to read."""
        rows = cls.__new__(cls)
        rows.table, rows._memory, rows._name, rows._published = table, HEAP, "", published
        rows._captured = None
        rows._follow()
        return rows

    @classmethod
    def of(cls, table: Table, keys: Keys, columns: Mapping[str, Column], memory: Memory = HEAP) -> KeyedRows:
        """The rows of a table as they were scanned."""
        held = cls(table, len(keys), memory)
        room, into = held.room(len(keys))
        room[:] = keys
        for name, values in columns.items():
            into[name][:] = values
        held.fill(len(keys))
        return held

    def room(self, rows: int) -> tuple[Keys, Mapping[str, Column]]:
        """Where the keys and columns of so many rows of an empty table go; with `fill` they are there."""
        held = self._held
        return held.rows.room(rows), {name: column[1 : rows + 1] for name, column in held.columns.items()}

    def fill(self, rows: int) -> None:
        """The first rows of `room` hold what they have to; the keys differ."""
        self._held.rows.fill(rows)

    def capture(self) -> CapturedRows:
        """The rows as they are now, to read while they change. One at a time: an earlier capture is released. Not
        while another thread writes."""
        if self._captured is not None:
            self._captured.release()
        keys, rows = self.scan(self.table.names)
        self._captured = CapturedRows(self.table, keys, rows.columns)
        return self._captured

    def __len__(self) -> int:
        return len(self._now().rows)

    @property
    def row_bytes(self) -> float:
        """What a row with its key takes on average, bytes; room that was never written takes none."""
        columns = sum(column.nbytes / len(column) for column in self._held.columns.values())
        return columns + IntMap.KEY_BYTES

    def read(self, keys: Keys, names: tuple[str, ...]) -> Batch:
        """One row for each key, the default where a key was never written."""
        for last in _ATTEMPTS:
            held = self._held if self._published is None else self._now()
            writes = held.writes
            before = writes[0]
            if before & 1 and not last:
                os.sched_yield()
                continue
            # A key that came this moment may be found before the columns that are long enough for it.
            places, columns = held.rows.places(keys, held.capacity), held.columns
            try:
                found = {name: columns[name].take(places, 0, None, "clip") for name in names}
            except KeyError as missing:
                self._column(held, missing.args[0])
            if writes[0] == before:
                break
        return Batch.of(found, len(keys))

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        """Which keys have a row."""
        return self._now().rows.find(keys) >= 0

    def scan(self, names: tuple[str, ...]) -> tuple[Keys, Batch]:
        """All keys and their rows: views, which later writes to these rows show through."""
        held = self._now()
        keys = held.rows.keys[: held.capacity - 1]
        return keys, Batch({name: self._column(held, name)[1 : len(keys) + 1] for name in names}, len(keys))

    def write(self, keys: Keys, rows: Batch) -> None:
        """Put one row for each key. ValueError for columns that do not fit, or for a new key that comes twice."""
        held = self._held
        for name, values in rows.columns.items():
            expected = (len(keys), *self._column(held, name).shape[1:])
            if values.shape != expected:
                raise ValueError(
                    f"column {name!r} of table {self.table.name!r} is {list(values.shape)}; "
                    f"for {len(keys)} keys it has to be {list(expected)}"
                )
        places = held.rows.find(keys) + 1
        fresh = keys[places == 0]
        if len(fresh) and len(group(fresh)[0]) != len(fresh):
            raise ValueError(f"keys written to table {self.table.name!r} have to be unique; some come twice")
        if self._captured is not None:
            if self._captured.released:
                self._captured = None
            else:
                self._captured.keep(places[places > 0] - 1)
        with self._writing():
            if len(fresh):
                start, end = len(held.rows) + 1, len(held.rows) + len(fresh) + 1
                held = self._grow(end)
                places[places == 0] = np.arange(start, end)
                for each in self.table.fields:
                    if each.default != 0 and each.name not in rows:
                        held.columns[each.name][start:end] = each.default
            for name, values in rows.columns.items():
                held.columns[name][places] = values
            if len(fresh):
                slots = held.rows.arrays["slots"]
                held.rows.insert(fresh)
                if held.rows.arrays["slots"] is not slots:
                    self._publish()

    def without(self, keys: Keys) -> KeyedRows:
        """A copy without these keys; this one stays as it is, for those who are reading it."""
        fresh = KeyedRows(self.table, 0, self._memory)
        held = self._held
        rows, kept = held.rows.without(keys)
        fresh._held = _Held(rows, fresh._held.columns, fresh._held.writes)
        grown = fresh._grow(len(kept) + 1)
        for name, column in held.columns.items():
            grown.columns[name][1 : len(kept) + 1] = column[kept + 1]
        return fresh

    def copy(self) -> KeyedRows:
        """A copy that no longer changes when this one is written."""
        return self.without(np.zeros(0, np.int64))

    def publish(self, name: str) -> None:
        """Let other processes read these rows under a name, from now on as they change."""
        self._name = name
        self._publish()

    def _publish(self) -> None:
        if self._name:
            held = self._held
            columns = {f".{name}": column for name, column in held.columns.items()}
            self._memory.publish(self._name, {**held.rows.arrays, "writes": held.writes, **columns})

    def _now(self) -> _Held:
        """What there is to read."""
        if self._published is not None:
            self._follow()
        return self._held

    def _follow(self) -> None:
        """Read on where the writer has moved to."""
        assert self._published is not None
        arrays = self._published.news()
        if arrays is not None:
            columns = {name.removeprefix("."): column for name, column in arrays.items() if name.startswith(".")}
            self._held = _Held(IntMap.attached(arrays), columns, arrays["writes"])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The count of writes is odd while one is under way."""
        writes = self._held.writes
        writes[0] += 1
        try:
            yield
        finally:
            writes[0] += 1

    def _grow(self, rows: int) -> _Held:
        """Room for so many rows, the default's included. It is published before any of them can be found."""
        held = self._held
        if held.capacity < rows:
            larger = max(rows, 2 * held.capacity)
            columns = {name: self._memory.grown(column, larger) for name, column in held.columns.items()}
            self._held = held = _Held(held.rows, columns, held.writes)
            self._publish()
        return held

    def _column(self, held: _Held, name: str) -> Column:
        try:
            return held.columns[name]
        except KeyError:
            raise ValueError(
                f"table {self.table.name!r} has no column {name!r}; there are {', '.join(held.columns)}"
            ) from None


@dataclass(slots=True)
class _Held:
    """Swapped as a whole."""

    rows: IntMap
    columns: dict[str, Column]
    writes: NDArray[np.int64]
    capacity: int = field(init=False)
    """Rows that there is room for, the default's included; a table without columns has room for any."""

    def __post_init__(self) -> None:
        self.capacity = min((len(column) for column in self.columns.values()), default=1 << 62)


def _column(memory: Memory, field: Field, rows: int) -> Column:
    """A column with its default in row 0. Other rows get theirs when they are written, so that room takes no
    memory."""
    made = memory.zeros(rows if field.width == 1 else (rows, field.width), field.dtype)
    if field.default != 0:
        made[0] = field.default
    return made
