"""Where the row of a key is: int64 keys to row numbers 0, 1, 2, … in the order in which they were added.

An open-addressing hash table of row numbers beside the dense array of keys. One thread may add while others find, in
other processes too: a key is written before its row number is published with a single store, and growth swaps a whole
new set of arrays in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from foryou.core.memory import HEAP, Arrays, Memory
from foryou.core.ports import Keys
from foryou.grouping import group, hashed

RowNumbers: TypeAlias = NDArray[np.int64]
Slots: TypeAlias = NDArray[np.int32]

ABSENT = -1
_LEAST = 64
"""Slots of an empty map. Slots are a power of two, and at most half of them are taken."""


class IntMap:
    """A growing map from keys to row numbers.

    >>> rows = IntMap()
    >>> rows.insert(np.array([40, 7])).tolist(), rows.find(np.array([7, 8, 40])).tolist()
    ([0, 1], [1, -1, 0])
    """

    __slots__ = ("_held", "_memory")
    KEY_BYTES = 8 + 3 * 4
    """What a key takes: itself, and two to four slots."""

    def __init__(self, capacity: int = 0, memory: Memory = HEAP) -> None:
        """Room for `capacity` keys before it has to grow."""
        slots = _slots_for(capacity)
        self._memory = memory
        self._held = _Held(_empty(memory, slots), memory.zeros(slots // 2, np.int64), memory.zeros(1, np.int64))

    @classmethod
    def attached(cls, arrays: Arrays) -> IntMap:
        """A map to find in, over the `arrays` of another one."""
        found = cls.__new__(cls)
        found._memory = HEAP
        found._held = _Held(arrays["slots"], arrays["keys"], arrays["count"])
        return found

    @property
    def arrays(self) -> Arrays:
        """What others need to find the same."""
        return {"slots": self._held.slots, "keys": self._held.keys, "count": self._held.count}

    def __len__(self) -> int:
        return int(self._held.count[0])

    @property
    def keys(self) -> Keys:
        """The keys in the order of their rows `[len]`: a read-only view."""
        held = self._held
        view = held.keys[: held.count[0]]
        view.flags.writeable = False
        return view

    def find(self, keys: Keys) -> RowNumbers:
        """The row of each key, -1 where there is none."""
        held = self._held
        rows = np.empty(len(keys), np.int64)
        _find(held.slots, held.keys, np.ascontiguousarray(keys, np.int64), rows)
        return rows

    def places(self, keys: Keys, below: int) -> RowNumbers:
        """One more than the row of each key, 0 where there is none or it is not below `below`."""
        held = self._held
        places = np.empty(len(keys), np.int64)
        _find_places(held.slots, held.keys, np.ascontiguousarray(keys, np.int64), below, places)
        return places

    def insert(self, keys: Keys) -> RowNumbers:
        """The row of each key, a new one where there was none. One thread at a time."""
        rows = self.find(keys)
        missing = rows == ABSENT
        if not missing.any():
            return rows
        fresh, of = group(keys[missing])
        held = self._held
        start, end = len(self), len(self) + len(fresh)
        rows[missing] = start + of
        grown = end > len(held.keys)
        if grown:
            slots = _empty(self._memory, _slots_for(end))
            held = _Held(slots, self._memory.grown(held.keys, len(slots) // 2), held.count)
        held.keys[start:end] = fresh
        _publish(held.slots, held.keys, 0 if grown else start, end)
        self._held = held
        held.count[0] = end
        return rows

    def room(self, count: int) -> Keys:
        """Where the first keys of a map that has room for them go; with `fill` they are there."""
        return self._held.keys[:count]

    def fill(self, count: int) -> None:
        """The first `count` keys of `room` are written, and all different: let them be found. Of an empty map."""
        _publish(self._held.slots, self._held.keys, 0, count)
        self._held.count[0] = count

    def without(self, keys: Keys) -> tuple[IntMap, RowNumbers]:
        """A new map without these keys, and the old rows of the keys that remain, in their new order."""
        keep = np.ones(len(self), np.bool_)
        rows = self.find(keys)
        keep[rows[rows != ABSENT]] = False
        kept = np.flatnonzero(keep)
        fresh = IntMap(len(kept), self._memory)
        fresh.room(len(kept))[:] = self.keys[kept]
        fresh.fill(len(kept))
        return fresh, kept


@dataclass(frozen=True, slots=True)
class _Held:
    """Swapped as a whole. Keys that are published beyond `count` are about to be counted."""

    slots: Slots
    keys: Keys
    count: NDArray[np.int64]


def _empty(memory: Memory, slots: int) -> Slots:
    made: Slots = memory.zeros(slots, np.int32)
    made[:] = ABSENT
    return made


def _slots_for(capacity: int) -> int:
    """The least power of two that leaves half of the slots free."""
    return max(_LEAST, 1 << (2 * capacity - 1).bit_length()) if capacity else _LEAST


def _find_rows(slots: Slots, held: Keys, keys: Keys, rows: RowNumbers) -> None:
    mask = len(slots) - 1
    for i in range(len(keys)):
        key = keys[i]
        slot = hashed(key) & mask
        row = slots[slot]
        while row >= 0 and held[row] != key:
            slot = (slot + 1) & mask
            row = slots[slot]
        rows[i] = row


def _place_rows(slots: Slots, held: Keys, keys: Keys, below: int, places: RowNumbers) -> None:
    _find(slots, held, keys, places)
    for i in range(len(places)):
        places[i] = places[i] + 1 if places[i] + 1 < below else 0


def _publish_rows(slots: Slots, held: Keys, start: int, end: int) -> None:
    """Let the keys in rows `start` to `end`, all different and none of them there yet, be found."""
    mask = len(slots) - 1
    for row in range(start, end):
        slot = hashed(held[row]) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = row


# The types are given because columns come writeable and read-only, and each kind would otherwise be compiled apart.
_READ_ONLY = types.Array(types.int64, 1, "C", readonly=True)
_READ_SLOTS = types.Array(types.int32, 1, "C", readonly=True)
_SLOTS = types.int32[::1]
_ROWS = types.int64[::1]

_find: Callable[[Slots, Keys, Keys, RowNumbers], None] = njit(
    types.void(_READ_SLOTS, _READ_ONLY, _READ_ONLY, _ROWS), cache=True, nogil=True
)(_find_rows)
_find_places: Callable[[Slots, Keys, Keys, int, RowNumbers], None] = njit(
    types.void(_READ_SLOTS, _READ_ONLY, _READ_ONLY, types.int64, _ROWS), cache=True, nogil=True
)(_place_rows)
_publish: Callable[[Slots, Keys, int, int], None] = njit(
    types.void(_SLOTS, _ROWS, types.int64, types.int64), cache=True, nogil=True
)(_publish_rows)
