"""Videos that viewers who liked your latest positives also liked: what is shared or liked travels to similar
viewers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.similar import SMOOTH, positives
from foryou.grouping import group


@dataclass(frozen=True)
class Similar:
    """The `most` videos that are most often liked beside the viewer's latest `positives`.

    The companions of each of those positives share nearly one vote among them (`mine`), and a popular video is held
    back only a little (`other`). On sparse histories cut from KuaiRand this finds a fifth more of what a viewer liked
    next, in the first 20, than the cosine, which holds the popular back by the root of their count.
    """

    store: Store
    most: int = 200
    positives: int = 20
    mine: float = 0.7
    other: float = 0.2

    def __call__(self, request: Request) -> Candidates:
        viewer = request.viewer
        mine = positives(viewer["history_item"], viewer["history_flags"], self.positives)[0]
        mine = mine[mine != 0]
        if len(mine) == 0:
            return Batch({"item": np.zeros(0, np.int64), "source_score": np.zeros(0, np.float32)})
        rows = self.store.read("similar", mine)
        item, inverse = group(rows["neighbour"].ravel())
        total = self.store.columns("similar", item, ("total",))["total"]
        beside = rows["weight"] / (rows["total"][:, None] + SMOOTH) ** self.mine
        score = np.bincount(inverse, beside.ravel(), len(item)) / (total + SMOOTH) ** self.other
        score[item == 0] = 0.0  # a place without a neighbour
        best = np.flatnonzero(score > 0)
        best = best[np.lexsort((item[best], -score[best]))][: self.most]
        return Batch({"item": item[best], "source_score": score[best].astype(np.float32)})
