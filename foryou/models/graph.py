"""Which items go together, as one matrix `[items, items]`: a viewer's scores are their history times that matrix.

Everything here is a closed form of who engaged with what, so a history that grew by one item is scored at once, and
nothing is trained again. Histories are sparse rows `[viewers, items]`; weights may fade with time.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.linalg import svds

Histories: TypeAlias = Any
"""A scipy `csr_array` or `csr_matrix` `[viewers, items]`, float32."""
Weights: TypeAlias = NDArray[np.float32]


def walk(history: Histories, alpha: float, beta: float) -> Histories:
    """Three steps of a random walk from item over viewer to item, every step's chance to the power `alpha`, and popular
    ends made rarer by `beta`; sparse.

    RP3beta (Paudel et al., ACM TiiS 2016).
    """
    to_viewers = _divide_rows(history.T.tocsr(), alpha)
    reached = to_viewers @ _divide_rows(history.tocsr(), alpha)
    reached = reached @ sparse.diags_array(_power(_sums(history, 0), -beta))
    return _without_diagonal(reached)


def cosine(history: Histories, shrink: float, most: int) -> Histories:
    """The cosine of two items' sets of viewers, shrunk where few viewers say so; the `most` highest of each item."""
    sets = history.tocsc(copy=True)
    norm = np.sqrt(_sums(sets.power(2), 0))
    shared = _without_diagonal((sets.T @ sets).tocsr()).tocoo()
    shared.data = shared.data / (norm[shared.row] * norm[shared.col] + shrink)
    return strongest(shared.tocsr(), most)


def strongest(matrix: Histories, most: int) -> Histories:
    """The `most` highest weights of each row of a sparse matrix."""
    kept = matrix.tocsr(copy=True)
    for row in range(kept.shape[0]):
        part = kept.data[kept.indptr[row] : kept.indptr[row + 1]]
        if len(part) > most:
            part[part < np.partition(part, -most)[-most]] = 0.0
    kept.eliminate_zeros()
    return kept


class Regression:
    """Each item told from the viewer's other items, by ridge regression with a zero diagonal.

    EASE (Steck, WWW 2019), with two additions: viewers weigh `items ** -power`, so that the busiest do not decide, and
    what is told may be another matrix than what it is told from (the viewers' *recent* items from all their items).
    """

    def __init__(self, history: Histories, ridge: float, power: float = 0.0) -> None:
        self._told_by = history.T.tocsr() @ sparse.diags_array(_power(_sums(history, 1), -power))
        gram = np.asarray((self._told_by @ history).toarray(), np.float32)
        gram[np.diag_indices_from(gram)] += ridge
        upper, _ = linalg.cho_factor(gram, overwrite_a=True, check_finite=False)
        inverse, _ = linalg.lapack.spotri(upper, overwrite_c=True)
        self._inverse: Weights = np.triu(inverse) + np.triu(inverse, 1).T

    def itself(self) -> Weights:
        """The weights that tell the histories themselves."""
        weights: Weights = self._inverse / -np.diag(self._inverse)[None, :]
        np.fill_diagonal(weights, 0.0)
        return weights

    def telling(self, target: Histories) -> Weights:
        """The weights that tell `target` `[viewers, items]`."""
        weights: Weights = self._inverse @ np.asarray((self._told_by @ target).toarray(), np.float32)
        of_itself = np.asarray(np.diag(weights) / np.diag(self._inverse), np.float32)
        weights -= self._inverse * of_itself[None, :]
        np.fill_diagonal(weights, 0.0)
        return weights


def low_pass(history: Histories, rank: int) -> tuple[Weights, Weights]:
    """The smoothest part of the graph of viewers and items: `history @ into @ out` scores.

    `into` is `[items, rank]`, `out` `[rank, items]`: the largest singular directions of the normalised matrix (GF-CF,
    Shen et al., CIKM 2021).
    """
    viewers, items = _power(_sums(history, 1), -0.5), _power(_sums(history, 0), -0.5)
    normal = sparse.diags_array(viewers) @ history.astype(np.float64) @ sparse.diags_array(items)
    start = np.ones(min(normal.shape)) / np.sqrt(min(normal.shape))
    _, _, directions = svds(normal, k=min(rank, min(normal.shape) - 1), v0=start)
    back = np.divide(1.0, items, out=np.zeros_like(items), where=items > 0)
    return (directions.T * items[:, None]).astype(np.float32), (directions * back[None, :]).astype(np.float32)


def _divide_rows(matrix: Histories, power: float) -> Histories:
    scaled = sparse.diags_array(_power(_sums(matrix, 1), -1.0)) @ matrix
    scaled.data = scaled.data**power
    return scaled


def _sums(matrix: Histories, axis: int) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=axis), np.float64).ravel()


def _power(values: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    return np.where(values > 0, np.maximum(values, 1e-12) ** power, 0.0)


def _without_diagonal(matrix: Histories) -> Histories:
    rest = matrix.tocsr(copy=True)
    rest.setdiag(0.0)
    rest.eliminate_zeros()
    return rest.astype(np.float32)
