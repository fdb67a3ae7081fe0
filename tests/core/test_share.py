"""Sharing places among lists by quota: what holds for any lists and any quotas."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.share import NOWHERE, share

LISTS = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), min_size=1, max_size=5)
QUOTAS = st.lists(st.integers(0, 12), min_size=5, max_size=5)


def places_of(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """The items that are in any list, and where each stands in each."""
    items = sorted({item for each in lists for item in each})
    places = np.full((len(items), len(lists)), NOWHERE, np.int32)
    for column, each in enumerate(lists):
        for place, item in enumerate(each):
            places[items.index(item), column] = place
    return np.array(items, np.int64), places


def chosen(lists: list[list[int]], quotas: list[int], most: int) -> list[int]:
    items, places = places_of(lists)
    return [int(item) for item in items[share(places, quotas[: len(lists)], most, items)]]


@given(LISTS, QUOTAS, st.integers(0, 60))
def test_never_more_than_there_are_places_and_no_item_twice(
    lists: list[list[int]], quotas: list[int], most: int
) -> None:
    got = chosen(lists, quotas, most)
    everything = {item for each, quota in zip(lists, quotas, strict=False) if quota for item in each}
    assert len(got) == len(set(got)) == min(most, len(everything))


@given(LISTS, QUOTAS)
def test_every_list_gets_its_quota_as_far_as_it_goes(lists: list[list[int]], quotas: list[int]) -> None:
    got = set(chosen(lists, quotas, sum(quotas[: len(lists)])))
    for each, quota in zip(lists, quotas, strict=False):
        assert set(each[:quota]) <= got


@given(LISTS, QUOTAS, st.integers(0, 60), st.randoms(use_true_random=False))
def test_the_order_of_lists_and_rows_is_no_matter(lists: list[list[int]], quotas: list[int], most: int, by) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(zip(lists, quotas, strict=False))
    by.shuffle(shuffled)
    items, places = places_of(lists)
    rows = np.array(by.sample(range(len(items)), len(items)), np.int64)
    expected = chosen(lists, quotas, most)
    assert chosen([each for each, _ in shuffled], [quota for _, quota in shuffled], most) == expected
    assert items[rows][share(places[rows], quotas[: len(lists)], most, items[rows])].tolist() == expected


def test_what_one_list_leaves_goes_to_the_others_in_proportion() -> None:
    lists = [list(range(0, 100)), list(range(100, 200)), [200]]
    got = chosen(lists, [20, 10, 20], 50)
    assert len([item for item in got if item < 100]) == 33
    assert len([item for item in got if 100 <= item < 200]) == 16
    assert 200 in got


def test_an_item_of_two_lists_takes_one_place_and_leaves_the_other() -> None:
    assert sorted(chosen([[1, 2, 3], [1, 4, 5]], [2, 2], 4)) == [1, 2, 3, 4]


def test_best_first_whatever_was_dropped_above() -> None:
    items, places = places_of([[1, 2, 3, 4], [5, 6, 7, 8]])
    kept = np.flatnonzero(~np.isin(items, [1, 2]))
    assert items[kept][share(places[kept], [1, 1], 2, items[kept])].tolist() == [3, 5]
