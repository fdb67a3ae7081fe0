"""Rows of a table whose columns have the names and types of the wire: events of the plain kinds straight from columns,
the others by way of JSON.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import duckdb
import msgspec
import numpy as np

from foryou.api import arrow
from foryou.api.decode import from_lines, from_objects
from foryou.api.plain import PLAIN, PLAIN_FIELDS, TRUTH, plain
from foryou.api.plain import REAL as PLAIN_REAL
from foryou.api.plain import TEXTS as PLAIN_TEXTS
from foryou.api.plain import WHOLE as PLAIN_WHOLE
from foryou.api.schema import FIELDS, Refusal, Row, to_columns
from foryou.core.batch import Batch

LISTS = ("hashtags", "effects", "languages")
TIMES = ("at", "uploaded", "pause_until")
WHOLE = ("at", "uploaded", "pause_until", "position", "replays", "episode", "width", "height")
REAL = ("seconds", "furthest", "duration")

Connection: TypeAlias = duckdb.DuckDBPyConnection
Types: TypeAlias = dict[str, str]
"""The columns of a table, each with its type in the database."""


_INTEGERS = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT")
_HUGE = 1e300
_REST = "rest"
"""The column of what is not plain, as JSON: no field has this name."""


def known(types: Types) -> bool:
    """Whether the columns are fields, and those of plain events of a type that is theirs without a loss."""
    return {"id", "kind"} <= set(types) <= set(FIELDS) and all(
        _fits(name, kind) for name, kind in types.items() if name in PLAIN_FIELDS
    )


def _fits(name: str, kind: str) -> bool:
    if name in PLAIN_WHOLE:
        return kind in _INTEGERS or (name in TIMES and kind.startswith("TIMESTAMP"))
    if name in PLAIN_REAL:
        return kind == "DOUBLE" or kind in _INTEGERS or kind.startswith("DECIMAL")
    if name in TRUTH:
        return kind == "BOOLEAN"
    return name in PLAIN_TEXTS and kind in ("VARCHAR", *_INTEGERS)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of such a table."""

    names: tuple[str, ...]
    held: Mapping[str, arrow.Column]
    numbers: range
    _found: dict[int, object] = field(default_factory=dict)

    def columns(self, received: int) -> tuple[Batch, list[Refusal]]:
        """The rows as `to_columns` makes them."""
        rows, done = plain(self.held, received)
        left = np.ones(len(self.numbers), np.bool_)
        left[rows] = False
        if not left.any():
            return done, []
        others = np.flatnonzero(left)
        decoded = self._decoded(others.tolist())
        more, refused = to_columns(decoded, received)
        refused = [msgspec.structs.replace(no, index=int(others[no.index])) for no in refused]
        there = np.setdiff1d(others, [no.index for no in refused])
        if len(done) == 0:
            return more, refused
        return Batch.concat([done, more]).take(np.argsort(np.concatenate([rows, there]))), refused

    def found(self, index: int) -> object:
        """A row that was not plain, as it was in the file."""
        return self._found[index]

    def _decoded(self, rows: list[int]) -> list[Row]:
        """These rows, decoded one by one, in order."""
        written = [self.held[_REST][row] for row in rows]
        lines = [line for line in written if isinstance(line, bytes)]
        by_json = iter(zip(*from_json(self.names, lines), strict=True)) if lines else iter(())
        decoded: list[Row] = []
        for row, line in zip(rows, written, strict=True):
            if line is None:  # of a plain kind, and not right
                was: object = {
                    name: value.decode() if isinstance(value, bytes) else value
                    for name in self.names
                    if name in PLAIN_FIELDS and (value := self.held[name][row]) is not None
                }
                event = from_objects([was], strict=False)[0]
            else:
                event, was = next(by_json)
            index = len(decoded)
            decoded.append(msgspec.structs.replace(event, index=index) if isinstance(event, Refusal) else event)
            self._found[row] = was
        return decoded


def chunks(connection: Connection, path: Path, types: Types, size: int) -> Iterator[Part]:
    """The rows of a Parquet file whose columns are known, at most `size` at a time."""
    columns = [f"{_cast(name, kind)} as {_quoted(name)}" for name, kind in types.items() if name in PLAIN_FIELDS]
    more = [f"{_quoted(name)} is null" for name in types if name not in PLAIN_FIELDS]
    kinds = ", ".join(f"'{kind.wire}'" for kind in PLAIN)
    is_plain = " and ".join([f"coalesce({_quoted('kind')} in ({kinds}), false)", *more])
    rest = f"case when {is_plain} then null else {as_json(types)} end as {_REST}"
    query = f"select {', '.join([*columns, rest])} from read_parquet({_text(path)})"
    connection.execute("set threads to 1")  # with more, row groups come in the order in which they are done
    first = 1
    for batch in arrow.batches(connection.sql(query)):
        count = len(batch["id"])
        for start in range(0, count, size):
            stop = min(start + size, count)
            held = {name: column.part(start, stop) for name, column in batch.items()}
            yield Part(tuple(types), held, range(first + start, first + stop))
        first += count


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _cast(name: str, kind: str) -> str:
    to = "bigint" if name in PLAIN_WHOLE else "double" if name in PLAIN_REAL else ""
    found = selected(name, kind)
    return f"cast({found} as {to})" if to else found


def as_json(types: Types) -> str:
    """A row as JSON, in SQL."""
    fields = ", ".join(f"{_quoted(name)} := {selected(name, kind)}" for name, kind in types.items())
    return f"to_json(struct_pack({fields}))"


def from_json(names: tuple[str, ...], lines: list[bytes]) -> tuple[list[Row], Sequence[object]]:
    """The rows that the database wrote as JSON, and what each was. Where the columns are not quite of the wire's types
    (a whole number kept as text, say), they are read value by value."""
    rows: list[Row] = from_lines(lines)
    if any(isinstance(row, Refusal) for row in rows):
        found = [as_object(names, tuple(msgspec.json.decode(line).values())) for line in lines]
        return from_objects(found, strict=False), found
    return rows, [msgspec.Raw(line) for line in lines]


def selected(name: str, kind: str) -> str:
    """A column in SQL, as the type that the wire has for it."""
    quoted = _quoted(name)
    if name in TIMES and kind.startswith(("TIMESTAMP", "DATE")):
        return f"epoch_ms({quoted})"
    if name == "long_view":
        return f"cast({quoted} as boolean)" if kind != "VARCHAR" else quoted
    if kind.startswith("DECIMAL"):
        return f"cast({quoted} as double)"
    if kind in ("DOUBLE", "FLOAT") and (name in WHOLE or name in REAL):
        # JSON has no infinity: what is refused as too large is as good
        return (
            f"case when isnan({quoted}) then null when isinf({quoted}) then sign({quoted}) * {_HUGE} else {quoted} end"
        )
    if name in WHOLE or name in REAL or name in LISTS or kind == "VARCHAR":
        return quoted
    return f"cast({quoted} as varchar)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def as_object(names: tuple[str, ...], row: tuple[object, ...]) -> dict[str, object]:
    """A row as an object of the fields that it has; NaN is how some tools write an empty cell."""
    found = {name: value for name, value in zip(names, row, strict=True) if not _empty(value)}
    for name in LISTS:
        if isinstance(text := found.get(name), str):
            found[name] = text.replace(",", " ").split()
    return found


def _empty(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, float) and math.isnan(value))
