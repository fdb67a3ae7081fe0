"""Tables in memory: each column a growing array, each key a row, saved to a directory together with a log offset.

One thread writes while others read. A reader may see a row that is half old and half new, never one that is not there:
a row is written before its key can be found, and rows never move (what moves them makes a new table of columns).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foryou.backends.intmap import IntMap, RowNumbers
from foryou.backends.saves import Saved, Saves
from foryou.core.batch import Batch, Column
from foryou.core.errors import BackendError
from foryou.core.ports import Keys, Offset
from foryou.core.table import Field, Table

_LEAST = 64
"""Rows of a new column. Columns double."""


class KeyedRows:
    """The rows of one table. Row 0 of every column is the default, so that a key without a row reads it."""

    __slots__ = ("_columns", "_rows", "table")

    def __init__(self, table: Table, capacity: int = 0) -> None:
        for field in table.fields:
            if np.dtype(field.dtype).hasobject:
                raise ValueError(
                    f"field {field.name!r} of table {table.name!r} is of type {field.dtype}; "
                    "rows of a table have a fixed width: keep bytes in documents"
                )
        self.table = table
        self._rows = IntMap(capacity)
        self._columns = {field.name: _filled(field, max(capacity, _LEAST) + 1) for field in table.fields}

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, keys: Keys, names: tuple[str, ...]) -> Batch:
        """One row for each key, the default where a key was never written."""
        places = self._rows.find(keys) + 1
        return Batch({name: self._column(name).take(places, axis=0) for name in names}, len(keys))

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        """Which keys have a row."""
        return self._rows.find(keys) >= 0

    def scan(self, names: tuple[str, ...]) -> tuple[Keys, Batch]:
        """All keys and their rows: views, which later writes to these rows show through."""
        keys = self._rows.keys
        return keys, Batch({name: self._column(name)[1 : len(keys) + 1] for name in names}, len(keys))

    def write(self, keys: Keys, rows: Batch) -> None:
        """Put one row for each key. ValueError for columns that do not fit, or for a new key that comes twice."""
        for name, values in rows.columns.items():
            expected = (len(keys), *self._column(name).shape[1:])
            if values.shape != expected:
                raise ValueError(
                    f"column {name!r} of table {self.table.name!r} is {list(values.shape)}; "
                    f"for {len(keys)} keys it has to be {list(expected)}"
                )
        places = self._rows.find(keys) + 1
        fresh = keys[places == 0]
        if len(fresh):
            if len(np.unique(fresh)) != len(fresh):
                raise ValueError(f"keys written to table {self.table.name!r} have to be unique; some come twice")
            end = len(self._rows) + len(fresh)
            self._grow(end + 1)
            places[places == 0] = np.arange(len(self._rows) + 1, end + 1)
        for name, values in rows.columns.items():
            self._columns[name][places] = values
        if len(fresh):
            self._rows.insert(fresh)

    def without(self, keys: Keys) -> KeyedRows:
        """A copy without these keys; this one stays as it is, for those who are reading it."""
        fresh = KeyedRows(self.table)
        fresh._rows, kept = self._rows.without(keys)
        fresh._place(kept, self._columns)
        return fresh

    def copy(self) -> KeyedRows:
        """A copy that no longer changes when this one is written."""
        return self.without(np.zeros(0, np.int64))

    @classmethod
    def of(cls, table: Table, keys: Keys, columns: Mapping[str, Column]) -> KeyedRows:
        """The rows of a table as they were scanned."""
        held = cls(table, len(keys))
        held._rows.insert(keys)
        for name, values in columns.items():
            held._columns[name][1 : len(keys) + 1] = values
        return held

    def _place(self, kept: RowNumbers, columns: Mapping[str, Column]) -> None:
        self._grow(len(kept) + 1)
        for name, column in columns.items():
            self._columns[name][1 : len(kept) + 1] = column[kept + 1]

    def _grow(self, rows: int) -> None:
        for field in self.table.fields:
            column = self._columns[field.name]
            if len(column) < rows:
                larger = _filled(field, max(rows, 2 * len(column)))
                larger[: len(column)] = column
                self._columns[field.name] = larger

    def _column(self, name: str) -> Column:
        try:
            return self._columns[name]
        except KeyError:
            raise ValueError(
                f"table {self.table.name!r} has no column {name!r}; there are {', '.join(self._columns)}"
            ) from None


class Tables:
    """A `Store` in memory. With a directory, `save` and `load` go there; without, they keep a copy in memory.

    `before_save` is called first: what must not lag behind the saved offset is made durable there. Writing is for one
    thread at a time, and is made so by a lock; reading takes no lock.
    """

    def __init__(self, directory: Path | None = None, before_save: Callable[[], None] = lambda: None) -> None:
        self._tables: dict[str, KeyedRows] = {}
        self._saves = None if directory is None else Saves(directory)
        self._copy: Saved | None = None
        self._base: Saved | None = None
        self._before_save = before_save
        self._writing = threading.RLock()

    def create(self, table: Table) -> None:
        """Make a table unless it is there. BackendError if it is there with other fields."""
        with self._writing:
            held = self._tables.get(table.name)
            if held is None:
                self._tables[table.name] = KeyedRows(table)
            elif _layout(held.table) != _layout(table):
                raise BackendError(f"table {table.name!r} is there with other fields: {', '.join(held.table.names)}")

    def read(self, table: str, keys: Keys) -> Batch:
        held = self._held(table)
        return held.read(keys, held.table.names)

    def columns(self, table: str, keys: Keys, names: tuple[str, ...]) -> Batch:
        return self._held(table).read(keys, names)

    def write(self, table: str, keys: Keys, rows: Batch) -> None:
        with self._writing:
            self._held(table).write(keys, rows)

    def has(self, table: str, keys: Keys) -> NDArray[np.bool_]:
        return self._held(table).has(keys)

    def scan(self, table: str, names: tuple[str, ...] = ()) -> tuple[Keys, Batch]:
        held = self._held(table)
        return held.scan(names or held.table.names)

    def delete(self, table: str, keys: Keys) -> None:
        """Forget these keys. The table is copied without them: gather keys and call once."""
        with self._writing:
            held = self._held(table)
            if held.has(keys).any():
                self._tables[table] = held.without(keys)

    def save(self, offset: Offset, base: bool = False) -> None:
        with self._writing:
            self._before_save()
            if self._saves is None:
                self._copy = Saved(
                    offset,
                    {name: (held.table, *held.copy().scan(held.table.names)) for name, held in self._tables.items()},
                )
                self._base = self._copy if base else self._base
            else:
                self._saves.write(
                    Saved(
                        offset,
                        {name: (held.table, *held.scan(held.table.names)) for name, held in self._tables.items()},
                    ),
                    base,
                )

    def load(self, usable: Callable[[Offset], bool] = lambda offset: True) -> Offset:
        """Bring back the tables that were created; 0, and all of them empty, if any has no save or was saved with other
        fields: then the log has to be read from its start."""
        with self._writing:
            if self._saves is not None:
                saved = self._saves.read(usable)
            else:
                kept = (each for each in (self._copy, self._base) if each is not None and usable(each.offset))
                saved = next(kept, None)
            fits = saved is not None and all(
                name in saved.tables and _layout(saved.tables[name][0]) == _layout(held.table)
                for name, held in self._tables.items()
            )
            for name, held in list(self._tables.items()):
                if saved is not None and fits:
                    _, keys, rows = saved.tables[name]
                    self._tables[name] = KeyedRows.of(held.table, keys, rows.columns)
                else:
                    self._tables[name] = KeyedRows(held.table)
            return saved.offset if saved is not None and fits else 0

    def clear(self) -> None:
        with self._writing:
            self._copy = None
            if self._saves is not None:
                self._saves.clear()
            for name, held in list(self._tables.items()):
                self._tables[name] = KeyedRows(held.table)

    def _held(self, table: str) -> KeyedRows:
        try:
            return self._tables[table]
        except KeyError:
            raise BackendError(f"no table {table!r}; there are {', '.join(self._tables) or 'none'}") from None


def _filled(field: Field, rows: int) -> Column:
    """A column of defaults. Zeros are not touched, so that they take no memory before they are written."""
    if field.default == 0:
        return np.zeros(rows if field.width == 1 else (rows, field.width), field.dtype)
    return field.empty(rows)


def _layout(table: Table) -> list[tuple[str, str, int, str]]:
    """What two schemas have to share for rows of the one to be rows of the other (a NaN default equals a NaN)."""
    return [(f.name, np.dtype(f.dtype).str, f.width, repr(float(f.default))) for f in table.fields]
