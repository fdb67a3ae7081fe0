"""What the viewer asked for counts as they asked, beside whatever was learned of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Column, Columns
from foryou.core.pipeline import Candidates, Request

HARDLY = -10.0
"""Doublings at the least: of what a strength of 0 is for, a filter lets nothing come here."""


LEAST = 0.25
"""Of a slate at least this comes of what is wanted twice as much, as far as there is any."""
NEAR = 4
"""What stands within so many slates of the first may be first, if a viewer would rather have it short, say."""


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


def spread(score: Column, n: int) -> float:
    """How far the scores of the best `NEAR` slates of `n` reach from each other."""
    best = np.sort(score[np.isfinite(score)])[::-1][: NEAR * n]
    return float(best[0] - best[-1]) if len(best) else 0.0


def placed(request: Request, rows: Candidates, wished: Column, target: Column, strength: Column) -> NDArray[np.float64]:
    """What has to be added to `wished` `[rows]`, scores with points for wishes in them, so that as much comes as asked.

    Points alone say nothing of how much that is: it depends on how far the others are behind. So of what is wanted at
    half as many come as have a place by score among the first `request.n`, the best of them; what is too much comes
    after everything else. Of what is wanted at twice, twice as many come, and where it has hardly any place
    (strength - 1) `LEAST` of them, spread over the slate. A part of a place comes by chance.
    """
    added, over = np.zeros(len(rows)), np.zeros(len(rows), np.bool_)
    asked = np.flatnonzero((target != 0) & (strength != 1.0))
    if len(asked) == 0 or len(rows) == 0:
        return added
    about = np.concatenate([rows["author"][:, None], rows["sound"][:, None], rows["topics"]], axis=1)
    usual, order = (np.lexsort((rows["item"], -score)) for score in (rows["score"], wished))
    chance, n = request.rng("wishes").random(len(target)), min(request.n, len(rows))
    for place in asked[strength[asked] < 1.0].tolist():
        mine = (about[order] == target[place]).any(axis=1)
        most = float(strength[place]) * int((about[usual[:n]] == target[place]).any(axis=1).sum())
        over[order[np.flatnonzero(mine)[int(most + chance[place]) :]]] = True
    others = wished[~over & np.isfinite(wished)]
    if over.any() and len(others):
        added[over] = min(0.0, float(others.min() - wished[over].max()) - 1.0)
    order = np.lexsort((rows["item"], -(wished + added)))
    for place in asked[strength[asked] > 1.0].tolist():
        mine = order[(about[order] == target[place]).any(axis=1) & ~over[order]]
        usually = int((about[usual[:n]] == target[place]).any(axis=1).sum())
        least = max(float(strength[place]) * usually, (float(strength[place]) - 1.0) * LEAST * n)
        lifted = mine[: min(int(least + chance[place]), n)]
        among = order[((np.arange(len(lifted)) + 0.5) * (n - len(lifted)) / max(len(lifted), 1)).astype(np.int64)]
        before = (wished + added)[among]
        just = 1e-9 * (1.0 + np.abs(before))  # so that they are before these, not beside them
        added[lifted] = np.maximum(added[lifted], before + just - wished[lifted])
    return added


@dataclass(frozen=True)
class Wishes:
    """Adds `wishes`, and it to `score`. For preferences that is `worth` for each doubling, and what `placed` adds; for
    `niche` and `length` as far as a candidate is less known, or longer, than the others, up to `worth` between the ends
    or what the best are apart, if that is more. 0 for who asks for nothing."""

    worth: float

    def __call__(self, request: Request, rows: Candidates) -> Columns:
        viewer, part = request.viewer, np.zeros(len(rows))
        if self.worth > 0:
            part += self._levels(request, rows)
            if "prefer_target" in viewer:
                asked = viewer["prefer_target"][0], viewer["prefer_strength"][0]
                part += self.worth * preferred(rows, *asked)
                part += placed(request, rows, rows["score"] + part, *asked)
        return {"wishes": part, "score": rows["score"] + part}

    def _levels(self, request: Request, rows: Candidates) -> NDArray[np.float64]:
        viewer, part = request.viewer, np.zeros(len(rows))
        if "effect_evidence" in rows and "niche" in viewer and viewer["niche"][0]:
            part -= float(viewer["niche"][0]) * standing(rows["effect_evidence"])
        if "seconds_long" in rows and "length_wish" in viewer and viewer["length_wish"][0]:
            known = rows["seconds_long"] > 0
            part[known] += float(viewer["length_wish"][0]) * standing(rows["seconds_long"][known])
        return part * max(self.worth, spread(rows["score"], request.n)) if part.any() else part
