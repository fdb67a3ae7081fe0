"""The gradient of a few rows of a large table, and the step down it: what no gradient reaches costs nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foryou.models.kernel import kernel

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]


@kernel
def descend(vectors: Vectors, squares: Vectors, gradient: Vectors, touched: Ids, rate: float, decay: float) -> None:
    """One step of row-wise AdaGrad on the rows `touched`, whose gradient is zero afterwards."""
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
