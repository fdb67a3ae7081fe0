"""Named arrays in a file: NumPy's .npz, read so that nothing that is damaged in it goes unnoticed; and files that are
written so that nobody else waits long for the disk."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from foryou.core.batch import Column
from foryou.core.errors import BackendError

SYNCED = 16 << 20
"""Bytes after which what was written is synced: a commit of the log that comes in between waits for no more than
these."""


class _Steady(io.FileIO):
    """Syncs as it goes along."""

    _unsynced = 0

    def write(self, raw: Any, /) -> int:
        rest = memoryview(raw).cast("B")
        size = len(rest)
        while len(rest):
            rest = rest[super().write(rest) :]
        self._unsynced += size
        if self._unsynced >= SYNCED:
            os.fsync(self.fileno())
            self._unsynced = 0
        return size


@contextmanager
def synced(path: Path) -> Iterator[io.FileIO]:
    """A new file, that is on the disk when the block is left."""
    with _Steady(path, "w") as file:
        yield file
        os.fsync(file.fileno())


def read_arrays(path: Path) -> Mapping[str, Column]:
    """The arrays of a file. BackendError if it cannot be read, or any byte that says something was changed."""
    try:
        with zipfile.ZipFile(path) as held:
            return {each.filename.removesuffix(".npy"): _read(held, each) for each in held.infolist()}
    except Exception as problem:  # a parser that meets damage fails in more ways than it says
        raise BackendError(f"{path} cannot be read: {str(problem) or type(problem).__name__}") from problem


def _read(held: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Column:
    with held.open(entry) as file:
        array: Column = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):  # the checksum counts at the end alone
            raise ValueError(f"{entry.filename} holds more than it says")
        return array
