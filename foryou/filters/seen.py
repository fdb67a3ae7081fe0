"""Nothing twice: what the viewer has seen within 30 days, and what this session was already given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.clock import DAY
from foryou.core.ids import pair_of
from foryou.core.pipeline import Candidates, Mask, Request
from foryou.core.ports import Store


@dataclass(frozen=True)
class NotSeen:
    """Exact: a swipe after a tenth of a second counts as seen, and what was never on the screen is never dropped."""

    store: Store
    days: float = 30.0

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        if request.viewer_id == 0:
            return np.ones(len(rows), np.bool_)
        key = pair_of(np.full(len(rows), request.viewer_id), rows["item"])
        at = self.store.columns("seen", key, ("at",))["at"]
        return np.asarray((at == 0) | (request.at - at > self.days * DAY))


@dataclass(frozen=True)
class NotServed:
    """The pages of one session do not overlap, whether or not the earlier page got to the screen."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        if request.session == 0:
            return np.ones(len(rows), np.bool_)
        return ~self.store.has("served", pair_of(np.full(len(rows), request.session), rows["item"]))
