"""The loss that makes a viewer's vector point at what they liked: each positive pair against the batch's other items.

Sampled softmax over in-batch items, each logit less the log of how often the item comes (Yi et al., RecSys 2019), so
that popular items are no nearer than their fit deserves. Vectors are compared by cosine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

SHARP = 10.0
"""A cosine of 1 is worth this many logits."""


class Often:
    """How often each embedding row was the item of a positive pair."""

    def __init__(self, counts: NDArray[np.float32] | None = None) -> None:
        self.counts = np.zeros(0, np.float32) if counts is None else np.array(counts, np.float32)

    def see(self, rows: Rows) -> NDArray[np.float32]:
        """Count these positives, and say which share of all positives each item has so far `[rows]`."""
        if len(rows) and rows.max() >= len(self.counts):
            grown = np.zeros(2 * int(rows.max()) + 2, np.float32)
            grown[: len(self.counts)] = self.counts
            self.counts = grown
        np.add.at(self.counts, rows, 1)
        return np.asarray(self.counts[rows] / max(float(self.counts.sum()), 1.0), np.float32)

    def forget(self, rows: Rows) -> None:
        """These embedding rows are another item's from now on."""
        self.counts[rows[rows < len(self.counts)]] = 0


def unit(vectors: Vectors) -> Vectors:
    """Each row at length 1; a zero row stays zero."""
    return np.asarray(vectors / np.maximum(_length(vectors), 1e-12), np.float32)


def contrast(viewer: Vectors, item: Vectors, which: Rows, often: NDArray[np.float32]) -> tuple[float, Vectors, Vectors]:
    """The loss summed over pairs, and its gradients with respect to the rows of `viewer` and `item` `[pairs, dim]`.

    `which` `[pairs]` says which item a row is, so that an item is never its own negative; `often` `[pairs]` is the
    share of each item among all positives.
    """
    if len(viewer) == 0:
        return 0.0, viewer, item
    toward, there = unit(viewer), unit(item)
    logits = SHARP * (toward @ there.T) - np.log(often)
    same = which[:, None] == which[None, :]
    np.fill_diagonal(same, False)
    logits[same] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    share = np.exp(logits)
    share /= share.sum(axis=1, keepdims=True)
    loss = -np.log(np.maximum(np.diag(share), 1e-30)).sum()
    share[np.diag_indices(len(share))] -= 1
    share *= SHARP
    return float(loss), _through_unit(share @ there, toward, viewer), _through_unit(share.T @ toward, there, item)


def _through_unit(change: Vectors, direction: Vectors, vectors: Vectors) -> Vectors:
    """The gradient before the normalisation, from that after it."""
    across = change - (change * direction).sum(axis=1, keepdims=True) * direction
    return np.asarray(across / np.maximum(_length(vectors), 1e-3), np.float32)


def _length(vectors: Vectors) -> Vectors:
    return np.asarray(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
