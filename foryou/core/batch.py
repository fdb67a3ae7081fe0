"""Columns of equal length: the one shape in which rows travel inside the engine.

A batch knows nothing about what its columns mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[Any]
"""One value (or one fixed-width row of values) for each row: `[rows]` or `[rows, width]`."""
Columns: TypeAlias = Mapping[str, Column]
Rows: TypeAlias = NDArray[Any]
"""A boolean mask, or integer positions in a new order."""


class Batch:
    """Frozen columns of equal length.

    >>> rows = Batch({"item": np.array([7, 8, 9]), "score": np.array([0.1, 0.9, 0.5])})
    >>> rows.take(np.argsort(-rows["score"]))["item"].tolist()
    [8, 9, 7]
    """

    __slots__ = ("_columns", "_length")

    def __init__(self, columns: Columns, length: int | None = None) -> None:
        """`length` is needed only for a batch without columns. ValueError if lengths differ."""
        held: dict[str, Column] = {}
        for name, values in columns.items():
            view = np.asarray(values).view()
            view.flags.writeable = False
            if length is None:
                length = len(view)
            if len(view) != length:
                raise ValueError(f"column {name!r} has {len(view)} rows where the others have {length}")
            held[name] = view
        self._columns = held
        self._length = length or 0

    @staticmethod
    def _of(columns: dict[str, Column], length: int) -> Batch:
        """A batch of columns that are known to be of this length, and that nobody else writes to."""
        made = Batch.__new__(Batch)
        for values in columns.values():
            values.flags.writeable = False
        made._columns, made._length = columns, length
        return made

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> Column:
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(f"no column {name!r}; there are {', '.join(self._columns) or 'none'}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __repr__(self) -> str:
        return f"Batch({self._length} rows: {', '.join(self._columns)})"

    @property
    def columns(self) -> Columns:
        """The columns by name, in the order in which they were given."""
        return self._columns

    def take(self, rows: Rows) -> Batch:
        """The rows under a boolean mask, or at integer positions in the order given."""
        length = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        return Batch._of({name: values[rows] for name, values in self._columns.items()}, length)

    def extend(self, columns: Columns) -> Batch:
        """A batch with these columns added, or replaced where the name exists."""
        return Batch({**self._columns, **columns}, self._length)

    def select(self, names: Sequence[str]) -> Batch:
        """A batch with only the named columns."""
        return Batch._of({name: self[name] for name in names}, self._length)

    @staticmethod
    def concat(batches: Sequence[Batch]) -> Batch:
        """The rows of several batches, one after another; all must have the first one's columns."""
        if len(batches) == 1:
            return batches[0]
        names = list(batches[0]) if batches else []
        return Batch(
            {name: np.concatenate([batch[name] for batch in batches]) for name in names},
            sum(len(batch) for batch in batches),
        )
