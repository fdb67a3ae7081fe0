"""Rows that come at the end and go at the start: columns in one piece each; a row keeps its number for ever."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from foryou.core.batch import Batch, Column

_LEAST = 1024


class Rolling:
    """Growing columns whose first rows can be dropped. All rows have the columns of the first ones.

    >>> rows = Rolling()
    >>> rows.append(Batch({"item": np.array([7, 8, 9])}))
    0
    >>> rows.drop(1)
    >>> rows.first, rows.end, rows.take(np.array([2]))["item"].tolist()
    (1, 3, [9])
    """

    def __init__(self) -> None:
        self.first = self.end = 0
        """The number of the first row that is kept, and the number of the next one to come."""
        self._start = 0
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, name: str) -> Column:
        """The kept rows of a column, from number `first` on; may be written to until the next `append`."""
        return self._columns[name][self._start : self._start + len(self)]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self._columns)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return sum(values[:1].nbytes for values in self._columns.values())

    def append(self, rows: Batch) -> int:
        """Put rows at the end; the number of the first of them."""
        number, size = self.end, len(self)
        if not self._columns:
            self._columns = {
                name: np.empty((0, *values.shape[1:]), values.dtype) for name, values in rows.columns.items()
            }
        over = self._start + size + len(rows) > self._room
        if over and size <= self._start <= self._room - len(rows) and self._room <= max(_LEAST, 4 * (size + len(rows))):
            for values in self._columns.values():  # the place of what was dropped, whose memory is at hand
                values[:size] = values[self._start : self._start + size]
            self._start = 0
        elif over:
            room = max(_LEAST, 2 * (size + len(rows)))
            grown = {name: np.empty((room, *values.shape[1:]), values.dtype) for name, values in self._columns.items()}
            for name, values in grown.items():
                values[:size] = self[name]
            self._columns, self._start = grown, 0
        place = self._start + size
        for name, values in self._columns.items():
            values[place : place + len(rows)] = rows[name]
        self.end += len(rows)
        return number

    @property
    def _room(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def take(self, numbers: Column) -> Batch:
        """The rows with these numbers."""
        at = numbers - self.first + self._start
        return Batch({name: values[at] for name, values in self._columns.items()}, len(numbers))

    def drop(self, before: int) -> None:
        """Forget the rows with a number below `before`."""
        gone = max(0, min(before, self.end) - self.first)
        self.first += gone
        self._start += gone

    def blank(self, rows: Column) -> None:
        """Nothing but zeros in these of the kept rows; what `views` gave stays as it was."""
        self._columns = {name: values.copy() for name, values in self._columns.items()}
        for name in self._columns:
            self[name][rows] = 0

    def views(self) -> Mapping[str, Column]:
        """As `state`, of rows that are only ever appended, dropped and blanked: nothing has to be copied."""
        return {"first": np.array([self.first]), **{f"column.{name}": self[name] for name in self._columns}}

    def state(self) -> Mapping[str, Column]:
        """The kept rows, and the number of the first."""
        return {"first": np.array([self.first]), **{f"column.{name}": self[name].copy() for name in self._columns}}

    def restore(self, state: Mapping[str, Column]) -> None:
        """Keep what `state` kept."""
        self._columns, self._start = {}, 0
        self.first = self.end = int(state["first"][0])
        columns = {name.removeprefix("column."): held for name, held in state.items() if name.startswith("column.")}
        if columns:
            self.append(Batch(columns))
