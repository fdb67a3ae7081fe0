"""The keys of a table without columns, at little more than six bytes each: sorted runs beside a few young keys.

There is no row to look up, so a key needs no place of its own. Young keys are in a hash table. When they are many they
become a run, in the order of their hashes, with a mark of where each stretch of hashes begins: a key is looked for in
one short stretch of each run. A key and its hash can be told from each other, and what all hashes of a stretch begin
with need not be kept with each (Cleary, 1984). A run that is not much larger than the next is merged with it, so that
runs are few (a log-structured merge: O'Neil et al., 1996). One thread may add while others look, in other processes
too: what they look at is never changed, but replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from foryou.backends.captured import CapturedKeys
from foryou.backends.intmap import IntMap
from foryou.core.batch import Batch
from foryou.core.memory import HEAP, Arrays, Memory, Published
from foryou.core.ports import Keys
from foryou.core.table import Table
from foryou.grouping import group

YOUNG = 1 << 18
"""Keys that become a run."""
FAN = 4
"""A run is merged with the next one when it is at most so many times larger."""
MOST = 1 << 25
"""Keys of a run that is never merged again: merging takes its memory twice for a moment, and its time."""
_STRETCH = 16
"""Keys of a stretch, about: two lines of a processor's cache."""

_TOP = 16
"""Bits of a hash that are not kept where there are so many stretches that each says them."""

