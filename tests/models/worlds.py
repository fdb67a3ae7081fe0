"""Small made-up viewers and items, with every column that a model reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import NAMES
from foryou.core.inputs import HISTORY, INPUTS, OUTCOME_BITS, Side
from foryou.core.ports import Pairs


def blank(side: Side, rows: int) -> dict[str, Column]:
    """Columns of a side in which nothing is known."""
    out: dict[str, Column] = {}
    for known in INPUTS:
        if known.side == side:
            size = rows if known.width == 1 else (rows, known.width)
            out[known.name] = np.zeros(size, np.int64 if known.kind == "id" else np.float32)
    if side == "viewer":
        for name in ("item", "author", "flags", "at"):
            out[f"history_{name}"] = np.zeros((rows, HISTORY), np.int64)
        out["history_topics"] = np.zeros((rows, HISTORY * 3), np.int64)
        out["history_seconds"] = np.zeros((rows, HISTORY), np.float32)
    else:
        out["seconds_long"] = np.zeros(rows, np.float32)
    return out


def pairs(items: Mapping[str, Column], viewers: Mapping[str, Column] | None = None, of: Column | None = None) -> Pairs:
    """One viewer (or those given) beside items of which only some columns are said."""
    rows = len(next(iter(items.values())))
    said = viewers or {"viewer": np.array([1])}
    count = len(next(iter(said.values())))
    return Pairs(
        Batch({**blank("viewer", count), **said}),
        Batch({**blank("item", rows), **items}),
        np.zeros(rows, np.int64) if of is None else of,
    )


def chance(rng: np.random.Generator, viewers: int, items: int, ids: int = 30) -> tuple[Pairs, Batch]:
    """Random pairs with random outcomes, a third of them unknown."""
    sides: dict[Side, dict[str, Column]] = {"viewer": blank("viewer", viewers), "item": blank("item", items)}
    for known in INPUTS:
        shape = sides[known.side][known.name].shape
        values = rng.integers(0, ids, shape) if known.kind == "id" else rng.normal(0, 1, shape).astype(np.float32)
        sides[known.side][known.name] = values
    bits = np.array([0, OUTCOME_BITS["watch"], OUTCOME_BITS["long_view"], OUTCOME_BITS["like"], OUTCOME_BITS["skip"]])
    sides["viewer"]["history_item"] = rng.integers(0, ids, (viewers, HISTORY))
    sides["viewer"]["history_author"] = rng.integers(0, ids, (viewers, HISTORY))
    sides["viewer"]["history_topics"] = rng.integers(0, ids, (viewers, HISTORY * 3))
    sides["viewer"]["history_flags"] = rng.choice(bits, (viewers, HISTORY))
    sides["item"]["seconds_long"] = rng.uniform(5, 100, items).astype(np.float32)
    outcomes = {name: (rng.random(items) < 0.4).astype(np.float32) for name in NAMES}
    outcomes["watch"] = rng.exponential(15, items).astype(np.float32)
    for values in outcomes.values():
        values[rng.random(items) < 1 / 3] = np.nan
    of = np.sort(rng.integers(0, viewers, items))
    return Pairs(Batch(sides["viewer"]), Batch(sides["item"]), of), Batch(outcomes)
