"""The result of a query as NumPy columns, through the Arrow C stream interface: no object for a value in between.

https://arrow.apache.org/docs/format/CStreamInterface.html; of its types it knows those that `Column` names. Texts
stay bytes in one buffer.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from foryou.core.errors import BackendError


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts in UTF-8: row i is `data[ends[i]:ends[i + 1]]`."""

    there: NDArray[np.bool_]
    ends: NDArray[np.int64]
    data: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.there)

    def __getitem__(self, row: int) -> bytes | None:
        return self.data[self.ends[row] : self.ends[row + 1]].tobytes() if self.there[row] else None

    def part(self, start: int, stop: int) -> Texts:
        """Some consecutive rows."""
        return Texts(self.there[start:stop], self.ends[start : stop + 1], self.data)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whole numbers (int64), real ones (float64) or truth values; anything where there is none."""

    there: NDArray[np.bool_]
    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.there)

    def __getitem__(self, row: int) -> object:
        return self.values[row].item() if self.there[row] else None

    def part(self, start: int, stop: int) -> Numbers:
        """Some consecutive rows."""
        return Numbers(self.there[start:stop], self.values[start:stop])


Column: TypeAlias = Texts | Numbers


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


class _Schema(ctypes.Structure):
    pass


_Array._fields_ = [
    *((name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]
_Schema._fields_ = [
    *((name, ctypes.c_char_p) for name in ("format", "name", "metadata")),
    *((name, ctypes.c_int64) for name in ("flags", "n_children")),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))),
    ("private_data", ctypes.c_void_p),
]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def batches(relation: duckdb.DuckDBPyRelation) -> Iterator[Mapping[str, Column]]:
    """The rows of a query in order, some at a time. BackendError if it fails, or has a type that is not known here."""
    capsule = relation.__arrow_c_stream__()  # lets go of the stream when it goes itself
    stream = ctypes.cast(_pointer(capsule, b"arrow_array_stream"), ctypes.POINTER(_Stream))
    schema = _Schema()
    _checked(stream, stream.contents.get_schema(stream, ctypes.byref(schema)))
    fields = [schema.children[place].contents for place in range(schema.n_children)]
    names, formats = [each.name.decode() for each in fields], [each.format.decode() for each in fields]
    schema.release(ctypes.byref(schema))
    while True:
        array = _Array()
        _checked(stream, stream.contents.get_next(stream, ctypes.byref(array)))
        if not array.release:
            return
        try:
            made = {
                name: _column(array.children[place].contents, formats[place], array.length, array.offset)
                for place, name in enumerate(names)
            }
        finally:
            array.release(ctypes.byref(array))
        yield made


def _checked(stream: Any, failed: int) -> None:
    if failed:
        said = stream.contents.get_last_error(stream) or b"the rows cannot be read"
        raise BackendError(said.decode(errors="replace").splitlines()[0])


def _column(array: Any, kind: str, rows: int, first: int) -> Column:
    """A copy of a column: what Arrow lent goes back at once."""
    first += array.offset
    there = _bits(array.buffers[0], first, rows) if array.buffers[0] else np.ones(rows, np.bool_)
    if kind in ("u", "U"):
        ends = _numbers(array.buffers[1], np.dtype(np.int32 if kind == "u" else np.int64), first, rows + 1)
        data = _numbers(array.buffers[2], np.dtype(np.uint8), int(ends[0]), int(ends[-1] - ends[0]))
        return Texts(there, ends.astype(np.int64) - int(ends[0]), data)
    if kind == "b":
        return Numbers(there, _bits(array.buffers[1], first, rows))
    if kind in ("l", "g"):
        return Numbers(
            there, _numbers(array.buffers[1], np.dtype(np.int64 if kind == "l" else np.float64), first, rows)
        )
    raise BackendError(f"cannot read a column of Arrow's type {kind!r}")


def _numbers(at: int | None, dtype: np.dtype[Any], first: int, count: int) -> NDArray[Any]:
    if count == 0 or not at:
        return np.zeros(count, dtype)
    held = ctypes.string_at(at + first * dtype.itemsize, count * dtype.itemsize)
    return np.frombuffer(held, dtype)


def _bits(at: int | None, first: int, count: int) -> NDArray[np.bool_]:
    packed = _numbers(at, np.dtype(np.uint8), first // 8, (first % 8 + count + 7) // 8)
    return np.unpackbits(packed, count=first % 8 + count, bitorder="little")[first % 8 :].astype(np.bool_)
