"""Documents: small records by kind and id, in memory or in one SQLite file."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import nlargest
from pathlib import Path

import msgspec

from foryou.backends.connection import scrub, transaction
from foryou.core.errors import BackendError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id INTEGER NOT NULL, document BLOB NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
"""


_MOST_WAITING = 100_000
"""Documents that may wait for the disk."""

_MAPPED = 1 << 40
"""Bytes of the file that are read as memory, without a call for each page: all of it (SQLite has a limit of its own).
"""

_LOG = logging.getLogger("foryou")


class MemoryDocuments:
    """Documents that end with the process."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[int, bytes]] = {}
        self._lock = threading.Lock()

    def put(self, kind: str, ids: list[int], documents: list[bytes]) -> None:
        with self._lock:
            self._kinds.setdefault(kind, {}).update(zip(ids, documents, strict=True))

    def get(self, kind: str, ids: list[int]) -> list[bytes | None]:
        held = self._kinds.get(kind, {})
        return [held.get(each) for each in ids]

    def latest(self, kind: str, most: int) -> list[bytes]:
        with self._lock:
            held = self._kinds.get(kind, {})
            return [held[each] for each in nlargest(most, held)]

    def trim(self, kind: str, before: int) -> int:
        with self._lock:
            held = self._kinds.get(kind, {})
            old = [each for each in held if each < before]
            for each in old:
                del held[each]
            return len(old)

    def remove(self, kind: str, ids: list[int]) -> int:
        with self._lock:
            held = self._kinds.get(kind, {})
            return sum(held.pop(each, None) is not None for each in ids)

    def scrub(self) -> None: ...

    def clear(self) -> None:
        with self._lock:
            self._kinds.clear()

    def close(self) -> None: ...


class SqliteDocuments:
    """Documents in one SQLite file. They are a fold of the log, so a put is not synced: `sync` is called before the
    offset that they have reached is saved, and after a power cut the log from that offset puts the rest again.

    What a full disk does not take waits in memory, where it can be read, and is tried again with the next put: the
    events that it comes from are in the log already.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        """`read_only`: another process writes them."""
        self._path = path
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, int], bytes] = {}
        with self._named_failure("open"):
            where = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self._connection = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)
            self._connection.execute(f"PRAGMA mmap_size = {_MAPPED}").close()
            if read_only:
                return
            try:
                for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "fullfsync = 1", "secure_delete = 1"):
                    self._connection.execute(f"PRAGMA {pragma}").close()
                self._connection.executescript(_SCHEMA)
            except BaseException:
                self._connection.close()
                raise

    def put(self, kind: str, ids: list[int], documents: list[bytes]) -> None:
        """Returns when they can be read. BackendError if so many wait for the disk that memory would not hold more."""
        with self._lock:
            if len(self._waiting) + len(ids) > _MOST_WAITING:
                self._flush()
            self._waiting |= {(kind, each): document for each, document in zip(ids, documents, strict=True)}
            try:
                self._flush()
            except BackendError as problem:
                _LOG.warning("%s; %d of them wait in memory", problem, len(self._waiting))

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = [(kind, each, document) for (kind, each), document in self._waiting.items()]
        with self._named_failure("write to"), transaction(self._connection):
            self._connection.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", rows)
        self._waiting.clear()

    def get(self, kind: str, ids: list[int]) -> list[bytes | None]:
        wanted = msgspec.json.encode(ids).decode()
        with self._lock, self._named_failure("read"):
            found: dict[int, bytes] = dict(
                self._connection.execute(
                    "SELECT id, document FROM documents WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
                    (kind, wanted),
                ).fetchall()
            )
            if self._waiting:
                found |= {each: self._waiting[kind, each] for each in ids if (kind, each) in self._waiting}
        return [found.get(each) for each in ids]

    def latest(self, kind: str, most: int) -> list[bytes]:
        with self._lock, self._named_failure("read"):
            self._flush()
            found = self._connection.execute(
                "SELECT document FROM documents WHERE kind = ? ORDER BY id DESC LIMIT ?", (kind, most)
            )
            return [document for (document,) in found]

    def trim(self, kind: str, before: int) -> int:
        with self._lock, self._named_failure("trim"):
            self._flush()
            return self._connection.execute("DELETE FROM documents WHERE kind = ? AND id < ?", (kind, before)).rowcount

    def remove(self, kind: str, ids: list[int]) -> int:
        with self._lock, self._named_failure("remove from"), transaction(self._connection):
            waited = sum(self._waiting.pop((kind, each), None) is not None for each in ids)
            rows = [(kind, each) for each in ids]
            deleted = self._connection.executemany("DELETE FROM documents WHERE kind = ? AND id = ?", rows).rowcount
            return max(deleted, waited)

    def scrub(self) -> None:
        with self._lock, self._named_failure("scrub"):
            # Where documents moved within a page their old bytes may lie about it, deleted or not: only a new file has
            # none.
            self._connection.execute("VACUUM")
            scrub(self._connection)

    def clear(self) -> None:
        with self._lock, self._named_failure("clear"):
            self._waiting.clear()
            self._connection.execute("DELETE FROM documents")

    def sync(self) -> None:
        """Returns once every put before the call would survive a power cut."""
        with self._lock, self._named_failure("sync"):
            self._flush()
        # What is committed is in the write-ahead log, or in a file that SQLite synced before it took it out of there.
        # SQLite holds no lock on that file that closing it again would give up.
        with self._named_failure("sync"):
            for path in (self._path.with_name(self._path.name + "-wal"), self._path.parent):
                if path.exists():
                    descriptor = os.open(path, os.O_RDONLY)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)

    def close(self) -> None:
        with self._lock:
            try:
                self._flush()
            finally:
                self._connection.close()

    @contextmanager
    def _named_failure(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise BackendError(f"cannot {action} documents {self._path}: {problem}") from problem
