"""What a table looks like: named columns of fixed width, each with the value of a key never written."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from foryou.core.batch import Batch, Column


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its element type, its width (1 means `[rows]`, more means `[rows, width]`) and its default."""

    name: str
    dtype: str
    width: int = 1
    default: float = 0
    help: str = ""

    def empty(self, rows: int) -> Column:
        """`rows` times the default."""
        if self.dtype == "object":
            return np.full(rows, b"", dtype=object)
        shape = rows if self.width == 1 else (rows, self.width)
        return np.full(shape, self.default, dtype=self.dtype)


@dataclass(frozen=True, slots=True)
class Table:
    """A named set of fields, keyed by an int64."""

    name: str
    fields: tuple[Field, ...] = field(default=())

    def empty(self, rows: int) -> Batch:
        """`rows` rows as they are before anything was written."""
        return Batch({f.name: f.empty(rows) for f in self.fields}, rows)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)
