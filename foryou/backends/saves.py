"""Saves of tables in a directory: whole or not there at all. The two newest are kept, and the base.

A save is a directory with a file of raw columns for each table and a manifest with checksums. It is written under
another name, synced, and renamed: a save that was cut off never has the name of a save. A base is a save that stands
for what is no longer in the log. It is written in parts and read straight into where it goes: neither takes the memory
of the tables again.
"""

from __future__ import annotations

import logging
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

from foryou.backends.arrays import synced
from foryou.backends.captured import PART, Captured
from foryou.core.batch import Batch, Column
from foryou.core.errors import BackendError
from foryou.core.ports import Keys, Offset
from foryou.core.table import Field, Table

FORMAT = 2
_FORMATS = (1, FORMAT)
"""Those that are read: in the first, the manifest had no checksum of its own."""
_MANIFEST = "manifest"
_PARTIAL = "partial"
_KEPT = 2
"""Saves: should the newest be damaged, the one before it is a shorter way than the log."""

_READERS = 4
"""Columns that are read at the same time."""

_LOG = logging.getLogger("foryou")

Room: TypeAlias = Callable[[Table, int], tuple[Keys, Mapping[str, Column]] | None]
"""Where the keys and columns of so many rows of a table go; None: they are not wanted."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Tables as they were at an offset: for each its schema, its keys and its rows."""

    offset: Offset
    tables: Mapping[str, tuple[Table, Keys, Batch]]


class _Column(msgspec.Struct, array_like=True, frozen=True):
    name: str
    dtype: str
    width: int
    default: float
    checksum: int


class _Table(msgspec.Struct, frozen=True):
    name: str
    file: str
    rows: int
    keys_checksum: int
    columns: list[_Column]


class _Manifest(msgspec.Struct, frozen=True):
    format: int
    offset: int
    tables: list[_Table]


