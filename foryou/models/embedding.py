"""A table of learned vectors that grows: one row for each id that was ever learned from, and no two ids share one.

It knows ids by slot ("item", "author", ...), so that equal numbers in two slots have two rows. A row starts from a hash
of its key and the seed, so it does not matter in which order ids arrive. Row 0 is nobody's and stays zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.errors import ModelError
from foryou.models.kernel import kernel

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]

NONE = 0
"""The id of "none", the row of whatever is not known, and the mark of a free place in the hash index."""


@kernel
def _mix(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser (Steele et al., 2014)."""
    x = value
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def _key(slot: int, value: int) -> np.int64:
    """One non-zero key for an id in a slot; two of them meet as rarely as two 63-bit hashes do."""
    key = np.int64(_mix(np.uint64(value) + np.uint64(slot + 1) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(1))
    return key if key != 0 else np.int64(1)


@kernel
def _find(index: Ids, keys: Ids, slot: int, ids: Ids, rows: Ids) -> None:
    mask = len(index) - 1
    for i in range(len(ids)):
        rows[i] = 0
        if ids[i] == 0:
            continue
        key = _key(slot, ids[i])
        place = key & mask
        while index[place] != 0:
            if keys[index[place]] == key:
                rows[i] = index[place]
                break
            place = (place + 1) & mask


@kernel
def _admit(index: Ids, keys: Ids, used: int, slot: int, ids: Ids, rows: Ids) -> int:
    """As `_find`, but an unknown id gets the next row. Returns the rows in use; there must be room for all."""
    mask = len(index) - 1
    for i in range(len(ids)):
        rows[i] = 0
        if ids[i] == 0:
            continue
        key = _key(slot, ids[i])
        place = key & mask
        while index[place] != 0 and keys[index[place]] != key:
            place = (place + 1) & mask
        if index[place] == 0:
            index[place] = used
            keys[used] = key
            used += 1
        rows[i] = index[place]
    return used


@kernel
def _rebuild(index: Ids, keys: Ids, used: int) -> None:
    mask = len(index) - 1
    for row in range(1, used):
        place = keys[row] & mask
        while index[place] != 0:
            place = (place + 1) & mask
        index[place] = row


@kernel
def _start(key: np.int64, seed: int, spread: float, out: Vectors) -> None:
    """The first value of a row: each component uniform in [-spread, spread], from the key and the seed alone."""
    state = np.uint64(key) ^ _mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
    for d in range(len(out)):
        state += np.uint64(0x9E3779B97F4A7C15)
        unit = np.float64(_mix(state) >> np.uint64(11)) / 9007199254740992.0
        out[d] = spread * (2.0 * unit - 1.0)


@kernel
def _start_rows(keys: Ids, first: int, last: int, seed: int, spread: float, vectors: Vectors) -> None:
    for row in range(first, last):
        _start(keys[row], seed, spread, vectors[row])


@kernel
def _initial(slot: int, ids: Ids, seed: int, spread: float, out: Vectors) -> None:
    for i in range(len(ids)):
        if ids[i] != 0:
            _start(_key(slot, ids[i]), seed, spread, out[i])


@kernel
def _descend(vectors: Vectors, squares: Vectors, gradient: Vectors, touched: Ids, rate: float, decay: float) -> None:
    dim = vectors.shape[1]
    for i in range(len(touched)):
        row = touched[i]
        total = 0.0
        for d in range(dim):
            gradient[row, d] += decay * vectors[row, d]
            total += gradient[row, d] * gradient[row, d]
        squares[row] += total / dim
        step = rate / np.sqrt(squares[row] + 1e-10)
        for d in range(dim):
            vectors[row, d] -= step * gradient[row, d]
            gradient[row, d] = 0.0


class Gradient:
    """The gradient of some rows of a table: zero but for the rows in `touched`."""

    __slots__ = ("count", "marks", "rows", "values")

    def __init__(self, rows: int, dim: int) -> None:
        self.values = np.zeros((rows, dim), np.float32)
        self.marks = np.zeros(rows, np.bool_)
        self.rows = np.zeros(rows, np.int64)
        self.count = np.zeros(1, np.int64)

    @property
    def touched(self) -> Ids:
        return self.rows[: self.count[0]]

    def clear(self) -> None:
        """All rows are zero again; `values` must already be."""
        self.marks[self.touched] = False
        self.count[0] = 0


class Embeddings:
    """Vectors `[rows, dim]` by (slot, id), learned with row-wise AdaGrad.

    AdaGrad: Duchi et al. (JMLR 2011); one accumulator a row, the mean square over its components, as in DLRM (Naumov
    et al., 2019). Rows that no gradient reaches do not change.
    """

    def __init__(self, dim: int, seed: int = 0, spread: float = 0.05) -> None:
        """`spread`: components start uniform in [-spread, spread]."""
        self.dim, self.seed, self.spread = dim, seed, spread
        self._used = 1
        self._keys = np.zeros(1024, np.int64)
        self._index = np.zeros(4096, np.int64)
        self._vectors = np.zeros((1024, dim), np.float32)
        self._squares = np.zeros(1024, np.float32)
        self._gradient: Gradient | None = None

    def __len__(self) -> int:
        return self._used - 1

    @property
    def vectors(self) -> Vectors:
        """All rows `[rows, dim]`; row 0 is zero."""
        return self._vectors[: self._used]

    def find(self, slot: int, ids: NDArray[Any]) -> Ids:
        """The row of each id, in the shape of `ids`; 0 for none and for ids never learned from."""
        flat = np.ascontiguousarray(ids, np.int64).reshape(-1)
        rows = np.empty(len(flat), np.int64)
        _find(self._index, self._keys, slot, flat, rows)
        return rows.reshape(np.shape(ids))

    def admit(self, slot: int, ids: NDArray[Any]) -> Ids:
        """As `find`, but ids that are not there get a row."""
        flat = np.ascontiguousarray(ids, np.int64).reshape(-1)
        missing = int(np.count_nonzero(self.find(slot, flat) == 0))
        self._make_room(self._used + missing)
        rows = np.empty(len(flat), np.int64)
        used = _admit(self._index, self._keys, self._used, slot, flat, rows)
        _start_rows(self._keys, self._used, used, self.seed, self.spread, self._vectors)
        self._used = used
        return rows.reshape(np.shape(ids))

    def initial(self, slot: int, ids: NDArray[Any]) -> Vectors:
        """Each id's vector before anything is learned, `[..., dim]`: a fixed random direction, zero for none."""
        flat = np.ascontiguousarray(ids, np.int64).reshape(-1)
        out = np.zeros((len(flat), self.dim), np.float32)
        _initial(slot, flat, self.seed, self.spread, out)
        return out.reshape(*np.shape(ids), self.dim)

    def gradient(self) -> Gradient:
        """The place to add up the gradient of the next step; the same one until rows are added."""
        if self._gradient is None or len(self._gradient.values) != len(self._vectors):
            self._gradient = Gradient(len(self._vectors), self.dim)
        return self._gradient

    def descend(self, gradient: Gradient, rate: float, decay: float = 0.0) -> None:
        """One AdaGrad step on the touched rows (`decay`: L2, per step that touches a row); clears the gradient."""
        _descend(self._vectors, self._squares, gradient.values, gradient.touched, rate, decay)
        gradient.clear()

    def copy(self) -> Embeddings:
        """A copy that no longer changes when this one learns."""
        other = Embeddings(self.dim, self.seed, self.spread)
        other.restore(self.state())
        return other

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Everything but the settings: keys, vectors and accumulators of the rows after row 0."""
        rows = slice(1, self._used)
        return {
            "keys": self._keys[rows].copy(),
            "vectors": self._vectors[rows].copy(),
            "squares": self._squares[rows].copy(),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """ModelError if the vectors have another width."""
        vectors = state["vectors"]
        if vectors.shape[1] != self.dim:
            raise ModelError(f"vectors of {vectors.shape[1]} components where this table has {self.dim}")
        used = len(vectors) + 1
        self._used = 1
        self._make_room(used)
        self._keys[1:used] = state["keys"]
        self._vectors[1:used] = vectors
        self._squares[1:used] = state["squares"]
        self._used = used
        self._index[:] = NONE
        _rebuild(self._index, self._keys, used)

    def _make_room(self, rows: int) -> None:
        """Room for so many rows in all, at most half of the index filled."""
        if rows > len(self._keys):
            size = max(rows, 2 * len(self._keys))
            self._keys = _grown(self._keys, size)
            self._vectors = _grown(self._vectors, size)
            self._squares = _grown(self._squares, size)
        if 2 * rows > len(self._index):
            self._index = np.zeros(1 << int(np.ceil(np.log2(4 * rows))), np.int64)
            _rebuild(self._index, self._keys, self._used)


def _grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    out = np.zeros((rows, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out
