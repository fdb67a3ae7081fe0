"""Events in files: Parquet, CSV and JSON lines in the fields of the wire, read and written in chunks.

Columns that a file does not have, and cells that are empty, are fields that were not sent.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

import duckdb
import msgspec

from foryou.api import tables
from foryou.api.decode import from_lines, from_objects
from foryou.api.schema import FIELDS, Refusal, Row, to_columns
from foryou.api.tables import LISTS, REAL, WHOLE, Connection, Types, as_json, as_object, from_json, selected
from foryou.core.batch import Batch
from foryou.core.errors import BackendError, NotFound, SettingsError

CHUNK = 20_000
"""Events read, and made durable, at a time."""

FORMATS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson")


class Chunk(Protocol):
    """Some rows of a file, and which row or line (from 1) each of them is."""

    @property
    def numbers(self) -> Sequence[int]: ...

    def columns(self, received: int) -> tuple[Batch, list[Refusal]]:
        """The rows as `to_columns` makes them."""
        ...

    def found(self, index: int) -> object:
        """What a row that was refused is in the file."""
        ...


@dataclass(frozen=True, slots=True)
class Decoded:
    """A chunk whose rows were decoded one by one, beside what they were in the file."""

    rows: list[Row]
    was: Sequence[object]
    numbers: Sequence[int]

    def columns(self, received: int) -> tuple[Batch, list[Refusal]]:
        return to_columns(self.rows, received)

    def found(self, index: int) -> object:
        return self.was[index]


def read(path: Path) -> Iterator[Chunk]:
    """The rows of a file, in order. NotFound if there is none; SettingsError if it is of no known format, or damaged:
    the latter once the rows before the damage were read."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    name = path.name.lower()
    if name.endswith((".jsonl", ".jsonl.gz", ".ndjson")):
        return _named(path, _read_lines(path))
    if name.endswith((".parquet", ".csv", ".csv.gz")):
        return _named(path, _read_table(path))
    raise SettingsError(f"{path.name} is of no format that can be read; expected one of {', '.join(FORMATS)}")


def _named(path: Path, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    try:
        yield from chunks
    except (duckdb.Error, BackendError, OSError, EOFError, zlib.error, UnicodeError) as error:
        raise SettingsError(f"cannot read {path}: {(str(error).splitlines() or ['it is damaged'])[0]}") from error


def rows_in(path: Path) -> int | None:
    """How many rows a file has, where that is quick to say, and it can be read at all."""
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return None
    with duckdb.connect() as connection, suppress(duckdb.Error, UnicodeError):
        return int(connection.execute("select count(*) from read_parquet(?)", [str(path)]).fetchall()[0][0])
    return None


def writable(path: Path) -> None:
    """SettingsError where the name says no format that is written."""
    if path.suffix.lower() not in (".jsonl", ".ndjson", ".parquet"):
        raise SettingsError(f"cannot write {path.name}; expected a name that ends in .jsonl or .parquet")


def write(path: Path, events: Iterable[bytes]) -> int:
    """Write events (MessagePack, in log order) as Parquet or JSON lines, by the name of the file (`writable`); how
    many."""
    if path.suffix.lower() == ".parquet":
        return _write_parquet(path, events)
    with path.open("wb") as out:
        return write_lines(out, events)


def write_lines(out: BinaryIO, events: Iterable[bytes]) -> int:
    """Write events (MessagePack) as JSON lines; how many."""
    written = 0
    for event in events:
        out.write(msgspec.json.encode(msgspec.msgpack.decode(event)) + b"\n")
        written += 1
    return written


def _read_lines(path: Path) -> Iterator[Chunk]:
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
        number = 0
        while lines := list(islice(file, CHUNK)):
            kept = [(number + i, line) for i, line in enumerate(lines, 1) if line.strip()]
            if kept:
                found = [line for _, line in kept]
                yield Decoded(from_lines(found), found, [i for i, _ in kept])
            number += len(lines)


def _read_table(path: Path) -> Iterator[Chunk]:
    parquet = path.suffix.lower() == ".parquet"
    source = "read_parquet(?)" if parquet else "read_csv(?, header = true, all_varchar = true)"
    with duckdb.connect() as connection:
        try:
            described = connection.execute(f"describe select * from {source}", [str(path)]).fetchall()
            types = {str(name): str(kind) for name, kind, *_ in described}
            if parquet and tables.known(types):
                yield from tables.chunks(connection, path, types, CHUNK)
                return
            first = 1
            for rows in _parquet_rows(connection, path, types) if parquet else _csv_rows(connection, path, types):
                yield Decoded(*rows, range(first, first + len(rows[0])))
                first += len(rows[0])
        except duckdb.Error as error:
            raise SettingsError(f"cannot read {path}: {str(error).splitlines()[0]}") from error


def readable(found: object) -> object:
    """A row as it was in its file, for people: a line as text."""
    return found.decode(errors="replace").rstrip() if isinstance(found, bytes) else found


def _csv_rows(connection: Connection, path: Path, types: Types) -> Iterator[tuple[list[Row], Sequence[object]]]:
    columns = ", ".join(selected(name, kind) for name, kind in types.items())
    cursor = connection.execute(f"select {columns} from read_csv(?, header = true, all_varchar = true)", [str(path)])
    while rows := cursor.fetchmany(CHUNK):
        found = [as_object(tuple(types), row) for row in rows]
        yield from_objects(found, strict=False), found


def _parquet_rows(connection: Connection, path: Path, types: Types) -> Iterator[tuple[list[Row], Sequence[object]]]:
    """By way of JSON, which the database writes and msgspec reads with no object for a value in between."""
    cursor = connection.execute(f"select {as_json(types)} from read_parquet(?)", [str(path)])
    while lines := [line.encode() for (line,) in cursor.fetchmany(CHUNK)]:
        yield from_json(tuple(types), lines)


def _write_parquet(path: Path, events: Iterable[bytes]) -> int:
    """By way of JSON lines beside it, so that any number of events fits into memory."""
    handle, beside = tempfile.mkstemp(suffix=".jsonl", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            written = write_lines(out, events)
        columns = {name: _sql_type(name) for name in FIELDS}
        with duckdb.connect() as connection:
            lines = connection.read_json(beside, columns=columns, format="newline_delimited")
            lines.write_parquet(str(path), compression="zstd")
    finally:
        Path(beside).unlink()
    return written


def _sql_type(name: str) -> str:
    if name in WHOLE:
        return "BIGINT"
    if name in REAL:
        return "DOUBLE"
    if name in LISTS:
        return "VARCHAR[]"
    return "BOOLEAN" if name == "long_view" else "VARCHAR"
