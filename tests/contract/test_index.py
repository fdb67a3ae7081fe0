"""What every index does, beside a search by brute force."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.backends.dense import DenseIndex
from foryou.backends.scaled import ScaledIndex
from foryou.core.ports import Index

MAKERS: dict[str, Callable[[], Index]] = {
    "dense": DenseIndex,
    "scaled": ScaledIndex,
    "cells": lambda: ScaledIndex(exact_until=0),
    "old cells": lambda: ScaledIndex(exact_until=0, stale=100.0),
}
"""The last two search cells from the first vector on, the last one those of the first filling only."""


@pytest.fixture(params=MAKERS.values(), ids=MAKERS)
def index(request: pytest.FixtureRequest) -> Index:
    made: Index = request.param()
    return made


def ids(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def vectors(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32)


EAST = np.array([1, 0], np.float32)


def test_an_empty_index_finds_nothing(index: Index) -> None:
    found, scores = index.search(EAST, 10)
    assert (len(index), found.tolist(), scores.tolist()) == (0, [], [])
    assert (found.dtype, scores.dtype) == (np.int64, np.float32)


def test_the_highest_inner_products_come_best_first(index: Index) -> None:
    index.add(ids(7, 8, 9), vectors((1, 5), (3, 0), (2, -9)))
    found, scores = index.search(EAST, 2)
    assert found.tolist() == [8, 9]
    assert scores.tolist() == [3, 2]
    assert index.search(EAST, 10)[0].tolist() == [8, 9, 7]
    assert index.search(EAST, 0)[0].tolist() == []


def test_equal_products_come_by_id_whatever_the_order_of_adding(index: Index) -> None:
    index.add(ids(30, 10, 40, 20), vectors((1, 0), (1, 0), (2, 0), (1, 0)))
    assert index.search(EAST, 3)[0].tolist() == [40, 10, 20]


def test_adding_an_id_again_replaces_its_vector(index: Index) -> None:
    index.add(ids(1, 2), vectors((1, 0), (2, 0)))
    index.add(ids(1), vectors((3, 0)))
    assert len(index) == 2
    assert index.search(EAST, 2)[0].tolist() == [1, 2]


def test_a_removed_id_is_not_found_until_it_is_added_again(index: Index) -> None:
    index.add(ids(1, 2, 3), vectors((1, 0), (2, 0), (3, 0)))
    index.remove(ids(3, 3, 99))
    assert (len(index), index.search(EAST, 3)[0].tolist()) == (2, [2, 1])
    index.remove(ids(2, 1))
    assert (len(index), index.search(EAST, 3)[0].tolist()) == (0, [])
    index.add(ids(2), vectors((5, 0)))
    assert (len(index), index.search(EAST, 3)[0].tolist()) == (1, [2])


def test_a_vector_that_is_not_finite_is_not_found(index: Index) -> None:
    index.add(ids(1, 2, 3), vectors((np.nan, 0), (np.inf, 0), (1, 0)))
    assert index.search(EAST, 3)[0].tolist() == [3]


def test_a_vector_of_another_length_is_refused(index: Index) -> None:
    index.add(ids(1), vectors((1, 0)))
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        index.add(ids(2), vectors((1, 0, 0)))
    with pytest.raises(ValueError, match=r"has to be \[2\]"):
        index.search(np.zeros(3, np.float32), 1)


def test_several_searches_at_once_find_what_each_finds_alone(index: Index) -> None:
    rows = np.random.default_rng(1).normal(size=(60, 4)).astype(np.float32)
    index.add(np.arange(1, 61), rows)
    queries = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)
    together = index.searches(queries, [5, 0, 9])
    for query, k, (found, scores) in zip(queries, (5, 0, 9), together, strict=True):
        alone, alone_scores = index.search(query, k)
        assert (found.tolist(), scores.tolist()) == (alone.tolist(), alone_scores.tolist())
    assert index.searches(queries[:0], []) == []


def test_vectors_are_given_back_as_they_are_now_and_zero_for_what_is_not_there(index: Index) -> None:
    index.add(ids(1, 2, 3), vectors((1, 5), (3, 0), (2, -9)))
    index.add(ids(2), vectors((4, 4)))
    index.remove(ids(3))
    assert index.vectors(ids(2, 9, 1, 3)).tolist() == [[4, 4], [0, 0], [1, 5], [0, 0]]
    assert index.vectors(ids()).shape == (0, 2)


STEPS = st.lists(
    st.tuples(st.booleans(), st.lists(st.integers(0, 60), unique=True, max_size=30), st.integers(0, 10**6)), max_size=8
)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@given(steps=STEPS, dim=st.sampled_from([1, 2, 7, 16]), k=st.integers(1, 80))
@settings(max_examples=60, deadline=None)
def test_the_search_equals_brute_force(
    make: Callable[[], Index], steps: list[tuple[bool, list[int], int]], dim: int, k: int
) -> None:
    index, held = make(), dict[int, np.ndarray]()
    for add, chosen, seed in steps:
        if add:
            # Small whole numbers: products are exact and often equal.
            rows = np.random.default_rng(seed).integers(-2, 3, (len(chosen), dim)).astype(np.float32)
            index.add(ids(*chosen), rows)
            held.update(zip(chosen, rows, strict=True))
        else:
            index.remove(ids(*chosen))
            for each in chosen:
                held.pop(each, None)
    query = np.arange(1, dim + 1, dtype=np.float32)
    expected = sorted((-float(row @ query), each) for each, row in held.items())[:k]
    found, scores = index.search(query, k)
    assert len(index) == len(held)
    assert list(zip((-scores).tolist(), found.tolist(), strict=True)) == expected
