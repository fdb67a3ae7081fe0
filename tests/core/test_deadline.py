"""A request that is late leaves out what costs most for what it brings, says what, and can be done again the same."""

from __future__ import annotations

import time
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest

from foryou.core.batch import Batch, Columns
from foryou.core.deadline import LEAST_RANKED, Costs, Deadline, Shortcuts
from foryou.core.pipeline import Budget, Candidates, Pipeline, Request
from foryou.rerankers.score import by_score
from foryou.scorers.value import source_score

ASKED = Request(1, 1, 1, 5, 0, 0, 0, 0, Batch({}, 1), 1)
SOON, LONG_AGO = 3600.0, -3600.0
"""Seconds from now: time enough for anything, and none at all."""


def at(seconds: float) -> float:
    return time.perf_counter() + seconds


def brings(first: int, count: int) -> Any:
    item = np.arange(first, first + count)
    return lambda request: Batch({"item": item, "source_score": np.ones(count, np.float32)})


def by_number(request: Request, rows: Candidates) -> Columns:
    return {"score": rows["item"].astype(np.float64)}


def backwards(request: Request, rows: Candidates) -> Columns:
    return {"score": -rows["item"].astype(np.float64)}


def recipe(costs: Costs) -> Pipeline:
    """Three sources of 200 videos each, a model that likes high numbers, and a fallback that likes low ones."""
    return Pipeline(
        sources=[("dear", brings(0, 200)), ("cheap", brings(200, 200)), ("useful", brings(400, 200))],
        hydrators=[], filters=[], scorers=[("predict", by_number)], rerankers=[("order", by_score)],
        fallback=backwards, budget=Budget(500, (100, 100, 300)), plain=source_score, order=by_score, costs=costs,
    )  # fmt: skip


def known(**seconds: float) -> Costs:
    costs = Costs()
    for name, took in seconds.items():
        costs.note(name.replace("_", " "), took)
    return costs


def asked(trace: Any) -> list[str]:
    return [step.name for step in trace.steps if step.stage == "source" and not step.error]


def test_without_a_deadline_and_in_time_nothing_is_left_out() -> None:
    costs = known(source_dear=5.0, each_predict=0.1)
    for due in (inf, at(SOON)):
        _, trace = recipe(costs)(ASKED, due)
        assert (trace.degraded, len(trace.candidates)) == ([], 500)
        assert sorted(asked(trace)) == ["cheap", "dear", "useful"]
    assert asked(recipe(costs)(ASKED)[1]) == ["dear", "cheap", "useful"]


def test_what_brings_most_for_its_time_is_asked_first_and_what_would_be_late_is_not() -> None:
    costs = known(source_dear=1000.0, source_cheap=1e-9, source_useful=1e-6)
    _, trace = recipe(costs)(ASKED, at(60.0))
    assert asked(trace) == ["cheap", "useful"]
    assert "source:dear:late" in trace.degraded
    assert [step.error for step in trace.steps if step.name == "dear"] == ["late: not asked"]


def test_however_late_it_is_one_source_is_asked_and_fifty_candidates_are_ranked_by_the_fallback() -> None:
    costs = known(source_dear=9.0, source_cheap=0.1, source_useful=0.2, each_predict=1.0)
    slate, trace = recipe(costs)(ASKED, at(LONG_AGO))
    assert asked(trace) == ["useful"]
    assert len(trace.candidates) == LEAST_RANKED
    assert trace.degraded == ["source:cheap:late", "source:dear:late", f"ranked:{LEAST_RANKED}:late", "model:late"]
    assert slate["item"].tolist() == [400, 401, 402, 403, 404], "as the fallback likes it"


def test_the_sources_are_tried_until_one_brings_something() -> None:
    costs = known(source_useful=1e-6, source_cheap=1.0, source_dear=9.0)
    empty = replace(recipe(costs), sources=[*recipe(costs).sources[:2], ("useful", brings(0, 0))])
    assert asked(empty(ASKED, at(LONG_AGO))[1]) == ["useful", "cheap"]


def test_as_many_are_ranked_as_the_time_reaches_for() -> None:
    _, trace = recipe(known(each_predict=1.0))(ASKED, at(100.5))
    assert 90 <= len(trace.candidates) <= 100
    assert trace.degraded == [f"ranked:{len(trace.candidates)}:late"]


def test_what_was_left_out_can_be_left_out_again_and_gives_the_same_slate() -> None:
    costs = known(source_dear=9.0, source_cheap=0.1, source_useful=0.2, each_predict=1.0)
    late, trace = recipe(costs)(ASKED, at(LONG_AGO))
    again, repeated = recipe(Costs())(ASKED, shortcuts=Shortcuts.of(trace.degraded))
    assert again["item"].tolist() == late["item"].tolist()
    assert sorted(repeated.degraded) == sorted(trace.degraded)
    assert repeated.candidates["item"].tolist() == trace.candidates["item"].tolist()


def test_what_failed_is_no_shortcut() -> None:
    said = ["source:a:late", "source:b:failed", "ranked:120:late", "model:failed", "reranker:spacing:failed"]
    assert Shortcuts.of(said) == Shortcuts(frozenset({"a"}), 120, False)
    assert Shortcuts.of(["model:late"]) == Shortcuts(linear=True)


def test_what_is_left_out_is_tried_again_after_a_while() -> None:
    costs = known(source_dear=1000.0)
    pipeline = recipe(costs)
    assert "dear" not in asked(pipeline(ASKED, at(60.0))[1])
    assert "dear" in asked(pipeline(ASKED, at(60.0))[1]), "its only measurement is forgotten"


def test_a_cost_is_the_median_of_the_latest_so_that_compiling_once_moves_nothing() -> None:
    costs = Costs()
    assert costs.of("source a") == 0.0
    for took in (0.5, 0.002, 0.002, 0.003):
        costs.note("source a", took)
    assert costs.of("source a") == pytest.approx(0.003)
    for _ in range(20):
        costs.note("source a", 0.009)
    assert costs.of("source a", "source b") == pytest.approx(0.009)


def test_a_deadline_gives_a_share_of_what_is_left() -> None:
    whole = Deadline(at(SOON))
    assert whole.within(0.25).left == pytest.approx(SOON / 4, abs=5)
    assert Deadline().within(0.25).left == inf
    assert Deadline(at(LONG_AGO)).within(0.5).left < 0
    assert Deadline().room(1.0, 0.0) > 1_000_000
    assert Deadline(at(LONG_AGO)).room(1.0, 0.0) == 0
