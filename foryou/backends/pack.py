"""A batch as bytes and back, bit for bit: what one row of the log holds.

A column whose rows are all equal is stored once; the others lie as they are in memory, each at a multiple of eight
bytes so that unpacking is a view. It knows nothing about what the columns mean.
"""

from __future__ import annotations

import struct
import zlib

import msgspec
import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.errors import BackendError

MAGIC = b"FYB"
VERSION = 1
DEFLATED = 1

_HEAD = struct.Struct("<3sBBxxxIIQ")
"""Magic, version, flags, CRC-32 of the body as stored, length of the directory, length of the body
before it was deflated. The body is the directory and then the columns, each padded to eight bytes."""
_HEAD_BYTES = 24
_WORTH_TRYING = 256
"""Bodies below this many bytes are not deflated: zlib's own overhead is a few dozen bytes."""
_WORTH_KEEPING = 0.9


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    """Where a column lies in the body: `bytes` from `at`; one row instead of all if `constant`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    constant: bool
    at: int
    bytes: int


class _Directory(msgspec.Struct, array_like=True, frozen=True):
    rows: int
    columns: list[_Entry]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Directory)


def pack(batch: Batch, deflate: bool = True) -> bytes:
    """The batch as bytes with a checksum. TypeError if an object column holds anything but bytes."""
    entries: list[_Entry] = []
    parts: list[bytes] = []
    at = 0
    rows = len(batch)
    for name, column in batch.columns.items():
        constant, stored = _column_bytes(name, column, rows)
        entries.append(_Entry(name, column.dtype.str, column.shape[1:], constant, at, len(stored)))
        gap = -len(stored) % 8
        parts += (stored, bytes(gap)) if gap else (stored,)
        at += len(stored) + gap
    directory = _ENCODER.encode(_Directory(rows, entries))
    body = b"".join((directory, bytes(-len(directory) % 8), *parts))
    flags, stored = _smaller(body) if deflate else (0, body)
    return _HEAD.pack(MAGIC, VERSION, flags, zlib.crc32(stored), len(directory), len(body)) + stored


def deflated(payload: bytes) -> bytes:
    """A batch that was packed without deflating, as if it had been packed with it."""
    magic, version, flags, _, directory_bytes, body_bytes = _HEAD.unpack_from(payload)
    if flags & DEFLATED:
        return payload
    flags, stored = _smaller(payload[_HEAD_BYTES:])
    if not flags:
        return payload
    return _HEAD.pack(magic, version, flags, zlib.crc32(stored), directory_bytes, body_bytes) + stored


def _smaller(body: bytes) -> tuple[int, bytes]:
    """The flags of a body, and how it is stored: deflated where that is worth it."""
    if len(body) >= _WORTH_TRYING:
        stored = zlib.compress(body, 1)
        if len(stored) < _WORTH_KEEPING * len(body):
            return DEFLATED, stored
    return 0, body


def holds(payload: bytes, needles: tuple[bytes, ...]) -> bool:
    """Whether any of these bytes are in the batch, without making columns of it. BackendError as of `unpack`."""
    body, _ = _body(payload)
    found = bytes(body)
    return any(needle in found for needle in needles)


def unpack(payload: bytes) -> Batch:
    """The batch that was packed. BackendError if the bytes are not, or no longer, a packed batch."""
    body, directory_bytes = _body(payload)
    try:
        view = memoryview(body)
        directory = _DECODER.decode(view[:directory_bytes])
        data = view[directory_bytes + -directory_bytes % 8 :]
        return Batch({entry.name: _column(entry, data, directory.rows) for entry in directory.columns}, directory.rows)
    except (msgspec.MsgspecError, ValueError, TypeError, MemoryError, SyntaxError) as problem:
        # NumPy reads a name of a type as Python
        raise BackendError(f"a packed batch of {len(payload)} bytes is damaged: {problem}") from problem


def _body(payload: bytes) -> tuple[bytes | memoryview, int]:
    """What was packed, inflated and with its checksum seen to, and the length of its directory."""
    if len(payload) < _HEAD_BYTES:
        raise BackendError(f"a packed batch has at least {_HEAD_BYTES} bytes; these are {len(payload)}")
    magic, version, flags, checksum, directory_bytes, body_bytes = _HEAD.unpack_from(payload)
    if magic != MAGIC:
        raise BackendError(f"not a packed batch: it starts with {magic!r} where {MAGIC!r} was expected")
    if version != VERSION or flags & ~DEFLATED:
        raise BackendError(
            f"a batch packed in format {version}.{flags}; this foryou reads format {VERSION}.0 and "
            f"{VERSION}.{DEFLATED}: upgrade it"
        )
    stored = memoryview(payload)[_HEAD_BYTES:]
    if zlib.crc32(stored) != checksum:
        raise BackendError(f"a packed batch of {len(payload)} bytes is damaged: its checksum does not match")
    try:
        body = zlib.decompress(stored, bufsize=max(body_bytes, 1)) if flags & DEFLATED else stored
        if len(body) != body_bytes:
            raise ValueError(f"{len(body)} bytes where {body_bytes} were packed")
        return body, directory_bytes
    except (zlib.error, ValueError, MemoryError) as problem:
        raise BackendError(f"a packed batch of {len(payload)} bytes is damaged: {problem}") from problem


def _column_bytes(name: str, column: Column, rows: int) -> tuple[bool, bytes]:
    """Whether one row stands for all, and the bytes of that row or of all rows."""
    if column.dtype.hasobject:
        return _objects_bytes(name, column, rows)
    if column.dtype.fields is not None:
        raise TypeError(f"column {name!r} has the structured type {column.dtype}; give each of its fields a column")
    if rows > 1 and column.strides[0] == 0:  # one row, broadcast
        return True, column[0].tobytes()
    raw = column.tobytes()
    width = len(raw) // rows if rows else 0
    # Bytes are compared, not values: -0.0 is not 0.0 here, and a NaN equals itself.
    if rows > 1 and raw[:width] == raw[-width:] and raw == raw[:width] * rows:
        return True, raw[:width]
    return False, raw


def _objects_bytes(name: str, column: Column, rows: int) -> tuple[bool, bytes]:
    """The lengths of the values (uint32, padded to eight bytes), then the values."""
    values: list[bytes] = column.reshape(-1).tolist()
    for value in values:
        if type(value) is not bytes:
            raise TypeError(f"column {name!r} holds a {type(value).__name__}; object columns hold bytes")
    width = len(values) // rows if rows else 0
    constant = rows > 1 and values[:width] == values[-width:] and values == values[:width] * rows
    kept = values[:width] if constant else values
    lengths = np.fromiter(map(len, kept), "<u4", len(kept)).tobytes()
    return constant, b"".join((lengths, bytes(-len(lengths) % 8), *kept))


def _column(entry: _Entry, data: memoryview, rows: int) -> Column:
    """The column of an entry, a read-only view of `data` where it can be."""
    dtype = np.dtype(entry.dtype)
    raw = data[entry.at : entry.at + entry.bytes]
    shape = (1 if entry.constant else rows, *entry.shape)
    if dtype.hasobject:
        stored = _objects(raw, shape)
    elif dtype.itemsize == 0 or 0 in shape:
        stored = np.zeros(shape, dtype)
    else:
        stored = np.frombuffer(raw, dtype).reshape(shape)
    return np.repeat(stored, rows, axis=0) if entry.constant else stored


def _objects(raw: memoryview, shape: tuple[int, ...]) -> Column:
    count = int(np.prod(shape, dtype=np.int64))
    lengths = np.frombuffer(raw, "<u4", count)
    ends = np.cumsum(lengths, dtype=np.int64) + (4 * count + -4 * count % 8)
    stored = np.empty(count, object)
    stored[:] = [bytes(raw[end - length : end]) for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
    return stored.reshape(shape)
