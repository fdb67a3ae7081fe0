"""The file of keys, signing seeds and the audit log, beside the log; any number of processes read and write it.

Nothing is made before the first key: no file means that nobody made one. The secret of this deployment lies in a file
of its own, so that neither file alone is of use to who finds it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time  # only to look at the file now and then
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from foryou.core.errors import BackendError

FILE = "keys.sqlite"
SECRET = "access.secret"
LOOK_S = 0.25
"""Seconds between looks at whether another process changed the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, roles TEXT NOT NULL, digest BLOB NOT NULL, created INTEGER NOT NULL,
    expires INTEGER NOT NULL, per_minute INTEGER NOT NULL, revoked INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS names ON keys (name) WHERE revoked = 0;
CREATE TABLE IF NOT EXISTS seeds (id TEXT PRIMARY KEY, seed BLOB NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL, what TEXT NOT NULL,
    subject TEXT NOT NULL, result TEXT NOT NULL, chain BLOB NOT NULL
);
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit only grows'); END;
CREATE TRIGGER IF NOT EXISTS audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit only grows'); END;
"""

Rows = list[tuple[Any, ...]]


class Kept:
    """The two files in a directory; without a directory, the same in memory until the process ends."""

    def __init__(self, directory: Path | None, look_s: float = LOOK_S, file: str = FILE, schema: str = _SCHEMA) -> None:
        """`file` may be another one, with tables of its own."""
        self.directory = directory
        self._path = directory / file if directory is not None else None
        self._schema = schema
        self.look_s = look_s
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)
        self._own = 0
        self._looked = float("-inf")
        self._version: tuple[int, ...] = ()
        self._secret = b""

    def version(self, at_once: bool = False) -> tuple[int, ...]:
        """Another value whenever the file has changed, whoever changed it; looked up four times a second."""
        now = time.monotonic()
        if not at_once and now - self._looked < self.look_s:
            return self._version
        with self._lock, self._named_failure("read"):
            connection = self._open(make=False)
            seen = connection.execute("PRAGMA data_version").fetchone()[0] if connection else 0
            self._version = (*self._file, seen, self._own)
            self._looked = now
        return self._version

    def rows(self, question: str, *values: object) -> Rows:
        """What the file answers; nothing where there is no file."""
        with self._lock, self._named_failure("read"):
            connection = self._open(make=False)
            return connection.execute(question, values).fetchall() if connection else []

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction of which all or nothing is kept; durable on leaving."""
        with self._lock, self._named_failure("write"):
            connection = self._open(make=True)
            assert connection is not None
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._own += 1
            self._looked = float("-inf")

    @property
    def secret(self) -> bytes:
        """The deployment's own 32 random bytes, made when they are first asked for."""
        with self._lock:
            if not self._secret:
                self._secret = secrets.token_bytes(32) if self.directory is None else _secret_in(self.directory)
            return self._secret

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self, make: bool) -> sqlite3.Connection | None:
        """The open file. One that was put in place of another is opened anew; one that went away is held on to."""
        if self._path is not None:
            there = _identity(self._path)
            if there is not None and there != self._file:
                self.close()
            if there is None and self._connection is None and not make:
                return None
        elif self._connection is None and not make:
            return None
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        if self._path is not None:
            with suppress(FileExistsError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            os.chmod(self._path, 0o600)  # SQLite gives the files beside it the same
        connection = sqlite3.connect(
            self._path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10
        )
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = 1"):
                connection.execute(f"PRAGMA {pragma}").close()
            connection.executescript(self._schema)
        except BaseException:
            connection.close()
            raise
        self._file = (_identity(self._path) if self._path is not None else None) or (0, 0)
        return connection

    @contextmanager
    def _named_failure(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise BackendError(f"cannot {action} {self._path or 'what is kept in memory'}: {problem}") from problem


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _secret_in(directory: Path) -> bytes:
    path = directory / SECRET
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = directory / f"{SECRET}.{os.getpid()}.{secrets.token_hex(4)}"
            with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(secrets.token_hex(32).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first: then its secret counts
                os.link(draft, path)
            draft.unlink()
        os.chmod(path, 0o600)
        found = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as problem:
        raise BackendError(f"cannot use {path}: {problem}") from problem
    if len(found) != 32:
        raise BackendError(f"{path} is damaged: put it back from a backup, or remove it and {FILE} and make new keys")
    return found
