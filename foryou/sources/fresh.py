"""New videos that need a first audience: the ones that fewest people have seen yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.counters import HALF_LIVES
from foryou.features.enrich import OUTCOMES
from foryou.features.hydrate import newness


@dataclass(frozen=True)
class Fresh:
    """Up to `most` videos younger than `age_days` with fewer than `audience` exposures, the least seen first.

    For a new viewer only in the language of the app; the better a viewer is known, the more of the others too. Which of
    the equally unseen come first is drawn for each request, so that all get their turn.
    """

    store: Store
    most: int = 50
    age_days: float = 3.0
    audience: float = 100.0

    def __call__(self, request: Request) -> Candidates:
        item, videos = self.store.scan("video", ("uploaded", "known", "removed", "language"))
        age = request.at - videos["uploaded"]
        foreign = (videos["language"] != request.language) & (videos["language"] != 0) & (request.language != 0)
        foreign &= request.rng("language").random(len(item)) < newness(request.viewer["viewer_known"])[0]
        young = np.flatnonzero(
            (age >= 0) & (age < self.age_days * DAY) & (videos["known"] == 1) & (videos["removed"] == 0) & ~foreign
        )
        values = self.store.columns("count_video", item[young], ("values",))["values"]
        each = values.reshape(len(young), len(OUTCOMES), len(HALF_LIVES))[:, :, -1]
        shown = np.maximum(each[:, 0], each[:, 1])
        turn = request.rng("fresh").random(len(young))
        order = np.lexsort((turn, np.floor(shown)))
        order = order[shown[order] < self.audience][: self.most]
        return Batch({"item": item[young[order]], "source_score": (-shown[order]).astype(np.float32)})
