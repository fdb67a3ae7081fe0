"""Who engaged with what, and how long ago: rows from which matrices of histories and faded counts are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foryou.models.graph import Histories


@dataclass(frozen=True, slots=True)
class Engagements:
    """Columns of equal length: viewers and items by number, weights, and the age of each in days (0: unknown)."""

    viewer: NDArray[np.int64]
    item: NDArray[np.int64]
    weight: NDArray[np.float32]
    days: NDArray[np.float64]
    viewers: int
    items: int

    def histories(self, half_life_days: float = np.inf) -> Histories:
        """The matrix `[viewers, items]`: a pair's highest weight after fading."""
        faded = self.weight * np.exp2(-self.days / half_life_days)
        order = np.lexsort((faded, self.item, self.viewer))
        viewer, item = self.viewer[order], self.item[order]
        last = np.r_[(viewer[1:] != viewer[:-1]) | (item[1:] != item[:-1]), np.ones(min(len(order), 1), bool)]
        pairs = (faded[order][last].astype(np.float32), (viewer[last], item[last]))
        return sparse.csr_array(pairs, shape=(self.viewers, self.items))

    def counts(self, half_life_days: float = np.inf) -> NDArray[np.float64]:
        """The faded sum of weights of each item `[items]`."""
        faded = self.weight * np.exp2(-self.days / half_life_days)
        return np.bincount(self.item, faded, self.items).astype(np.float64)

    def where(self, mask: NDArray[np.bool_]) -> Engagements:
        """The rows of a mask."""
        return Engagements(
            self.viewer[mask], self.item[mask], self.weight[mask], self.days[mask], self.viewers, self.items
        )
