"""What the viewer asked never to see: blocked authors, hidden authors, sounds and hashtags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.event import Kind
from foryou.core.pipeline import Candidates, Mask, Request
from foryou.core.ports import Store
from foryou.features.acts import stands


@dataclass(frozen=True)
class NotBlocked:
    """Drops the authors whom the viewer blocked."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        return ~stands(self.store, np.full(len(rows), request.viewer_id), rows["author"], Kind.BLOCK)


@dataclass(frozen=True)
class NotHidden:
    """Drops videos whose author, sound or any hashtag is hidden by the viewer."""

    store: Store

    def __call__(self, request: Request, rows: Candidates) -> Mask:
        about = np.concatenate([rows["author"][:, None], rows["sound"][:, None], rows["topics"]], axis=1)
        viewer = np.full(about.size, request.viewer_id)
        hidden = stands(self.store, viewer, about.ravel(), Kind.HIDE).reshape(about.shape)
        return np.asarray(~hidden.any(axis=1))
