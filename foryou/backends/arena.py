"""Arrays that several processes see: each is a file in memory that everybody maps.

One process, the owner, makes and writes them; the others attach. A growing array keeps its pages: its file becomes
longer and is mapped again, so nothing is copied, and those who still look at the shorter one see the same rows.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import tempfile
import weakref
from itertools import count
from math import prod
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import DTypeLike

from foryou.core.errors import BackendError
from foryou.core.memory import Array, Arrays

_MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one; elsewhere the system keeps temporary files in memory as well as it
can."""
_TRIES = 1000


class _Place(msgspec.Struct, array_like=True, frozen=True):
    """Where an array lies."""

    file: str
    dtype: str
    shape: tuple[int, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, _Place]).decode


def shared_array(path: Path, shape: tuple[int, ...], dtype: DTypeLike, owner: bool) -> Array:
    """An array that is a file of a known name. BackendError if it is not the caller's and not there."""
    size = prod(shape) * np.dtype(dtype).itemsize
    try:
        return _array(_shared_map(path, size, owner), np.dtype(dtype), shape)
    except (OSError, ValueError) as problem:  # ValueError: the file is shorter
        raise BackendError(f"cannot share {path}: {problem}") from problem


def shared_directory() -> Path:
    """A new directory for arenas, in memory where that can be; only this user can look into it."""
    return Path(tempfile.mkdtemp(prefix="foryou-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None))


class Arena:
    """The owner's side: a `Memory` in a directory of its own. A file goes when its array is no longer used here."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)
        self._files: dict[int, Path] = {}
        """By the address of the array's first byte."""
        self._generations: dict[str, mmap.mmap] = {}
        self._published: dict[str, Arrays] = {}
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise BackendError(f"cannot make shared memory in {directory}: {problem.strerror}") from problem

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        dims = (shape,) if isinstance(shape, int) else shape
        path = self._directory / str(next(self._numbers))
        return self._mapped(path, np.dtype(dtype), dims)

    def grown(self, array: Array, rows: int) -> Array:
        path = self._files[_address(array)]
        return self._mapped(path, array.dtype, (rows, *array.shape[1:]))

    def publish(self, name: str, arrays: Arrays) -> None:
        lying = {each: array if self._has(array) else self._copied(array) for each, array in arrays.items()}
        places = {
            each: _Place(self._files[_address(array)].name, array.dtype.str, array.shape)
            for each, array in lying.items()
        }
        layout = self._directory / f"{name}.layout"
        partial = layout.with_suffix(".partial")
        partial.write_bytes(_encode(places))
        partial.rename(layout)
        generation = self._generations.get(name)
        if generation is None:
            generation = self._generations[name] = _shared_map(self._directory / f"{name}.generation", 8, owner=True)
        (before,) = struct.unpack_from("<q", generation)
        struct.pack_into("<q", generation, 0, before + 1)
        self._published[name] = lying  # what was published before lies there until now

    def close(self) -> None:
        """Nobody can attach any more; those who have may read on."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _has(self, array: Array) -> bool:
        return _address(array) in self._files

    def _copied(self, array: Array) -> Array:
        copy = self.zeros(array.shape, array.dtype)
        copy[...] = array
        return copy

    def _mapped(self, path: Path, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Array:
        array = _array(_shared_map(path, prod(shape) * dtype.itemsize, owner=True), dtype, shape)
        address = _address(array)
        self._files[address] = path
        weakref.finalize(array, self._forget, address, path)
        return array

    def _forget(self, address: int, path: Path) -> None:
        if self._files.get(address) == path:
            del self._files[address]
        if path not in self._files.values():  # it was mapped again, longer
            path.unlink(missing_ok=True)


class Attached:
    """The side of everybody else."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def published(self, name: str) -> Shared:
        """What is published under a name. BackendError if nothing ever was."""
        return Shared(self._directory, name)


class Shared:
    """What the owner publishes under one name."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory, self._name = directory, name
        try:
            file = _shared_map(directory / f"{name}.generation", 8, owner=False)
        except OSError as problem:
            raise BackendError(f"nothing is shared as {name!r}: {problem.strerror}") from problem
        self._generation = np.frombuffer(file, np.int64)
        self._seen = 0

    def news(self) -> Arrays | None:
        """The arrays that were published last, if that was after the last call: views that change as they are
        written. BackendError once the owner is gone."""
        if self._generation[0] == self._seen:
            return None
        for _ in range(_TRIES):
            seen = int(self._generation[0])
            try:
                places = _decode((self._directory / f"{self._name}.layout").read_bytes())
                arrays = {each: self._at(place) for each, place in places.items()}
            except FileNotFoundError:  # replaced between reading where it is and opening it, or gone for good
                if not self._directory.is_dir():
                    break
                continue
            self._seen = seen
            return arrays
        raise BackendError(f"what was shared as {self._name!r} is gone")

    def _at(self, place: _Place) -> Array:
        dtype = np.dtype(place.dtype)
        size = prod(place.shape) * dtype.itemsize
        return _array(_shared_map(self._directory / place.file, size, owner=False), dtype, place.shape)


def _shared_map(path: Path, size: int, owner: bool) -> mmap.mmap:
    """A file mapped into memory; the owner makes it as long as it has to be."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT if owner else os.O_RDONLY, 0o600)
    try:
        wanted = max(size, 1)
        if owner and os.fstat(descriptor).st_size < wanted:
            os.ftruncate(descriptor, wanted)
        return mmap.mmap(descriptor, wanted, access=mmap.ACCESS_WRITE if owner else mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def _array(memory: mmap.mmap, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Array:
    return np.ndarray(shape, dtype, memory)


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])
