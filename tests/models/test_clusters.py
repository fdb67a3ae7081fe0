"""Clusters of videos: what lies together is one theme, and every theme has a fair part of the centroids."""

from __future__ import annotations

import numpy as np

from foryou.models.clusters import MOST, Codebook, clusters_for
from foryou.models.clusters import cluster as cluster_sample
from foryou.models.retrieval import unit


def heaps(sizes: list[int], dim: int = 16, spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of length 1 in heaps of these sizes, and which heap each is of."""
    chance = np.random.default_rng(1)
    of = np.repeat(np.arange(len(sizes)), sizes)
    amid = unit(chance.normal(size=(len(sizes), dim)))
    return unit(amid[of] + spread * chance.normal(size=(len(of), dim)) / np.sqrt(dim)), of


def cluster(vectors: np.ndarray, seed: int) -> Codebook:
    """The clusters of all vectors there are."""
    return cluster_sample(vectors, len(vectors), np.random.default_rng(seed))


def test_heaps_that_lie_apart_are_told_apart() -> None:
    vectors, of = heaps([60] * 8)
    which = cluster(vectors, seed=1).assign(vectors)
    for one in np.unique(which):
        assert len(np.unique(of[which == one])) == 1
    assert len(np.unique(which)) >= 8


def test_the_same_vectors_and_seed_give_the_same_clusters() -> None:
    vectors, _ = heaps([50, 20, 90])
    one, other = cluster(vectors, 3), cluster(vectors, 3)
    assert one.centroids.tobytes() == other.centroids.tobytes()
    assert one.assign(vectors).tolist() == other.assign(vectors).tolist()


def test_no_cluster_is_empty_and_a_large_heap_is_split() -> None:
    vectors, _ = heaps([900, 20, 20, 20], spread=0.7)
    book = cluster(vectors, 1)
    size = np.bincount(book.assign(vectors), minlength=len(book))
    assert size.min() > 0
    assert size.max() < 0.3 * len(vectors)


def test_few_videos_make_few_clusters_and_none_make_none() -> None:
    assert len(cluster(np.zeros((0, 4), np.float32), 1)) == 0
    assert len(cluster(unit(np.ones((1, 4), np.float32)), 1)) == 1
    same = cluster(unit(np.ones((40, 4), np.float32)), 1)
    assert np.isfinite(same.centroids).all()
    assert [clusters_for(videos) for videos in (0, 1, 300, 10_000, 10**7)] == [0, 1, 8, 50, MOST]


def test_a_new_vector_belongs_to_a_cluster_at_once() -> None:
    book = Codebook(np.eye(3, dtype=np.float32), np.ones(3, np.float32))
    assert book.assign(unit(np.array([[0.1, 0.9, 0.2]], np.float32))).tolist() == [1]


def test_an_underfilled_cluster_seems_nearer() -> None:
    book = Codebook(np.eye(2, dtype=np.float32), np.array([1.0, 0.5], np.float32))
    assert book.assign(unit(np.array([[1.1, 1.0]], np.float32))).tolist() == [1]
