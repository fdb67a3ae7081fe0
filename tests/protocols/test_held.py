"""As candidates of one request: viewers as before the test days, requests and videos as of now."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from foryou.core.inputs import HISTORY_COLUMNS, INPUTS
from foryou.protocols.examples import RankExamples, fold_log
from foryou.protocols.held import PERSONAL, REQUEST, held
from tests.protocols.cut import TWO_DAYS, cut

DAY = date(2022, 5, 1)
VIDEOS = [each.name for each in INPUTS if each.side == "item" and each.name not in PERSONAL]
VIEWERS = [
    *(each.name for each in INPUTS if each.side == "viewer" and each.name not in REQUEST),
    *HISTORY_COLUMNS,
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> RankExamples:
    some = {"impressions": "date in (20220430, 20220501) and user_id < 1500", "sequences": "user_id < 60"}
    return fold_log(cut(tmp_path_factory.mktemp("cut"), {**TWO_DAYS, **some}), DAY, DAY, ongoing=True)


def test_what_is_of_the_viewer_is_as_before_and_all_else_as_of_now(rows: RankExamples) -> None:
    assert rows.ongoing is not None
    start = 0
    for examples, shown in zip(held(rows), rows.ongoing.batches(), strict=True):
        pairs, now = examples.pairs, shown.pairs
        before = rows.frozen.take(np.arange(start, start + len(shown))).pairs
        start += len(shown)
        for name in VIEWERS:
            assert np.array_equal(pairs.viewers[name][pairs.of], before.viewers[name][before.of]), name
        for name in REQUEST:
            assert np.array_equal(pairs.viewers[name][pairs.of], now.viewers[name][now.of]), name
        assert all(np.array_equal(pairs.items[name], before.items[name]) for name in PERSONAL)
        assert all(np.array_equal(pairs.items[name], now.items[name]) for name in VIDEOS)
        assert np.array_equal(examples.outcomes["long_view"], shown.outcomes["long_view"])
    assert start == len(rows.frozen)


def test_whatever_depends_on_viewer_and_video_is_the_viewers() -> None:
    assert {
        "interest_topic",
        "lift_author",
        "lift_surface",
        "similar",
        "follows",
        "rejected",
        "speaks",
        "text_fit",
    } <= (set(PERSONAL))
    assert {"completion_effects", "placed_effects", "author_rates", "velocity", "quality"} <= set(VIDEOS)
