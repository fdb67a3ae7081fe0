"""The keys of a table without columns, at little more than eight bytes each: sorted runs beside a few young keys.

There is no row to look up, so a key needs no place of its own. Young keys are in a hash table. When they are many they
become a run, in the order of their hashes, with a mark of where each stretch of hashes begins: a key is looked for in
one short stretch of each run. A run that is not much larger than the next is merged with it, so that runs are few (a
log-structured merge: O'Neil et al., 1996). One thread may add while others look, in other processes too: what they
look at is never changed, but replaced.
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
from foryou.grouping import group, hashed

YOUNG = 1 << 18
"""Keys that become a run."""
FAN = 4
"""A run is merged with the next one when it is at most so many times larger."""
MOST = 1 << 25
"""Keys of a run that is never merged again: merging takes its memory twice for a moment, and its time."""
_STRETCH = 16
"""Keys of a stretch, about: two lines of a processor's cache."""

Starts = NDArray[np.int32]
Found = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Run:
    """Keys in the order of their hashes, and where the keys of each stretch of hashes start, with the end."""

    keys: Keys
    starts: Starts

    @classmethod
    def of(cls, keys: Keys, memory: Memory) -> _Run:
        hashes = np.empty(len(keys), np.int64)
        _hash(keys, hashes)
        sorted_keys = memory.zeros(len(keys), np.int64)
        sorted_keys[:] = keys[np.argsort(hashes, kind="stable")]
        return cls._marked(sorted_keys, memory)

    def with_next(self, other: _Run, memory: Memory) -> _Run:
        """One run of both."""
        keys = memory.zeros(len(self.keys) + len(other.keys), np.int64)
        _merge(self.keys, other.keys, keys)
        return self._marked(keys, memory)

    @classmethod
    def _marked(cls, keys: Keys, memory: Memory) -> _Run:
        stretches = 1 << max(1, (len(keys) // _STRETCH).bit_length())
        starts = memory.zeros(stretches + 1, np.int32)
        _mark(keys, starts)
        return cls(keys, starts)


@dataclass(frozen=True, slots=True)
class _Held:
    """Swapped as a whole."""

    young: IntMap
    runs: tuple[_Run, ...]

    def find(self, keys: Keys) -> Found:
        found = self.young.find(keys) >= 0
        wanted = np.ascontiguousarray(keys, np.int64)
        for run in self.runs:
            _find(run.keys, run.starts, wanted, found)
        return found

    @property
    def arrays(self) -> Arrays:
        made = dict(self.young.arrays)
        for number, run in enumerate(self.runs):
            made |= {f"keys-{number}": run.keys, f"starts-{number}": run.starts}
        return made

    @classmethod
    def attached(cls, arrays: Arrays) -> _Held:
        count = sum(name.startswith("keys-") for name in arrays)
        runs = (_Run(arrays[f"keys-{number}"], arrays[f"starts-{number}"]) for number in range(count))
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
            run = memory.zeros(end - first, np.int64)
            run[:] = keys[first:end]
            held._held = _Held(held._held.young, (*held._held.runs, _Run._marked(run, memory)))
            first = end
        for start in range(first, len(keys), MOST // FAN):
            held._add(keys[start : start + MOST // FAN])
        return held

    def __len__(self) -> int:
        held = self._now()
        return len(held.young) + sum(len(run.keys) for run in held.runs)

    @property
    def row_bytes(self) -> float:
        """What a key takes on average once there are many, bytes."""
        return 8 + 1.5 * 4 / _STRETCH

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
            keys = np.concatenate([*(run.keys for run in held.runs), keys])
            keys.flags.writeable = False
        return keys, Batch({}, len(keys))

    def capture(self) -> CapturedKeys:
        """The keys as they are now, to read while others come. Not while another thread writes."""
        return CapturedKeys(self.table, list(self._parts()))

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
        one, other = len(run.keys), len(following.keys)
        return one <= FAN * other and one + other <= MOST

    def _parts(self) -> Iterator[Keys]:
        held = self._held
        yield from (run.keys for run in held.runs)
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


def _hash_keys(keys: Keys, hashes: Keys) -> None:
    for row in range(len(keys)):
        hashes[row] = hashed(keys[row])


def _merge_keys(one: Keys, other: Keys, out: Keys) -> None:
    i = j = 0
    for row in range(len(out)):
        if j == len(other) or (i < len(one) and hashed(one[i]) <= hashed(other[j])):
            out[row] = one[i]
            i += 1
        else:
            out[row] = other[j]
            j += 1


def _ordered(keys: Keys, start: int) -> int:
    row = start + 1
    while row < len(keys) and hashed(keys[row - 1]) <= hashed(keys[row]):
        row += 1
    return min(row, len(keys))


def _mark_stretches(keys: Keys, starts: Starts) -> None:
    shift = 63
    while (1 << (63 - shift)) < len(starts) - 1:
        shift -= 1
    for row in range(len(keys)):
        starts[(hashed(keys[row]) >> shift) + 1] += 1
    for stretch in range(1, len(starts)):
        starts[stretch] += starts[stretch - 1]


def _find_keys(held: Keys, starts: Starts, keys: Keys, found: Found) -> None:
    shift = 63
    while (1 << (63 - shift)) < len(starts) - 1:
        shift -= 1
    for i in range(len(keys)):
        if found[i]:
            continue
        stretch = hashed(keys[i]) >> shift
        for row in range(starts[stretch], starts[stretch + 1]):
            if held[row] == keys[i]:
                found[i] = True
                break


# The types are given because arrays come writeable and read-only, and each kind would otherwise be compiled apart.
_READ = types.Array(types.int64, 1, "C", readonly=True)
_READ_STARTS = types.Array(types.int32, 1, "C", readonly=True)
_hash: Callable[[Keys, Keys], None] = njit(types.void(_READ, types.int64[::1]), cache=True, nogil=True)(_hash_keys)
_merge: Callable[[Keys, Keys, Keys], None] = njit(
    types.void(_READ, _READ, types.int64[::1]), cache=True, nogil=True
)(_merge_keys)  # fmt: skip
_mark: Callable[[Keys, Starts], None] = njit(types.void(_READ, types.int32[::1]), cache=True, nogil=True)(
    _mark_stretches
)
_find: Callable[[Keys, Starts, Keys, Found], None] = njit(
    types.void(_READ, _READ_STARTS, _READ, types.boolean[::1]), cache=True, nogil=True
)(_find_keys)
_ordered_until: Callable[[Keys, int], int] = njit(types.int64(_READ, types.int64), cache=True, nogil=True)(_ordered)
"""Up to where keys are in the order of their hashes, from a start on."""
