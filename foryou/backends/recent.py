"""Keys that were added lately, by any of several processes: known to all of them at once.

Each process adds to a set of its own, in shared memory, and looks into all. A set has two halves: when one is full, the
other is emptied and filled next. So the newest keys are always there, and memory is bounded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.backends.arena import shared_array
from foryou.core.errors import BackendError
from foryou.core.ports import Keys

SLOTS = 1 << 17
"""Of each half; half of them are filled."""


@njit(cache=True, nogil=True)
def _has(slots, keys, found):  # type: ignore[no-untyped-def]
    mask = slots.shape[1] - 1
    for i in range(len(keys)):
        for half in range(2):
            at = keys[i] & mask
            while slots[half, at] != 0 and slots[half, at] != keys[i]:
                at = (at + 1) & mask
            found[i] |= slots[half, at] == keys[i]


@njit(cache=True, nogil=True)
def _add(slots, half, keys):  # type: ignore[no-untyped-def]
    mask = slots.shape[1] - 1
    for key in keys:
        at = key & mask
        while slots[half, at] != 0 and slots[half, at] != key:
            at = (at + 1) & mask
        slots[half, at] = key


class Recent:
    """The keys of several processes. Keys are hashes, never 0."""

    def __init__(self, directory: Path, own: int, slots: int = SLOTS, processes: int = 1) -> None:
        """`own` numbers this process among the `processes` that share the directory."""
        self._processes = processes
        self._directory, self._slots = directory, slots
        self._own = shared_array(directory / f"recent-{own}", (2, slots), np.int64, owner=True)
        self._half, self._count = 0, int(np.count_nonzero(self._own[0]))
        self._others: dict[str, NDArray[np.int64]] = {f"recent-{own}": self._own}

    def add(self, keys: Keys) -> None:
        """These keys are known from now on. One thread at a time."""
        if self._count + len(keys) > self._slots // 2:
            self._half, self._count = 1 - self._half, 0
            self._own[self._half] = 0
        _add(self._own, self._half, keys)
        self._count += len(keys)

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        """Which keys any process added lately."""
        if len(self._others) < self._processes:  # whoever was not there yet may be by now
            self.meet()
        found = np.zeros(len(keys), np.bool_)
        for slots in self._others.values():
            _has(slots, keys, found)
        return found

    def meet(self) -> None:
        """Look from now on into the sets of all that there are, those beyond `processes` too."""
        for path in self._directory.glob("recent-*"):
            if path.name not in self._others:
                try:
                    self._others[path.name] = shared_array(path, (2, self._slots), np.int64, owner=False)
                except BackendError:  # it is being made: next time
                    continue
