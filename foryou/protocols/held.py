"""The test rows as candidates of one request: what is known of the viewer as before the test days, else as of now.

In a feed a request compares videos at one moment. The rows of one viewer in a log lie days apart, and what is learned
of the viewer in between is no part of the comparison, but disturbs it: of a finished set of rows, those after a
positive one have fewer positives than the set as a whole, so a viewer's own running rate points the wrong way.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from foryou.core.inputs import HISTORY_COLUMNS, INPUTS
from foryou.core.ports import Pairs
from foryou.features.neutral import without
from foryou.protocols.examples import RankExamples
from foryou.training.examples import Examples

REQUEST = ("surface", "hour", "weekday", "surface_effects")
"""Viewer columns that are of the request, not of the viewer."""
PERSONAL = tuple(
    each.name
    for each in INPUTS
    if each.side == "item" and (each.family in ("behaviour", "similar", "device") or each.name.startswith("lift_"))
)
"""Item columns that say what the viewer makes of the video."""

WHO = ("viewer", *HISTORY_COLUMNS)
"""The viewer columns whose embeddings a model would learn."""


def held(rows: RankExamples) -> Iterator[Examples]:
    """The batches of `ongoing`, with the viewer columns (but REQUEST) and the PERSONAL ones of `frozen`."""
    assert rows.ongoing is not None
    start = 0
    for shown in rows.ongoing.batches():
        before = rows.frozen.take(np.arange(start, start + len(shown))).pairs
        start += len(shown)
        now = shown.pairs
        both, of = np.unique(np.stack([before.of, now.of]), axis=1, return_inverse=True)
        viewers = before.viewers.take(both[0])
        asked = {name: now.viewers[name][both[1]] for name in REQUEST}
        personal = {name: before.items[name] for name in PERSONAL}
        pairs = Pairs(viewers.extend(asked), now.items.extend(personal), of.reshape(-1).astype(np.int64))
        yield Examples(pairs, shown.outcomes)


def unnamed(pairs: Pairs) -> Pairs:
    """Rows without WHO: what is learned of them is learned of videos, and says nothing more of the viewer."""
    return without(pairs, WHO)
