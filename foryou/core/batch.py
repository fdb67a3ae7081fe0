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
        self._columns, self._length = _frozen(columns, length)

    @staticmethod
    def of(columns: dict[str, Column], length: int) -> Batch:
        """A batch of new columns that nobody else has, and that are known to be of this length."""
        for values in columns.values():
            values.flags.writeable = False
        return Batch._of(columns, length)

    @staticmethod
    def _of(columns: dict[str, Column], length: int) -> Batch:
        """A batch of read-only columns that are known to be of this length."""
        made = Batch.__new__(Batch)
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
        if rows.dtype == np.bool_:
            if len(rows) != self._length:
                raise IndexError(f"a mask of {len(rows)} rows for a batch of {self._length}")
            rows = np.flatnonzero(rows)
        return Batch._of({name: _taken(values, rows) for name, values in self._columns.items()}, len(rows))

    def deferred(self) -> Batch:
        """The same rows, for who puts them in a new order several times and reads few columns: `take` only notes the
        order, and a column is gathered when it is read."""
        return _Deferred(self, np.arange(self._length), {})

    def gathered(self) -> Batch:
        """The same rows with every column at hand: the end of `deferred`."""
        return self

    def contiguous(self) -> Batch:
        """The same rows with every column in a piece, as they come from a log: none is one row that stands for all."""
        return Batch._of({name: np.ascontiguousarray(values) for name, values in self._columns.items()}, self._length)

    def extend(self, columns: Columns) -> Batch:
        """A batch with these columns added, or replaced where the name exists."""
        fresh, length = _frozen(columns, self._length)
        return Batch._of({**self._columns, **fresh}, length)

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


class _Deferred(Batch):
    """Rows of another batch in another order, beside columns of its own."""

    __slots__ = ("_rows", "_source")

    def __init__(self, source: Batch, rows: Rows, own: dict[str, Column]) -> None:
        self._source, self._rows, self._columns, self._length = source, rows, own, len(rows)

    def __getitem__(self, name: str) -> Column:
        if name not in self._columns and name in self._source:
            self._columns[name] = _taken(self._source[name], self._rows)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return name in self._columns or name in self._source

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._source, *self._columns)))

    @property
    def columns(self) -> Columns:
        return {name: self[name] for name in self}

    def take(self, rows: Rows) -> Batch:
        if rows.dtype == np.bool_:
            rows = np.flatnonzero(rows)
        return _Deferred(
            self._source, self._rows[rows], {name: _taken(values, rows) for name, values in self._columns.items()}
        )

    def extend(self, columns: Columns) -> Batch:
        fresh, _ = _frozen(columns, self._length)
        return _Deferred(self._source, self._rows, {**self._columns, **fresh})

    def deferred(self) -> Batch:
        return self

    def gathered(self) -> Batch:
        return Batch._of(dict(self.columns), self._length)


def _taken(values: Column, rows: Rows) -> Column:
    """Some rows of a column, read-only."""
    found = values.take(rows, axis=0) if values.flags.c_contiguous else values[rows]
    found.flags.writeable = False
    return found


def _frozen(columns: Columns, length: int | None) -> tuple[dict[str, Column], int]:
    """Read-only views of columns of one length, and this length. ValueError if they differ."""
    held: dict[str, Column] = {}
    for name, values in columns.items():
        view = np.asarray(values)
        if view.flags.writeable:
            view = view.view()
            view.flags.writeable = False
        if length is None:
            length = len(view)
        if len(view) != length:
            raise ValueError(f"column {name!r} has {len(view)} rows where the others have {length}")
        held[name] = view
    return held, length or 0
