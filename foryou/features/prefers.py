"""How much of an author, a sound or a hashtag a viewer asked for, whatever was learned."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column, Rows
from foryou.core.event import Kind
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.interests import AUTHOR, SOUND, TOPIC

MOST = 64
"""Targets of a viewer: beyond, what was said longest ago goes, first of that what is `AS_LEARNED`."""
AS_LEARNED = 1.0

PREFER = Table(
    "prefer",
    (
        Field("target", "int64", MOST),
        Field("what", "int8", MOST, help="position in KINDS_OF_INTEREST"),
        Field("strength", "float32", MOST, help="0 to 2; 1: as learned"),
        Field("at", "int64", MOST, help="ms"),
    ),
)


def _prefer(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    for i, k in enumerate(row.tolist()):
        author, sound = int(events["author"][i]), int(events["sound"][i])
        target = author or sound or int(events["topics"][i, 0])
        at = int(events["at"][i])
        same = np.flatnonzero(held["target"][k] == target)
        place = int(same[0]) if len(same) else _least(held["target"][k], held["strength"][k], held["at"][k])
        if len(same) and held["at"][k, place] > at:
            continue
        held["target"][k, place] = target
        held["what"][k, place] = AUTHOR if author else SOUND if sound else TOPIC
        held["strength"][k, place] = events["strength"][i]
        held["at"][k, place] = at
    return Batch(held)


def _least(target: Column, strength: Column, at: Column) -> int:
    """The place that is free, or is missed least."""
    return int(np.lexsort((at, strength != AS_LEARNED, target != 0))[0])


VIEW = View(PREFER, "viewer", (Kind.PREFER,), _prefer, ("author", "sound", "topics", "strength", "at"))


def preferences(store: Store, viewer: int) -> Batch:
    """What a viewer prefers otherwise than it was learned: `target`, `what`, `strength` and `at`, newest first."""
    held = store.read(PREFER.name, np.array([viewer], np.int64))
    rows = Batch({name: held[name][0] for name in PREFER.names})
    said = np.flatnonzero((rows["target"] != 0) & (rows["strength"] != AS_LEARNED))
    return rows.take(said[np.argsort(-rows["at"][said], kind="stable")])


def asked_for(store: Store, viewer: Keys) -> Batch:
    """`prefer_target` and `prefer_strength` `[viewers, MOST]`: for scoring; target 0 where there is none."""
    held = store.columns(PREFER.name, viewer, ("target", "strength"))
    return Batch({"prefer_target": held["target"], "prefer_strength": held["strength"]})
