"""Lists grow past their rows, keep their order, and hold nothing twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features.lists import ACTED, CHUNK, UPLOADS, append, older, standing, whole
from tests.streams import log, store_of

ADDED = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 60)), max_size=90)


def added(store: Store, pairs: list[tuple[int, int]]) -> None:
    each = np.array(pairs, np.int64).reshape(-1, 2)
    append(store, UPLOADS, each[:, 0], each[:, 1], each[:, 1])


@given(ADDED, st.integers(0, 90))
@settings(max_examples=60, deadline=None)
def test_a_list_holds_each_value_once_however_it_was_added(pairs: list[tuple[int, int]], cut: int) -> None:
    store = store_of()
    added(store, pairs[:cut])
    added(store, pairs[cut:])
    for owner in (1, 2, 3):
        expected = list(dict.fromkeys(value for each, value in pairs if each == owner))
        assert sorted(whole(store, UPLOADS, owner).tolist()) == sorted(expected)
        row = store.read(UPLOADS.name, np.array([owner]))
        assert row["count"][0] == len(expected)
        assert row["latest"][0] == max(expected, default=0)


def test_the_newest_stand_in_the_row_of_the_owner_and_older_ones_follow_row_by_row() -> None:
    store, count = store_of(), 2 * CHUNK + 3
    added(store, [(1, value) for value in range(1, count + 1)])
    row = store.read(UPLOADS.name, np.array([1]))
    assert row["value"][0][row["value"][0] != 0].tolist() == list(range(2 * CHUNK + 1, count + 1))
    owner = np.array([1])
    before, of = older(store, UPLOADS, owner, row["count"], 0, 1)
    assert before.tolist() == list(range(CHUNK + 1, 2 * CHUNK + 1)) and set(of.tolist()) == {0}
    assert older(store, UPLOADS, owner, row["count"], 1, 5)[0].tolist() == list(range(1, CHUNK + 1))
    assert len(older(store, UPLOADS, owner, row["count"], 2, 5)[0]) == 0


def test_what_was_taken_back_stands_no_more_and_stands_again_when_it_is_done_again() -> None:
    acts = [
        {"kind": Kind.FOLLOW, "viewer": 10, "author": 7, "at": 0},
        {"kind": Kind.FOLLOW, "viewer": 10, "author": 8, "at": 1},
        {"kind": Kind.BLOCK, "viewer": 10, "author": 9, "at": 2},
        {"kind": Kind.UNFOLLOW, "viewer": 10, "author": 7, "at": 3},
    ]
    again = {"kind": Kind.FOLLOW, "viewer": 10, "author": 7, "at": 4}
    store = store_of(log(*acts))
    assert standing(store, 10, Kind.FOLLOW).tolist() == [8]
    assert standing(store, 10, Kind.BLOCK).tolist() == [9]
    assert standing(store, 11, Kind.FOLLOW).tolist() == standing(store, 0, Kind.FOLLOW).tolist() == []
    store = store_of(log(*acts, again))
    assert sorted(standing(store, 10, Kind.FOLLOW).tolist()) == [7, 8]
    assert len(store.scan(ACTED.name)[0]) == 2


def test_a_hide_lists_the_author_or_sound_or_hashtag_that_it_is_about() -> None:
    about = ({"author": 7}, {"sound": 5}, {"topics": [3]})
    store = store_of(log(*({"kind": Kind.HIDE, "viewer": 10, **each} for each in about)))
    assert sorted(standing(store, 10, Kind.HIDE).tolist()) == [3, 5, 7]
