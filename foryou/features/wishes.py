"""What a viewer asked of their feed, as columns of a request: read once, before anything is looked for."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import NOT_SAID
from foryou.core.ports import Store
from foryou.features.prefers import asked_for

LEVELS = ("niche", "length")
"""What is asked for on a scale from -1 to 1."""


def wishes(store: Store, viewer: int) -> Batch:
    """One row: `languages` (all if the first is not above 0), `niche` and `length_wish` (-1 to 1), and what is
    preferred otherwise than it was learned: `prefer_target` and `prefer_strength`."""
    key = np.array([viewer], np.int64)
    said = store.columns("viewer", key, ("languages", *LEVELS))
    niche, length = (np.where(said[name] == NOT_SAID, 0, said[name]) for name in LEVELS)
    return Batch(
        {"languages": said["languages"], "niche": niche, "length_wish": length, **asked_for(store, key).columns}
    )
