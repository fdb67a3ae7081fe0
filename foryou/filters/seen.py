"""Nothing twice: what the viewer has seen within 30 days, and what this session was already given."""

from __future__ import annotations

from dataclasses import dataclass

from foryou.core.clock import DAY
from foryou.core.pipeline import Candidates, Mask, Request
from foryou.core.ports import Store
from foryou.features.history import unserved
from foryou.features.seen import unseen


@dataclass(frozen=True)
class NotSeen:
    """A swipe after a tenth of a second counts as seen, and what was never on the screen is never dropped."""

    store: Store
    days: float = 30.0

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        return unseen(self.store, request.viewer_id, rows["item"], int(request.at - self.days * DAY))


@dataclass(frozen=True)
class NotServed:
    """The pages of one session do not overlap, whether or not the earlier page got to the screen."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        return unserved(self.store, request.viewer_id, request.session, rows["item"])
