"""What the viewer asked for counts as they asked, beside whatever was learned of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Column, Columns
from foryou.core.pipeline import Candidates, Request

HARDLY = -10.0
"""Doublings at the least: of what a strength of 0 is for, a filter lets nothing come here."""


def doublings(strength: Column) -> NDArray[np.float64]:
    """How often a strength doubles what is usual: 1 for 2, 0 for 1, -1 for 0.5, never below `HARDLY`."""
    return np.asarray(np.log2(np.maximum(strength, 2.0**HARDLY)), np.float64)


def preferred(rows: Candidates, target: Column, strength: Column) -> NDArray[np.float64]:
    """Of each row the doublings of what it has that is wanted most, and of what is wanted least, together."""
    asked = target != 0
    if not asked.any():
        return np.zeros(len(rows))
    order = np.argsort(target[asked])
    keys, worth = target[asked][order], doublings(strength[asked])[order]
    about = np.concatenate([rows["author"][:, None], rows["sound"][:, None], rows["topics"]], axis=1)
    place = np.minimum(np.searchsorted(keys, about), len(keys) - 1)
    found = np.where((keys[place] == about) & (about != 0), worth[place], 0.0)
    return np.asarray(found.max(axis=1).clip(0) + found.min(axis=1).clip(max=0))


def standing(values: Column) -> NDArray[np.float64]:
    """Where each of some numbers stands among them, -0.5 (lowest) to 0.5 (highest); equal ones alike."""
    if len(values) < 2:
        return np.zeros(len(values))
    ascending = np.sort(values)
    below, upto = np.searchsorted(ascending, values, "left"), np.searchsorted(ascending, values, "right")
    return np.asarray((below + upto - 1) / (2.0 * (len(values) - 1)) - 0.5)


@dataclass(frozen=True)
class Wishes:
    """Adds `wishes`, and it to `score`: for preferences `worth` for each doubling; for `niche` and `length` as far as a
    candidate is less known, or longer, than the others, up to `worth` between the ends. 0 for who asks for nothing."""

    worth: float

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        viewer, part = request.viewer, np.zeros(len(rows))
        if "prefer_target" in viewer:
            part += preferred(rows, viewer["prefer_target"][0], viewer["prefer_strength"][0])
        if "effect_evidence" in rows and "niche" in viewer and viewer["niche"][0]:
            part -= float(viewer["niche"][0]) * standing(rows["effect_evidence"])
        if "seconds_long" in rows and "length_wish" in viewer and viewer["length_wish"][0]:
            known = rows["seconds_long"] > 0
            part[known] += float(viewer["length_wish"][0]) * standing(rows["seconds_long"][known])
        part *= self.worth
        return {"wishes": part, "score": rows["score"] + part}
