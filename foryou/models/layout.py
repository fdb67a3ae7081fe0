"""Where each input of INPUTS lies in the arrays that a model reads, and how raw columns become those arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS, NAMES, WATCH_CUTS
from foryou.core.inputs import INPUTS, Family, Input, Side

BINARY: tuple[str, ...] = tuple(head.name for head in HEADS if head.kind != "survival")
"""The heads that are one logit each, in the order of the first columns of `logits`; quantiles are soft labels."""

OUTPUTS = len(BINARY) + len(WATCH_CUTS)
"""The columns of `logits`: the binary heads, then the hazards of the survival head."""

SURVIVAL: str = next(head.name for head in HEADS if head.kind == "survival")
HAZARDS = slice(len(BINARY), OUTPUTS)

LIMIT = 8.0
"""Numbers beyond this, on either side, are a mistake somewhere, and are cut."""


@dataclass(frozen=True, slots=True)
class Place:
    """The columns of one input in an array of inputs, and the factor family that it belongs to."""

    name: str
    family: Family
    columns: slice

    @property
    def size(self) -> int:
        return int(self.columns.stop - self.columns.start)


@cache
def ids(side: Side) -> tuple[Input, ...]:
    """The id inputs of a side, in the order of the table."""
    return tuple(known for known in INPUTS if known.side == side and known.kind == "id")


@cache
def dense(side: Side) -> tuple[Place, ...]:
    """The dense inputs of a side, one after another."""
    return place(
        (known.name, known.family, known.width) for known in INPUTS if known.side == side and known.kind == "dense"
    )


def place(inputs: Iterable[tuple[str, Family, int]]) -> tuple[Place, ...]:
    """Inputs (name, family, width) one after another."""
    places, start = [], 0
    for name, family, width_ in inputs:
        places.append(Place(name, family, slice(start, start + width_)))
        start += width_
    return tuple(places)


def width(places: tuple[Place, ...]) -> int:
    """How many columns some places take, from 0."""
    return int(places[-1].columns.stop)


def numbers(batch: Batch, side: Side) -> NDArray[np.float32]:
    """The dense inputs of a side `[rows, width]`; what is not finite is 0."""
    places = dense(side)
    out = np.empty((len(batch), width(places)), np.float32)
    for known in places:
        out[:, known.columns] = wide(batch[known.name])
    finite = np.isfinite(out)
    if not finite.all():
        out[~finite] = 0
    return np.clip(out, -LIMIT, LIMIT, out=out)


def wide(values: Column) -> Column:
    """A column `[rows]` as `[rows, 1]`; a wider one as it is."""
    return values if values.ndim == 2 else values[:, None]


def heads(logits: NDArray[np.float32], seconds: NDArray[np.float32]) -> Batch:
    """The predictions by head name, from `logits` `[rows, OUTPUTS]` and expected seconds `[rows]`."""
    chances = sigmoid(logits[:, : len(BINARY)])
    columns = {name: np.ascontiguousarray(chances[:, column]) for column, name in enumerate(BINARY)}
    columns[SURVIVAL] = seconds
    return Batch({name: columns[name] for name in NAMES})


def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), np.float32)
