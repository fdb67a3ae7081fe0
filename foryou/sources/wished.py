"""Videos of what the viewer asked for more of, whether or not anything was learned of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY, HOUR
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.lists import UPLOADS
from foryou.features.prefers import AS_LEARNED
from foryou.features.seen import unseen
from foryou.features.tagged import latest_of


@dataclass(frozen=True)
class Wished:
    """The `most` latest of the preferred hashtags and authors that were not seen in `seen_days`; of a sound, those that
    other sources bring have to do. The score is minus the hours since upload."""

    store: Store
    most: int = 180
    seen_days: float = 30.0

    def __call__(self, request: Request) -> Candidates:
        viewer = request.viewer
        if "prefer_target" not in viewer:
            return _NOTHING
        target, strength = viewer["prefer_target"][0], viewer["prefer_strength"][0]
        more = target[(strength > AS_LEARNED) & (target != 0)]
        if len(more) == 0:
            return _NOTHING
        by_author = self.store.columns(UPLOADS.name, more, ("value",))["value"].ravel()
        found = np.union1d(latest_of(self.store, more), by_author[by_author != 0])
        video = self.store.columns("video", found, ("author", "topics", "uploaded"))
        still = np.isin(video["author"], more) | np.isin(video["topics"], more).any(axis=1)
        still &= unseen(self.store, request.viewer_id, found, int(request.at - self.seen_days * DAY))
        item, uploaded = found[still], video["uploaded"][still]
        latest = np.lexsort((item, -uploaded))[: self.most]
        hours = (request.at - uploaded[latest]) / HOUR
        return Batch({"item": item[latest], "source_score": (-hours).astype(np.float32)})


_NOTHING = Batch({"item": np.zeros(0, np.int64), "source_score": np.zeros(0, np.float32)})
