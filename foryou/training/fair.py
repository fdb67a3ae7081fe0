"""How a watch compares with the watches of videos of like length: the label that long videos gain nothing from.

Seconds favour long videos, and shares of the duration short ones. The quantile of the seconds among all watches in the
same length bucket favours neither: D2Q (Zhan et al., KDD 2022), here with a histogram that follows the log.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from foryou.core.batch import Column
from foryou.features.catalog import LENGTH_IDS

EDGES = np.geomspace(0.25, 300.0, 63)
"""Seconds between the bins of a histogram."""
PSEUDO = 20.0
"""Watches that pull a quantile to the middle while few were seen."""
MEMORY = 200_000.0
"""Watches after which half of a bucket's histogram has faded."""
_ORDER = np.argsort(LENGTH_IDS)


class WatchRanks:
    """For each length bucket (and for unknown lengths), how long its videos are watched: counts `[buckets, bins]`."""

    def __init__(self) -> None:
        self.counts = np.zeros((len(LENGTH_IDS), len(EDGES) + 1))

    def rank(self, length: Column, seconds: Column) -> Column:
        """The share of watches of videos of the same length id that were shorter `[rows]`, in (0, 1); a tie counts
        half. NaN where seconds are."""
        bucket, place = self._places(length, seconds)
        below = np.cumsum(self.counts, axis=1) - 0.5 * self.counts
        total = self.counts.sum(axis=1)
        found = (below[bucket, place] + 0.5 * PSEUDO) / (total[bucket] + PSEUDO)
        return np.where(np.isnan(seconds), np.nan, found).astype(np.float32)

    def see(self, length: Column, seconds: Column) -> None:
        """Count these watches; NaN is none."""
        known = ~np.isnan(seconds)
        bucket, place = self._places(length[known], seconds[known])
        self.counts *= 2.0 ** (-np.bincount(bucket, minlength=len(self.counts)) / MEMORY)[:, None]
        np.add.at(self.counts, (bucket, place), 1.0)

    def _places(self, length: Column, seconds: Column) -> tuple[Column, Column]:
        found = _ORDER[np.clip(np.searchsorted(LENGTH_IDS[_ORDER], length), 0, len(_ORDER) - 1)]
        bucket = np.where(LENGTH_IDS[found] == length, found, 0)
        return bucket, np.searchsorted(EDGES, np.nan_to_num(seconds), side="right")

    def state(self) -> Mapping[str, Column]:
        """The counts."""
        return {"counts": self.counts.copy()}

    def restore(self, state: Mapping[str, Column]) -> None:
        """Continue from the counts."""
        self.counts = np.array(state["counts"])
