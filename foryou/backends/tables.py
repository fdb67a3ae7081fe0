"""Tables in memory, saved to a directory together with a log offset; and the tables of another process, to read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from foryou.backends.captured import Captured, copied
from foryou.backends.rows import KeyedRows
from foryou.backends.runs import KeyedRuns
from foryou.backends.saves import Saved, Saves
from foryou.core.batch import Batch, Column
from foryou.core.errors import BackendError
from foryou.core.memory import HEAP, Memory, Published
from foryou.core.ports import Keys, Offset
from foryou.core.table import Table

Rows: TypeAlias = KeyedRows | KeyedRuns
"""How a table is held: as runs of keys where it has no columns."""


class Tables:
    """A `Store` in memory. With a directory, `save` and `load` go there; without, they keep a copy in memory.

    `before_save` is called first: what must not lag behind the saved offset is made durable there. Writing is for one
    thread at a time, and is made so by a lock; reading takes no lock. In a `memory` that others see, they read along:
    see `AttachedTables`.
    """

    def __init__(
        self,
        directory: Path | None = None,
        before_save: Callable[[], None] = lambda: None,
        memory: Memory = HEAP,
    ) -> None:
        self._tables: dict[str, Rows] = {}
        self._saves = None if directory is None else Saves(directory)
        self._copy: Saved | None = None
        self._base: Saved | None = None
        self._before_save = before_save
        self._writing = threading.RLock()
        self._memory = memory

    def create(self, table: Table) -> None:
        """Make a table unless it is there. BackendError if it is there with other fields."""
        with self._writing:
            held = self._tables.get(table.name)
            if held is None:
                self._put(_empty(table, self._memory))
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

    def count(self, table: str) -> int:
        return len(self._held(table))

    def scan(self, table: str, names: tuple[str, ...] = ()) -> tuple[Keys, Batch]:
        held = self._held(table)
        return held.scan(names or held.table.names)

    def delete(self, table: str, keys: Keys) -> None:
        """Forget these keys. The table is copied without them: gather keys and call once."""
        with self._writing:
            held = self._held(table)
            if held.has(keys).any():
                self._put(held.without(keys))

    def capture(self, offset: Offset) -> CapturedTables:
        """As the port says. An earlier capture that is still there is given up."""
        with self._writing:
            return CapturedTables(offset, [held.capture() for held in self._tables.values()], self._keep)

    def save(self, offset: Offset, base: bool = False) -> None:
        self.capture(offset).write(base)

    def _keep(self, offset: Offset, tables: Sequence[Captured], base: bool) -> None:
        self._before_save()
        if self._saves is not None:
            self._saves.write(offset, tables, base)
        else:
            self._copy = Saved(offset, {each.table.name: copied(each) for each in tables})
            self._base = self._copy if base else self._base

    def load(self, usable: Callable[[Offset], bool] = lambda offset: True) -> Offset:
        """Bring back the tables that were created; 0, and all of them empty, if there is no save with all of them and
        the same fields: then the log has to be read from its start."""
        with self._writing:
            wanted = {name: held.table for name, held in self._tables.items()}

            def fits(offset: Offset, saved: Mapping[str, Table]) -> bool:
                there = (name in saved and _layout(saved[name]) == _layout(table) for name, table in wanted.items())
                return all(there) and usable(offset)

            filling = _Filling(wanted, self._memory)
            saved = self._saves.read(fits, filling.room_if_wanted) if self._saves is not None else self._copied(fits)
            if saved is None:
                for table in wanted.values():
                    self._put(_empty(table, self._memory))
                return 0
            if self._saves is None:
                for name, table in wanted.items():
                    keys, columns = filling.room(table, len(saved.tables[name][1]))
                    keys[:] = saved.tables[name][1]
                    for each, values in columns.items():
                        values[:] = saved.tables[name][2][each]
            for rows in filling.filled():
                self._put(rows)
            return saved.offset

    def _copied(self, fits: Callable[[Offset, Mapping[str, Table]], bool]) -> Saved | None:
        for each in (self._copy, self._base):
            if each is not None and fits(each.offset, {name: held[0] for name, held in each.tables.items()}):
                return each
        return None

    def clear(self) -> None:
        with self._writing:
            self._copy = None
            if self._saves is not None:
                self._saves.clear()
            for held in list(self._tables.values()):
                self._put(_empty(held.table, self._memory))

    def row_bytes(self, table: str) -> float:
        """What a row of a table takes on average when there are many, bytes."""
        return self._held(table).row_bytes

    def _put(self, rows: Rows) -> None:
        """These are the rows of their table from now on."""
        self._tables[rows.table.name] = rows
        rows.publish(published_name(rows.table.name))

    def _held(self, table: str) -> Rows:
        return _named(self._tables, table)


@dataclass(frozen=True, slots=True)
class CapturedTables:
    """All tables as they were at an offset."""

    offset: Offset
    tables: Sequence[Captured]
    keep: Callable[[Offset, Sequence[Captured], bool], None]

    def write(self, base: bool = False) -> None:
        """As the port says; afterwards they are released, whether it could or not."""
        try:
            self.keep(self.offset, self.tables, base)
        finally:
            self.release()

    def release(self) -> None:
        """They are not wanted any more."""
        for each in self.tables:
            each.release()


class AttachedTables:
    """A `Store` of the tables that another process writes, to read."""

    def __init__(self, published: Callable[[str], Published]) -> None:
        self._published = published
        self._tables: dict[str, Rows] = {}

    def create(self, table: Table) -> None:
        """Attach to a table. BackendError if it is not there, ValueError if it has other fields."""
        kept: type[KeyedRows] | type[KeyedRuns] = KeyedRows if table.fields else KeyedRuns
        rows = kept.attached(table, self._published(published_name(table.name)))
        rows.read(np.zeros(0, np.int64), table.names)
        self._tables[table.name] = rows

    def read(self, table: str, keys: Keys) -> Batch:
        held = self._held(table)
        return held.read(keys, held.table.names)

    def columns(self, table: str, keys: Keys, names: tuple[str, ...]) -> Batch:
        return self._held(table).read(keys, names)

    def has(self, table: str, keys: Keys) -> NDArray[np.bool_]:
        return self._held(table).has(keys)

    def count(self, table: str) -> int:
        return len(self._held(table))

    def scan(self, table: str, names: tuple[str, ...] = ()) -> tuple[Keys, Batch]:
        held = self._held(table)
        return held.scan(names or held.table.names)

    def write(self, table: str, keys: Keys, rows: Batch) -> None:
        raise BackendError("tables of another process are read here; whoever has the log writes them")

    def delete(self, table: str, keys: Keys) -> None:
        raise BackendError("tables of another process are read here; whoever has the log writes them")

    def capture(self, offset: Offset) -> CapturedTables:
        raise BackendError("tables of another process are read here; whoever has the log saves them")

    def save(self, offset: Offset, base: bool = False) -> None:
        raise BackendError("tables of another process are read here; whoever has the log saves them")

    def load(self, usable: Callable[[Offset], bool] = lambda offset: True) -> Offset:
        raise BackendError("tables of another process are read here; whoever has the log loads them")

    def clear(self) -> None:
        raise BackendError("tables of another process are read here; whoever has the log clears them")

    def _held(self, table: str) -> Rows:
        return _named(self._tables, table)


def published_name(table: str) -> str:
    """Under which the rows of a table are published."""
    return f"table-{table}"


def _empty(table: Table, memory: Memory) -> Rows:
    return KeyedRows(table, 0, memory) if table.fields else KeyedRuns(table, memory)


class _Filling:
    """New tables that a save is read into."""

    def __init__(self, wanted: Mapping[str, Table], memory: Memory) -> None:
        self._wanted, self._memory = wanted, memory
        self._rows: dict[str, tuple[KeyedRows, int]] = {}
        self._keys: dict[str, Keys] = {}

    def room(self, table: Table, rows: int) -> tuple[Keys, Mapping[str, Column]]:
        """Where so many rows of a table go, in place of what there was of it."""
        if not table.fields:
            self._keys[table.name] = np.empty(rows, np.int64)
            return self._keys[table.name], {}
        held = KeyedRows(self._wanted[table.name], rows, self._memory)
        self._rows[table.name] = held, rows
        return held.room(rows)

    def room_if_wanted(self, table: Table, rows: int) -> tuple[Keys, Mapping[str, Column]] | None:
        """The same, for tables that were created."""
        return self.room(table, rows) if table.name in self._wanted else None

    def filled(self) -> list[Rows]:
        """The tables, once everything is where it goes."""
        with ThreadPoolExecutor(2, "foryou-load") as threads:
            for _ in threads.map(lambda held: held[0].fill(held[1]), self._rows.values()):
                pass
        runs = [KeyedRuns.of(self._wanted[name], keys, self._memory) for name, keys in self._keys.items()]
        return [*(rows for rows, _ in self._rows.values()), *runs]


def _named(tables: Mapping[str, Rows], table: str) -> Rows:
    try:
        return tables[table]
    except KeyError:
        raise BackendError(f"no table {table!r}; there are {', '.join(tables) or 'none'}") from None


def _layout(table: Table) -> list[tuple[str, str, int, str]]:
    """What two schemas have to share for rows of the one to be rows of the other (a NaN default equals a NaN)."""
    return [(f.name, np.dtype(f.dtype).str, f.width, repr(float(f.default))) for f in table.fields]
