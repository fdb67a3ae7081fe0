"""The columns of recorded rows as plain arrays, for peers that are told what our model is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.inputs import INPUTS
from foryou.core.ports import Pairs
from foryou.training.examples import Examples

COUNTED = ("hour", "weekday")
"""Ids that are small numbers with an order: told as numbers too."""
MOST = 24.0
"""Numbers beyond this are a mistake somewhere, and are cut, as our model cuts them."""
LEARNED = tuple(
    each.name
    for each in INPUTS
    if each.kind == "dense"
    and ("effect" in each.name.split("_") or each.name.endswith("_effects") or each.name.startswith("lift_"))
)
"""Numbers that are no counters: our own additive model (`features/effects.py`) learns them online."""


@dataclass(frozen=True)
class Table:
    """Rows as arrays. The list of a viewer's exposures is not here but in what it adds up to (interests, likeness)."""

    numbers: NDArray[np.float32]
    """Every dense input (with or without LEARNED), and COUNTED, `[rows, numbers]`."""
    ids: NDArray[np.int64]
    """Every id input, 0 where there is none, `[rows, fields]`."""
    fields: tuple[str, ...]
    """The input of each column of `ids`."""
    viewer: Column
    item: Column
    outcomes: Batch

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Column) -> Table:
        """Some of the rows."""
        return Table(
            self.numbers[rows],
            self.ids[rows],
            self.fields,
            self.viewer[rows],
            self.item[rows],
            self.outcomes.take(rows),
        )


def table(batches: Iterable[Examples], effects: bool = False) -> Table:
    """All rows, in their order; `effects`: with LEARNED among the numbers."""
    return _joined([of_examples(examples, effects) for examples in batches])


def of_examples(examples: Examples, effects: bool = False) -> Table:
    """A few rows."""
    pairs = examples.pairs
    ids = [(each.name, _column(pairs, each.name, each.side)) for each in INPUTS if each.kind == "id"]
    dense = [each for each in INPUTS if each.kind == "dense" and (effects or each.name not in LEARNED)]
    counted = [each for each in INPUTS if each.name in COUNTED]
    numbers = [_column(pairs, each.name, each.side).astype(np.float32) for each in (*dense, *counted)]
    return Table(
        np.clip(np.nan_to_num(np.concatenate(numbers, axis=1)), -MOST, MOST),
        np.concatenate([values.astype(np.int64) for _, values in ids], axis=1),
        tuple(name for name, values in ids for _ in range(values.shape[1])),
        pairs.viewers["viewer"][pairs.of],
        pairs.items["item"],
        examples.outcomes,
    )


def _column(pairs: Pairs, name: str, side: str) -> Column:
    values = pairs.viewers[name][pairs.of] if side == "viewer" else pairs.items[name]
    return values.reshape(len(pairs), -1)


def _joined(parts: list[Table]) -> Table:
    return Table(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.ids for part in parts]),
        parts[0].fields,
        np.concatenate([part.viewer for part in parts]),
        np.concatenate([part.item for part in parts]),
        Batch.concat([part.outcomes for part in parts]),
    )
