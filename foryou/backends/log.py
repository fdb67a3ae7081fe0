"""The log: batches in named streams, in one order, in memory or in one SQLite file.

SQLite holds a row for each batch, packed. Whatever was appended since the last commit waits in memory; a sync commits
all of it at once, and those who sync meanwhile find theirs done (group commit).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from foryou.backends.pack import pack, unpack
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.core.ports import Mark, Offset, Record

_PAGE = 16
"""Batches fetched at once: reading holds no more than these in memory."""
_MOST_WAITING = 16 << 20
"""Bytes that may wait for a sync; an append beyond them commits first."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,  -- of a batch that was removed, never given again
    stream TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    kept TEXT,                                   -- the columns it was thinned to; NULL: as it was appended
    payload BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
"""
_INSERT = 'INSERT INTO log ("offset", stream, "rows", payload) VALUES (?, ?, ?, ?)'
_DELETE = 'DELETE FROM log WHERE stream = ? AND "offset" < ?'
_THICK = (
    'SELECT "offset", payload FROM log WHERE stream = ? AND "offset" > ? AND "offset" < ? AND kept IS NOT ? '
    f'ORDER BY "offset" LIMIT {_PAGE}'
)


class MemoryLog:
    """A log that ends with the process: for tests and the simulator."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._end: Offset = 0
        self._marks: dict[str, int] = {}
        self._lock = threading.Lock()

    def append(self, stream: str, rows: Batch, mark: Mark | None = None) -> Offset:
        with self._lock:
            self._end += 1
            self._records.append(Record(self._end, stream, rows))
            self._marks |= _marked(mark)
            return self._end

    def marks(self) -> Mapping[str, int]:
        with self._lock:
            return self._marks.copy()

    def unmark(self, names: Iterable[str]) -> None:
        with self._lock:
            self._marks = _without(self._marks, names)

    def sync(self) -> None:
        """Nothing outlives the process, so there is nothing to do."""

    def read(self, after: Offset = 0, streams: tuple[str, ...] = ()) -> Iterator[Record]:
        with self._lock:
            records = list(self._records)
        return (r for r in records if r.offset > after and (not streams or r.stream in streams))

    def trim(self, stream: str, before: Offset, keep: tuple[str, ...]) -> int:
        changed = 0
        with self._lock:
            records: list[Record] = []
            for record in self._records:
                if record.stream != stream or record.offset >= before:
                    records.append(record)
                elif not keep:
                    changed += 1
                else:
                    thinned = _thinned(record.rows, keep)
                    changed += thinned is not record.rows
                    records.append(Record(record.offset, stream, thinned))
            self._records = records
        return changed

    @property
    def end(self) -> Offset:
        return self._end

    def close(self) -> None: ...


