"""Room between two videos of one author, and of one sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.pipeline import Candidates, Request


@dataclass(frozen=True)
class Spacing:
    """At least `gap` others between two rows with the same value (0: none, needs no room), for each (column, gap).

    Goes down the order and takes the first row that keeps all distances; where none does, the one that keeps most of
    the first column's distance, and among those most of the second's: the rule relaxes before it drops anything.
    """

    gaps: tuple[tuple[str, int], ...]
    pool: int = 100

    def __call__(self, request: Request, rows: Candidates) -> Candidates:
        size = min(self.pool, len(rows))
        keys = list(zip(*(rows[column][:size].tolist() for column, _ in self.gaps), strict=True))
        most = tuple(gap for _, gap in self.gaps)
        left = list(range(size)) if self.gaps else []
        chosen: list[int] = []
        last: tuple[dict[int, int], ...] = tuple({} for _ in self.gaps)
        for turn in range(min(request.n, len(left))):
            pick, best = left[0], (-1,) * len(most)
            for row in left:
                room = tuple(
                    gap if key == 0 or key not in places else min(turn - places[key] - 1, gap)
                    for key, places, gap in zip(keys[row], last, most, strict=True)
                )
                if room > best:
                    pick, best = row, room
                if best == most:
                    break
            left.remove(pick)
            chosen.append(pick)
            for key, places in zip(keys[pick], last, strict=True):
                places[key] = turn
        if chosen == list(range(len(chosen))):
            return rows
        return rows.take(np.array([*chosen, *left, *range(size, len(rows))], np.int64))
