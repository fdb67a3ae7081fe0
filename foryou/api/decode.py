"""Reads wire events from bytes or parsed objects: at once where all are well formed, else row by row.

It knows types and lengths; what a kind of event must carry is for `schema.to_columns`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import numpy as np
from msgspec import Struct

from foryou.api.schema import FIELDS, Event, Refusal, Row
from foryou.core.errors import InvalidEvent

MOST_EVENTS = 1_000
"""How many events one request may carry."""


def decode(body: bytes, packed: bool = False) -> list[Row]:
    """The rows of a body: a JSON (or, if `packed`, MessagePack) array of 1 to 1,000 events, or a single one.

    InvalidEvent if it is no such array; what is wrong with single rows is in the rows.
    """
    codec = _MSGPACK if packed else _JSON
    count = _packed_elements(body) if packed else _elements(body)
    if count > MOST_EVENTS:
        raise InvalidEvent("body", f"has more than {MOST_EVENTS:,} events", f"1 to {MOST_EVENTS:,} events")
    rows: list[Row]
    try:
        whole = codec.whole(body)
        rows = [whole] if isinstance(whole, Event) else list(whole)
    except _UNREADABLE:
        rows = _row_by_row(body, codec)
    if not 1 <= len(rows) <= MOST_EVENTS:
        raise InvalidEvent("body", f"has {len(rows):,} events", f"1 to {MOST_EVENTS:,} events")
    return rows


def _elements(body: bytes) -> int:
    """About how many elements a JSON array has, once it is more than a request may carry: 32 MB of `{},{},` would take
    2 GB and half a minute to decode, only to be refused.

    Few commas are not looked at closer: they cannot be many elements.
    """
    if body.count(b",") < FEW_COMMAS:
        return 0
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    commas, depth, quotes = 0, 0, 0
    for start in range(0, len(bare), PIECE):
        piece = np.frombuffer(bare, np.uint8, min(PIECE, len(bare) - start), start)
        quoted = quotes + np.cumsum(piece == ord('"'), dtype=np.int32)
        outside = quoted % 2 == 0
        level = depth + np.cumsum(_NESTS[piece] * outside, dtype=np.int32)
        commas += int(np.count_nonzero((piece == ord(",")) & (level == 1) & outside))
        depth, quotes = int(level[-1]), int(quoted[-1]) % 2
        if commas >= MOST_EVENTS:
            break
    return commas + 1


FEW_COMMAS = 100 * MOST_EVENTS
PIECE = 1 << 18
_NESTS = np.zeros(256, np.int8)
_NESTS[list(b"[{")], _NESTS[list(b"]}")] = 1, -1


def _packed_elements(body: bytes) -> int:
    """How many elements a MessagePack array says that it has; 0 if it is none."""
    wide = {0xDC: 2, 0xDD: 4}.get(body[0] if body else 0, 0)
    return int.from_bytes(body[1 : 1 + wide], "big")


def from_objects(objects: Sequence[object], strict: bool = True) -> list[Row]:
    """The rows of parsed JSON values. Where not `strict`, numbers and truth values may be texts (CSV)."""
    try:
        return list(msgspec.convert(objects, list[Event], strict=strict))
    except _UNREADABLE:
        return [
            _row(index, partial(msgspec.convert, value, Event, strict=strict)) for index, value in enumerate(objects)
        ]


def from_lines(lines: Sequence[bytes]) -> list[Row]:
    """The rows of JSON lines, one for each."""
    try:
        rows = _JSON.whole(b"[" + b",".join(lines) + b"]")
        if isinstance(rows, list) and len(rows) == len(lines):
            return list(rows)
    except _UNREADABLE:
        pass  # one of them is no event: find out which
    return [_row(index, partial(_JSON.one, line)) for index, line in enumerate(lines)]


class _Codec(Struct, frozen=True):
    """How to decode a whole body, its parts, and one part."""

    whole: Callable[[bytes], list[Event] | Event]
    parts: Callable[[bytes], list[msgspec.Raw]]
    one: Callable[[bytes | msgspec.Raw], Event]
    tree: Callable[[bytes], object]


_JSON = _Codec(
    msgspec.json.Decoder(list[Event] | Event).decode,
    msgspec.json.Decoder(list[msgspec.Raw]).decode,
    msgspec.json.Decoder(Event).decode,
    msgspec.json.Decoder().decode,
)
_MSGPACK = _Codec(
    msgspec.msgpack.Decoder(list[Event] | Event).decode,
    msgspec.msgpack.Decoder(list[msgspec.Raw]).decode,
    msgspec.msgpack.Decoder(Event).decode,
    msgspec.msgpack.Decoder().decode,
)
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, TypeError)


def _row_by_row(body: bytes, codec: _Codec) -> list[Row]:
    """As `decode`, each row on its own."""
    try:
        parts = codec.parts(body)
    except msgspec.ValidationError as error:
        try:
            single = isinstance(codec.tree(body), dict)
        except _UNREADABLE as unreadable:
            raise InvalidEvent("body", f"cannot be read: {unreadable}", _BODY) from unreadable
        if not single:
            raise InvalidEvent("body", "is no array", _BODY) from error
        return [_row(0, partial(codec.one, body))]
    except _UNREADABLE as error:
        raise InvalidEvent("body", f"cannot be read: {error}", _BODY) from error
    return [_row(index, partial(codec.one, part)) for index, part in enumerate(parts)]


_BODY = f"an array of 1 to {MOST_EVENTS:,} events"


def _row(index: int, read: Callable[[], Event]) -> Row:
    try:
        return read()
    except _UNREADABLE as error:
        field, problem, expected = why(str(error))
        return Refusal(index, field, problem, expected)


def why(message: str) -> tuple[str, str, str]:
    """The field, the problem and what would be right, from a message of msgspec's."""
    at = re.search(r"at `\$(?:\[\d+\])?\.(\w+)", message)
    named = re.search(r"field `(.*?)`", message)
    field = (at[1] if at else named[1] if named else "") or "event"
    problem = message.split(" - at `", maxsplit=1)[0]
    for pattern, words in _WORDS:
        if found := re.search(pattern, message):
            problem = words.format(*found.groups())
            break
    expected = FIELDS.get(field, "an object with the fields of an event")
    return field, problem, f"one of the fields {', '.join(FIELDS)}" if "unknown field" in message else expected


_WORDS = (
    ("missing required", "is missing"),
    ("unknown field", "is no field here"),
    (r"got `(.*?)`", "is of type {}"),
    (r"of length >= 1\b", "is empty"),
    (r"of length <= (\d+)", "is longer than {}"),
    (r"Expected `.*?` >= (\S+)", "is below {}"),
    (r"Expected `.*?` <= (\S+)", "is above {}"),
    ("RFC3339", "is no time that can be read"),
    ("timezone component", "has no offset from UTC"),
    ("out of range", "is too large a number"),
)
