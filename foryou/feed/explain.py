"""Why a video is where it is: the score split over the heads, and over the factor families, both adding up exactly.

Computed after the answer has gone out, from the request's own columns, by the very model version that scored the slate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import factorial

import numpy as np

from foryou.core.batch import Column
from foryou.core.heads import HEADS
from foryou.core.inputs import FAMILIES
from foryou.core.pipeline import Request, Slate, Trace
from foryou.core.ports import Model, Pairs
from foryou.feed.recipe import SOURCES
from foryou.feed.words import evidence
from foryou.scorers.value import value_of

WEIGHTS: Mapping[str, float] = {head.name: head.weight for head in HEADS}


@lru_cache(maxsize=4)
def coalitions(families: int) -> tuple[Column, Column]:
    """All subsets of families `[2^families, families]` (bit f of row s: f is in s), and the Shapley matrix over them.

    phi = matrix `[families, 2^families]` @ value of each subset: the mean of what a family adds, over all orders in
    which families can join (Shapley, 1953). Its rows sum so that phi adds up to value(all) - value(none) exactly.
    """
    subsets = np.arange(1 << families)
    inside = ((subsets[:, None] >> np.arange(families)) & 1).astype(np.bool_)
    size = inside.sum(axis=1)
    joins = np.array([factorial(s) * factorial(families - s - 1) / factorial(families) for s in range(families)])
    matrix = np.where(
        inside, joins[np.maximum(size - 1, 0)][:, None], -joins[np.minimum(size, families - 1)][:, None]
    ).T
    return inside, np.ascontiguousarray(matrix)


@dataclass(frozen=True, slots=True)
class Split:
    """The value of each item `[items]` as neutral + sum of the families' parts, and what it would be without one."""

    names: tuple[str, ...]
    neutral: Column
    parts: Column
    """`[families, items]`"""
    without: Column
    """`[families, items]`: the value with that family alone made neutral"""


def split_value(model: Model, pairs: Pairs) -> Split:
    """Shapley values of the factor families against a neutral viewer and video, exact over all coalitions."""
    inputs = model.families(pairs)
    inside, matrix = coalitions(len(inputs.names))
    worth = value_of(inputs.heads(inside), WEIGHTS).reshape(len(inside), len(pairs))
    everything = len(inside) - 1
    alone_out = everything ^ (1 << np.arange(len(inputs.names)))
    return Split(inputs.names, worth[0], matrix @ worth, worth[alone_out])


def explain(request: Request, slate: Slate, trace: Trace, model: Model, surface: str) -> list[dict[str, object]]:
    """One explanation for each row of a slate, ready to be logged; in numbers and evidence, not yet in words."""
    split = (
        split_value(model, Pairs(request.viewer, slate, np.zeros(len(slate), np.int64)))
        if "rejected" in slate
        else None
    )
    ranked = np.sort(trace.candidates["score"]) if len(trace.candidates) else np.zeros(0)
    return [_one(request, slate, trace, split, ranked, row, model.version, surface) for row in range(len(slate))]


def _one(
    request: Request,
    slate: Slate,
    trace: Trace,
    split: Split | None,
    ranked: Column,
    row: int,
    version: str,
    surface: str,
) -> dict[str, object]:
    score, explored = float(slate["score"][row]), float(slate["explore"][row])
    item = int(slate["item"][row])
    told: dict[str, object] = {
        "item": item,
        "viewer": request.viewer_id,
        "at": request.at,
        "surface": surface,
        "position": row,
        "model": version,
        "score": score,
        "propensity": float(slate["propensity"][row]),
        "source": int(slate["source"][row]),
        "sources": [bit for bit in range(len(SOURCES)) if int(slate["sources"][row]) >> bit & 1],
        "moved": _moves(trace, item),
        "candidates": len(ranked),
        "found": trace.found,
    }
    if split is None:
        return {**told, "heads": [], "neutral": score, "families": [], "evidence": {}}
    heads = [
        {
            "head": head.name,
            "prediction": float(slate[head.name][row]),
            "weight": head.weight,
            "part": head.weight * float(slate[head.name][row]),
        }
        for head in HEADS
    ]
    parts = {name: float(part) for name, part in zip(split.names, split.parts[:, row], strict=True)}
    parts["exploration"] = explored
    strongest = int(np.argmax(split.parts[:, row]))
    without = split.without[strongest, row]
    above = len(ranked) - int(np.searchsorted(ranked, without, side="right"))
    place = above - int(slate["value"][row] > without)  # it is no competitor of its own
    return {
        **told,
        "heads": heads,
        "neutral": score - sum(parts.values()),
        "families": [{"family": name, "part": parts[name]} for name in chain(FAMILIES, ("exploration",))],
        "without_strongest": {"family": split.names[strongest], "position": place, "of": len(ranked)},
        "evidence": evidence(request, slate, row),
    }


def _moves(trace: Trace, item: int) -> list[dict[str, object]]:
    """What each reranker after the first did to the place of an item."""
    moved: list[dict[str, object]] = []
    before: int | None = None
    for name, order in trace.orders:
        place = int(np.flatnonzero(order == item)[0])
        if before is not None and place != before:
            moved.append({"stage": name, "from": before, "to": place})
        before = place
    return moved
