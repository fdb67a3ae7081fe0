"""What may be shown at all: videos that are described, not removed, and not the viewer's own."""

from __future__ import annotations

import numpy as np

from foryou.core.event import ANY
from foryou.core.ids import NONE
from foryou.core.pipeline import Candidates, Mask, Request

_ALL = np.full(1, ANY, np.int64)


def available(request: Request, rows: Candidates) -> Mask:
    """Drops videos that were removed, or that nobody has described yet."""
    return np.asarray((rows["known"] == 1) & (rows["removed"] == 0))


def understood(request: Request, rows: Candidates) -> Mask:
    """Drops videos in a language that the viewer does not ask for; where it is not known, none."""
    wanted = request.viewer["languages"][0] if "languages" in request.viewer else _ALL
    if wanted[0] <= NONE:
        return np.ones(len(rows), np.bool_)
    return np.asarray(np.isin(rows["language"], wanted) | (rows["language"] == NONE))


def not_own(request: Request, rows: Candidates) -> Mask:
    """Drops what the viewer uploaded themselves: the author who has the viewer's name."""
    return np.asarray((rows["author"] != request.viewer["own_author"][0]) | (rows["author"] == 0))
