"""Opens a back end by URL: the one place that knows which modules make up which back end."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from foryou.backends.arena import Attached
from foryou.backends.documents import MemoryDocuments, SqliteDocuments
from foryou.backends.log import SqliteLog
from foryou.backends.memory import MemoryLog
from foryou.backends.models import Models
from foryou.backends.scaled import AttachedIndex, ScaledIndex
from foryou.backends.states import States
from foryou.backends.tables import AttachedTables, Tables
from foryou.core.errors import BackendError
from foryou.core.memory import HEAP, Memory, Published
from foryou.core.ports import Documents, Index, Log, Store


@dataclass(frozen=True)
class Backend:
    """The ports of one back end. `directory` is where files may be kept beside them; memory has none."""

    log: Log
    store: Store
    documents: Documents
    states: States
    models: Models
    directory: Path | None = None
    memory: Memory = HEAP
    """Where the tables and the vectors lie, and whatever else other processes read."""
    index: Callable[[], Index] = ScaledIndex
    """Makes a new index, empty."""
    release: Callable[[], None] = lambda: None
    """Lets others open it; called last when closing."""

    def close(self) -> None:
        """Sync the log and let go of everything. The tables are saved by whoever knows their offset."""
        try:
            self.log.close()
        finally:
            try:
                self.documents.close()
            finally:
                self.release()


@dataclass(frozen=True)
class Reading:
    """What another process that serves from the same back end reads."""

    store: AttachedTables
    documents: Documents
    published: Callable[[str], Published]

    def index(self, name: str) -> AttachedIndex:
        """The index that is published under a name; empty until it is."""
        return AttachedIndex(self.published, name)

    def close(self) -> None:
        """Let go of everything."""
        self.documents.close()


def read_backend(directory: Path, arena: Path) -> Reading:
    """The back end in a directory whose writer keeps its tables in the arena. BackendError if it is not there."""
    attached = Attached(arena)
    documents = SqliteDocuments(directory / "documents.sqlite", read_only=True)
    return Reading(AttachedTables(attached.published), documents, attached.published)


def open_backend(url: str, memory: Memory = HEAP) -> Backend:
    """`memory:` or `file:PATH`. BackendError if the scheme is unknown, or the directory cannot be used or is in use.

    Other processes can read what lies in `memory`: see `read_backend`.
    """
    scheme, colon, path = url.partition(":")
    if not colon or scheme not in SCHEMES:
        raise BackendError(f"cannot open {url!r}: a back end is one of {', '.join(SCHEMES.values())}")
    index = partial(ScaledIndex, memory=memory)
    if scheme == "memory":
        return Backend(
            MemoryLog(), Tables(memory=memory), MemoryDocuments(), States(None), Models(None), None, memory, index
        )
    if not path:
        raise BackendError(f"cannot open {url!r}: give a directory, for example file:./data")
    return _open_files(Path(path.removeprefix("//")).expanduser(), memory, index)


SCHEMES = {"memory": "memory:", "file": "file:PATH"}
"""The known schemes and how each is written."""


def _open_files(directory: Path, memory: Memory, index: Callable[[], Index]) -> Backend:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BackendError(f"cannot make the directory {directory}: {problem.strerror}") from problem
    release = hold(directory)
    try:
        log = SqliteLog(directory / "log.sqlite")
        try:
            documents = SqliteDocuments(directory / "documents.sqlite")
        except BaseException:
            log.close()
            raise
    except BaseException:
        release()
        raise

    def settle() -> None:
        """Saved tables must not be ahead of what a power cut leaves of the log, nor documents behind the tables."""
        log.sync()
        documents.sync()

    return Backend(
        log,
        Tables(directory / "tables", settle, memory),
        documents,
        States(directory / "learner"),
        Models(directory / "models"),
        directory,
        memory,
        index,
        release,
    )


def hold(directory: Path) -> Callable[[], None]:
    """Hold the directory until the returned function is called or the process ends, however it ends."""
    path = directory / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as problem:
        raise BackendError(f"cannot write in {directory}: {problem.strerror}") from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
        os.close(descriptor)
        raise BackendError(
            f"{directory} is in use by process {holder}: stop that process, or give another directory"
        ) from None
    except OSError as problem:
        os.close(descriptor)
        raise BackendError(f"cannot lock {directory}: {problem.strerror}") from problem
    return lambda: os.close(descriptor)
