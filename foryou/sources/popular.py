"""What people in the viewer's country watch to the end and like these days, in the viewer's language first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY
from foryou.core.ids import pair_of
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Keys, Store
from foryou.features.counters import POPULAR_HALF_LIFE
from foryou.features.history import unseen, unserved
from foryou.features.hydrate import newness


@dataclass(frozen=True)
class Popular:
    """The `most` popular: faded positives in the country and, at a tenth, everywhere.

    Other languages than the app's count a tenth, and hardly less once the viewer is known. What the viewer has seen or
    the session was given makes room for the next popular: this source runs dry only with the catalogue. For viewer 0 it
    uses nothing of the request but language, country, session and time.
    """

    store: Store
    most: int = 200
    elsewhere: float = 0.1
    other_language: float = 0.1
    seen_days: float = 30.0

    def __call__(self, request: Request) -> Candidates:
        item, videos = self.store.scan("video", ("language", "removed", "known", "uploaded"))
        everywhere = self._faded(item, 0, request.at)
        score = (
            everywhere
            if request.country == 0
            else (self._faded(item, request.country, request.at) + self.elsewhere * everywhere)
        )
        foreign = (videos["language"] != request.language) & (videos["language"] != 0) & (request.language != 0)
        days = np.maximum(request.at - videos["uploaded"], 0) / POPULAR_HALF_LIFE
        other = self.other_language ** float(newness(request.viewer["viewer_known"])[0])
        score = (score + 0.01 * np.exp2(-days)) * np.where(foreign, other, 1.0)
        score[(videos["known"] == 0) | (videos["removed"] == 1)] = -1.0
        new = self._new_among_the_best(request, item, score)
        best = new[np.lexsort((item[new], -score[new]))[: self.most]]
        return Batch({"item": item[best], "source_score": score[best].astype(np.float32)})

    def _new_among_the_best(self, request: Request, item: Keys, score: Column) -> Rows:
        """At least the `most` best that this viewer and session have not had: looks only as far down as it has to."""
        since = int(request.at - self.seen_days * DAY)
        size = 2 * self.most
        while True:
            least = np.partition(score, -size)[-size] if size < len(score) else 0.0
            best = np.flatnonzero(score >= max(least, 0.0))
            best = best[unseen(self.store, request.viewer_id, item[best], since)]
            best = best[unserved(self.store, request.viewer_id, request.session, item[best])]
            if len(best) >= self.most or least <= 0:
                return best
            size *= 4

    def _faded(self, item: Keys, country: int, at: int) -> Column:
        key = pair_of(item, np.full(len(item), country, np.int64))
        rows = self.store.columns("popular", key, ("positives", "at"))
        age = np.maximum(at - rows["at"], 0)
        return np.asarray(np.maximum(rows["positives"], 0) * np.exp2(-age / POPULAR_HALF_LIFE))
