"""What the viewer asked never to see: blocked authors, hidden authors, sounds and hashtags, and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.event import Kind
from foryou.core.pipeline import Candidates, Mask, Request
from foryou.core.ports import Store
from foryou.features.lists import standing
from foryou.features.mentions import mentions, muted


@dataclass(frozen=True)
class NotBlocked:
    """Drops the authors whom the viewer blocked."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        return ~np.isin(rows["author"], standing(self.store, request.viewer_id, Kind.BLOCK))


@dataclass(frozen=True)
class NotHidden:
    """Drops videos whose author, sound or any hashtag is hidden by the viewer."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        hidden = standing(self.store, request.viewer_id, Kind.HIDE)
        if len(hidden) == 0:
            return np.ones(len(rows), np.bool_)
        about = np.concatenate([rows["author"][:, None], rows["sound"][:, None], rows["topics"]], axis=1)
        return np.asarray(~np.isin(about, hidden).any(axis=1))


@dataclass(frozen=True)
class NotMentioned:
    """Drops videos that say a word that the viewer hid, in caption, description or hashtags."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        words = muted(self.store, request.viewer_id)
        if not words:
            return np.ones(len(rows), np.bool_)
        return ~mentions(self.store, rows["item"], words.values())
