"""Connections to the SQLite file of a log: how it is opened, mended after a crash, and given back to the disk."""

from __future__ import annotations

import logging
import sqlite3
import time  # only to wait for somebody who reads
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from foryou.backends import wal
from foryou.backends.salvage import is_damage, rows_around
from foryou.core.errors import BackendError
from foryou.core.ports import Damage

SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,  -- of a batch that was removed, never given again
    stream TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    kept TEXT,                                   -- the columns it was thinned to; NULL: as it was appended
    payload BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
"""
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "fullfsync = 1", "secure_delete = 1")
"""`fullfsync` asks macOS for a real flush; what is deleted is overwritten with zeros."""
_BEYOND = 100_000
"""Offsets that are looked for where the file does not say how many there are."""

_LOG = logging.getLogger("foryou")


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits only when told, syncs each commit, and may be used by any one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:  # of a file that is there it cannot be changed
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and durable when left."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after a full disk SQLite has often rolled back by itself
            connection.execute("ROLLBACK")
        raise


def mended(path: Path) -> list[Damage]:
    """Make a file that was damaged one that can be written to; the batches that are lost by it.

    The file as it was is kept beside it. Nothing is done to a file that can be written to.
    """
    found = wal.mend(path.with_name(path.name + "-wal"))
    if found.damaged:
        _LOG.error(
            "%s-wal is damaged in %d of its pages; what follows them was saved, and the file as it was is kept as %s",
            path, found.damaged, found.aside,
        )  # fmt: skip
    if found.dropped > 0:
        _LOG.warning("the last commit of %s was cut off (%d pages), before anybody was told of it", path, found.dropped)
    if not path.is_file() or _writable(path):
        return []
    lost = rebuild(path)
    _LOG.error("%s was damaged and could not be written to: what can be read of it is in a new file", path)
    return lost


def _writable(path: Path) -> bool:
    try:
        with closing(connect(path)) as probe:
            probe.execute("BEGIN IMMEDIATE")
            probe.execute("INSERT INTO log (stream, \"rows\", payload) VALUES ('probe', 0, zeroblob(20000))")
            probe.execute("ROLLBACK")
    except sqlite3.Error as problem:
        if getattr(problem, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
            return False
        if getattr(problem, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            return True
        if "disk I/O error" in str(problem):
            return True
        raise
    return True


def rebuild(path: Path) -> list[Damage]:
    """Copy every batch that can be reached into a new file in the place of this one, which is kept beside it; what
    could not be reached. BackendError if nothing can be read at all."""
    fresh = path.with_name(path.name + ".mending")
    fresh.unlink(missing_ok=True)
    lost: list[Damage] = []
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as old, closing(connect(fresh)) as new:
            end, known = _end(old)
            new.execute("BEGIN IMMEDIATE")
            for each in rows_around(old, 0, end + (0 if known else _BEYOND)):
                if isinstance(each, Damage):
                    lost.append(each)
                else:
                    new.execute('INSERT INTO log ("offset", stream, "rows", payload) VALUES (?, ?, ?, ?)', each)
            new.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'log'", (end,))
            if new.execute("SELECT count(*) FROM sqlite_sequence").fetchone()[0] == 0:
                new.execute("INSERT INTO sqlite_sequence VALUES ('log', ?)", (end,))
            new.execute("COMMIT")
            new.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as problem:
        raise BackendError(f"nothing can be read from {path}: {problem}; restore a backup") from problem
    put_aside(path)
    fresh.rename(path)
    return lost


def put_aside(path: Path) -> Path:
    """Rename a database with its -wal and -shm to a name that is not taken."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for end in ("-wal", "-shm", ""):
        part = path.with_name(path.name + end)
        if part.exists():
            part.rename(aside.with_name(aside.name + end))
    return aside


def _end(connection: sqlite3.Connection) -> tuple[int, bool]:
    """The last offset that was given, and whether the file says it."""
    for query in ("SELECT seq FROM sqlite_sequence WHERE name = 'log'", 'SELECT max("offset") FROM log'):
        try:
            found = connection.execute(query).fetchone()
        except sqlite3.Error as problem:
            if not is_damage(problem):
                raise
            continue
        if found and found[0] is not None:
            return int(found[0]), True
    return 0, False


def shrink(connection: sqlite3.Connection, pages: int) -> bool:
    """Give up to so many free pages back to the disk; whether there are more. A file of before this could be done
    keeps its free pages, and fills them again."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != 2:
        return False
    connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0]) > 0


def scrub(connection: sqlite3.Connection) -> None:
    """Empty the write-ahead log into the file, where deleted bytes are zeros. BackendError if somebody reads for
    longer than a few seconds."""
    for _ in range(100):
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return
        time.sleep(0.05)
    raise BackendError("somebody reads the file; what was removed is overwritten once they are done")
