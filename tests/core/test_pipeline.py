"""The order in which stages run, what is told of it, and what becomes of a stage that fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.batch import Batch, Columns
from foryou.core.errors import BackendError, ModelError
from foryou.core.heads import HEADS, NAMES
from foryou.core.pipeline import Budget, Candidates, Mask, Pipeline, Request, Trace
from foryou.rerankers.score import by_score
from foryou.scorers.value import Value, source_score


def brings(*item: int) -> object:
    return lambda request: Batch({"item": np.array(item, np.int64), "source_score": np.ones(len(item), np.float32)})


def fails(error: Exception) -> object:
    def stage(*_: object) -> Batch:
        raise error

    return stage


def everything(request: Request, rows: Candidates) -> Mask:
    return np.ones(len(rows), np.bool_)


def even(request: Request, rows: Candidates) -> Mask:
    return np.asarray(rows["item"] % 2 == 0)


def small(request: Request, rows: Candidates) -> Mask:
    return np.asarray(rows["item"] < 8)


def its_number(request: Request, rows: Candidates) -> Columns:
    return {"score": rows["item"].astype(np.float64)}


ASKED = Request(1, 1, 1, 5, 0, 0, 0, 0, Batch({}, 1), 1)


def recipe(**stages: list[tuple[str, Any]]) -> Pipeline:
    usual: dict[str, list[tuple[str, Any]]] = {
        "sources": [("a", brings(1, 2, 3, 4)), ("b", brings(3, 4, 9, 10))], "hydrators": [], "filters": [],
        "scorers": [("number", its_number)], "rerankers": [("order", by_score)],
    }  # fmt: skip
    of = {**usual, **stages}
    return Pipeline(of["sources"], of["hydrators"], of["filters"], of["scorers"], of["rerankers"])


@pytest.mark.parametrize("error", [BackendError("gone"), ValueError("odd"), KeyError("x"), ZeroDivisionError()])
def test_a_source_that_fails_brings_nothing_and_is_named_in_the_trace(error: Exception) -> None:
    slate, trace = recipe(sources=[("a", brings(1, 2)), ("broken", fails(error)), ("b", brings(3))])(ASKED)
    assert slate["item"].tolist() == [3, 2, 1]
    (step,) = [step for step in trace.steps if step.error]
    assert (step.stage, step.name, step.rows) == ("source", "broken", 0)
    assert type(error).__name__ in step.error


def test_without_any_working_source_the_slate_is_empty() -> None:
    slate, trace = recipe(sources=[("broken", fails(BackendError("gone")))], filters=[("even", even)])(ASKED)
    assert (len(slate), trace.found, trace.kept) == (0, 0, 0)
    assert len(recipe(sources=[])(ASKED)[0]) == 0


@pytest.mark.parametrize("error", [BackendError("gone"), ValueError("gone")])
def test_what_could_not_be_checked_is_never_shown(error: Exception) -> None:
    with pytest.raises(BackendError, match="gone"):
        recipe(filters=[("broken", fails(error))])(ASKED)
    reads = ("reads", lambda request, rows: rows["colour"] == 1)
    with pytest.raises(BackendError, match="gone"):
        recipe(hydrators=[("broken", fails(error))], filters=[reads])(ASKED)


def degrading(**stages: list[tuple[str, Any]]) -> Pipeline:
    """A recipe with something to fall back on everywhere."""
    return replace(recipe(**stages), fallback=its_number, plain=source_score, order=by_score)


@pytest.mark.parametrize("error", [BackendError("gone"), ModelError("gone"), ValueError("odd"), ZeroDivisionError()])
@pytest.mark.parametrize(
    ("stage", "name", "said"),
    [
        ("sources", "broken", "source:broken:failed"),
        ("hydrators", "broken", "hydrator:broken:failed"),
        ("scorers", "predict", "model:failed"),
        ("rerankers", "broken", "reranker:broken:failed"),
    ],
)
def test_whatever_else_fails_the_slate_is_only_degraded_and_says_so(
    stage: str, name: str, said: str, error: Exception
) -> None:
    usual = {"sources": [("a", brings(1, 2))], "scorers": [("number", its_number)], "rerankers": [("order", by_score)]}
    slate, trace = degrading(**{**usual, stage: [(name, fails(error)), *usual.get(stage, [])]})(ASKED)
    assert slate["item"].tolist() == [2, 1]
    assert set(slate) >= {"score", "propensity", "explore", "variety", "explored"}
    assert trace.degraded == [said]
    (step,) = [step for step in trace.steps if step.error]
    assert type(error).__name__ in step.error


def test_without_the_inputs_of_the_model_the_sources_own_scores_decide() -> None:
    bring = brings(1, 2, 3)
    best = ("a", lambda request: bring(request).extend({"source_score": np.array([0.1, 0.9, 0.5], np.float32)}))  # type: ignore[operator]
    scorers = [("inputs", fails(ValueError("odd"))), ("predict", its_number)]
    slate, trace = degrading(sources=[best], scorers=scorers)(ASKED)
    assert slate["item"].tolist() == [2, 3, 1]
    assert trace.degraded == ["scorer:inputs:failed"]


def test_a_later_reranker_that_fails_leaves_the_order_that_there_was() -> None:
    backwards = ("backwards", lambda request, rows: by_score(request, rows).take(np.arange(len(rows))[::-1]))
    slate, trace = degrading(rerankers=[backwards, ("broken", fails(KeyError("author")))])(ASKED)
    assert slate["item"].tolist() == [1, 2, 3, 4, 9]
    assert trace.degraded == ["reranker:broken:failed"]


def test_without_anything_to_fall_back_on_a_failure_is_raised() -> None:
    for stage in ("scorers", "rerankers"):
        with pytest.raises(BackendError, match="gone"):
            recipe(**{stage: [("broken", fails(BackendError("gone")))]})(ASKED)


def test_a_model_that_fails_is_replaced_by_the_one_to_fall_back_on_and_named() -> None:
    broken = [
        ("broken", fails(ModelError("all is NaN"))),
        ("double", lambda request, rows: {"twice": 2 * rows["score"]}),
    ]
    slate, trace = Pipeline([("a", brings(1, 2))], [], [], broken, [("order", by_score)], its_number)(ASKED)
    assert slate["item"].tolist() == [2, 1]
    assert slate["twice"].tolist() == [4, 2]
    assert [(step.name, step.error) for step in trace.steps if step.error] == [("broken", "ModelError: all is NaN")]
    assert [step.name for step in trace.steps if step.stage == "scorer"] == ["broken", "fallback", "double"]
    assert trace.degraded == ["model:failed"]
    with pytest.raises(ModelError):
        recipe(scorers=broken)(ASKED)


# --- the trace ------------------------------------------------------------------------------------------------------


def adds_up(trace: Trace) -> None:
    rows = [step.rows for step in trace.steps if step.stage == "filter"]
    assert trace.found == len(trace.dropped) + trace.kept
    assert not set(trace.dropped) & set(trace.candidates["item"].tolist())
    names = [step.name for step in trace.steps if step.stage == "filter"]
    assert set(trace.dropped.values()) <= set(names)
    left = trace.found
    for name, kept in zip(names, rows, strict=True):
        left -= sum(rule == name for rule in trace.dropped.values())
        assert kept == left, name
    assert left == trace.kept


@pytest.mark.mission("NL-17")
@given(
    st.lists(st.lists(st.integers(1, 30), max_size=12, unique=True), max_size=4),
    st.permutations([("even", even), ("small", small), ("everything", everything)]),
)
def test_found_is_dropped_and_kept_and_every_dropped_candidate_has_one_rule(
    brought: list[list[int]], filters: list[tuple[str, Any]]
) -> None:
    slate, trace = recipe(
        sources=[(str(number), brings(*item)) for number, item in enumerate(brought)], filters=filters
    )(ASKED)
    adds_up(trace)
    assert trace.found == len({item for each in brought for item in each})
    assert trace.kept == len({item for each in brought for item in each if item % 2 == 0 and item < 8})
    assert set(slate["item"].tolist()) <= set(trace.candidates["item"].tolist())


def test_a_candidate_of_several_sources_remembers_them_all() -> None:
    slate, _ = recipe()(ASKED)
    sources = dict(zip(slate["item"].tolist(), slate["sources"].tolist(), strict=True))
    assert sources == {10: 0b10, 9: 0b10, 4: 0b11, 3: 0b11, 2: 0b01}


def test_with_a_budget_sources_share_the_places_after_the_filters() -> None:
    both = [("a", brings(2, 1, 4, 6, 8)), ("b", brings(4, 5, 10, 12))]
    shared = replace(recipe(sources=both, filters=[("even", even)]), budget=Budget(4, (2, 2)))
    slate, trace = shared(ASKED)
    adds_up(trace)
    assert set(slate["item"].tolist()) == {2, 4, 6, 10}, "the odd ones leave their places"
    assert {item for item, rule in trace.dropped.items() if rule == "quota"} == {8, 12}
    assert dict(zip(slate["item"].tolist(), slate["sources"].tolist(), strict=True))[4] == 0b11


def test_the_value_is_the_weighted_sum_of_the_heads() -> None:
    weights = {head.name: head.weight for head in HEADS}
    rows = Batch({name: np.array([0.0, 0.5, 1.0], np.float32) for name in NAMES})
    assert Value(weights)(ASKED, rows)["score"] == pytest.approx(np.array([0.0, 0.5, 1.0]) * sum(weights.values()))
