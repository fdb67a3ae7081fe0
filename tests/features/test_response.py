"""What a viewer made of videos with texts like a candidate's."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.event import Kind
from foryou.core.inputs import HISTORY
from foryou.core.ports import Store
from foryou.features import content
from foryou.features.hydrate import viewer_columns
from foryou.features.response import RIDGE, put_response, usual_worth
from foryou.text.embedder import DIM
from tests.streams import START, Row, log, store_of

ME = 7
BREAD, BALL = np.eye(DIM, dtype=np.float32)[:2]
SEEN, NEW = range(100, 108), range(200, 204)
"""The even ones are about bread, the odd ones about football; the last new one says nothing."""


def library(*rows: Row) -> Store:
    store = store_of(log(*rows))
    video = np.array([*SEEN, *NEW[:-1]])
    vectors = np.stack([BALL if number % 2 else BREAD for number in video])
    content.fold_vectors(store, content.embedded(video, [f"t{number}" for number in video], vectors, ME), ME)
    return store


def watched(video: int, seconds: float) -> Row:
    return {"kind": Kind.WATCH, "viewer": 10, "video": video, "seconds": seconds, "at": video}


def response(store: Store, *item: int) -> list[float]:
    viewers = viewer_columns(store, np.array([10]), np.array([START]), {})
    out = np.full((len(item), 2), 9.0, np.float32)
    put_response(store, viewers, np.zeros(len(item), np.int64), np.array(item), out, 1)
    assert (out[:, 0] == 9.0).all()
    return [float(value) for value in out[:, 1]]


def test_a_theme_that_was_watched_is_told_from_one_that_was_skipped() -> None:
    store = library(*(watched(video, 0.5 if video % 2 else 100.0) for video in SEEN))
    bread, ball, _ = response(store, *NEW[:3])
    assert bread > 0.1 and ball == pytest.approx(-bread, rel=1e-4)


def test_who_likes_everything_alike_prefers_nothing() -> None:
    assert response(library(*(watched(video, 100.0) for video in SEEN)), *NEW) == pytest.approx([0, 0, 0, 0], abs=1e-6)


def test_few_exposures_say_less() -> None:
    first = response(library(watched(SEEN[0], 100.0), watched(SEEN[1], 0.5)), NEW[0])[0]
    more = response(library(*(watched(video, 0.5 if video % 2 else 100.0) for video in SEEN)), NEW[0])[0]
    assert 0 < first < more / 2


def test_what_is_expected_is_the_mean_of_the_posterior() -> None:
    """Of two exposures of unlike texts each counts 1 / (1 + RIDGE) of what it was beyond their mean."""
    told = {SEEN[0]: 0.8, SEEN[1]: -0.4}
    store = library(*(watched(video, 100.0 if worth > 0 else 0.5) for video, worth in told.items()))
    bread, ball = response(store, *NEW[:2])
    usual = usual_worth(store, np.array(list(told)))
    gap = (1.0 - usual[0] - (-1.0 - usual[1])) / 2  # a long view, and a skip
    assert (bread, ball) == (pytest.approx(gap / (1 + RIDGE), rel=1e-4), pytest.approx(-gap / (1 + RIDGE), rel=1e-4))


def test_exposures_beyond_the_history_that_the_model_reads_count_too() -> None:
    early = [watched(video, 0.5 if video % 2 else 100.0) for video in SEEN]
    late: list[Row] = [
        {"kind": Kind.WATCH, "viewer": 10, "video": 1_000 + n, "seconds": 100.0, "at": 1_000 + n}
        for n in range(HISTORY)
    ]
    bread, ball = response(library(*early, *late), *NEW[:2])
    assert bread > 0.1 > -0.1 > ball
    gone = [{**row, "video": int(str(row["video"])) + 1_000, "at": 2_000 + n} for n, row in enumerate(late * 2)]
    for n, row in enumerate(gone):
        row["video"] = 3_000 + n
    assert response(library(*early, *late, *gone), *NEW[:2]) == [0, 0], "the oldest are forgotten"


def test_a_video_without_a_text_and_a_viewer_without_a_past_are_told_nothing_of() -> None:
    assert response(library(*(watched(video, 0.5 if video % 2 else 100.0) for video in SEEN)), NEW[3]) == [0]
    assert response(library(), *NEW) == [0, 0, 0, 0]


def test_a_refusal_weighs_more_than_a_skip() -> None:
    def after(*more: Row) -> float:
        return response(library(watched(SEEN[0], 100.0), watched(SEEN[1], 0.5), *more), NEW[1])[0]

    assert after({"kind": Kind.NOT_INTERESTED, "viewer": 10, "video": SEEN[1], "at": 900}) < after()
