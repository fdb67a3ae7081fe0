"""What admins did: a list that only grows, each line chained to the one before, in the file of the keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from hashlib import blake2b

import msgspec

from foryou.access.kept import Kept

_START = bytes(16)


@dataclass(frozen=True, slots=True)
class Noted:
    """One line: when (ms UTC), who (a key's name), from where, what, of whom (hashed), and what came of it."""

    at: int
    who: str
    address: str
    what: str
    subject: str
    result: str


def note(connection: sqlite3.Connection, line: Noted) -> None:
    """Add a line, in a transaction of `Kept.writing`."""
    last = connection.execute("SELECT chain FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    chain = _chained(last[0] if last else _START, line)
    connection.execute(
        "INSERT INTO audit (at, who, address, what, subject, result, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*astuple(line), chain),
    )


def lines(kept: Kept, last: int = 0) -> list[Noted]:
    """All lines, or the `last` ones; oldest first."""
    found = kept.rows(
        "SELECT at, who, address, what, subject, result FROM audit ORDER BY number DESC LIMIT ?", last or -1
    )
    return [Noted(*row) for row in reversed(found)]


def broken(kept: Kept) -> int | None:
    """The number of the first line that is not as it was written (or follows one that is missing); None if all are."""
    expected, before = 1, _START
    for number, chain, line in _chain(kept):
        if number != expected or chain != _chained(before, line):
            return expected
        expected, before = expected + 1, chain
    return None


def subject_of(kept: Kept, viewer: str) -> str:
    """How a viewer is named in the audit log: who has no secret of this deployment cannot tell whom it is."""
    return blake2b(viewer.encode(errors="replace"), digest_size=8, key=kept.secret, person=b"audit").hexdigest()


def _chain(kept: Kept) -> Iterator[tuple[int, bytes, Noted]]:
    for number, chain, *line in kept.rows(
        "SELECT number, chain, at, who, address, what, subject, result FROM audit ORDER BY number"
    ):
        yield number, chain, Noted(*line)


def _chained(before: bytes, line: Noted) -> bytes:
    return blake2b(msgspec.msgpack.encode(astuple(line)), digest_size=16, key=before).digest()
