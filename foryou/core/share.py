"""How several best-first lists share a number of places: each gets its quota, and what one leaves goes to the others.

It knows nothing of what is in the lists.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
"""The place of a row in a list that does not have it."""


def share(
    places: NDArray[np.int32], quotas: Sequence[float] | NDArray[np.float64], most: int, ties: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The rows that get one of `most` places, those that stand highest in their list first.

    `places` `[rows, lists]` say where a row stands in each list (lower is better, no two the same, NOWHERE: it is not
    in it); gaps do not count. The r-th of a list with quota q stands r / q down. Up to 1 each list takes what is its
    own, and beyond they share what is left in proportion. A row in several lists counts once, where it stands highest;
    a list without a quota gets no place. Equal ones go by `ties` `[rows]`, so that the order of rows and of lists is no
    matter.
    """
    depth = np.full(len(places), np.inf)
    for place, quota in zip(np.ascontiguousarray(places.T), quotas, strict=True):
        if quota > 0 and len(place):
            there = np.flatnonzero(place != NOWHERE)
            stand = place[there]
            taken = np.zeros(int(stand.max(initial=0)) + 1, np.int64)
            taken[stand] = 1
            depth[there] = np.minimum(depth[there], np.cumsum(taken)[stand] / quota)
    best = np.flatnonzero(depth < np.inf)
    if 0 < most < len(best):
        best = best[depth[best] <= np.partition(depth[best], most - 1)[most - 1]]
    return np.asarray(best[np.lexsort((ties[best], depth[best]))][:most])
