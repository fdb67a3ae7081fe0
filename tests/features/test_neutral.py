"""What is left out is not there, for learning and for predicting; and what mattered is missed."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.inputs import FAMILIES, HISTORY_COLUMNS, INPUTS
from foryou.core.ports import Pairs
from foryou.evaluation.ranking import auc
from foryou.features.neutral import groups, without
from foryou.models.ranker import Ranker
from tests.models.worlds import chance, pairs


@pytest.mark.mission("NL-18")
def test_every_input_is_in_the_group_of_its_family() -> None:
    known = groups()
    assert set(FAMILIES) <= set(known)
    for each in INPUTS:
        assert each.name in known[each.family]
    assert set(HISTORY_COLUMNS) <= set(known["behaviour"]) and set(HISTORY_COLUMNS) == set(known["history"])
    columns = {each.name for each in INPUTS} | set(HISTORY_COLUMNS)
    assert all(columns.issuperset(names) and names for names in known.values()), "no group names what there is not"


def test_columns_that_are_left_out_say_nothing_and_the_others_what_they_said() -> None:
    rows, _ = chance(np.random.default_rng(0), 4, 9)
    left = without(rows, ("hour", "topics", "history_item", "weather"))
    assert not left.viewers["hour"].any() and not left.items["topics"].any() and not left.viewers["history_item"].any()
    assert left.viewers["weekday"].tolist() == rows.viewers["weekday"].tolist()
    assert left.items["topics"].dtype == rows.items["topics"].dtype
    assert rows.viewers["hour"].any(), "the rows that were given are as they were"


def test_a_model_cannot_tell_apart_what_differs_only_in_a_group_that_is_left_out() -> None:
    rng = np.random.default_rng(1)
    rows, outcomes = chance(rng, 20, 60)
    model = Ranker(seed=1)
    model.learn(rows, outcomes)
    for name, columns in groups().items():
        other = Pairs(
            rows.viewers.extend({c: rng.permutation(rows.viewers[c]) for c in columns if c in rows.viewers}),
            rows.items.extend({c: rng.permutation(rows.items[c]) for c in columns if c in rows.items}),
            rows.of,
        )
        one, two = model.predict(without(rows, columns)), model.predict(without(other, columns))
        assert all(np.array_equal(one[head], two[head]) for head in one), name


def planted(factor: str, rows: int = 6000, seed: int = 0) -> tuple[Pairs, Batch]:
    """A world in which a factor decides, together with the video's topic, what is watched at length."""
    rng = np.random.default_rng(seed)
    kind, topic = rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    says = {
        "when": ("hour", 8 + 12 * kind),  # short videos in the morning, long ones in the evening
        "demographics": ("age", 1 + kind),
        "device": ("device", 1 + kind),
        "text": ("weekday", 1 + kind * 0),
    }
    name, values = says[factor]
    good = topic == 1 if factor == "text" else topic == kind
    topics = np.zeros((rows, 8), np.int64)
    topics[:, 0] = 50 + topic
    made = pairs({"topics": topics}, {"viewer": np.ones(rows, np.int64), name: values}, np.arange(rows))
    label = (rng.random(rows) < np.where(good, 0.7, 0.2)).astype(np.float32)
    return made, Batch({"long_view": label})


@pytest.mark.mission("NO-25")
@pytest.mark.mission("NL-21")
@pytest.mark.mission("NO-20")
@pytest.mark.mission("E-16")
@pytest.mark.mission("E-18")
@pytest.mark.mission("E-19")
@pytest.mark.parametrize("factor", ["when", "demographics", "device", "text"])
def test_a_factor_that_decides_is_found_and_missed_when_it_is_left_out(factor: str) -> None:
    learned, outcomes = planted(factor)
    asked, truth = planted(factor, 2000, seed=1)
    found: dict[bool, float] = {}
    for leaving in (False, True):
        columns = groups()[factor] if leaving else ()
        model = Ranker(seed=1)
        for _ in range(2):
            model.learn(without(learned, columns), outcomes)
        found[leaving] = auc(truth["long_view"], model.predict(without(asked, columns))["long_view"])
    assert found[False] > 0.65, "what decides is learned"
    assert found[True] < 0.55, "and cannot be, where it is left out"
