"""Versions of a model: what is known of each, and whether a newer one may take the place of an older.

A newer version is tried beside the one that it would replace, on the same rows, each predicted before it is learned.
Where versions are kept is a back end's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS

BINARY = tuple(head.name for head in HEADS if head.kind == "binary")
FADE = 0.999
"""What each tried row leaves of those before it: the trial is about the last thousand."""
LEAST = 200
"""Rows that it takes to tell."""
ERRORS = 4.0
"""Standard errors that a difference must have. Many, because it is looked at after every batch."""
TOLERANCE = 0.005
"""The share of the older one's loss by which a newer one may be worse for certain."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that was kept. `measures` are those of its time, by head (test-then-train)."""

    version: str
    parent: str
    """The version that it was tried against; "" for the first."""
    learned: int
    """Rows that were learned in all when it was kept."""
    at: int
    """Event time, ms."""
    measures: Mapping[str, Mapping[str, float]]

    def told(self) -> dict[str, Any]:
        """As it is written and answered."""
        return asdict(self)


@dataclass
class Trial:
    """The losses of two models on the same rows: a paired comparison of the latest ones, all binary heads together."""

    sums: Column = field(default_factory=lambda: np.zeros(4))
    """Rows, sum of differences (newer - older), sum of their squares, sum of the older one's losses."""
    broken: bool = False
    """Whether the newer one predicted anything that is no number."""

    def add(self, newer: Batch, older: Batch, outcomes: Batch) -> None:
        """Rows that both predicted."""
        mine, theirs = losses(newer, outcomes), losses(older, outcomes)
        self.broken = not np.isfinite(mine).all()
        differs, fade = mine - theirs, FADE ** np.arange(len(mine) - 1, -1, -1.0)
        if self.broken or not len(mine):
            return
        self.sums = self.sums * FADE ** len(mine) + np.array(
            [fade.sum(), (fade * differs).sum(), (fade * differs**2).sum(), (fade * theirs).sum()]
        )

    @property
    def worse(self) -> bool:
        """Whether the newer one is worse beyond chance and tolerance."""
        rows, differs, squares, older = self.sums.tolist()
        if self.broken:
            return True
        if rows < LEAST:
            return False
        mean = differs / rows
        error = np.sqrt(max(squares / rows - mean * mean, 0.0) / rows)
        return bool(mean - ERRORS * error > TOLERANCE * older / rows)

    def state(self) -> Mapping[str, Column]:
        """As arrays."""
        return {"sums": self.sums.copy(), "broken": np.array([self.broken])}

    def restore(self, state: Mapping[str, Column]) -> None:
        """Continue from there."""
        self.sums, self.broken = state["sums"].copy(), bool(state["broken"][0])


def losses(predicted: Batch, outcomes: Batch) -> Column:
    """The log loss of each row, summed over the binary heads whose outcome is known (Good, 1952)."""
    total = np.zeros(len(outcomes))
    for name in BINARY:
        y = outcomes[name].astype(np.float64)
        p = np.clip(predicted[name].astype(np.float64), 1e-7, 1 - 1e-7)
        total += np.where(np.isnan(y), 0.0, -np.log(np.where(y > 0.5, p, 1 - p)))
    return total
