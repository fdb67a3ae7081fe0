"""Items that look, sound or read alike, from any number of feature vectors; they reach what nobody has seen yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foryou.models.graph import Histories

Vectors = NDArray[np.float32]
BLOCK = 1024


def standard(vectors: Vectors) -> Vectors:
    """Each feature with mean 0 over the items that have any, then each row at length 1; a zero row stays zero."""
    there = np.abs(vectors).sum(axis=1) > 0
    centred = np.where(there[:, None], vectors - vectors[there].mean(axis=0) if there.any() else vectors, 0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(length, 1e-9), np.float32)


def compressed(vectors: Vectors, dim: int) -> Vectors:
    """At most `dim` principal directions of standardised vectors, each row at length 1 again."""
    rows = standard(vectors)
    if rows.shape[1] <= dim:
        return rows
    _, directions = np.linalg.eigh(rows.T @ rows)
    return standard(rows @ directions[:, -dim:].astype(np.float32))


def alike(vectors: Vectors, most: int, sharp: float, among: NDArray[np.bool_]) -> Histories:
    """For each item its `most` nearest by cosine, `[items, items]`, weighing `exp(sharp * (cosine - 1))`.

    Neighbours are items of the mask `among` and never the item itself; the weights of a row sum to 1.
    """
    rows, count = standard(vectors), len(vectors)
    pool = np.flatnonzero(among)
    most = min(most, len(pool) - 1)
    if most < 1:
        return sparse.csr_array((count, count), dtype=np.float32)
    column = np.zeros((count, most), np.int64)
    weight = np.zeros((count, most), np.float32)
    for start in range(0, count, BLOCK):
        near = rows[start : start + BLOCK] @ rows[pool].T
        near[pool[None, :] == np.arange(start, start + len(near))[:, None]] = -np.inf
        best = np.argpartition(-near, most - 1, axis=1)[:, :most]
        column[start : start + BLOCK] = pool[best]
        weight[start : start + BLOCK] = np.exp(sharp * (np.take_along_axis(near, best, 1) - 1))
    weight[np.abs(rows).sum(axis=1) == 0] = 0.0
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    flat = (weight.ravel(), column.ravel(), np.arange(0, count * most + 1, most))
    return sparse.csr_array(flat, shape=(count, count))
