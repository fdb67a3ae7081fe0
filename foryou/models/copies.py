"""Copies of a growing matrix that are made often: what nobody reads any more is brought up to date and used again.

A copy of a million rows takes longer than the few hundred that changed since the last one. So it is noted which rows
changed, and a copy that is no longer used gets those.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.memory import Memory

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]


@dataclass
class Copies:
    """The copies of one matrix `[rows, dim]`, in a memory."""

    memory: Memory
    dim: int
    _spare: list[tuple[Matrix, int]] = field(default_factory=list)
    """Copies that nobody uses, and when they were up to date."""
    _changes: list[Rows] = field(default_factory=list)
    _since: int = 0
    """When the first of the changes was; time is counted in changes."""
    _noted: int = 0

    def changed(self, rows: Rows) -> None:
        """These rows of the matrix changed."""
        if len(rows):
            self._changes.append(rows)
            self._noted += len(rows)

    def take(self, matrix: Matrix, rows: int, user: object) -> Matrix:
        """A copy of the first rows `[rows, dim]` or a longer one, which stays as it is for as long as `user` lives."""
        if self._noted > rows:  # as dear as a whole copy
            self._since += len(self._changes)
            self._changes, self._noted = [], 0
        now = self._since + len(self._changes)
        copy, then = self._one(len(matrix))
        if then < self._since:
            copy[:rows] = matrix[:rows]
        elif then < now:
            changed = np.concatenate(self._changes[then - self._since :])
            copy[changed] = matrix[changed]
        weakref.finalize(user, self._spare.append, (copy, now)).atexit = False
        return copy[:rows]

    def _one(self, rows: int) -> tuple[Matrix, int]:
        """The newest of those that are spare and long enough, and when it was up to date; or a new one."""
        spare = [each for each in self._spare if len(each[0]) == rows]
        self._spare[:] = sorted(spare, key=lambda each: each[1])[-2:]
        return self._spare.pop() if self._spare else (self.memory.zeros((rows, self.dim), np.float32), -1)
