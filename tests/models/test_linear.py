"""The hand-set prior reacts to what a viewer did before anything was learned."""

import numpy as np
import pytest
from worlds import blank, pairs

from foryou.core.batch import Batch
from foryou.core.errors import ModelError
from foryou.core.heads import HEADS
from foryou.core.inputs import FAMILIES
from foryou.models.linear import Linear


def _score(predictions: Batch) -> np.ndarray:
    return np.sum([head.weight * predictions[head.name] for head in HEADS], axis=0)


def test_where_nothing_is_known_every_head_says_its_base_rate() -> None:
    seen = Linear().predict(pairs({"item": np.array([1])}))
    for head in HEADS:
        assert seen[head.name] == pytest.approx([head.prior], rel=0.1)


@pytest.mark.parametrize("what", ["interest_author", "similar"])
def test_interest_raises_the_good_heads_and_lowers_skips(what: str) -> None:
    width = {"similar": 2}.get(what, 1)
    levels = np.array([0.0, 0.5, 1.0], np.float32)
    seen = Linear().predict(pairs({what: levels if width == 1 else np.tile(levels[:, None], width)}))
    for name in ("finish", "long_view", "like", "watch"):
        assert (np.diff(seen[name]) > 0).all()
    assert (np.diff(seen["skip"]) < 0).all()


def test_full_interest_in_a_topic_is_worth_about_one_and_a_half_logits() -> None:
    seen = Linear().predict(pairs({"interest_topic": np.array([[0, 0, 0], [1, 1, 1]], np.float32)}))["long_view"]
    logit = np.log(seen / (1 - seen))
    assert logit[1] - logit[0] == pytest.approx(1.5, abs=0.2)


def test_three_rejections_outweigh_everything_good() -> None:
    rejected = np.array([0, 0.5, 0.75, 0.875], np.float32)
    seen = Linear().predict(pairs({"rejected": rejected, "interest_author": np.ones(4, np.float32)}))
    seen_alone = Linear().predict(pairs({"rejected": rejected}))
    assert seen_alone["not_interested"] == pytest.approx([0.0008, 0.08, 0.48, 0.75], rel=0.15)
    score = _score(seen)
    assert (np.diff(score) < 0).all()
    assert score[3] < -3


def test_a_video_that_others_watch_longer_is_expected_to_be() -> None:
    rates = np.zeros((2, 4), np.float32)
    rates[1] = [0.5, 0.5, -0.5, 0.5]
    seen = Linear().predict(pairs({"completion_rates": rates}))
    assert seen["watch"][1] > seen["watch"][0]
    assert seen["long_view"][1] > seen["long_view"][0]


def test_no_video_is_watched_for_much_longer_than_it_is() -> None:
    seen = Linear().predict(pairs({"seconds_long": np.array([5, 0], np.float32)}))["watch"]
    assert seen[0] < 5.75 < seen[1]


def test_a_number_that_is_not_finite_counts_as_nothing() -> None:
    odd = Linear().predict(pairs({"similar": np.array([[np.nan, np.inf], [0, 0]], np.float32)}))
    for name in odd:
        assert odd[name][0] == odd[name][1]


def test_all_families_together_are_the_prediction() -> None:
    rng = np.random.default_rng(0)
    known = blank("item", 3)
    some = pairs(
        {name: rng.normal(0, 1, known[name].shape).astype(np.float32) for name in ("similar", "interest_topic")}
    )
    families = Linear().families(some)
    assert families.names == tuple(FAMILIES)
    on = np.array([[False] * len(FAMILIES), [True] * len(FAMILIES)])
    seen, whole = families.heads(on), Linear().predict(some)
    for name in whole:
        assert seen[name][3:] == pytest.approx(whole[name], rel=1e-5)
        assert len(np.unique(seen[name][:3])) == 1


def test_it_has_nothing_to_restore() -> None:
    with pytest.raises(ModelError, match="no state"):
        Linear().restore({"weights": np.zeros(1)})
