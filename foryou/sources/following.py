"""The latest videos of the authors that the viewer follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import HOUR
from foryou.core.event import Kind
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.acts import stands


@dataclass(frozen=True)
class Following:
    """The `most` latest. The score is the age: minus the hours since upload."""

    store: Store
    most: int = 100

    def __call__(self, request: Request) -> Candidates:
        item, videos = self.store.scan("video", ("author", "uploaded"))
        if request.viewer_id == 0 or len(item) == 0:
            return Batch({"item": np.zeros(0, np.int64), "source_score": np.zeros(0, np.float32)})
        author, row = np.unique(videos["author"], return_inverse=True)
        followed = stands(self.store, np.full(len(author), request.viewer_id), author, Kind.FOLLOW)[row]
        mine = np.flatnonzero(followed & (videos["uploaded"] <= request.at))
        latest = mine[np.lexsort((item[mine], -videos["uploaded"][mine]))[: self.most]]
        hours = (request.at - videos["uploaded"][latest]) / HOUR
        return Batch({"item": item[latest], "source_score": (-hours).astype(np.float32)})
