"""The loss that makes a viewer's vector point at what they liked: each positive pair against the other items of its batch.

Sampled softmax over in-batch items, each logit less log of how often the item comes (Yi et al., RecSys 2019), so that
popular items are no likelier to be near than their fit deserves. Vectors are compared by cosine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

SHARP = 10.0
"""A cosine of 1 is worth this many logits."""


def unit(vectors: Vectors) -> Vectors:
    """Each row at length 1; a zero row stays zero."""
    return np.asarray(vectors / np.maximum(_length(vectors), 1e-12), np.float32)


def contrast(viewer: Vectors, item: Vectors, which: NDArray[np.int64], often: NDArray[np.float32]) -> tuple[float, Vectors, Vectors]:
    """The loss summed over pairs, and its gradients with respect to the vectors of `viewer` and `item` `[pairs, dim]`.

    `which` `[pairs]` says which item a row is, so that the same item is never its own negative; `often` `[pairs]` is
    the share of each item among all positives.
    """
    u, v = unit(viewer), unit(item)
    logits = SHARP * (u @ v.T) - np.log(often)
    same = which[:, None] == which[None, :]
    np.fill_diagonal(same, False)
    logits[same] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    share = np.exp(logits)
    share /= share.sum(axis=1, keepdims=True)
    own = np.diag(share).copy()
    share[np.diag_indices(len(share))] -= 1
    return (
        float(-np.log(np.maximum(own, 1e-30)).sum()),
        _through_unit(SHARP * (share @ v), u, viewer),
        _through_unit(SHARP * (share.T @ u), v, item),
    )


def _through_unit(change: Vectors, direction: Vectors, vectors: Vectors) -> Vectors:
    """The gradient before the normalisation, from that after it."""
    across = change - (change * direction).sum(axis=1, keepdims=True) * direction
    return np.asarray(across / np.maximum(_length(vectors), 1e-3), np.float32)


def _length(vectors: Vectors) -> Vectors:
    return np.asarray(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
