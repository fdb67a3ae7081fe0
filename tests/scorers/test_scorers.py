"""How good each candidate is: what the model expects, and what that is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.batch import Batch
from foryou.core.clock import HOUR
from foryou.core.heads import HEADS, NAMES
from foryou.core.inputs import INPUTS
from foryou.core.pipeline import Request
from foryou.models.linear import Linear
from foryou.rerankers.arrange import Arrange
from foryou.scorers.affinity import Affinity
from foryou.scorers.fresh import Freshness, freshness
from foryou.scorers.predict import Predict
from foryou.scorers.value import Value, source_score, value_of
from tests.models.worlds import chance

WEIGHTS = {head.name: head.weight for head in HEADS}
good = [head.name for head in HEADS if head.weight > 0]
bad = [head.name for head in HEADS if head.weight < 0]


def asking(viewer: Batch) -> Request:
    return Request(1, 1, 1, 10, 0, 0, 0, 0, viewer, 1)


def test_predictions_are_those_of_the_model_for_this_viewer() -> None:
    pairs, _ = chance(np.random.default_rng(1), viewers=1, items=9)
    heads = Predict(Linear)(asking(pairs.viewers), pairs.items)
    expected = Linear().predict(pairs)
    assert set(heads) == set(NAMES)
    for name in NAMES:
        assert np.array_equal(heads[name], expected[name])
    none = Predict(Linear)(asking(pairs.viewers), pairs.items.take(np.zeros(0, np.int64)))
    assert {len(values) for values in none.values()} == {0}


@given(st.lists(st.floats(0, 1), min_size=len(NAMES), max_size=len(NAMES)), st.sampled_from(NAMES))
def test_more_of_what_is_good_is_worth_more_and_more_of_what_is_bad_less(chances: list[float], name: str) -> None:
    heads = {head: np.array([value, value], np.float32) for head, value in zip(NAMES, chances, strict=True)}
    heads[name] = heads[name] + np.array([0, 0.5], np.float32)
    before, after = value_of(Batch(heads), WEIGHTS)
    assert bool(after > before) == (name in good)
    assert bool(after < before) == (name in bad)


@pytest.mark.mission("NL-20")
def test_every_outcome_has_a_head_with_a_weight_a_label_and_words_of_its_own() -> None:
    assert {"finish", "skip", "like", "comment", "share", "save", "follow", "visit", "not_interested", "report"} < set(
        NAMES
    )
    assert set(bad) == {"skip", "not_interested", "report"}
    assert len({head.help for head in HEADS}) == len(HEADS)
    assert all(0 < head.prior < 1 for head in HEADS if head.kind == "binary")


def test_a_report_outweighs_everything_good_that_is_likely() -> None:
    likely = {head.name: np.array([head.prior], np.float32) for head in HEADS}
    reported = {**likely, "report": np.array([0.5], np.float32)}
    assert value_of(Batch(reported), WEIGHTS)[0] < 0 < value_of(Batch(likely), WEIGHTS)[0]
    assert Value(WEIGHTS)(asking(Batch({}, 1)), Batch(likely))["score"] == value_of(Batch(likely), WEIGHTS)


def test_feeds_without_a_model_score_what_the_source_said() -> None:
    rows = Batch({"source_score": np.array([0.5, -1], np.float32)})
    assert source_score(asking(Batch({}, 1)), rows)["score"].tolist() == [0.5, -1.0]


def fitting(**inputs: list[float]) -> Batch:
    """Candidates that are worth the same otherwise, with these inputs about tastes and nothing else known."""
    count = len(next(iter(inputs.values())))
    known = {name: np.zeros((count, each.width) if each.width > 1 else count) for name, each in _NUMBERS.items()}
    for name, values in inputs.items():
        known[name] = np.stack([values, *[np.zeros(count)] * (_NUMBERS[name].width - 1)], axis=1).squeeze()
    return Batch({"item": np.arange(count), "score": np.ones(count), **known})


_NUMBERS = {each.name: each for each in INPUTS if each.kind == "dense" and each.side == "item"}


@pytest.mark.parametrize("name", ["interest_topic", "interest_author", "lift_author", "response_text"])
def test_what_fits_a_viewers_known_tastes_is_worth_more(name: str) -> None:
    told = Affinity(0.6)(asking(Batch({}, 1)), fitting(**{name: [0.5, 0.0, -0.5]}))
    assert told["affinity"][0] > 0 == told["affinity"][1] > told["affinity"][2]
    assert told["score"] - 1 == pytest.approx(told["affinity"])


@pytest.mark.mission("NO-07")
def test_what_a_viewer_refused_is_worth_less_however_much_they_watched_of_it() -> None:
    refused = fitting(rejected=[0.0, 0.5, 0.75], interest_topic=[0.8, 0.8, 0.8])
    never, once, twice = Affinity(0.6)(asking(Batch({}, 1)), refused)["affinity"]
    assert never - once == pytest.approx(0.6 * 0.2)
    assert once - twice == pytest.approx(0.6 * 0.1), "a second time adds half as much"


def test_where_tastes_count_for_nothing_or_are_not_known_nothing_is_added() -> None:
    assert Affinity(0.0)(asking(Batch({}, 1)), fitting(interest_topic=[0.5, 0.1]))["score"].tolist() == [1, 1]
    assert Affinity(0.6)(asking(Batch({}, 1)), Batch({"score": np.ones(2)}))["score"].tolist() == [1, 1]


def aged(hours: list[float]) -> Batch:
    """Candidates of these ages that are worth the same otherwise, uploaded before the time 10,000 hours."""
    uploaded = np.array([10_000 * HOUR - int(age * HOUR) for age in hours])
    none = np.zeros(len(hours), np.int64)
    about = {"author": none, "sound": none, "topics": none[:, None], "sources": none}
    return Batch({"item": np.arange(len(hours)), "uploaded": uploaded, "score": np.ones(len(hours)), **about})


def test_what_is_new_is_worth_more_and_half_of_that_after_a_half_life() -> None:
    at = replace(asking(Batch({}, 1)), at=10_000 * HOUR)
    told = Freshness(0.2, 24.0)(at, aged([0, 24, 48, -5, 10_000]))
    assert told["freshness"].tolist() == pytest.approx([0.2, 0.1, 0.05, 0.2, 0])
    assert told["score"].tolist() == pytest.approx([1.2, 1.1, 1.05, 1.2, 1])
    nothing = Freshness(0.0, 24.0)(at, aged([0, 24]))
    assert nothing["score"].tolist() == [1, 1]


@pytest.mark.mission("NO-29")
def test_the_half_life_changes_the_median_age_of_a_feed_as_computed() -> None:
    hours = np.arange(0, 480, 2.0)
    ids = np.zeros(len(hours), np.int64)
    alike = {"topics": np.zeros((len(hours), 8), np.int64), "author": ids, "sound": ids, "sources": ids}
    arranged = Arrange(0.03, diversity=0.0, fatigue=0.0, pool=len(hours))
    for half_life in (6.0, 24.0, 96.0):
        chance = np.exp(freshness(hours, 0.2, half_life) / 0.03)
        computed = hours[np.searchsorted(np.cumsum(chance) / chance.sum(), 0.5)]
        rows, first = aged(hours.tolist()).extend(alike), []
        for seed in range(300):
            request = replace(asking(Batch({}, 1)), at=10_000 * HOUR, seed=seed, n=1)
            scored = rows.extend(Freshness(0.2, half_life)(request, rows))
            first.append(hours[arranged(request, scored)["item"][0]])
        assert np.median(first) == pytest.approx(computed, abs=25)
        assert np.median(first) < np.median(hours) - 30  # without it, all ages are as likely
