"""Reading the rows of a damaged SQLite table: around what cannot be read, and into a new file.

A page that is damaged hides the rows in it, or below it, from a scan. Rows are looked for by their number instead: one
beyond the damage is found again, since the way to it through the tree is another one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from foryou.core.ports import Damage, Offset

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR}
_BY_NUMBER = 'SELECT "offset", stream, "rows", payload FROM log WHERE "offset" = ?'
_ABOUT = 'SELECT stream, "rows" FROM log WHERE "offset" = ?'
_BEYOND = 'SELECT "offset" FROM log WHERE "offset" > ? ORDER BY "offset" LIMIT 1'

Row = tuple[Offset, str, int, bytes]
"""Offset, stream, how many rows, payload."""


def is_damage(problem: sqlite3.Error) -> bool:
    """Whether SQLite says that the file is not as it wrote it (rather than that the disk is full, say)."""
    return isinstance(problem, sqlite3.DatabaseError) and getattr(problem, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def rows_around(connection: sqlite3.Connection, after: Offset, end: Offset) -> Iterator[Row | Damage]:
    """Every row in `after` < offset <= `end` that can be reached, in order, and the damage between."""
    while after < end:
        clear = _clear(connection, after, end)
        for offset in range(after + 1, min(clear, end) + 1):
            found = _row(connection, offset)
            if found is not None:
                yield found
        after = min(clear, end)
        try:
            following = connection.execute(_BEYOND, (after,)).fetchone()
        except sqlite3.Error:
            continue
        if following is None:
            return
        after = following[0] - 1
        found = _row(connection, following[0])
        if found is not None:
            yield found
        after = following[0]


def _clear(connection: sqlite3.Connection, after: Offset, end: Offset) -> Offset:
    """An offset, `after` or a little more, beyond which the table can be scanned again; `end` if there is none."""

    def works(offset: Offset) -> bool:
        try:
            connection.execute(_BEYOND, (offset,)).fetchone()
        except sqlite3.Error as problem:
            if is_damage(problem):
                return False
            raise
        return True

    if works(after):
        return after
    low, step = after, 1
    while low + step < end and not works(low + step):
        low, step = low + step, 2 * step
    high = min(low + step, end)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def _row(connection: sqlite3.Connection, offset: Offset) -> Row | Damage | None:
    try:
        found: Row | None = connection.execute(_BY_NUMBER, (offset,)).fetchone()
        return found
    except sqlite3.Error as problem:
        if not is_damage(problem):
            raise
        stream, rows = "", 0
        try:
            about = connection.execute(_ABOUT, (offset,)).fetchone()
            stream, rows = about if about is not None else ("", 0)
        except sqlite3.Error:
            pass
        return Damage(offset, offset, stream, rows, str(problem))


def joined(found: list[Damage]) -> list[Damage]:
    """Neighbours with the same problem as one."""
    out: list[Damage] = []
    for each in sorted(found, key=lambda damage: damage.first):
        before = out[-1] if out else None
        same = before is not None and (before.stream, before.problem) == (each.stream, each.problem)
        if before is not None and same and before.last + 1 >= each.first:
            out[-1] = replace(before, last=max(before.last, each.last), rows=before.rows + each.rows)
        else:
            out.append(each)
    return out
