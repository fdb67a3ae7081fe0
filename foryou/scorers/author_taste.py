"""Who made a new video says whom it may be for, while hardly anybody has seen it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Columns
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.author_taste import author_taste


@dataclass(frozen=True)
class AuthorTaste:
    """Adds `author_taste`, times what it is `worth`, and it to `score`: of candidates that the source with bit `trial`
    brought, those that look for an audience; 0 for those of so many `views`."""

    store: Store
    worth: float
    views: float
    trial: int

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        part = np.zeros(len(rows))
        tried = np.flatnonzero((rows["sources"] >> self.trial) & 1)
        if self.worth > 0 and "rejected" in rows and len(tried):
            about = rows["item"][tried], rows["author"][tried], request.at, self.views
            part[tried] = self.worth * author_taste(self.store, request.viewer, *about)
        return {"author_taste": part, "score": rows["score"] + part}