class SqliteLog:
    """A log in one SQLite file (WAL, full sync). One process may have it open at a time.

    A failure (a full disk, say) raises BackendError and loses nothing: batches that were appended and not yet synced
    wait, and the next sync tries them again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[_Row] = []
        self._waiting_bytes = 0
        self._marks_waiting: dict[str, int] = {}
        self._state = threading.Lock()
        """Guards what waits and the end: held for microseconds, never while the disk works."""
        self._committing = threading.Lock()
        self._reading = threading.Lock()
        self._closed = False
        with self._named_failure("open"):
            self._writer = _connect(path)
            try:
                self._writer.executescript(_SCHEMA)
                self._reader = _connect(path)
                found = self._writer.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone()
            except BaseException:
                self._writer.close()
                raise
        self._end: Offset = found[0] if found else 0

    def append(self, stream: str, rows: Batch, mark: Mark | None = None) -> Offset:
        payload = pack(rows)
        if self._waiting_bytes + len(payload) > _MOST_WAITING:
            self.sync()
        with self._state:
            self._check_open()
            self._end += 1
            self._waiting.append((self._end, stream, len(rows), payload))
            self._waiting_bytes += len(payload)
            self._marks_waiting |= _marked(mark)
            return self._end

    def marks(self) -> Mapping[str, int]:
        with self._committing, self._named_failure("read"):
            found: dict[str, int] = dict(self._writer.execute("SELECT name, position FROM marks").fetchall())
        with self._state:
            return found | self._marks_waiting

    def unmark(self, names: Iterable[str]) -> None:
        gone = tuple(names)
        with self._state:
            self._marks_waiting = _without(self._marks_waiting, gone)
        with self._committing, self._named_failure("write to"):
            self._writer.executemany("DELETE FROM marks WHERE name = ?", [(name,) for name in gone])

    def sync(self) -> None:
        with self._committing:
            with self._state:
                self._check_open()
                batches, marks = self._waiting.copy(), self._marks_waiting.copy()
            if not batches:
                return
            with self._named_failure("write to"), _transaction(self._writer):
                self._writer.executemany(_INSERT, batches)
                self._writer.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", marks.items())
            with self._state:
                del self._waiting[: len(batches)]
                self._marks_waiting = dict(self._marks_waiting.items() - marks.items())
                self._waiting_bytes -= sum(len(payload) for *_, payload in batches)

    def read(self, after: Offset = 0, streams: tuple[str, ...] = ()) -> Iterator[Record]:
        """As the port says. What is appended while the iteration runs may or may not still come."""
        chosen = f"AND stream IN ({', '.join('?' * len(streams))})" if streams else ""
        page = f'SELECT "offset", stream, payload FROM log WHERE "offset" > ? {chosen} ORDER BY "offset" LIMIT {_PAGE}'
        while True:
            # What waits is looked at first: a batch that is committed in between is then found in the file.
            with self._state:
                self._check_open()
                waiting = self._waiting.copy()
            with self._reading, self._named_failure("read"):
                found = self._reader.execute(page, (after, *streams)).fetchall()
            for offset, stream, payload in found:
                after = offset
                yield self._record(offset, stream, payload)
            if len(found) < _PAGE:
                break
        for offset, stream, _, payload in waiting:
            if offset > after and (not streams or stream in streams):
                yield self._record(offset, stream, payload)

    def trim(self, stream: str, before: Offset, keep: tuple[str, ...]) -> int:
        """As the port says, for offsets below `before`. What a trim that was cut off has left, the next one does."""
        self.sync()
        if not keep:
            with self._committing, self._named_failure("trim"), _transaction(self._writer):
                return self._writer.execute(_DELETE, (stream, before)).rowcount
        changed, after, kept = 0, 0, ",".join(sorted(keep))
        while True:
            with self._committing, self._named_failure("trim"):
                found = self._writer.execute(_THICK, (stream, after, before, kept)).fetchall()
                if not found:
                    return changed
                thinner: list[tuple[str, bytes, Offset]] = []
                for offset, payload in found:
                    rows = self._record(offset, stream, payload).rows
                    thinned = _thinned(rows, keep)
                    changed += thinned is not rows
                    thinner.append((kept, payload if thinned is rows else pack(thinned), offset))
                with _transaction(self._writer):
                    self._writer.executemany('UPDATE log SET kept = ?, payload = ? WHERE "offset" = ?', thinner)
            after = found[-1][0]

    @property
    def end(self) -> Offset:
        return self._end

    def close(self) -> None:
        """Sync and close. BackendError if that sync fails; it is closed all the same."""
        if self._closed:
            return
        try:
            self.sync()
        finally:
            with self._committing, self._reading, self._state:
                self._closed = True
                self._reader.close()
                self._writer.close()

    def _record(self, offset: Offset, stream: str, payload: bytes) -> Record:
        try:
            return Record(offset, stream, unpack(payload))
        except BackendError as problem:
            raise BackendError(f"log {self._path}, offset {offset}: {problem}") from problem

    def _check_open(self) -> None:
        if self._closed:
            raise BackendError(f"log {self._path} is closed")

    @contextmanager
    def _named_failure(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise BackendError(f"cannot {action} log {self._path}: {problem}") from problem


_Row = tuple[Offset, str, int, bytes]
"""Offset, stream, how many rows, payload."""


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that commits only when told, syncs each commit, and may be used by any one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        # fullfsync asks macOS for a real flush; elsewhere it changes nothing.
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = 1"):
            connection.execute(f"PRAGMA {pragma}").close()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and durable when left."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after a full disk SQLite has often rolled back by itself
            connection.execute("ROLLBACK")
        raise


def _marked(mark: Mark | None) -> dict[str, int]:
    return {} if mark is None else dict([mark])


def _without(marks: dict[str, int], names: Iterable[str]) -> dict[str, int]:
    gone = set(names)
    return {name: position for name, position in marks.items() if name not in gone}


def _thinned(rows: Batch, keep: tuple[str, ...]) -> Batch:
    """The batch with only those of its columns; the same batch if it has no others."""
    names = [name for name in rows if name in keep]
    return rows if len(names) == len(rows.columns) else Batch({name: rows[name] for name in names}, len(rows))
