"""Peers get counters; what our own additive model has learned only who asks for it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from foryou.core.inputs import INPUTS
from foryou.models.ranker import Ranker
from foryou.protocols.columns import COUNTED, LEARNED, table
from foryou.protocols.examples import RankExamples, fold_log
from foryou.protocols.peers import with_median
from foryou.training import recorded
from tests.protocols.cut import TWO_DAYS, cut

DAY = date(2022, 5, 1)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> RankExamples:
    some = {"impressions": "date in (20220430, 20220501) and user_id < 800", "sequences": "user_id < 60"}
    return fold_log(cut(tmp_path_factory.mktemp("cut"), {**TWO_DAYS, **some}), DAY, DAY)


def test_learned_effects_are_left_out_unless_they_are_asked_for(rows: RankExamples) -> None:
    counted, learned = (table(rows.frozen.batches(), effects) for effects in (False, True))
    widths = {each.name: each.width for each in INPUTS if each.kind == "dense"}
    assert {"viewer_effects", "completion_effects", "engagement_effect", "lift_topic"} <= set(LEARNED) <= set(widths)
    assert not {"viewer_rates", "completion_rates", "interest_topic", "similar", "velocity"} & set(LEARNED)
    assert learned.numbers.shape[1] == sum(widths.values()) + len(COUNTED)
    assert counted.numbers.shape[1] == learned.numbers.shape[1] - sum(widths[name] for name in LEARNED)
    assert np.array_equal(counted.ids, learned.ids)


def test_the_median_stands_beside_the_same_heads(rows: RankExamples) -> None:
    model = Ranker(1)
    recorded.learn(model, rows.learned)
    heads = recorded.predict(model, rows.frozen)
    found = with_median(model, (examples.pairs for examples in rows.frozen.batches()))
    assert all(np.array_equal(found[name], heads[name]) for name in heads)
    length = rows.frozen.items["seconds_long"]
    assert (found["watch_median"] > 0).all()
    assert (found["watch_median"] <= np.where(length > 0, length, 300) + 1e-3).all()
    assert not np.array_equal(found["watch_median"], found["watch"])
