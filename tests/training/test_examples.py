"""Rows that were shown, joined with what came of them."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.clock import SECOND
from foryou.core.event import Kind
from foryou.core.heads import NAMES
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Pairs, Store
from foryou.features.enrich import enrich
from foryou.training.examples import Examples, Join, as_of_now, outcomes
from tests.streams import START, VIDEOS, Row, catalogue, log, store_of

A, B = VIDEOS[4], VIDEOS[5]  # 21 and 25 s long
WINDOW_S = 120.0


def on(video: int, kind: Kind, after_s: float, viewer: int = 10, **more: float) -> Row:
    return {"kind": kind, "viewer": viewer, "video": video, "at": after_s / 60, **more}


def shown(*video: int, viewer: int = 10, at: int = START) -> tuple[np.ndarray, np.ndarray, np.ndarray, Pairs]:
    count = len(video)
    columns = Batch({"viewer": np.full(count, viewer)})
    pairs = Pairs(columns.take(np.zeros(1, np.int64)), Batch({"item": np.array(video)}), np.zeros(count, np.int64))
    return np.full(count, viewer), np.array(video), np.full(count, at), pairs


def told(join: Join, store: Store, *rows: Row) -> None:
    for number, row in enumerate(rows):
        join.observe(enrich(store, log({"id": 500 + number, **row})))


def only(parts: list[Examples]) -> Examples:
    (part,) = parts
    return part


def labels(examples: Examples, row: int = 0) -> dict[str, float]:
    return {name: float(examples.outcomes[name][row]) for name in NAMES}


def test_a_row_waits_for_its_outcomes_until_the_window_is_over() -> None:
    join, store = Join(WINDOW_S), store_of(catalogue())
    join.expect(*shown(A, B))
    told(join, store, on(A, Kind.IMPRESSION, 1), on(A, Kind.WATCH, 9, seconds=8.0), on(A, Kind.LIKE, 110))
    assert join.ripe() == []
    assert len(join) == 2
    told(join, store, on(A, Kind.IMPRESSION, 121, viewer=11))
    examples = only(join.ripe())
    assert len(join) == 0
    assert examples.pairs.items["item"].tolist() == [A]
    assert labels(examples) == {
        **dict.fromkeys(NAMES, 0.0),
        "watch": 8.0,
        "like": 1.0,
    }


def test_a_like_within_the_window_that_was_taken_back_is_no_like() -> None:
    join, store = Join(WINDOW_S), store_of(catalogue())
    join.expect(*shown(A, B))
    told(
        join, store, on(A, Kind.WATCH, 9, seconds=25.0), on(A, Kind.LIKE, 10), on(A, Kind.UNLIKE, 20),
        on(B, Kind.WATCH, 30, seconds=1.0), on(B, Kind.SAVE, 31), on(B, Kind.UNSAVE, 32), on(B, Kind.SAVE, 33),
    )  # fmt: skip
    examples = only(join.ripe(everything=True))
    first, second = labels(examples, 0), labels(examples, 1)
    assert (first["like"], first["finish"], first["long_view"], first["watch"]) == (0, 1, 1, 25)
    assert (second["save"], second["skip"], second["finish"]) == (1, 1, 0)


def test_a_like_after_the_window_comes_too_late() -> None:
    join, store = Join(WINDOW_S), store_of(catalogue())
    join.expect(*shown(A))
    told(join, store, on(A, Kind.WATCH, 9, seconds=8.0), on(B, Kind.IMPRESSION, 125, viewer=11))
    assert labels(only(join.ripe()))["like"] == 0
    told(join, store, on(A, Kind.LIKE, 200))
    assert join.ripe(everything=True) == []


def test_rows_that_never_reached_a_screen_are_no_examples() -> None:
    join, store = Join(WINDOW_S), store_of(catalogue())
    join.expect(*shown(A, B))
    told(join, store, on(B, Kind.IMPRESSION, 1))
    assert only(join.ripe(everything=True)).pairs.items["item"].tolist() == [B]
    join.expect(*shown(A, B))
    assert join.ripe(everything=True) == []


def test_an_outcome_belongs_to_the_newest_time_that_the_video_was_shown_to_that_viewer() -> None:
    join, store = Join(WINDOW_S), store_of(catalogue())
    join.expect(*shown(A))
    told(join, store, on(A, Kind.IMPRESSION, 1))
    join.expect(*shown(A, at=START + 60 * SECOND))
    join.expect(*shown(A, viewer=11))
    told(join, store, on(A, Kind.WATCH, 70, seconds=5.0), on(A, Kind.LIKE, 71))
    first, second = join.ripe(everything=True)
    assert (labels(first)["like"], labels(second)["like"]) == (0, 1)


def test_an_exposure_that_was_not_measured_leaves_open_what_the_log_did_not_keep() -> None:
    flags = np.array([OUTCOME_BITS["impression"] | OUTCOME_BITS["watch"] | OUTCOME_BITS["long_view"]])
    known = {name: float(values[0]) for name, values in outcomes(flags, np.array([-1.0])).columns.items()}
    assert (known.pop("long_view"), known.pop("like")) == (1, 0)
    assert all(np.isnan(value) for value in known.values())


def test_impressions_that_no_request_of_ours_showed_are_strangers() -> None:
    join = Join(WINDOW_S)
    join.expect(*shown(A))
    rows = log(on(A, Kind.IMPRESSION, 1, request=7), on(B, Kind.IMPRESSION, 2, request=7), on(A, Kind.IMPRESSION, 3),
               on(B, Kind.WATCH, 4, seconds=3.0))  # fmt: skip
    assert join.strangers(rows)["video"].tolist() == [B, A]


def test_the_columns_of_strangers_are_those_from_before_they_are_folded() -> None:
    store = store_of(catalogue())
    pairs = as_of_now(store, log(on(A, Kind.IMPRESSION, 0), on(B, Kind.IMPRESSION, 5), on(A, Kind.IMPRESSION, 6, 11)))
    assert len(pairs.viewers) == 2
    assert pairs.items["item"].tolist() == [A, B, A]
    assert pairs.viewers["viewer"][pairs.of].tolist() == [10, 10, 11]
    assert (pairs.viewers["history_item"] == 0).all()


def test_the_waiting_rows_survive_a_restart() -> None:
    store = store_of(catalogue())
    one = Join(WINDOW_S)
    one.expect(*shown(A, B))
    told(one, store, on(A, Kind.IMPRESSION, 1), on(A, Kind.LIKE, 2))
    other = Join(WINDOW_S)
    other.restore(one.state())
    assert len(other) == 2
    for join in (one, other):
        told(join, store_of(catalogue()), on(B, Kind.WATCH, 8, seconds=2.0), on(A, Kind.IMPRESSION, 121, viewer=11))
    here, there = only(one.ripe()), only(other.ripe())
    assert here.pairs.items["item"].tolist() == there.pairs.items["item"].tolist() == [A, B]
    for name in NAMES:
        assert np.array_equal(here.outcomes[name], there.outcomes[name], equal_nan=True)


def test_examples_can_be_taken_and_put_together_again() -> None:
    join, store = Join(WINDOW_S), store_of(catalogue())
    join.expect(*shown(A, B))
    join.expect(*shown(A, viewer=11))
    told(join, store, *(on(video, Kind.IMPRESSION, 1) for video in (A, B)), on(A, Kind.IMPRESSION, 1, viewer=11))
    both = Examples.concat(join.ripe(everything=True))
    assert len(both) == 3
    last = both.take(np.array([2, 1]))
    assert last.pairs.viewers["viewer"][last.pairs.of].tolist() == [11, 10]
    assert last.pairs.items["item"].tolist() == [A, B]
    assert len(last.pairs.viewers) == 2
    assert len(both.take(np.array([0, 1])).pairs.viewers) == 1


@pytest.mark.parametrize("seconds", [0.3, 299.0, 4000.0])
def test_seconds_are_capped_at_five_minutes(seconds: float) -> None:
    join, store = Join(WINDOW_S), store_of(catalogue())
    join.expect(*shown(A))
    told(join, store, on(A, Kind.WATCH, 1, seconds=seconds))
    assert labels(only(join.ripe(everything=True)))["watch"] == pytest.approx(min(seconds, 300.0))
