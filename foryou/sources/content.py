"""Videos whose texts are about what the viewer liked lately, new ones as much as any: found by content alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Index, Store
from foryou.features.seen import unseen
from foryou.features.taste import fondness


@dataclass(frozen=True)
class Content:
    """The `most` nearest by text to the viewer's positives that they have not seen in `seen_days`.

    None with a cosine below `least`: texts that have nothing in common are about that far from each other by chance.
    `index` gives the index of text vectors. A viewer without positives, or whose positives have no text, gets none.
    """

    store: Store
    index: Callable[[], Index]
    most: int = 100
    seen_days: float = 30.0
    least: float = 0.2

    def __call__(self, request: Request) -> Candidates:
        viewer = np.array([request.viewer_id], np.int64)
        taste = fondness(self.store, viewer, np.array([request.at]))[0]
        if request.viewer_id == 0 or not taste.any():
            return Batch({"item": np.zeros(0, np.int64), "source_score": np.zeros(0, np.float32)})
        least = self.least * float(np.linalg.norm(taste))
        since, wanted = int(request.at - self.seen_days * DAY), 2 * self.most
        while True:
            # What is nearest to a taste are first of all the videos that it comes from: look beyond what was seen.
            item, score = self.index().search(taste, wanted)
            new = np.flatnonzero(unseen(self.store, request.viewer_id, item, since) & (score > least))[: self.most]
            if len(new) == self.most or len(item) < wanted or score[-1] <= least:
                return Batch({"item": item[new], "source_score": score[new]})
            wanted *= 4
