"""Bodies that were sent compressed. How large they get is checked while they are inflated, not afterwards."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from foryou.core.errors import InvalidEvent

ENCODINGS = ("gzip",)
"""What a body may be compressed with (RFC 9110, section 8.4)."""
PIECE = 1 << 20
"""Bytes that are inflated at a time."""
GZIP = 16 + zlib.MAX_WBITS


def inflated(body: bytes, most: int, hold: Callable[[int], None]) -> bytes:
    """A gzip body as it was before; `hold` is told of each piece's bytes before more are made.

    InvalidEvent if it is no gzip, or ends too early; TooLarge above `most` bytes.
    """
    pieces: list[bytes] = []
    total, left = 0, body
    while left:
        stream = zlib.decompressobj(GZIP)
        while not stream.eof:
            try:
                piece = stream.decompress(left, min(PIECE, most - total + 1))
            except zlib.error as error:
                raise InvalidEvent("body", f"is no gzip: {error}", "a body as Content-Encoding says") from error
            total, left = total + len(piece), stream.unconsumed_tail
            if total > most:
                raise TooLarge(f"is more than {most:,} bytes when inflated")
            hold(len(piece))
            pieces.append(piece)
            if not piece and not left and not stream.eof:
                raise InvalidEvent("body", "ends in the middle of its gzip", "the whole of it")
        left = stream.unused_data  # files that were put together are one after another (RFC 1952, section 2.2)
    return b"".join(pieces)


class TooLarge(InvalidEvent):
    """More than one request may carry."""

    def __init__(self, problem: str) -> None:
        super().__init__("body", problem, "fewer events in one request")
