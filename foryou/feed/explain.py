"""Why a video is where it is: the score split over the heads, and over the factor families, both adding up exactly.

What explaining needs is kept when a slate goes out (`keep`), or read from the slate as it was logged (`kept_of`); the
work itself is done later, from that alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS, NAMES
from foryou.core.ids import id_of
from foryou.core.inputs import FAMILIES
from foryou.core.pipeline import Request, Slate, Trace
from foryou.core.ports import FamilyInputs, Model, Pairs
from foryou.feed.recipe import BESIDE, SOURCES, SURFACES
from foryou.feed.words import PROOF, evidence
from foryou.scorers.value import value_of
from foryou.training.examples import ITEM_COLUMNS, VIEWER_COLUMNS

WEIGHTS: Mapping[str, float] = {head.name: head.weight for head in HEADS}

_SHOWN = ("item", "source", "sources", "score", "explore", "variety", "explored", "propensity")
_ABOUT = (*NAMES, "topics", "author", "follows")
"""What of a slate that a model ranked is told, or is evidence."""
_SURFACE = {id_of("surface", name): name for name in SURFACES}


@lru_cache(maxsize=4)
def arcs(families: int) -> tuple[Column, Column]:
    """The families on a circle: all its arcs `[arcs, families]` (none first, all last), and the matrix `[families,
    arcs]` that makes parts of what each arc is worth.

    A part is the mean of what a family adds when it joins, over the 2 x families orders that go around the circle from
    each family in each direction. A Shapley value (Shapley, 1953) is that mean over all orders; sampling orders in
    pairs of opposites: Mitchell et al. (JMLR 2022). So the parts add up to value(all) - value(none) exactly, a family
    that never adds anything gets 0, each family joins at each place equally often, and where families interact in
    pairs only, the parts are the Shapley values: of two opposite orders each member of a pair is last in one.
    """
    masks = [0]
    masks += [_arc(start, length, families) for length in range(1, families) for start in range(families)]
    masks.append((1 << families) - 1)
    row = {mask: number for number, mask in enumerate(masks)}
    matrix = np.zeros((families, len(masks)))
    for family in range(families):
        for length in range(families):
            before, after = _arc(family - length, length, families), _arc(family + 1, length, families)
            for others in (before, after):
                matrix[family, row[others]] -= 0.5 / families
                matrix[family, row[others | 1 << family]] += 0.5 / families
    inside = (np.array(masks)[:, None] >> np.arange(families)) & 1
    return inside.astype(np.bool_), matrix


def _arc(start: int, length: int, families: int) -> int:
    """The bits of so many families in a row."""
    return sum(1 << (start + step) % families for step in range(length))


@dataclass(frozen=True, slots=True)
class Split:
    """The value of each item `[items]` as neutral + sum of the families' parts, and what it would be without one."""

    names: tuple[str, ...]
    neutral: Column
    parts: Column
    """`[families, items]`"""
    without: Column
    """`[families, items]`: the value with that family alone made neutral"""


def split_value(inputs: FamilyInputs) -> Split:
    """The parts of the factor families against a neutral viewer and video: see `arcs`."""
    inside, matrix = arcs(len(inputs.names))
    worth = value_of(inputs.heads(inside), WEIGHTS).reshape(len(inside), -1)
    most = inside.sum(axis=1) == len(inputs.names) - 1
    alone_out = np.flatnonzero(most)[np.argmin(inside[most], axis=0)]
    return Split(inputs.names, worth[0], matrix @ worth, worth[alone_out])


@dataclass(frozen=True, slots=True)
class Diary:
    """What of a trace tells of the videos of a slate."""

    ranked: Column
    """The scores of all candidates, ascending."""
    orders: tuple[tuple[str, Column], ...]
    """The items by value, and then as each reranker left them."""
    found: int


