"""Clusters of videos by their retrieval vectors: what counts as one theme when a viewer has several.

Made anew from a version's vectors, so that the same model gives the same clusters and nothing has to be kept. A video
is of the cluster whose centroid is nearest, from the moment that it has a vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.models.retrieval import unit

Vectors = NDArray[np.float32]

MOST = 256
ENOUGH = 64
"""Vectors that place one centroid."""
_ROUNDS = 8
_BALANCE = 0.5
"""Clusters with less than this part of the mean size are taken to be nearer than they are,"""
_NEARER = 0.7
"""but by no more than this: a factor that falls to nothing makes clusters fill and empty in turns."""
_FOLLOWS = 0.3
"""How much of each round's sizes goes into their running mean, for the same reason."""


@dataclass(frozen=True, slots=True)
class Codebook:
    """Centroids `[clusters, dim]` of length 1, and the factor on the distance to each `[clusters]`, at most 1."""

    centroids: Vectors
    nearer: Vectors
    videos: int = 0
    """How many there were when it was made."""

    def __len__(self) -> int:
        return len(self.centroids)

    def assign(self, vectors: Vectors) -> NDArray[np.int64]:
        """The cluster of each vector `[rows, dim]` of length 1; there has to be at least one."""
        return np.asarray(_distances(vectors, self).argmin(axis=1), np.int64)


def clusters_for(videos: int) -> int:
    """How many clusters so many videos have: half their root, 256 at most."""
    return int(np.clip(np.sqrt(videos) / 2, min(videos, 1), MOST))


def cluster(sample: Vectors, videos: int, chance: np.random.Generator) -> Codebook:
    """Spherical k-means with balance over vectors `[rows, dim]` of length 1, a sample of those of so many videos.

    Balance is the discount of streaming VQ (Bin et al., 2025): the squared distance to a cluster counts
    min(1, n / (balance * mean n)), here at least .7, so that small ones fill and large ones split. Each video counts
    once however often it is shown, so what is popular gets no more clusters than its share of the catalogue.
    """
    number = min(clusters_for(videos), len(sample))
    book = Codebook(_spread(sample, number, chance), np.ones(number, np.float32), videos)
    size = np.full(number, len(sample) / max(number, 1))
    for _ in range(_ROUNDS if number > 1 else 0):
        distance = _distances(sample, book)
        which = distance.argmin(axis=1)
        size += _FOLLOWS * (np.bincount(which, minlength=number) - size)
        nearer = np.clip(size / (_BALANCE * size.mean()), _NEARER, 1.0).astype(np.float32)
        book = Codebook(_amid(sample, which, distance[np.arange(len(sample)), which], number), nearer, videos)
    return book


def _distances(vectors: Vectors, book: Codebook) -> Vectors:
    """Squared distances `[rows, clusters]`, discounted."""
    return np.asarray((np.float32(2.0) - 2 * (vectors @ book.centroids.T)) * book.nearer, np.float32)


def _amid(sample: Vectors, which: NDArray[np.int64], distance: Vectors, number: int) -> Vectors:
    """Centroids amid the vectors that are theirs; one without any goes to a vector that is far from its own."""
    sums = np.zeros((number, sample.shape[1]), np.float32)
    np.add.at(sums, which, sample)
    empty = np.flatnonzero(np.bincount(which, minlength=number) == 0)
    sums[empty] = sample[np.argsort(-distance, kind="stable")[: len(empty)]]
    return unit(sums)


def _spread(sample: Vectors, number: int, chance: np.random.Generator) -> Vectors:
    """The first centroids: vectors drawn by their squared distance to those drawn before (k-means++, Arthur and
    Vassilvitskii, 2007)."""
    out = np.zeros((number, sample.shape[1]), np.float32)
    away = np.ones(len(sample))
    for place in range(number):
        total = np.cumsum(away)
        row = int(np.searchsorted(total, chance.random() * total[-1], side="right"))
        out[place] = sample[min(row, len(sample) - 1)]
        away = np.minimum(away, np.maximum(2.0 - 2.0 * (sample @ out[place]).astype(np.float64), 0.0))
    return out
