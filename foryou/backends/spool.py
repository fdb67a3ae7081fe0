"""Batches handed from processes that serve to the one that has the log: files that one appends to and another reads.

A batch is handed over once it is in the file: it then outlives both processes. The reader puts it into the log together
with a mark of how far it has come in the file, so that each batch gets there exactly once, whoever dies in between. It
knows nothing about what the batches mean.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from foryou.backends.pack import pack, unpack
from foryou.core.batch import Batch
from foryou.core.errors import BackendError, Overloaded
from foryou.core.ports import Log, Mark

_HEAD = struct.Struct("<II")
"""Length and CRC-32 of what follows; length 0: nothing yet."""
FILE_BYTES = 16 << 20
MOST_FILES = 8
"""Files of one process that may wait to be read; beyond, nothing more is taken."""
RETRY_S = 3.0
"""After which some should have been read."""


class Spool:
    """The side that hands over. One process, any thread under a lock of its own.

    A file is as long as it will be from its start, so that a disk that fills up stops nothing before it ends.
    """

    def __init__(self, directory: Path, name: str, wake: Callable[[], None] = lambda: None) -> None:
        """`name` is that of nobody before; `wake` tells the reader that there is something."""
        self._directory, self._name, self._wake = directory, name, wake
        self._number = self._at = 0
        self._file = -1
        self._next()

    def put(self, rows: Batch) -> None:
        """Returns once the batch would survive this process. Overloaded if too many wait already, BackendError if the
        disk is full."""
        payload = pack(rows, deflate=False)  # whoever commits it has the time
        frame = _HEAD.pack(len(payload), zlib.crc32(payload)) + payload
        if self._at + len(frame) > FILE_BYTES:
            self._next(len(frame))
        try:
            os.pwrite(self._file, frame, self._at)
        except OSError as problem:
            raise BackendError(f"cannot write to {self._directory}: {problem.strerror}") from problem
        self._at += len(frame)
        self._wake()

    def close(self) -> None:
        """Nothing more comes."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _next(self, least: int = 0) -> None:
        """Go on in another file."""
        waiting = len(list(self._directory.glob(f"{self._name}-*")))
        if waiting >= MOST_FILES:
            raise Overloaded(f"{waiting} files wait in {self._directory} to be put into the log", RETRY_S)
        path = self._directory / f"{self._name}-{self._number + 1}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                _reserve(file, max(FILE_BYTES, least))
            except OSError:
                path.unlink()
                os.close(file)
                raise
        except OSError as problem:
            raise BackendError(f"cannot write to {self._directory}: {problem.strerror}") from problem
        self.close()
        self._file, self._at = file, 0
        self._number += 1


@dataclass(slots=True)
class _Reading:
    file: int
    at: int


@dataclass
class Spooled:
    """The side that takes over: reads what was put into the files of a directory, each batch once."""

    directory: Path
    log: Log
    _open: dict[str, _Reading] = field(default_factory=dict)
    _done: list[str] = field(default_factory=list)

    def take(self) -> Iterator[tuple[Batch, Mark]]:
        """What was put since; whoever takes it appends it to the log with its mark."""
        for path in sorted(self.directory.glob("*-*"), key=_order):
            if path.name in self._done:
                continue
            reading = self._open.get(path.name)
            if reading is None:
                held = self.log.marks().get(path.name, 0)
                reading = self._open[path.name] = _Reading(os.open(path, os.O_RDONLY), held)
            ended = _ended(reading.file)  # asked first: what came before it ended is then read
            while (frame := _frame(reading.file, reading.at)) is not None:
                after = reading.at + _HEAD.size + len(frame)
                yield unpack(frame), (path.name, after)
                reading.at = after  # not if whoever took it could not keep it: then it comes again
            if ended:
                os.close(reading.file)
                del self._open[path.name]
                self._done.append(path.name)

    def forget(self) -> None:
        """Remove the files that ended and are in the log; it has been synced since they were taken."""
        gone, self._done = self._done, []
        for name in gone:
            (self.directory / name).unlink(missing_ok=True)
        if gone:
            self.log.unmark(gone)

    def scrub(self) -> None:
        """Overwrite what was taken, after the log was synced: who is to be forgotten may be in it."""
        for name, reading in self._open.items():
            with (self.directory / name).open("r+b") as file:
                for start in range(0, reading.at, 1 << 20):
                    file.write(bytes(min(1 << 20, reading.at - start)))
        self.forget()

    @property
    def done(self) -> bool:
        """Whether there is something to forget."""
        return bool(self._done)

    def close(self) -> None:
        for reading in self._open.values():
            os.close(reading.file)
        self._open.clear()


def _frame(file: int, at: int) -> bytes | None:
    """The payload at a position, if it is there whole."""
    head = os.pread(file, _HEAD.size, at)
    if len(head) < _HEAD.size:
        return None
    length, checksum = _HEAD.unpack(head)
    if length == 0:
        return None
    payload = os.pread(file, length, at + _HEAD.size)
    return payload if len(payload) == length and zlib.crc32(payload) == checksum else None


def _ended(file: int) -> bool:
    """Whether nobody appends to a file any more: its writer went on to another, or is dead."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return True


def _reserve(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.ftruncate(file, size)


def _order(path: Path) -> tuple[str, int]:
    name, _, number = path.name.rpartition("-")
    return name, int(number)
