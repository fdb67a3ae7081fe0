"""What may be shown at all: videos that are described, not removed, and not the viewer's own."""

from __future__ import annotations

import numpy as np

from foryou.core.pipeline import Candidates, Mask, Request


def available(request: Request, rows: Candidates) -> Mask:
    """Drops videos that were removed, or that nobody has described yet."""
    return np.asarray((rows["known"] == 1) & (rows["removed"] == 0))


def not_own(request: Request, rows: Candidates) -> Mask:
    """Drops what the viewer uploaded themselves: the author who has the viewer's name."""
    return np.asarray((rows["author"] != request.viewer["own_author"][0]) | (rows["author"] == 0))