Starts = NDArray[np.int32]
Hashes = NDArray[np.uint64]
Halves = NDArray[np.uint16]
Words = NDArray[np.uint32]
Found = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Run:
    """Hashes of 64 bits in order: their lower 32, the 16 above these, the upper 16 (none if the stretches say them),
    and where those of each stretch start, with the end."""

    low: Words
    middle: Halves
    top: Halves
    starts: Starts

    @classmethod
    def of(cls, keys: Keys, memory: Memory, ordered: bool = False) -> _Run:
        """`ordered`: they are in the order of their hashes already."""
        hashes = np.empty(len(keys), np.uint64)
        _hash(keys, hashes)
        return cls._packed(hashes if ordered else np.sort(hashes), memory)

    def with_next(self, other: _Run, memory: Memory) -> _Run:
        """One run of both."""
        hashes = np.empty(len(self) + len(other), np.uint64)
        _merge(self.hashes(), other.hashes(), hashes)
        return self._packed(hashes, memory)

    @classmethod
    def _packed(cls, hashes: Hashes, memory: Memory) -> _Run:
        stretches = 1 << max(1, (len(hashes) // _STRETCH).bit_length())
        starts = memory.zeros(stretches + 1, np.int32)
        _mark(hashes, starts)
        low, middle = memory.zeros(len(hashes), np.uint32), memory.zeros(len(hashes), np.uint16)
        low[:], middle[:] = hashes & np.uint64((1 << 32) - 1), (hashes >> np.uint64(32)) & np.uint64((1 << 16) - 1)
        top = memory.zeros(0 if stretches >= 1 << _TOP else len(hashes), np.uint16)
        top[:] = (hashes >> np.uint64(48))[: len(top)]
        return cls(low, middle, top, starts)

    def __len__(self) -> int:
        return len(self.low)

    def hashes(self) -> Hashes:
        """All of them, whole."""
        hashes = np.empty(len(self), np.uint64)
        _unpack(self.low, self.middle, self.top, self.starts, hashes)
        return hashes

    def keys(self) -> Keys:
        """In the order of their hashes."""
        keys = np.empty(len(self), np.int64)
        _unhash(self.hashes(), keys)
        return keys

    def find(self, keys: Keys, found: Found) -> None:
        """Marks those that are there."""
        _find(self.low, self.middle, self.top, self.starts, keys, found)


_PARTS = ("low", "middle", "top", "starts")


@dataclass(frozen=True, slots=True)
class _Held:
    """Swapped as a whole."""

    young: IntMap
    runs: tuple[_Run, ...]

    def find(self, keys: Keys) -> Found:
        found = self.young.find(keys) >= 0
        wanted = np.ascontiguousarray(keys, np.int64)
        for run in self.runs:
            run.find(wanted, found)
        return found

    @property
    def arrays(self) -> Arrays:
        made = dict(self.young.arrays)
        for number, run in enumerate(self.runs):
            made |= {f"{name}-{number}": getattr(run, name) for name in _PARTS}
        return made

    @classmethod
    def attached(cls, arrays: Arrays) -> _Held:
        count = sum(name.startswith("starts-") for name in arrays)
        runs = (_Run(*(arrays[f"{name}-{number}"] for name in _PARTS)) for number in range(count))
        return cls(IntMap.attached(arrays), tuple(runs))


class KeyedRuns:
    """The keys of one table that has no columns: what `KeyedRows` does, but that they are scanned in any order.

    >>> keys = KeyedRuns(Table("accepted"))
    >>> keys.write(np.array([40, 7]), Batch({}, 2))
    >>> keys.has(np.array([7, 8, 40])).tolist()
    [True, False, True]
    """

    __slots__ = ("_held", "_memory", "_name", "_published", "table")

    def __init__(self, table: Table, memory: Memory = HEAP) -> None:
        if table.fields:
            raise ValueError(f"table {table.name!r} has columns; runs hold keys alone")
        self.table, self._memory = table, memory
        self._name = ""
        self._published: Published | None = None
        self._held = _Held(IntMap(0, memory), ())

    @classmethod
    def attached(cls, table: Table, published: Published) -> KeyedRuns:
        """The keys that another process publishes, to read."""
        keys = cls(table)
        keys._published = published
        return keys

    @classmethod
    def of(cls, table: Table, keys: Keys, memory: Memory = HEAP) -> KeyedRuns:
        """The keys of a table as they were scanned: what was a run is one again, without sorting."""
        held = cls(table, memory)
        first = 0
        while (end := min(int(_ordered_until(keys, first)), first + MOST)) - first >= YOUNG:
            run = _Run.of(keys[first:end], memory, ordered=True)
            held._held = _Held(held._held.young, (*held._held.runs, run))
            first = end
        for start in range(first, len(keys), MOST // FAN):
            held._add(keys[start : start + MOST // FAN])
        return held

    def __len__(self) -> int:
        held = self._now()
        return len(held.young) + sum(map(len, held.runs))

    @property
    def row_bytes(self) -> float:
        """What a key takes on average once there are many, bytes."""
        return 6 + 1.5 * 4 / _STRETCH

    def read(self, keys: Keys, names: tuple[str, ...]) -> Batch:
        """Rows without columns. ValueError if any are named."""
        self._refuse(names)
        return Batch({}, len(keys))

    def has(self, keys: Keys) -> Found:
        """Which keys are there."""
        return self._now().find(keys)

    def scan(self, names: tuple[str, ...]) -> tuple[Keys, Batch]:
        """All keys: a copy once there are many."""
        self._refuse(names)
        held = self._now()
        keys = held.young.keys
        if held.runs:
            keys = np.concatenate([*(run.keys() for run in held.runs), keys])
            keys.flags.writeable = False
        return keys, Batch({}, len(keys))

    def capture(self) -> CapturedKeys:
        """The keys as they are now, to read while others come. Not while another thread writes."""
        young = self._held.young.keys
        runs = [(len(run), run.keys) for run in self._held.runs]
        return CapturedKeys(self.table, [*runs, (len(young), lambda: young)])

    def write(self, keys: Keys, rows: Batch) -> None:
        """Add keys. ValueError for columns, or for a new key that comes twice."""
        self._refuse(tuple(rows.columns))
        fresh = keys[~self._held.find(keys)]
        if len(group(fresh)[0]) != len(fresh):
            raise ValueError(f"keys written to table {self.table.name!r} have to be unique; some come twice")
        self._add(fresh)

    def without(self, keys: Keys) -> KeyedRuns:
        """A copy without these keys; this one stays as it is, for those who are reading it."""
        kept = KeyedRuns(self.table, self._memory)
        for part in self._parts():
            kept._add(part[~np.isin(part, keys)])
        return kept

    def copy(self) -> KeyedRuns:
        """A copy that no longer changes when this one is written."""
        return self.without(np.zeros(0, np.int64))

    def publish(self, name: str) -> None:
        """Let other processes read these keys under a name, from now on as they change."""
        self._name = name
        self._publish()

    def _add(self, fresh: Keys) -> None:
        """Keys that are not there yet, each once."""
        held = self._held
        before = held.young.arrays["slots"]
        held.young.insert(fresh)
        if len(held.young) >= YOUNG:
            runs = (*held.runs, _Run.of(held.young.keys, self._memory))
            while len(runs) > 1 and self._merges(*runs[-2:]):
                runs = (*runs[:-2], runs[-2].with_next(runs[-1], self._memory))
            self._held = _Held(IntMap(0, self._memory), runs)
        if self._held is not held or held.young.arrays["slots"] is not before:
            self._publish()

    @staticmethod
    def _merges(run: _Run, following: _Run) -> bool:
        one, other = len(run), len(following)
        return one <= FAN * other and one + other <= MOST

    def _parts(self) -> Iterator[Keys]:
        held = self._held
        yield from (run.keys() for run in held.runs)
        yield held.young.keys

    def _publish(self) -> None:
        if self._name:
            self._memory.publish(self._name, self._held.arrays)

    def _now(self) -> _Held:
        if self._published is not None:
            arrays = self._published.news()
            if arrays is not None:
                self._held = _Held.attached(arrays)
        return self._held

    def _refuse(self, names: tuple[str, ...]) -> None:
        if names:
            raise ValueError(f"table {self.table.name!r} has no column {names[0]!r}; there are none")


def _mix(key: int) -> np.uint64:
    """SplitMix64's finaliser (Steele et al., 2014), which has an inverse."""
    mixed = np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _unmix(mixed: np.uint64) -> np.int64:
    mixed = (mixed ^ (mixed >> np.uint64(31)) ^ (mixed >> np.uint64(62))) * np.uint64(0x319642B2D24D8EC3)
    mixed = (mixed ^ (mixed >> np.uint64(27)) ^ (mixed >> np.uint64(54))) * np.uint64(0x96DE1B173F119089)
    return np.int64(mixed ^ (mixed >> np.uint64(30)) ^ (mixed >> np.uint64(60)))


_mixed: Callable[[int], np.uint64] = njit(types.uint64(types.int64), cache=True)(_mix)
_unmixed: Callable[[np.uint64], np.int64] = njit(types.int64(types.uint64), cache=True)(_unmix)


def _hash_keys(keys: Keys, hashes: Hashes) -> None:
    for row in range(len(keys)):
        hashes[row] = _mixed(keys[row])


def _unhash_keys(hashes: Hashes, keys: Keys) -> None:
    for row in range(len(hashes)):
        keys[row] = _unmixed(hashes[row])


def _merge_hashes(one: Hashes, other: Hashes, out: Hashes) -> None:
    i = j = 0
    for row in range(len(out)):
        if j == len(other) or (i < len(one) and one[i] <= other[j]):
            out[row] = one[i]
            i += 1
        else:
            out[row] = other[j]
            j += 1


def _bits(stretches: int) -> int:
    bits = 0
    while (1 << bits) < stretches:
        bits += 1
    return bits


def _ordered(keys: Keys, start: int) -> int:
    row = start + 1
    while row < len(keys) and _mixed(keys[row - 1]) <= _mixed(keys[row]):
        row += 1
    return min(row, len(keys))


def _mark_stretches(hashes: Hashes, starts: Starts) -> None:
    shift = np.uint64(64 - _stretch_bits(len(starts) - 1))
    for row in range(len(hashes)):
        starts[np.int64(hashes[row] >> shift) + 1] += 1
    for stretch in range(1, len(starts)):
        starts[stretch] += starts[stretch - 1]


def _unpack_hashes(low: Words, middle: Halves, top: Halves, starts: Starts, hashes: Hashes) -> None:
    bits = _stretch_bits(len(starts) - 1)
    for stretch in range(len(starts) - 1):
        for row in range(starts[stretch], starts[stretch + 1]):
            upper = np.uint64(top[row]) if len(top) else np.uint64(stretch >> (bits - _TOP))
            hashes[row] = (upper << np.uint64(48)) | (np.uint64(middle[row]) << np.uint64(32)) | np.uint64(low[row])


def _find_keys(low: Words, middle: Halves, top: Halves, starts: Starts, keys: Keys, found: Found) -> None:
    shift = np.uint64(64 - _stretch_bits(len(starts) - 1))
    for i in range(len(keys)):
        if found[i]:
            continue
        mixed = _mixed(keys[i])
        stretch = np.int64(mixed >> shift)
        lower, above, upper = np.uint32(mixed), np.uint16(mixed >> np.uint64(32)), np.uint16(mixed >> np.uint64(48))
        for row in range(starts[stretch], starts[stretch + 1]):
            if low[row] == lower and middle[row] == above and (len(top) == 0 or top[row] == upper):
                found[i] = True
                break


# The types are given because arrays come writeable and read-only, and each kind would otherwise be compiled apart.
_READ = types.Array(types.int64, 1, "C", readonly=True)
_READ_HASHES = types.Array(types.uint64, 1, "C", readonly=True)
_READ_STARTS = types.Array(types.int32, 1, "C", readonly=True)
_READ_PARTS = (
    types.Array(types.uint32, 1, "C", readonly=True),
    types.Array(types.uint16, 1, "C", readonly=True),
    types.Array(types.uint16, 1, "C", readonly=True),
    _READ_STARTS,
)
_HASHES = types.uint64[::1]
_stretch_bits: Callable[[int], int] = njit(types.int64(types.int64), cache=True)(_bits)
_hash: Callable[[Keys, Hashes], None] = njit(types.void(_READ, _HASHES), cache=True, nogil=True)(_hash_keys)
_unhash: Callable[[Hashes, Keys], None] = njit(types.void(_READ_HASHES, types.int64[::1]), cache=True, nogil=True)(
    _unhash_keys
)
_merge: Callable[[Hashes, Hashes, Hashes], None] = njit(
    types.void(_READ_HASHES, _READ_HASHES, _HASHES), cache=True, nogil=True
)(_merge_hashes)  # fmt: skip
_mark: Callable[[Hashes, Starts], None] = njit(types.void(_READ_HASHES, types.int32[::1]), cache=True, nogil=True)(
    _mark_stretches
)
_unpack: Callable[[Words, Halves, Halves, Starts, Hashes], None] = njit(
    types.void(*_READ_PARTS, _HASHES), cache=True, nogil=True
)(_unpack_hashes)  # fmt: skip
_find: Callable[[Words, Halves, Halves, Starts, Keys, Found], None] = njit(
    types.void(*_READ_PARTS, _READ, types.boolean[::1]), cache=True, nogil=True
)(_find_keys)
_ordered_until: Callable[[Keys, int], int] = njit(types.int64(_READ, types.int64), cache=True, nogil=True)(_ordered)
"""Up to where keys are in the order of their hashes, from a start on."""
