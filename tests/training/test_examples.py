"""Examples: the columns of rows, and what each head should have been."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.heads import NAMES
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Pairs
from foryou.training.examples import Examples, as_of_now, outcomes
from tests.streams import VIDEOS, catalogue, log, store_of

A, B = VIDEOS[4], VIDEOS[5]


def happened(flags: int, seconds: float = -1.0) -> dict[str, float]:
    """The heads of one row."""
    told = outcomes(np.array([flags]), np.array([seconds]), np.ones(1, np.float32), np.array([7]))
    return {name: float(told[name][0]) for name in NAMES}


def test_an_exposure_that_was_not_measured_leaves_open_what_the_log_did_not_keep() -> None:
    known = happened(OUTCOME_BITS["impression"] | OUTCOME_BITS["watch"] | OUTCOME_BITS["long_view"])
    assert (known.pop("long_view"), known.pop("like")) == (1, 0)
    assert all(np.isnan(value) for value in known.values())


def test_seconds_are_capped_at_five_minutes() -> None:
    measured = OUTCOME_BITS["watch"] | OUTCOME_BITS["measured"]
    assert [happened(measured, seconds)["watch"] for seconds in (0.5, 299.0, 4000.0)] == [0.5, 299.0, 300.0]


def test_the_columns_of_strangers_are_those_from_before_they_are_folded() -> None:
    store = store_of(catalogue())
    rows = log(*({"kind": Kind.IMPRESSION, "viewer": v, "video": i} for v, i in ((10, A), (10, B), (11, A))))
    pairs = as_of_now(store, rows)
    assert len(pairs.viewers) == 2
    assert pairs.items["item"].tolist() == [A, B, A]
    assert pairs.viewers["viewer"][pairs.of].tolist() == [10, 10, 11]
    assert (pairs.viewers["history_item"] == 0).all()


def test_examples_can_be_taken_and_put_together_again() -> None:
    def some(viewer: int, *items: int) -> Examples:
        pairs = Pairs(
            Batch({"viewer": np.array([viewer])}), Batch({"item": np.array(items)}), np.zeros(len(items), int)
        )
        return Examples(pairs, Batch({"like": np.ones(len(items))}))

    both = Examples.concat([some(10, A, B), some(11, A)])
    assert len(both) == 3
    last = both.take(np.array([2, 1]))
    assert last.pairs.viewers["viewer"][last.pairs.of].tolist() == [11, 10]
    assert last.pairs.items["item"].tolist() == [A, B]
    assert len(both.take(np.array([0, 1])).pairs.viewers) == 1
