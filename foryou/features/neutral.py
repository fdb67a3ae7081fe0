"""Leaving inputs out: rows as they would look if nothing of some inputs were known.

Zero is what every input says where nothing is known: no id, a rate like everybody's, an empty history. The same
function serves learning and predicting, so a model without an input never sees it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from foryou.core.batch import Batch
from foryou.core.inputs import FAMILIES, HISTORY_COLUMNS, INPUTS
from foryou.core.ports import Pairs

HISTORY_GROUP = "history"
_TEXT = ("topics", "topic_rates", "interest_topic", "history_topics")
_WHEN = ("hour", "weekday", "gap", "depth", "sessions")


def groups() -> Mapping[str, tuple[str, ...]]:
    """What can be left out together: each factor family, and some groups across or within them, with their columns.

    `history` is the list of a viewer's latest exposures; it belongs to the family `behaviour` too.
    """
    by_family = {family: tuple(each.name for each in INPUTS if each.family == family) for family in FAMILIES}
    by_family["behaviour"] += HISTORY_COLUMNS
    return {
        **by_family,
        HISTORY_GROUP: HISTORY_COLUMNS,
        "ids": tuple(each.name for each in INPUTS if each.name in ("viewer", "item", "author", "sound")),
        "rates": tuple(each.name for each in INPUTS if each.name.endswith("_rates")),
        "interests": tuple(each.name for each in INPUTS if each.name.startswith("interest_")),
        "surface": ("surface",),
        "when": _WHEN,
        "text": (*_TEXT, *(each.name for each in INPUTS if each.name.startswith("text"))),
    }


def without(pairs: Pairs, names: Collection[str]) -> Pairs:
    """Rows with these columns, of viewers and of items, as if nothing were known; columns that are not there are
    skipped."""
    return Pairs(_blank(pairs.viewers, names), _blank(pairs.items, names), pairs.of)


def _blank(rows: Batch, names: Collection[str]) -> Batch:
    return rows.extend({name: np.zeros_like(rows[name]) for name in names if name in rows})