@dataclass(frozen=True, slots=True)
class Kept:
    """All that explaining a slate needs: of the slate, its viewer and its model no more than that."""

    request: int
    viewer_id: int
    at: int
    surface: str
    version: str
    """Of the model that ranked it."""
    explained_with: str
    """The version of `inputs`."""
    shown: Slate
    viewer: Batch
    inputs: FamilyInputs | None = None
    """None where no model was asked, or where its inputs are no longer known."""
    diary: Diary | None = None

    @property
    def nbytes(self) -> int:
        """What it takes in memory, but for what all slates of a version share."""
        arrays = [*self.shown.columns.values(), *self.viewer.columns.values()]
        if self.diary is not None:
            arrays += [self.diary.ranked, *(order for _, order in self.diary.orders)]
        return sum(each.nbytes for each in arrays) + (self.inputs.nbytes if self.inputs is not None else 0)


def keep(request: Request, slate: Slate, trace: Trace, model: Model, surface: str) -> Kept:
    """What explaining a slate needs that goes out now, ranked by this model."""
    asked = "rejected" in slate
    return Kept(
        request.id,
        request.viewer_id,
        request.at,
        surface,
        model.version,
        model.version,
        _copied(slate, (*_SHOWN, *_ABOUT, "value", *BESIDE) if asked else _SHOWN),
        _copied(request.viewer, PROOF),
        model.families(Pairs(request.viewer, slate, np.zeros(len(slate), np.int64))) if asked else None,
        _diary(trace),
    )


def _diary(trace: Trace) -> Diary:
    if not len(trace.candidates):
        return Diary(np.zeros(0), tuple(trace.orders), trace.found)
    ascending = np.argsort(trace.candidates["score"], kind="stable")
    by_value = ("value", trace.candidates["item"][ascending[::-1]])
    return Diary(trace.candidates["score"][ascending], (by_value, *trace.orders), trace.found)


def _copied(rows: Batch, names: tuple[str, ...]) -> Batch:
    """Some columns, copied: a view would keep all that it is a view of."""
    return rows.select(names).take(np.arange(len(rows)))


def kept_of(rows: Batch, model: Model) -> Kept:
    """What explaining a slate needs, from the slate as it was logged, with a model that need not be the one that ranked
    it. Once its rows are thin there are no inputs any more."""
    served = rows["version"][0].decode() if "version" in rows else ""
    whole, rows = "rejected" in rows, _with_variety(rows)
    shown = rows.select(_SHOWN)
    if f"p_{NAMES[0]}" in rows:
        shown = shown.extend({name: rows[f"p_{name}"] for name in NAMES})
        value = rows["score"] - rows["explore"] - rows["variety"]
        shown = shown.extend({"value": value, **{name: _beside(rows, name) for name in BESIDE}})
    if whole:
        shown = shown.extend({name: rows[name] for name in _ABOUT if name not in NAMES})
    viewer = rows.take(np.zeros(1, np.int64))
    return Kept(
        int(rows["request"][0]),
        int(rows["viewer"][0]),
        int(rows["at"][0]),
        _SURFACE[int(rows["surface"][0])],
        served,
        model.version if whole else served,
        shown,
        viewer.select(PROOF) if whole else Batch({}, 1),
        model.families(Pairs(viewer.select(VIEWER_COLUMNS), rows.select(ITEM_COLUMNS), np.zeros(len(rows), np.int64)))
        if whole
        else None,
    )


def _beside(rows: Batch, name: str) -> Column:
    """A part of the score beside the heads; slates were logged before that was told."""
    return rows[name] if name in rows else np.zeros(len(rows))


def _with_variety(rows: Batch) -> Batch:
    """Slates that were logged before there was any variety in the score have none."""
    if "variety" in rows:
        return rows
    return rows.extend({"variety": np.zeros(len(rows)), "explored": np.zeros(len(rows), np.int8)})


