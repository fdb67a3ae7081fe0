"""What a model held of viewers at some moments, under names: to go back to when they do.

A row means what it meant among the weights of its moment. They move on slowly, all of them together, and what is
brought back learns on from there like any other.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Column
from foryou.core.ports import Keys

Row = NDArray[np.float32]


class Remembered:
    """Rows by viewer and name; an empty one says that there was none."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._rows: dict[tuple[int, int], Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def keep(self, viewer: int, name: int, row: Row) -> None:
        self._rows[viewer, name] = row

    def get(self, viewer: int, name: int) -> Row | None:
        """None under a name that was never kept, or was let go of."""
        return self._rows.get((viewer, name))

    def drop(self, viewer: int, name: int) -> bool:
        """Whether there was anything to let go of."""
        return self._rows.pop((viewer, name), None) is not None

    def forget(self, viewers: Keys) -> int:
        """Let go of everything of these viewers; how many rows that were."""
        gone = set(viewers.tolist())
        mine = [key for key in self._rows if key[0] in gone]
        for key in mine:
            del self._rows[key]
        return len(mine)

    def state(self) -> Mapping[str, Column]:
        """All rows, with whether there was one."""
        rows = list(self._rows.values())
        return {
            "of": np.array(list(self._rows), np.int64).reshape(-1, 2),
            "there": np.array([len(row) > 0 for row in rows], np.bool_),
            "row": np.array([row if len(row) else np.zeros(self._width) for row in rows], np.float32).reshape(
                -1, self._width
            ),
        }

    def restore(self, state: Mapping[str, Column]) -> None:
        """Continue from a state; from one that was kept before there were any, with none."""
        self._rows = {}
        if "of" in state:
            for (viewer, name), there, row in zip(state["of"].tolist(), state["there"], state["row"], strict=True):
                self._rows[viewer, name] = row.copy() if there else row[:0].copy()
