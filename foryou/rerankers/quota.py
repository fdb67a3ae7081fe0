"""Places kept free for what a source brought, however it scores: new videos need a first audience."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from foryou.core.pipeline import Candidates, Request


@dataclass(frozen=True)
class Quota:
    """At least `least` rows of the source with this bit in every `every` places, as far as there are any.

    Rows that are moved up come to the last of these places, instead of the lowest others there, so that they cost the
    best ones nothing; those others come right after.
    """

    source: int
    least: int = 1
    every: int = 10

    def __call__(self, request: Request, rows: Candidates) -> Candidates:
        brought = ((rows["sources"] >> self.source) & 1 == 1).tolist()
        order = list(range(len(rows)))
        moved = False
        for end in range(self.every, min(request.n, len(order)) + 1, self.every):
            here, after = order[end - self.every : end], order[end:]
            others = [row for row in here if not brought[row]]
            missing = min(self.least - sum(brought[row] for row in here), len(others))
            up = list(islice((row for row in after if brought[row]), max(missing, 0)))
            if not up:
                continue
            down, taken = others[-len(up) :], set(up)
            stay = [row for row in here if row not in set(down)]
            order[end - self.every :] = [*stay, *up, *down, *(row for row in after if row not in taken)]
            moved = True
        return rows.take(np.array(order, np.int64)) if moved else rows
