"""The tree of topics."""

from __future__ import annotations

import numpy as np

from foryou.simulator.topics import COUSIN, SIBLING, topics


def test_there_are_at_least_24_leaves_under_a_few_parents() -> None:
    tree = topics(1)
    assert len(tree) == len(set(tree.names)) >= 24
    assert len(set(tree.parents)) < 10


def test_siblings_are_more_alike_than_cousins_and_strangers_not_at_all() -> None:
    tree = topics(1)
    place = {name: number for number, name in enumerate(tree.names)}
    alike = tree.similarity[place["cooking"]]
    assert alike[place["cooking"]] == 1
    assert np.isclose(alike[place["baking"]], SIBLING)
    assert np.isclose(alike[place["dogs"]], COUSIN)
    assert alike[place["football"]] == 0
    assert np.array_equal(tree.similarity, tree.similarity.T)
    assert np.linalg.eigvalsh(tree.similarity).min() > 0


def test_what_is_popular_is_uneven_and_differs_between_worlds() -> None:
    one, two = topics(1).popularity, topics(2).popularity
    assert np.isclose(one.sum(), 1)
    assert one.max() > 5 * one.min()
    assert not np.allclose(one, two)
