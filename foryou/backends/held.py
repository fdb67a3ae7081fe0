"""What waits for a commit, in a plain file beside the database: written at once, synced never.

It outlives the process, if it is killed, but not a power cut. A commit empties it.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from foryou.backends.salvage import Row

_HEAD = struct.Struct("<IIqIH")
"""CRC-32 of all that follows it, bytes of the payload, offset, rows, bytes of the stream's name."""


class Held:
    """Batches in the order in which they were put; a torn one at the end is none."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._size = os.fstat(self._file).st_size

    def put(self, rows: Sequence[Row]) -> None:
        """OSError if the disk is full; then none of them is here."""
        raw = b"".join(map(_packed, rows))
        try:
            if os.pwrite(self._file, raw, self._size) != len(raw):
                raise OSError("the disk took only a part")
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(raw)

    def clear(self) -> None:
        """Hold nothing."""
        if self._size:
            os.ftruncate(self._file, 0)
            self._size = 0

    def read(self) -> Iterator[Row]:
        """What is held."""
        raw, at = os.pread(self._file, self._size, 0), 0
        while at + _HEAD.size <= len(raw):
            checksum, size, offset, rows, named = _HEAD.unpack_from(raw, at)
            end = at + _HEAD.size + named + size
            if end > len(raw) or zlib.crc32(raw[at + 4 : end]) != checksum:
                return
            name = at + _HEAD.size
            yield offset, raw[name : name + named].decode(), rows, raw[name + named : end]
            at = end

    def close(self) -> None:
        os.close(self._file)


def _packed(row: Row) -> bytes:
    offset, stream, rows, payload = row
    name = stream.encode()
    rest = _HEAD.pack(0, len(payload), offset, rows, len(name))[4:] + name + payload
    return zlib.crc32(rest).to_bytes(4, "little") + rest
