"""Events of the plain kinds, straight from columns of wire fields to columns of the engine, as `schema` makes them.

Plain is what people do to videos and authors: texts, numbers, no lists, no time zones. Which rows are plain and right
is found in compiled code; all others are left for `schema`, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.api.arrow import Column as Wire
from foryou.api.arrow import Numbers, Texts
from foryou.api.names import ids_in
from foryou.api.schema import EARLIEST, FIELDS, LATEST, MOST_COMMENT
from foryou.core.batch import Batch, Column
from foryou.core.event import EVENT, KINDS, UNKNOWN, events

TEXTS = (
    "id",
    "kind",
    "viewer",
    "video",
    "author",
    "request",
    "session",
    "surface",
    "text",
    "device_id",
    "network",
    "sharer",
    "comment",
    "parent",
    "reply_video",
    "collection",
)
WHOLE = ("at", "position", "replays")
REAL = ("seconds", "furthest")
TRUTH = ("long_view",)
PLAIN_FIELDS: tuple[str, ...] = tuple(name for name in FIELDS if name in (*TEXTS, *WHOLE, *REAL, *TRUTH))
"""The fields of plain events, in the order in which an event has them."""
PLAIN = tuple(
    kind
    for kind, rule in KINDS.items()
    if "viewer" in rule.needs and {*rule.needs, *rule.may, *rule.one_of} - {"at", "about"} <= set(PLAIN_FIELDS)
)
"""The kinds that have no other fields, but for `about`: rows with it are not plain."""

_BIT = {name: 1 << place for place, name in enumerate(PLAIN_FIELDS)}
_CODES = {"text": 0, "whole": 1, "real": 2, "truth": 3}
_LONGEST = np.array([MOST_COMMENT if name == "text" else 256 for name in TEXTS], np.int64)
_SHORTEST = np.ones(len(TEXTS), np.int64)
"""Not every kind may have so short or long a text; which, `schema` knows."""
_LEAST = np.array([EARLIEST, 0, 0], np.int64)
_MOST = np.array([LATEST, 32_767, 32_767], np.int64)
_MOST_REAL = 1e6
_IDS = tuple(name for name in TEXTS if name in {field.name for field in EVENT} - {"id", "kind", "request"})
_REQUEST = TEXTS.index("request")


def _bits(names: tuple[str, ...]) -> int:
    return sum(_BIT[name] for name in names if name != "about")


_RULES = np.array(
    [
        (
            _bits(("id", "kind", *KINDS[kind].needs)),
            _bits(("id", "kind", "at", *KINDS[kind].needs, *KINDS[kind].one_of, *KINDS[kind].may)),
            _bits(KINDS[kind].one_of),
        )
        for kind in PLAIN
    ],
    np.int64,
)
_KEYS = [msgspec.msgpack.encode(name) for name in PLAIN_FIELDS]
_KEY_ENDS = np.cumsum([0, *map(len, _KEYS)])
_KEY_DATA = np.frombuffer(b"".join(_KEYS), np.uint8)
_PLACE = np.array(
    [
        next((_CODES[code], of.index(name)) for code, of in zip(_CODES, (TEXTS, WHOLE, REAL, TRUTH), strict=True)
             if name in of)
        for name in PLAIN_FIELDS
    ],
    np.int64,
)  # fmt: skip


@njit(cache=True, nogil=True)
def _right(mask, kind, starts, lengths, data, whole, real, rules, shortest, longest, least, most, request):  # type: ignore[no-untyped-def]
    """Which rows are plain and right; fills `request`."""
    count = len(mask)
    right = np.zeros(count, np.bool_)
    for i in range(count):
        k = kind[i]
        if k < 0:
            continue
        need, may, one = rules[k, 0], rules[k, 1], rules[k, 2]
        ok = mask[i] & need == need and mask[i] & ~may == 0 and (one == 0 or mask[i] & one != 0)
        for t in range(len(lengths)):
            length = lengths[t, i]
            ok = ok and (length < 0 or shortest[t] <= length <= longest[t])
        for w in range(len(whole)):
            ok = ok and (least[w] <= whole[w, i] <= most[w] or whole[w, i] == np.iinfo(np.int64).min)
        for r in range(len(real)):
            ok = ok and (0 <= real[r, i] <= _MOST_REAL or real[r, i] == -1.0)
        digits = lengths[_REQUEST, i]
        if ok and digits >= 0:
            number = np.uint64(0)
            ok = digits <= 19
            for j in range(min(digits, 19)):
                digit = data[starts[_REQUEST, i] + j] - 48
                ok = ok and 0 <= digit <= 9
                number = number * np.uint64(10) + np.uint64(digit & 15)
            ok = ok and np.uint64(0) < number < np.uint64(1 << 63)
            request[i] = np.int64(number)
        right[i] = ok
    return right


@njit(cache=True, nogil=True)
def _big(out, at, value, bytes_):  # type: ignore[no-untyped-def]
    for j in range(bytes_):
        out[at + j] = (value >> np.uint64(8 * (bytes_ - 1 - j))) & np.uint64(255)
    return at + bytes_


@njit(cache=True, nogil=True)
def _head(out, at, length):  # type: ignore[no-untyped-def]
    if length < 32:
        out[at] = 0xA0 | length
        return at + 1
    if length < 256:
        out[at] = 0xD9
        return _big(out, at + 1, np.uint64(length), 1)
    out[at] = 0xDA
    return _big(out, at + 1, np.uint64(length), 2)


@njit(cache=True, nogil=True)
def _whole(out, at, value):  # type: ignore[no-untyped-def]
    if value < 128:
        out[at] = value
        return at + 1
    width = 0
    while value >> np.uint64(8 * (1 << width) - 1) > 1:
        width += 1
    out[at] = 0xCC + width
    return _big(out, at + 1, value, 1 << width)


@njit(cache=True, nogil=True)
def _pack(rows, mask, starts, lengths, data, whole, real_bits, truth, place, keys, key_ends, out, ends):  # type: ignore[no-untyped-def]
    """Each of the rows as a MessagePack map, one after another; byte for byte as msgspec writes an `Event`."""
    at = 0
    for n in range(len(rows)):
        i = rows[n]
        fields = 0
        for f in range(len(place)):
            fields += (mask[i] >> f) & 1
        out[at] = 0xDE
        at = _big(out, at + 1, np.uint64(fields), 2)
        for f in range(len(place)):
            if not (mask[i] >> f) & 1:
                continue
            for j in range(key_ends[f], key_ends[f + 1]):
                out[at] = keys[j]
                at += 1
            code, slot = place[f, 0], place[f, 1]
            if code == 0:
                length = lengths[slot, i]
                at = _head(out, at, length)
                for j in range(starts[slot, i], starts[slot, i] + length):
                    out[at] = data[j]
                    at += 1
            elif code == 1:
                at = _whole(out, at, np.uint64(whole[slot, i]))
            elif code == 2:
                out[at] = 0xCB
                at = _big(out, at + 1, real_bits[slot, i], 8)
            else:
                out[at] = 0xC3 if truth[i] else 0xC2
                at += 1
        ends[n + 1] = at
    return at


_NAMES = [kind.wire.encode() for kind in PLAIN]
_KIND_IDS = ids_in(
    "kind",
    Texts(np.ones(len(_NAMES), np.bool_), np.cumsum([0, *map(len, _NAMES)]), np.frombuffer(b"".join(_NAMES), np.uint8)),
)
_BY_ID = np.argsort(_KIND_IDS)
_OF_KIND = np.array(PLAIN, np.int16)
_TYPES = {field.name: field for field in EVENT}


def plain(columns: Mapping[str, Wire], received: int) -> tuple[NDArray[np.int64], Batch]:
    """Which rows are plain and right, and those as columns of `core.event.EVENT`; as `schema.to_columns` makes them.

    A row may be left out though it is right (a name of many bytes), never the other way round.
    """
    count = len(columns["id"])
    mask = np.zeros(count, np.int64)
    for name, bit in _BIT.items():
        if name in columns:
            mask |= np.where(columns[name].there, bit, 0)
    starts, lengths, data = _together(columns, count)
    whole = np.full((len(WHOLE), count), np.iinfo(np.int64).min)
    real = np.full((len(REAL), count), -1.0)
    truth = np.zeros(count, np.bool_)
    for into, names in ((whole, WHOLE), (real, REAL), (truth[None], TRUTH)):
        for slot, name in enumerate(names):
            if isinstance(held := columns.get(name), Numbers):
                into[slot, held.there] = held.values[held.there]
                if names is REAL:  # what stands for nothing here must not be what somebody sent
                    into[slot, held.there & (held.values < 0)] = -2.0
                elif names is WHOLE:
                    into[slot, held.there & (held.values < 0)] = -1
    request = np.zeros(count, np.int64)
    rules = (_RULES, _SHORTEST, _LONGEST, _LEAST, _MOST)
    kind = _kinds(columns["kind"])
    rows = np.flatnonzero(_right(mask, kind, starts, lengths, data, whole, real, *rules, request))
    whole[0] = np.where(mask & _BIT["at"] != 0, np.minimum(whole[0], received), received)
    mask |= _BIT["at"]
    taken: dict[str, Column] = {
        "id": ids_in("event", _texts(columns, "id"))[rows],
        "kind": _OF_KIND[kind[rows]],
        "at": whole[0, rows],
        "received": np.full(len(rows), received, np.int64),
        "request": request[rows],
        "raw": _raw(rows, mask, starts, lengths, data, whole, real, truth),
    }
    for name in _IDS:
        if name in columns:
            taken[name] = ids_in("viewer" if name == "sharer" else name, _texts(columns, name))[rows]
    for names, of in ((WHOLE[1:], whole[1:]), (REAL, real), (TRUTH, truth[None])):
        for slot, name in enumerate(names):
            there = (mask[rows] & _BIT[name]) != 0
            taken[name] = np.where(there, of[slot, rows], UNKNOWN).astype(_TYPES[name].dtype)
    return rows, events(taken)


def _texts(columns: Mapping[str, Wire], name: str) -> Texts:
    held = columns[name]
    assert isinstance(held, Texts)
    return held


def _together(columns: Mapping[str, Wire], count: int) -> tuple[Column, Column, Column]:
    """Where each text starts, how long it is (-1: there is none) `[TEXTS, rows]`, and the bytes of all of them."""
    starts, lengths = np.zeros((len(TEXTS), count), np.int64), np.full((len(TEXTS), count), -1)
    parts, before = [], 0
    for slot, name in enumerate(TEXTS):
        if isinstance(held := columns.get(name), Texts) and count:
            first, last = held.ends[0], held.ends[-1]
            starts[slot] = held.ends[:-1] - first + before
            lengths[slot] = np.where(held.there, np.diff(held.ends), -1)
            parts.append(held.data[first:last])
            before += int(last - first)
    return starts, lengths, np.concatenate(parts) if parts else np.zeros(0, np.uint8)


def _kinds(wire: Wire) -> NDArray[np.int64]:
    """The place of each row's kind in PLAIN; -1: another."""
    assert isinstance(wire, Texts)
    ids = ids_in("kind", wire)
    at = _BY_ID[np.minimum(np.searchsorted(_KIND_IDS[_BY_ID], ids), len(_BY_ID) - 1)]
    return np.where(_KIND_IDS[at] == ids, at, -1)


def _raw(
    rows: Column, mask: Column, starts: Column, lengths: Column, data: Column, whole: Column, real: Column,
    truth: Column,
) -> Column:  # fmt: skip
    """The events as MessagePack."""
    room = int(np.maximum(lengths[:, rows], 0).sum()) + len(rows) * (3 + len(_KEY_DATA) + 9 * len(PLAIN_FIELDS))
    out, ends = np.empty(room, np.uint8), np.zeros(len(rows) + 1, np.int64)
    bits = real.view(np.uint64)
    used = _pack(
        rows, mask, starts, lengths, data, whole, bits, truth, _PLACE, _KEY_DATA, _KEY_ENDS, out, ends
    )  # fmt: skip
    held, cuts = out[:used].tobytes(), ends.tolist()
    return np.fromiter((held[a:b] for a, b in pairwise(cuts)), object, len(rows))
