"""Co-engagement: videos with the same positive viewers are alike."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features.similar import COMPANIONS, SMOOTH, positives, put_likeness
from tests.streams import FULL, VIDEOS, Row, catalogue, differences, log, store_of

A, B, C, D = VIDEOS[:4]


def likes(*pairs: tuple[int, int]) -> list[Row]:
    return [{"kind": Kind.LIKE, "viewer": viewer, "video": video, "at": 0} for viewer, video in pairs]


def neighbours(store: Store, video: int) -> dict[int, float]:
    row = store.read("similar", np.array([video]))
    return {n: w for n, w in zip(row["neighbour"][0].tolist(), row["weight"][0].tolist(), strict=True) if n}


def test_each_positive_is_paired_with_the_viewers_latest_both_ways() -> None:
    store = store_of(catalogue(), log(*likes((10, A), (10, B), (10, C), (11, A), (11, B))), trust=FULL)
    assert neighbours(store, A) == {B: 2, C: 1}
    assert neighbours(store, B) == {A: 2, C: 1}
    assert neighbours(store, C) == {A: 1, B: 1}
    assert store.read("similar", np.array([A, B, C, D]))["total"].tolist() == [2, 2, 1, 0]


def test_a_skip_pairs_nothing_and_a_video_is_never_its_own_neighbour() -> None:
    skip: Row = {"kind": Kind.WATCH, "viewer": 10, "video": D, "seconds": 0.3, "at": 0}
    store = store_of(catalogue(), log(*likes((10, A)), skip, *likes((10, A), (10, B))), trust=FULL)
    assert neighbours(store, D) == {}
    assert neighbours(store, A) == {B: 1}


def test_liking_a_video_that_was_watched_to_the_end_makes_no_second_pair() -> None:
    watch: Row = {"kind": Kind.WATCH, "viewer": 10, "video": A, "seconds": 60.0, "at": 0}
    store = store_of(catalogue(), log(*likes((10, B)), watch, *likes((10, A))), trust=FULL)
    assert neighbours(store, A) == {B: 1}


def test_only_the_latest_positives_are_companions() -> None:
    videos = [{"kind": Kind.VIDEO, "video": 5000 + n, "at": -5} for n in range(COMPANIONS + 2)]
    store = store_of(log(*videos, *likes(*((10, 5000 + n) for n in range(COMPANIONS + 2)))), trust=FULL)
    assert set(neighbours(store, 5000 + COMPANIONS + 1)) == {5000 + n for n in range(1, COMPANIONS + 1)}


def test_a_batch_with_a_like_taken_back_gives_what_two_batches_give() -> None:
    rows = [*likes((10, A), (10, B)), {"kind": Kind.UNLIKE, "viewer": 10, "video": A, "at": 0}, *likes((10, C))]
    whole = log(*rows)
    parts = [whole.take(np.arange(2)), whole.take(np.arange(2, 3)), whole.take(np.arange(3, 4))]
    assert differences(store_of(catalogue(), whole), store_of(catalogue(), *parts)) == []


def test_likeness_is_the_shrunk_cosine_of_the_sets_of_viewers() -> None:
    store = store_of(catalogue(), log(*likes((10, A), (10, B), (11, A), (11, B), (12, A))), trust=FULL)
    alike = np.empty((2, 2), np.float32)
    put_likeness(store, np.array([B, D]), np.array([[A, C, 0]]), np.zeros(2, np.int64), alike, 0)
    expected = 2 / np.sqrt((2 + SMOOTH) * (3 + SMOOTH))
    assert alike[0] == pytest.approx([expected, expected / 2])
    assert alike[1].tolist() == [0, 0]


def test_positives_are_the_latest_first_and_filled_with_nothing() -> None:
    item, flags = np.array([[5, 6, 7, 8]]), np.array([[1 << 6, 1, 1 << 3, 1 << 5]])
    assert positives(item, flags, 3).tolist() == [[5, 7, 0]]
