"""Places kept free for what a source brought, however it scores: new videos need a first audience."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.pipeline import Candidates, Request


@dataclass(frozen=True)
class Quota:
    """At least `least` rows of the source with this bit in every `every` places, as far as there are any.

    A row that is moved up comes to the last of these places, so that it costs the best ones nothing.
    """

    source: int
    least: int = 1
    every: int = 10

    def __call__(self, request: Request, rows: Candidates) -> Candidates:
        brought = ((rows["sources"] >> self.source) & 1 == 1).tolist()
        order = list(range(len(rows)))
        moved = False
        for start in range(0, request.n, self.every):
            end = min(start + self.every, request.n, len(order))
            missing = self.least * (end - start == self.every) - sum(brought[row] for row in order[start:end])
            for turn in range(max(missing, 0)):
                later = next((place for place in range(end, len(order)) if brought[order[place]]), None)
                if later is None:
                    break
                order.insert(end - 1 - turn, order.pop(later))
                moved = True
        return rows.take(np.array(order, np.int64)) if moved else rows
