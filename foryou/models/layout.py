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
from foryou.models.kernel import kernel

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
def id_places(side: Side) -> tuple[Place, ...]:
    """The id inputs of a side, one after another: a column for each id of a row."""
    return place((known.name, known.family, known.width) for known in ids(side))


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
    out = np.empty((len(batch), width(dense(side))), np.float32)
    put_numbers(batch, side, out, 0)
    return out


def put_numbers(batch: Batch, side: Side, out: NDArray[np.float32], start: int) -> None:
    """As `numbers`, into the columns of `out` from `start` on."""
    places = dense(side)
    for known in places:
        values, first = batch[known.name], start + known.columns.start
        if values.ndim == 1:
            out[:, first] = values
        else:
            out[:, first : first + known.size] = values
    _tidy(out, start, start + width(places))


@kernel
def _tidy(out: NDArray[np.float32], start: int, stop: int) -> None:
    """What is not finite becomes 0, and what is beyond LIMIT is cut, in the columns from `start` to `stop`."""
    for i in range(out.shape[0]):
        for j in range(start, stop):
            value = out[i, j]
            if not np.isfinite(value):
                value = np.float32(0.0)
            out[i, j] = min(max(value, np.float32(-LIMIT)), np.float32(LIMIT))


def wide(values: Column) -> Column:
    """A column `[rows]` as `[rows, 1]`; a wider one as it is."""
    return values if values.ndim == 2 else values[:, None]


def heads(logits: NDArray[np.float32], seconds: NDArray[np.float32]) -> Batch:
    """The predictions by head name, from `logits` `[rows, OUTPUTS]` and expected seconds `[rows]`."""
    chances = sigmoid(np.ascontiguousarray(logits[:, : len(BINARY)].T))
    columns = dict(zip(BINARY, chances, strict=True))
    columns[SURVIVAL] = seconds
    return Batch({name: columns[name] for name in NAMES})


def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), without overflow."""
    half = np.multiply(x, 0.5, dtype=np.float32)
    np.tanh(half, out=half)
    half += np.float32(1.0)
    half *= np.float32(0.5)
    return half
