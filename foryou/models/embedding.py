"""A table of learned vectors that grows and shrinks: a row for each id that came often enough, and no two share one.

It knows ids by slot ("item", "author", ...), so that equal numbers in two slots have two rows. A row starts from a hash
of its key and the seed, so it does not matter in which order ids arrive. Row 0 is nobody's and stays zero. An id gets
its row after a few occurrences and loses it when it was not used for long, so that memory is bounded however many ids
come (admission and expiry of Monolith: Liu et al., 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.clock import DAY, HOUR
from foryou.core.errors import ModelError
from foryou.core.memory import HEAP, Arrays, Memory
from foryou.models import places, sketch
from foryou.models.copies import Copies
from foryou.models.gradient import Gradient, descend
from foryou.models.places import Ids, Vectors

NONE = 0
"""The id of "none", the row of whatever is not known, and the mark of a free place in the hash index."""
_UNBORN = np.iinfo(np.int64).max
_EVER = _UNBORN - 1
"""The stamp of a table that learns: it sees every row that was born."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who gets a row, and for how long."""

    after: int = 1
    """Occurrences before an id gets a row; until then it counts as none."""
    days: float = 30.0
    """Days of event time after which a row that was not used is given up."""
    most: int = 2_000_000
    """Rows at most; beyond, those whose last use is longest ago are given up."""