class Saves:
    """The saves in a directory, which is made when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, offset: Offset, tables: Iterable[Captured], base: bool = False) -> None:
        """Keep these tables beside the save before, or as the base instead of all others; each is released when it is
        written. BackendError if it cannot; what was saved then stays."""
        partial = self._directory / _PARTIAL
        with _named_failure("save tables to", self._directory):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            try:
                written = [_write_table(partial, f"{position}.columns", each) for position, each in enumerate(tables)]
                with synced(partial / _MANIFEST) as file:
                    file.write(_sealed(msgspec.msgpack.encode(_Manifest(FORMAT, offset, written))))
                _sync_directory(partial)
                older = self._all()
                number = 1 + max(map(_number, (*older, *self._directory.glob("base-*"))), default=0)
                bases = list(self._directory.glob("base-*"))
                if base:
                    kept = partial.with_name(f"{_PARTIAL}-base")
                    shutil.rmtree(kept, ignore_errors=True)
                    shutil.copytree(partial, kept, copy_function=os.link)
                    kept.rename(self._directory / f"base-{number:08d}")
                partial.rename(self._directory / f"save-{number:08d}")
                _sync_directory(self._directory)
            except OSError:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            for path in [*older, *bases] if base else older[: len(older) + 1 - _KEPT]:
                shutil.rmtree(path)

    def read(
        self,
        usable: Callable[[Offset, Mapping[str, Table]], bool] = lambda offset, tables: True,
        room: Room | None = None,
    ) -> Saved | None:
        """The newest save that is whole and `usable`, or nothing if there is none; its rows are in new arrays,
        or where `room` says, which is asked again for each save that is tried."""
        for path in [*reversed(self._all()), *self._directory.glob("base-*")]:
            try:
                saved = self._read(path, usable, room or _room)
            except BackendError as problem:
                _LOG.error("%s; the save before it, or the log, stands in for it", problem)
                continue
            if saved is not None:
                return saved
        return None

    def base(self) -> Saved | None:
        """The base, if there is one that is whole."""
        for path in self._directory.glob("base-*"):
            return self._read(path, lambda offset, tables: True, _room)
        return None

    def _read(self, path: Path, usable: Callable[[Offset, Mapping[str, Table]], bool], room: Room) -> Saved | None:
        with _named_failure("load the tables from", path):
            try:
                manifest = _manifest((path / _MANIFEST).read_bytes())
            except (msgspec.MsgspecError, UnicodeError) as problem:
                raise _damaged(path, f"its manifest cannot be read ({problem})") from problem
            tables = {table.name: (_schema(table), table) for table in manifest.tables}
            if manifest.format not in _FORMATS or not usable(
                manifest.offset, {name: schema for name, (schema, _) in tables.items()}
            ):
                return None
            found: dict[str, tuple[Table, Keys, Batch]] = {}
            parts: list[_Part] = []
            for name, (schema, table) in tables.items():
                into = room(schema, table.rows)
                if into is not None:
                    keys, columns = into
                    found[name] = schema, keys, Batch(dict(columns), table.rows)
                    parts += _parts_of(path / table.file, table, keys, columns)
            with ThreadPoolExecutor(_READERS, "foryou-load") as readers:
                for _ in readers.map(_read_part, parts):
                    pass
            return Saved(manifest.offset, found)

    def clear(self) -> None:
        """Remove all saves but the base."""
        with _named_failure("remove the saves in", self._directory):
            partial = self._directory / _PARTIAL
            for path in self._all():
                shutil.rmtree(partial, ignore_errors=True)
                path.rename(partial)
                shutil.rmtree(partial)

    def _all(self) -> list[Path]:
        """The saves, oldest first."""
        return sorted(self._directory.glob("save-*"), key=_number)


def _number(path: Path) -> int:
    return int(path.name.partition("-")[2])


def _sealed(manifest: bytes) -> bytes:
    return manifest + zlib.crc32(manifest).to_bytes(4, "little")


def _manifest(raw: bytes) -> _Manifest:
    """A manifest from its file. MsgspecError or UnicodeError if a byte of it was changed."""
    whole = _sealed(raw[:-4]) == raw
    manifest = msgspec.msgpack.decode(raw[:-4] if whole else raw, type=_Manifest)
    if manifest.format == FORMAT and not whole:
        raise msgspec.DecodeError("its checksum does not match")
    return manifest


def _schema(table: _Table) -> Table:
    return Table(table.name, tuple(Field(c.name, c.dtype, c.width, c.default) for c in table.columns))


def _room(table: Table, rows: int) -> tuple[Keys, Mapping[str, Column]]:
    """New arrays."""
    shapes = ((each, rows if each.width == 1 else (rows, each.width)) for each in table.fields)
    return np.empty(rows, np.int64), {each.name: np.empty(shape, each.dtype) for each, shape in shapes}


def _write_table(directory: Path, name: str, table: Captured) -> _Table:
    with synced(directory / name) as file:
        keys_checksum = _write_column(file, table.keys())
        columns = [
            _Column(f.name, f.dtype, f.width, float(f.default), _write_column(file, table.column(f.name)))
            for f in table.table.fields
        ]
    try:
        return _Table(table.table.name, name, len(table), keys_checksum, columns)
    finally:
        table.release()


def _write_column(file: FileIO, parts: Iterator[Column]) -> int:
    """Write a column as it lies in memory; its CRC-32."""
    checksum = 0
    for part in parts:
        raw = np.ascontiguousarray(part).reshape(-1).view(np.uint8).data
        file.write(raw)
        checksum = zlib.crc32(raw, checksum)
    return checksum


@dataclass(frozen=True, slots=True)
class _Part:
    """A column in a file."""

    path: Path
    start: int
    column: Column
    checksum: int


def _parts_of(path: Path, table: _Table, keys: Keys, columns: Mapping[str, Column]) -> Iterator[_Part]:
    start = 0
    every = [(keys, table.keys_checksum), *((columns[each.name], each.checksum) for each in table.columns)]
    for column, checksum in every:
        yield _Part(path, start, column, checksum)
        start += column.nbytes


def _read_part(part: _Part) -> None:
    if part.column.size == 0:
        return
    raw = part.column.reshape(-1).view(np.uint8).data
    checksum = done = 0
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.start)
        while done < len(raw):
            read = file.readinto(raw[done : done + PART])
            if not read:
                raise _damaged(part.path, "it is too short")
            checksum = zlib.crc32(raw[done : done + read], checksum)
            done += read
    if checksum != part.checksum:
        raise _damaged(part.path, "a checksum does not match")


def _damaged(path: Path, problem: str) -> BackendError:
    return BackendError(f"the saved tables in {path} are damaged: {problem}")


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named_failure(action: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise BackendError(f"cannot {action} {path}: {problem.strerror or problem}") from problem
