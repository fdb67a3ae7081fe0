"""Saves of tables in a directory: whole or not there at all. The two newest are kept, and the base.

A save is a directory with a file of raw columns for each table and a manifest with checksums. It is written under
another name, synced, and renamed: a save that was cut off never has the name of a save. A base is a save that stands
for what is no longer in the log.
"""

from __future__ import annotations

import logging
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter
from pathlib import Path

import msgspec
import numpy as np

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

_LOG = logging.getLogger("foryou")


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

    def write(self, saved: Saved, base: bool = False) -> None:
        """Keep these tables beside the save before, or as the base instead of all others. BackendError if it cannot;
        what was saved then stays."""
        partial = self._directory / _PARTIAL
        with _named_failure("save tables to", self._directory):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            try:
                tables = [
                    _write_table(partial, f"{position}.columns", table, keys, rows)
                    for position, (table, keys, rows) in enumerate(saved.tables.values())
                ]
                with _synced(partial / _MANIFEST) as file:
                    file.write(_sealed(msgspec.msgpack.encode(_Manifest(FORMAT, saved.offset, tables))))
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

    def read(self, usable: Callable[[Offset], bool] = lambda offset: True) -> Saved | None:
        """The newest save that is whole and `usable`, or nothing if there is none."""
        for path in [*reversed(self._all()), *self._directory.glob("base-*")]:
            try:
                saved = self._read(path, usable)
            except BackendError as problem:
                _LOG.error("%s; the save before it, or the log, stands in for it", problem)
                continue
            if saved is not None:
                return saved
        return None

    def base(self) -> Saved | None:
        """The base, if there is one that is whole."""
        for path in self._directory.glob("base-*"):
            return self._read(path, lambda offset: True)
        return None

    def _read(self, path: Path, usable: Callable[[Offset], bool]) -> Saved | None:
        with _named_failure("load the tables from", path):
            try:
                manifest = _manifest((path / _MANIFEST).read_bytes())
            except (msgspec.MsgspecError, UnicodeError) as problem:
                raise _damaged(path, f"its manifest cannot be read ({problem})") from problem
            if manifest.format not in _FORMATS or not usable(manifest.offset):
                return None
            return Saved(manifest.offset, {table.name: _read_table(path, table) for table in manifest.tables})

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


def _write_table(directory: Path, name: str, table: Table, keys: Keys, rows: Batch) -> _Table:
    with _synced(directory / name) as file:
        keys_checksum = _write_column(file, keys)
        columns = [
            _Column(f.name, f.dtype, f.width, float(f.default), _write_column(file, rows[f.name])) for f in table.fields
        ]
    return _Table(table.name, name, len(keys), keys_checksum, columns)


def _write_column(file: BufferedWriter, column: Column) -> int:
    """Write a column as it lies in memory; its CRC-32."""
    if column.size == 0:
        return 0
    raw = np.ascontiguousarray(column).reshape(-1).view(np.uint8).data
    file.write(raw)
    return zlib.crc32(raw)


def _read_table(directory: Path, table: _Table) -> tuple[Table, Keys, Batch]:
    fields = tuple(Field(c.name, c.dtype, c.width, c.default) for c in table.columns)
    path = directory / table.file
    with path.open("rb") as file:
        keys = _read_column(file, np.empty(table.rows, np.int64), table.keys_checksum, path)
        columns = {
            field.name: _read_column(file, field.empty(table.rows), column.checksum, path)
            for field, column in zip(fields, table.columns, strict=True)
        }
    return Table(table.name, fields), keys, Batch(columns, table.rows)


def _read_column(file: BufferedReader, column: Column, checksum: int, path: Path) -> Column:
    if column.size == 0:
        return column
    raw = column.reshape(-1).view(np.uint8).data
    if file.readinto(raw) != len(raw):
        raise _damaged(path, "it is too short")
    if zlib.crc32(raw) != checksum:
        raise _damaged(path, "a checksum does not match")
    return column


def _damaged(path: Path, problem: str) -> BackendError:
    return BackendError(f"the saved tables in {path} are damaged: {problem}")


@contextmanager
def _synced(path: Path) -> Iterator[BufferedWriter]:
    """A new file that is on the disk when the block is left."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


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
