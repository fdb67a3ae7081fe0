"""What may be shown at all: videos that are described, not removed, not the viewer's own, and in nothing unwanted."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import ANY
from foryou.core.ids import NONE
from foryou.core.pipeline import Candidates, Mask, Request
from foryou.core.ports import Keys

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


def wanted(request: Request, rows: Candidates) -> Mask:
    """Drops videos of an author, with a sound or with a hashtag of which the viewer wants none: strength 0."""
    none = unwanted(request.viewer)
    if len(none) == 0:
        return np.ones(len(rows), np.bool_)
    about = np.concatenate([rows["author"][:, None], rows["sound"][:, None], rows["topics"]], axis=1)
    return np.asarray(~np.isin(about, none).any(axis=1))


def unwanted(viewer: Batch) -> Keys:
    """What a viewer prefers nothing of."""
    if "prefer_target" not in viewer:
        return np.zeros(0, np.int64)
    target, strength = viewer["prefer_target"][0], viewer["prefer_strength"][0]
    return np.asarray(target[(target != 0) & (strength == 0)])


def not_own(request: Request, rows: Candidates) -> Mask:
    """Drops what the viewer uploaded themselves: the author who has the viewer's name."""
    return np.asarray((rows["author"] != request.viewer["own_author"][0]) | (rows["author"] == 0))
