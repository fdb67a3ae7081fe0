"""Which ids there are in a column, in the order in which they first come, and which of them each row has.

What `np.unique` with `return_inverse` does by sorting is done here by hashing, in one pass. It knows only ids.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

Ids = NDArray[np.int64]


def group(ids: Ids) -> tuple[Ids, Ids]:
    """The different ids in the order in which they first come, and for each row the place of its id among them.

    >>> first, row = group(np.array([40, 7, 40]))
    >>> first.tolist(), row.tolist()
    ([40, 7], [0, 1, 0])
    """
    count = len(ids)
    slots = np.full(1 << max(4, (2 * count).bit_length()), -1, np.int32)
    first, row = np.empty(count, np.int64), np.empty(count, np.int64)
    found = _group(np.ascontiguousarray(ids, np.int64), slots, first, row)
    return first[:found], row


def _group_rows(ids: Ids, slots: NDArray[np.int32], first: Ids, row: Ids) -> int:
    mask = len(slots) - 1
    found = 0
    for i in range(len(ids)):
        key = ids[i]
        slot = hashed(key) & mask
        at = slots[slot]
        while at >= 0 and first[at] != key:
            slot = (slot + 1) & mask
            at = slots[slot]
        if at < 0:
            at = found
            slots[slot] = at
            first[at] = key
            found += 1
        row[i] = at
    return found


def _mix(key: int) -> np.int64:
    """SplitMix64's finaliser (Steele et al., 2014): ids may be small and consecutive."""
    mixed = np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1))


# The types are given because columns come writeable and read-only, and each kind would otherwise be compiled apart.
_IDS = types.Array(types.int64, 1, "C", readonly=True)
_ROWS = types.int64[::1]

hashed: Callable[[int], np.int64] = njit(types.int64(types.int64), cache=True)(_mix)
"""Where an id belongs in a hash table, inside of compiled code."""
_group: Callable[[Ids, NDArray[np.int32], Ids, Ids], int] = njit(
    types.int64(_IDS, types.int32[::1], _ROWS, _ROWS), cache=True, nogil=True
)(_group_rows)