class Embeddings:
    """Vectors `[rows, dim]` by (slot, id), learned with row-wise AdaGrad.

    AdaGrad: Duchi et al. (JMLR 2011); one accumulator a row, the mean square over its components, as in DLRM (Naumov
    et al., 2019). Rows that no gradient reaches do not change.
    """

    def __init__(
        self,
        dim: int,
        seed: int = 0,
        spread: float = 0.05,
        admission: Admission | None = None,
        memory: Memory = HEAP,
    ) -> None:
        """`spread`: components start uniform in [-spread, spread]. `memory`: where lies what copies read."""
        self.dim, self.seed, self.spread, self.admission = dim, seed, spread, admission or Admission()
        self._memory = memory
        self.now = 0
        """The event time (ms) as of which ids are used; see `tend`."""
        self._empty()

    def _empty(self) -> None:
        self._used, self._left, self._counted, self._tended = 1, 0, 0, 0
        self._keys = self._memory.zeros(1024, np.int64)
        self._born = self._memory.zeros(1024, np.int64)
        self._born[:] = _UNBORN
        self._last = np.zeros(1024, np.int64)
        self._free = np.zeros(0, np.int64)
        self._index = self._memory.zeros(4096, np.int64)
        self._vectors = np.zeros((1024, self.dim), np.float32)
        self._squares = np.zeros(1024, np.float32)
        self._counts = sketch.sketch() if self.admission.after > 1 else np.zeros((1, 1), np.uint8)
        self._gradient: Gradient | None = None
        self._seen = _EVER
        """Only rows that were born until this stamp are seen."""
        self._stamp = 1
        self._copies = Copies(self._memory, self.dim)

    @classmethod
    def attached(
        cls, dim: int, seed: int, arrays: Arrays, numbers: tuple[int, int], spread: float = 0.05
    ) -> Embeddings:
        """A copy to read from, over the `arrays` and `numbers` of another one's."""
        found = cls(dim, seed, spread)
        found._keys, found._born, found._index = arrays["keys"], arrays["born"], arrays["index"]
        found._vectors = arrays["vectors"]
        found._used, found._seen = numbers
        return found

    @property
    def arrays(self) -> Arrays:
        """What a copy reads; with `numbers`, all that `attached` needs."""
        return {"keys": self._keys, "born": self._born, "index": self._index, "vectors": self._vectors}

    @property
    def numbers(self) -> tuple[int, int]:
        """The rows of a copy, and the stamp until which they were born."""
        return self._used, self._seen

    def __len__(self) -> int:
        return self._used - 1 - self._left

    @property
    def vectors(self) -> Vectors:
        """All rows `[rows, dim]`; row 0 is zero, and those that are free mean nothing."""
        return self._vectors[: self._used]

    @property
    def nbytes(self) -> int:
        """The memory that the table takes, bytes."""
        arrays = (self._keys, self._born, self._last, self._free, self._index, self._vectors, self._squares)
        return sum(array.nbytes for array in arrays) + self._counts.nbytes

    def find(self, slot: int, ids: NDArray[Any]) -> Ids:
        """The row of each id, in the shape of `ids`; 0 for none and for ids without a row."""
        flat = np.ascontiguousarray(ids, np.int64).reshape(-1, 1)
        return self.find_each(np.array([slot]), flat).reshape(np.shape(ids))

    def find_each(self, slots: Ids, ids: Ids) -> Ids:
        """As `find`, for ids `[n, slots]` of which each column is of its own slot."""
        rows = np.empty(ids.shape, np.int64)
        places.find(self._index, self._keys, self._born, self._seen, slots, ids, rows)
        return rows

    def admit(self, slot: int, ids: NDArray[Any], after: int | None = None) -> Ids:
        """As `find`, but ids that came often enough get a row (`after` occurrences, if not as in `admission`), and all
        are used now. Not on a copy."""
        if self._seen != _EVER:
            raise ModelError("a copy of a table does not learn")
        flat = np.ascontiguousarray(ids, np.int64).reshape(-1)
        missing = int(np.count_nonzero(self.find(slot, flat) == 0))
        self._make_room(missing)
        rows = np.empty(len(flat), np.int64)
        used, left = self._used, self._left
        self._used, self._left, counted = places.admit(
            self._index,
            self._keys,
            self._born,
            self._stamp,
            self._last,
            self.now,
            self._used,
            self._free,
            self._left,
            self._counts,
            self.admission.after if after is None else after,
            slot,
            flat,
            self.seed,
            self.spread,
            self._vectors,
            self._squares,
            rows,
        )
        self._copies.changed(np.arange(used, self._used))
        self._copies.changed(self._free[self._left : left])
        self._counted += counted
        if self._counted >= sketch.AGE:
            sketch.age(self._counts)
            self._counted //= 2
        return rows.reshape(np.shape(ids))

    def tend(self, now: int) -> Ids:
        """Move to event time `now` (ms), and give up what was not used for long; the rows that became free.

        Looks once an hour, and whenever there are too many rows. Not between `admit` and `descend` of a step.
        """
        self.now = max(self.now, now)
        most, crowd = self.admission.most, len(self)
        if self.now // HOUR == self._tended and crowd <= most:
            return np.zeros(0, np.int64)
        self._tended = self.now // HOUR
        held = 1 + np.flatnonzero(self._keys[1 : self._used])
        gone = held[self.now - self._last[held] > self.admission.days * DAY]
        if crowd - len(gone) > most:
            # A tenth more than it takes, so that it does not have to be done again for each new id.
            by_use = held[np.argsort(self._last[held], kind="stable")]
            gone = by_use[: crowd - most + most // 10]
        if len(gone):
            self._give_up(gone)
        return gone

    def _give_up(self, rows: Ids) -> None:
        """Free rows. Copies go on with the arrays as they were."""
        self._keys, self._born = self._moved(self._keys), self._moved(self._born)
        self._keys[rows], self._born[rows] = 0, _UNBORN
        self._free = np.concatenate([self._free[: self._left], rows])
        self._left = len(self._free)
        self._index = self._memory.zeros(len(self._index), np.int64)
        places.rebuild(self._index, self._keys, self._used)

    def _moved(self, array: Ids) -> Ids:
        copy = self._memory.zeros(len(array), np.int64)
        copy[:] = array
        return copy

    def means(self, slots: Ids, widths: Ids, ids: Ids) -> Vectors:
        """The mean vector of each of some inputs `[n, inputs, dim]`, an id without a row at its initial one.

        `ids` `[n, slots]` has `widths[j]` columns for input j, each column of its own slot.
        """
        out = np.empty((len(ids), len(widths) * self.dim), np.float32)
        rows = self.find_each(slots, ids)
        places.means(self._vectors, slots, widths, ids, rows, self.seed, self.spread, out)
        return out.reshape(len(ids), len(widths), self.dim)

    def forget(self, slot: int, ids: NDArray[Any]) -> int:
        """Give up the rows of these ids, and overwrite them; how many there were. On a copy too."""
        rows = np.unique(self.find(slot, ids))
        rows = rows[rows != 0]
        if len(rows):
            self._vectors[rows] = 0
            self._copies.changed(rows)
            if len(self._squares):
                self._squares[rows] = 0
            self._last = self._last.copy()
            self._last[rows] = 0
            self._give_up(rows)
        return len(rows)

    def row(self, slot: int, number: int) -> Vectors:
        """The vector of an id and after it its accumulator `[dim + 1]`; empty if it has no row."""
        row = int(self.find(slot, np.array([number]))[0])
        return np.append(self._vectors[row], self._squares[row]) if row else np.zeros(0, np.float32)

    def put(self, slot: int, number: int, row: Vectors) -> int:
        """An id has this row from now on, as `row` told it, or none if it is empty; how many rows changed."""
        if len(row) == 0:
            return self.forget(slot, np.array([number]))
        place = self.admit(slot, np.array([number]), after=1)
        self._vectors[place], self._squares[place] = row[:-1], row[-1]
        self._copies.changed(place)
        return 1

    def gradient(self) -> Gradient:
        """The place to add up the gradient of the next step; the same one until rows are added."""
        if self._gradient is None or len(self._gradient.values) != len(self._vectors):
            self._gradient = Gradient(len(self._vectors), self.dim)
        return self._gradient

    def descend(self, gradient: Gradient, rate: float, decay: float = 0.0) -> None:
        """One AdaGrad step on the touched rows (`decay`: L2, per step that touches a row); clears the gradient."""
        descend(self._vectors, self._squares, gradient.values, gradient.touched, rate, decay)
        self._copies.changed(gradient.touched.copy())
        gradient.clear()

    def copy(self) -> Embeddings:
        """A copy to read from, that no longer changes when this one learns; it does not learn itself.

        Only the vectors are copied, and of those only what changed if there is a copy that nobody uses any more. Keys
        and index are shared: rows born after the copy are not seen in it, and when rows are given up this table goes on
        with new arrays.
        """
        other = Embeddings.__new__(Embeddings)
        vars(other).update(vars(self))
        if self._seen == _EVER:
            other._vectors = self._copies.take(self._vectors, self._used, other)
        other._squares, other._gradient = np.zeros(0, np.float32), None
        if self._seen == _EVER:
            other._seen = self._stamp
            self._stamp += 1
        return other

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Keys, vectors, accumulators, last uses and counts, of the rows after row 0. ModelError from a copy."""
        if self._seen != _EVER:
            raise ModelError("a copy of a table has no accumulators to keep")
        rows = slice(1, self._used)
        return {
            "keys": self._keys[rows].copy(),
            "vectors": self._vectors[rows].copy(),
            "squares": self._squares[rows].copy(),
            "last": self._last[rows].copy(),
            "free": self._free[: self._left].copy(),
            "counts": self._counts.copy(),
            "times": np.array([self.now, self._tended, self._counted]),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """ModelError if the vectors have another width. Counts kept under other settings are forgotten."""
        vectors = state["vectors"]
        if vectors.shape[1] != self.dim:
            raise ModelError(f"vectors of {vectors.shape[1]} components where this table has {self.dim}")
        self._empty()
        used = len(vectors) + 1
        self._make_room(used - 1)
        self._keys[1:used] = state["keys"]
        self._born[1:used] = np.where(state["keys"] != 0, 0, _UNBORN)
        self._vectors[1:used] = vectors
        self._squares[1:used] = state["squares"]
        self._last[1:used] = state["last"]
        self._free = state["free"].copy()
        self._left = len(self._free)
        if state["counts"].shape == self._counts.shape:
            self._counts = state["counts"].copy()
        self.now, self._tended, self._counted = state["times"].tolist()
        self._used = used
        places.rebuild(self._index, self._keys, used)

    def _make_room(self, more: int) -> None:
        """Room for so many more ids, at most half of the index filled."""
        rows = self._used + max(0, more - self._left)
        if rows > len(self._keys):
            rows_before, size = len(self._keys), max(rows, 2 * len(self._keys))
            self._keys = self._memory.grown(self._keys, size)
            self._born = self._memory.grown(self._born, size)
            self._born[rows_before:] = _UNBORN
            self._last, self._vectors, self._squares = (
                HEAP.grown(array, size) for array in (self._last, self._vectors, self._squares)
            )
        if 2 * (len(self) + more) > len(self._index):
            self._index = self._memory.zeros(1 << int(np.ceil(np.log2(4 * (len(self) + more)))), np.int64)
            places.rebuild(self._index, self._keys, self._used)
