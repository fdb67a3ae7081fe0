"""Room between two videos of one author, and of one sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.pipeline import Candidates, Request


@dataclass(frozen=True)
class Spacing:
    """At least `gap` others between two rows with the same `column` (0: none, needs no room).

    Goes down the order and takes the first row that keeps the distance; where none does, the one that keeps most of it:
    the rule relaxes before it drops anything.
    """

    column: str
    gap: int
    pool: int = 100

    def __call__(self, request: Request, rows: Candidates) -> Candidates:
        size = min(self.pool, len(rows))
        key = rows[self.column][:size].tolist()
        left = list(range(size))
        chosen: list[int] = []
        last: dict[int, int] = {}
        for turn in range(min(request.n, size)):
            pick, room = left[0], -1
            for row in left:
                before = last.get(key[row])
                distance = self.gap if key[row] == 0 or before is None else min(turn - before - 1, self.gap)
                if distance > room:
                    pick, room = row, distance
                if room == self.gap:
                    break
            left.remove(pick)
            chosen.append(pick)
            last[key[pick]] = turn
        if chosen == list(range(len(chosen))):
            return rows
        return rows.take(np.array([*chosen, *left, *range(size, len(rows))], np.int64))
