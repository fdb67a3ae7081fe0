"""Documents: small records by kind and id, in memory or in one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from foryou.core.errors import BackendError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id INTEGER NOT NULL, document BLOB NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
"""


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

    def trim(self, kind: str, before: int) -> int:
        with self._lock:
            held = self._kinds.get(kind, {})
            old = [each for each in held if each < before]
            for each in old:
                del held[each]
            return len(old)

    def clear(self) -> None:
        with self._lock:
            self._kinds.clear()

    def close(self) -> None: ...


class SqliteDocuments:
    """Documents in one SQLite file. They are a fold of the log, so a put is not synced: `sync` is called before the
    offset that they have reached is saved, and after a power cut the log from that offset puts the rest again."""

    def __init__(self, path: Path, read_only: bool = False) -> None:
        """`read_only`: another process writes them."""
        self._path = path
        self._lock = threading.Lock()
        with self._named_failure("open"):
            where = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self._connection = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)
            if read_only:
                return
            try:
                for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "fullfsync = 1"):
                    self._connection.execute(f"PRAGMA {pragma}").close()
                self._connection.executescript(_SCHEMA)
            except BaseException:
                self._connection.close()
                raise

    def put(self, kind: str, ids: list[int], documents: list[bytes]) -> None:
        """All of them or, if it raises, none."""
        rows = [(kind, each, document) for each, document in zip(ids, documents, strict=True)]
        with self._lock, self._named_failure("write to"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", rows)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # after a full disk SQLite has often rolled back by itself
                    self._connection.execute("ROLLBACK")
                raise

    def get(self, kind: str, ids: list[int]) -> list[bytes | None]:
        wanted = msgspec.json.encode(ids).decode()
        with self._lock, self._named_failure("read"):
            found: dict[int, bytes] = dict(
                self._connection.execute(
                    "SELECT id, document FROM documents WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
                    (kind, wanted),
                ).fetchall()
            )
        return [found.get(each) for each in ids]

    def trim(self, kind: str, before: int) -> int:
        with self._lock, self._named_failure("trim"):
            return self._connection.execute("DELETE FROM documents WHERE kind = ? AND id < ?", (kind, before)).rowcount

    def clear(self) -> None:
        with self._lock, self._named_failure("clear"):
            self._connection.execute("DELETE FROM documents")

    def sync(self) -> None:
        """Returns once every put before the call would survive a power cut."""
        with self._lock, self._named_failure("sync"):
            self._connection.execute("PRAGMA wal_checkpoint(FULL)").fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _named_failure(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise BackendError(f"cannot {action} documents {self._path}: {problem}") from problem
