"""Each row is predicted by what was known before it, and by nothing that came with it or after."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from foryou.models.ranker import Ranker
from foryou.protocols.examples import RankExamples, fold_log
from foryou.protocols.held import WHO, held, unnamed
from foryou.protocols.online import Pace, go_on, predict_then_learn, running_means
from foryou.protocols.rank import SHRINK, fresh_model
from foryou.training import recorded
from tests.protocols.cut import TWO_DAYS, cut

DAY = date(2022, 5, 1)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> RankExamples:
    some = {"impressions": "date in (20220430, 20220501) and user_id < 1500", "sequences": "user_id < 60"}
    return fold_log(cut(tmp_path_factory.mktemp("cut"), {**TWO_DAYS, **some}), DAY, DAY, ongoing=True)


def test_a_running_mean_knows_the_rows_of_the_batches_before(rows: RankExamples) -> None:
    found = running_means(rows)["long_view"]
    assert rows.ongoing is not None
    item, label = rows.ongoing.items["item"], rows.ongoing.outcomes["long_view"]
    measured = np.isfinite(rows.learned.outcomes["watch"])
    past_item = rows.learned.items["item"][measured]
    past_label = rows.learned.outcomes["long_view"][measured].astype(float)
    starts = np.concatenate([[0], rows.ongoing.ends[:-1]])
    for row in (0, len(item) // 2, len(item) - 1):
        start = starts[np.searchsorted(rows.ongoing.ends, row, side="right")]
        before = np.concatenate([past_item, item[:start]]), np.concatenate([past_label, label[:start]])
        same = before[0] == item[row]
        expected = (before[1][same].sum() + SHRINK * before[1].mean()) / (same.sum() + SHRINK)
        assert found[row] == pytest.approx(expected), row


def test_the_first_rows_are_predicted_as_before_the_test_days_and_later_ones_are_not(rows: RankExamples) -> None:
    model = fresh_model(1)
    recorded.learn(model, rows.learned)
    assert rows.ongoing is not None
    frozen = recorded.predict(model, rows.ongoing)["long_view"]
    online = predict_then_learn(rows, model)["long_view"]
    untaught = np.flatnonzero(rows.after == 0)[-1]
    end = int(rows.ongoing.ends[untaught])
    assert 0 < end < len(online) == len(frozen)
    assert np.array_equal(online[:end], frozen[:end])
    assert not np.array_equal(online[end:], frozen[end:])


def test_what_is_learned_later_changes_later_predictions_only(rows: RankExamples) -> None:
    assert rows.later is not None and rows.ongoing is not None
    batch = int(np.flatnonzero(rows.after == 0)[-1])  # the last one before anything new is learned
    turned = {name: 1 - values for name, values in rows.later.outcomes.columns.items() if name != "watch"}
    changed = replace(rows, later=replace(rows.later, outcomes=rows.later.outcomes.extend(turned)))
    one, two = (predict_then_learn(each, fresh_model(1))["long_view"] for each in (rows, changed))
    end = int(rows.ongoing.ends[batch])
    assert np.array_equal(one[:end], two[:end])
    assert not np.array_equal(one[end:], two[end:])


def taught(rows: RankExamples) -> Ranker:
    model = fresh_model(1)
    recorded.learn(model, rows.learned)
    return model


def test_a_row_is_predicted_before_it_is_learned_with_viewers_held_too(rows: RankExamples) -> None:
    assert rows.ongoing is not None
    end = int(rows.ongoing.ends[0])
    turned = {name: values.copy() for name, values in rows.ongoing.outcomes.columns.items()}
    turned["long_view"][end:] = 1 - turned["long_view"][end:]
    changed = replace(rows, ongoing=replace(rows.ongoing, outcomes=rows.ongoing.outcomes.extend(turned)))
    one, two = (go_on(each, taught(rows), Pace())["long_view"] for each in (rows, changed))
    following = int(rows.ongoing.ends[1])
    assert np.array_equal(one[:following], two[:following]), "the first batch that differs is not learned yet"
    assert not np.array_equal(one[following:], two[following:])


def test_going_on_moves_what_is_known_of_videos_and_leaves_viewers_as_they_were(rows: RankExamples) -> None:
    assert rows.ongoing is not None
    model = taught(rows)
    viewers = next(iter(held(rows))).pairs.viewers
    blank = viewers.extend({name: np.zeros_like(viewers[name]) for name in WHO if name != "viewer"})
    items, dense = rows.ongoing.items.take(np.arange(200)), model.params.flat.copy()
    before = model.viewer_vector(blank), model.vectors(items)
    go_on(rows, model, Pace())
    assert np.array_equal(model.viewer_vector(blank), before[0])
    assert not np.array_equal(model.vectors(items), before[1])
    assert np.array_equal(model.params.flat, dense)


def test_what_is_not_named_is_not_there_and_the_rest_is_as_it_was(rows: RankExamples) -> None:
    pairs = next(iter(held(rows))).pairs
    blank = unnamed(pairs)
    assert all(not blank.viewers[name].any() for name in WHO)
    assert np.array_equal(blank.viewers["viewer_rates"], pairs.viewers["viewer_rates"])
    assert pairs.viewers["viewer"].all()
