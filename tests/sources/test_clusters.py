"""Several themes at once: each has its quota, small ones too, and what was shown too seldom comes back."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.backends.dense import DenseIndex
from foryou.core.event import Kind
from foryou.core.pipeline import Request
from foryou.features.hydrate import viewer_columns
from foryou.models.clusters import Codebook
from foryou.models.retrieval import unit
from foryou.sources.clusters import Clusters, worths
from tests.streams import START, Row, log, store_of

THEMES, EACH = 4, 20
"""Videos n * 100 + 1 to n * 100 + 20 are of theme n, each a little further from it than the one before."""


def vectors_of(item: np.ndarray) -> np.ndarray:
    made = np.zeros((len(item), THEMES + 1), np.float32)
    made[np.arange(len(item)), item // 100 - 1] = 1.0
    made[:, THEMES] = 0.01 * (item % 100)
    return unit(made)


VIDEOS = np.array([100 * theme + n for theme in range(1, THEMES + 1) for n in range(1, EACH + 1)], np.int64)


def video(number: int) -> Row:
    return {"kind": Kind.VIDEO, "video": number, "author": 7, "id": 10_000 + number, "at": -100}


def does(kind: Kind, *numbers: int, at: float = -60) -> list[Row]:
    return [{"kind": kind, "viewer": 10, "video": n, "at": at + place / 100} for place, n in enumerate(numbers)]


def brought(*rows: Row, most: int = 20, themes: int = 6, new: tuple[int, ...] = ()) -> list[int]:
    """What viewer 10 is brought after having done this."""
    store = store_of(log(*(video(n) for n in (*VIDEOS.tolist(), *new)), *rows))
    index = DenseIndex()
    every = np.array([*VIDEOS.tolist(), *new], np.int64)
    index.add(every, vectors_of(every))
    book = Codebook(unit(np.eye(THEMES, THEMES + 1, dtype=np.float32)), np.ones(THEMES, np.float32))
    source = Clusters(store, lambda: index, lambda: book, most, themes)
    known = viewer_columns(store, np.array([10]), np.array([START]), {})
    found = source(Request(1, START, 10, 10, 0, 0, 0, 0, known, 1))
    assert found["source_score"].dtype == np.float32
    items = [int(item) for item in found["item"]]
    assert len(items) == len(set(items)) <= most
    return items


def themes_of(items: list[int]) -> dict[int, int]:
    themes = [item // 100 for item in items]
    return {theme: themes.count(theme) for theme in sorted(set(themes))}


@pytest.mark.mission("NO-33")
def test_each_liked_theme_is_brought_and_others_are_not() -> None:
    assert set(themes_of(brought(*does(Kind.LIKE, 101, 102, 301)))) == {1, 3}


def test_a_small_interest_keeps_more_than_its_share_and_is_among_the_first() -> None:
    items = brought(*does(Kind.LIKE, *range(101, 110), 301))
    got = themes_of(items)
    assert got[1] > got[3] >= 20 * 2 / 10
    assert 3 in themes_of(items[:6])


@pytest.mark.mission("NO-33")
def test_a_new_like_is_a_theme_at_once() -> None:
    before = brought(*does(Kind.LIKE, 101, 102))
    after = brought(*does(Kind.LIKE, 101, 102), *does(Kind.LIKE, 401, at=-1))
    assert 4 not in themes_of(before)
    assert themes_of(after)[4] >= 5


def test_of_two_themes_with_as_many_likes_the_one_that_was_shown_less_gets_more() -> None:
    shown = does(Kind.WATCH, *range(110, 119))
    got = themes_of(brought(*shown, *does(Kind.LIKE, 101, 201, 102, 202)))
    assert got[2] > got[1]


def test_what_was_seen_makes_room_for_the_next_of_the_theme() -> None:
    seen = does(Kind.IMPRESSION, *range(101, 109))
    assert set(brought(*seen, *does(Kind.LIKE, 101), most=5)) <= set(range(109, 121))


def test_a_refusal_outweighs_two_likes() -> None:
    items = brought(*does(Kind.LIKE, 101, 102, 201), *does(Kind.NOT_INTERESTED, 103, at=-1))
    assert set(themes_of(items)) == {2}


def test_no_more_themes_than_asked_for_the_strongest_first() -> None:
    items = brought(*does(Kind.LIKE, 101, 102, 103, 201, 202, 301), themes=2)
    assert set(themes_of(items)) == {1, 2}


def test_without_a_positive_or_without_clusters_nothing_is_brought() -> None:
    assert brought() == []
    assert brought(*does(Kind.IMPRESSION, 101, 102)) == []
    store = store_of(log(*(video(n) for n in VIDEOS.tolist()), *does(Kind.LIKE, 101)))
    none = Codebook(np.zeros((0, 5), np.float32), np.zeros(0, np.float32))
    source = Clusters(store, DenseIndex, lambda: none)
    known = viewer_columns(store, np.array([10]), np.array([START]), {})
    assert len(source(Request(1, START, 10, 10, 0, 0, 0, 0, known, 1))) == 0


def test_the_worth_of_a_theme_grows_with_its_positives_and_with_how_often_they_came_of_an_exposure() -> None:
    which = np.array([0, 0, 1, 1, 1, 2, 3])
    good = np.array([1, 1, 1, 1, 0, 1, 0], bool)
    none, now = np.zeros(7, bool), np.ones(7)
    worth = worths(which, good, none, now, 5)
    assert worth[0] > worth[1] > worth[2] > worth[3] == worth[4] == 0
    assert worths(which, good, which == 0, now, 5)[0] == 0