def explain(kept: Kept) -> list[dict[str, object]]:
    """One explanation for each row of a slate, ready to be logged; in numbers and evidence, not yet in words."""
    split = split_value(kept.inputs) if kept.inputs is not None else None
    told = [_one(kept, split, row) for row in range(len(kept.shown))]
    if kept.diary is None:
        return told
    about = {"candidates": len(kept.diary.ranked), "found": kept.diary.found}
    moves = _moves(kept.diary, kept.shown["item"])
    return [{**each, **about, "moved": moved} for each, moved in zip(told, moves, strict=True)]


def _one(kept: Kept, split: Split | None, row: int) -> dict[str, object]:
    shown = kept.shown
    score = float(shown["score"][row])
    told: dict[str, object] = {
        "item": int(shown["item"][row]),
        "viewer": kept.viewer_id,
        "at": kept.at,
        "surface": kept.surface,
        "position": row,
        "model": kept.version,
        "explained_with": kept.explained_with,
        "score": score,
        "propensity": float(shown["propensity"][row]),
        "source": int(shown["source"][row]),
        "sources": [bit for bit in range(len(SOURCES)) if int(shown["sources"][row]) >> bit & 1],
        "exploration": float(shown["explore"][row]),
        **{name: float(shown[name][row]) if name in shown else 0.0 for name in BESIDE},
        "variety": float(shown["variety"][row]),
        "explored": int(shown["explored"][row]),
        "heads": _heads(shown, row),
        "neutral": score,
        "families": [],
    }
    if split is None:
        return {**told, "thin": bool(told["heads"])}
    told |= _families(kept, split, row) | {"evidence": evidence(kept.viewer, kept.at, shown, row)}
    if kept.diary is not None:
        told["without_strongest"] = _without(kept.diary, split, shown, row)
    return told


def _heads(shown: Slate, row: int) -> list[dict[str, object]]:
    """Each prediction, its weight, and their product; nothing where no model was asked."""
    if NAMES[0] not in shown:
        return []
    return [
        {
            "head": head.name,
            "prediction": float(shown[head.name][row]),
            "weight": head.weight,
            "part": head.weight * float(shown[head.name][row]),
        }
        for head in HEADS
    ]


def _families(kept: Kept, split: Split, row: int) -> dict[str, object]:
    """The parts, and a neutral value that makes them add up to the score with nothing left over to rounding.

    Between two versions of a model there is a difference that belongs to no family: it is a part of its own.
    """
    score, names = float(kept.shown["score"][row]), [*FAMILIES, *BESIDE, "variety", "exploration"]
    parts = {name: float(part) for name, part in zip(split.names, split.parts[:, row], strict=True)}
    parts |= {name: float(kept.shown[name][row]) for name in BESIDE}
    parts["variety"] = float(kept.shown["variety"][row])
    parts["exploration"] = float(kept.shown["explore"][row])
    if kept.explained_with != kept.version:
        names.append("version")
        parts["version"] = score - float(split.neutral[row]) - sum(parts.values())
    neutral = score - sum(parts.values())
    return {"neutral": neutral, "families": [{"family": name, "part": parts[name]} for name in names]}


def _without(diary: Diary, split: Split, shown: Slate, row: int) -> dict[str, object]:
    """Where among the candidates the score alone would put it without its strongest family."""
    strongest = int(np.argmax(split.parts[:, row]))
    without = split.without[strongest, row] + sum(float(shown[name][row]) for name in BESIDE)
    above = len(diary.ranked) - int(np.searchsorted(diary.ranked, without, side="right"))
    place = above - int(shown["value"][row] > without)  # it is no competitor of its own
    return {"family": split.names[strongest], "position": place, "of": len(diary.ranked)}


def _moves(diary: Diary, items: Column) -> list[list[dict[str, object]]]:
    """What each reranker did to the place of each item: the first, to that by value."""
    places = [np.argmax(order == items[:, None], axis=1).tolist() for _, order in diary.orders]
    return [
        [
            {"stage": name, "from": before[row], "to": after[row]}
            for (name, _), before, after in zip(diary.orders[1:], places, places[1:], strict=False)
            if before[row] != after[row]
        ]
        for row in range(len(items))
    ]
