"""What every stage of every recipe does with any candidates, and what the real feeds do if one of them fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.core.batch import Batch
from foryou.core.heads import NAMES
from foryou.core.ids import id_of
from foryou.core.pipeline import Candidates, Pipeline, Request, Reranker
from foryou.core.ports import Pairs
from foryou.feed.recipe import SOURCES
from foryou.feed.serve import Ask, log_rows, request_for
from foryou.models.linear import Linear
from foryou.rerankers.arrange import Arrange
from foryou.rerankers.score import by_score
from foryou.scorers.predict import Predict
from tests.core.test_pipeline import adds_up, fails
from tests.loop.conftest import World, make_world

SURFACES = ("for_you", "following", "plain")


@pytest.fixture(scope="module")
def library() -> Iterator[World]:
    """A world in which Ada has watched, liked, followed, blocked and hidden, and some videos were removed."""
    world = make_world()
    world.finish("ada", *world.videos("topic3")[:4])
    world.watch("ada", "v2", 0.4)
    world.act("ada", "like", "v3", "v13")
    world.send(
        {"kind": "follow", "viewer": "ada", "author": "author-v21"},
        {"kind": "block", "viewer": "ada", "author": "author-v31"},
        {"kind": "hide", "viewer": "ada", "hashtag": "topic7"},
        {"kind": "remove", "video": "v41"},
        {"kind": "remove", "video": "v42"},
    )
    world.upload("mine", "topic1", author="ada")
    for viewer in ("bob", "cleo"):
        world.finish(viewer, "v3", "v13", "v99")
        world.act(viewer, "like", "v3", "v13", "v99")
    world.feed("ada", 10, session="morning")
    yield world
    world.engine.close()


def request(world: World, n: int = 10, surface: str = "for_you", session: str = "morning") -> Request:
    engine = world.engine
    ask = Ask("ada", n, surface, session)
    return request_for(ask, engine.backend.store, engine.version.model, 77, world.clock.at, 3, 1, True)


NUMBERS = [*range(0, 300, 7), 2, 3, 13, 31, 41, 42, 99, 1000, 1001]
items = st.lists(st.sampled_from(NUMBERS), unique=True, max_size=30).map(
    lambda numbers: np.array([id_of("video", f"v{n}") for n in numbers], np.int64)
)
"""Videos of the world in any order: seen, blocked, hidden and removed ones among them, two that nobody described."""


def found(item: np.ndarray) -> Candidates:
    """Candidates as the sources leave them."""
    place = np.arange(len(item))
    return Batch(
        {
            "item": item,
            "source": (place % 5).astype(np.int8),
            "sources": (1 << (place % 5)).astype(np.int64),
            "source_score": np.linspace(1, 0, len(item)).astype(np.float32),
        },
        len(item),
    )


def hydrated(pipeline: Pipeline, asked: Request, item: np.ndarray) -> Candidates:
    rows = found(item)
    for _, hydrate in pipeline.hydrators:
        rows = rows.extend(hydrate(asked, rows))
    return rows


@pytest.mark.parametrize("surface", SURFACES)
@given(item=items)
@settings(max_examples=25)
def test_hydrators_and_scorers_add_columns_and_keep_every_row_where_it_is(
    library: World, surface: str, item: np.ndarray
) -> None:
    pipeline, asked = library.engine.feeds.recipes[surface], request(library, surface=surface)
    rows = found(item)
    for name, stage in (*pipeline.hydrators, *pipeline.scorers):
        columns = stage(asked, rows)
        assert {len(values) for values in columns.values()} <= {len(item)}, name
        rows = rows.extend(columns)
        assert rows["item"].tolist() == item.tolist(), name
    assert np.isfinite(rows["score"]).all()


@pytest.mark.parametrize("surface", SURFACES)
@given(item=items)
@settings(max_examples=25)
def test_filters_commute_and_judge_each_row_by_itself(library: World, surface: str, item: np.ndarray) -> None:
    pipeline, asked = library.engine.feeds.recipes[surface], request(library, surface=surface)
    rows = hydrated(pipeline, asked, item)
    masks = {name: keep(asked, rows) for name, keep in pipeline.filters}
    for name, mask in masks.items():
        assert mask.dtype == np.bool_
        assert mask.shape == (len(item),), name
    there, back = rows, rows
    for _, keep in pipeline.filters:
        there = there.take(keep(asked, there))
    for _, keep in reversed(pipeline.filters):
        back = back.take(keep(asked, back))
    assert there["item"].tolist() == back["item"].tolist()
    everyone = np.logical_and.reduce([*masks.values(), np.ones(len(item), np.bool_)])
    assert there["item"].tolist() == item[everyone].tolist()


numbers = st.floats(-3, 3) | st.sampled_from((np.nan, np.inf, -np.inf))


@st.composite
def scored(draw: st.DrawFn) -> Candidates:
    """Candidates with all that rerankers read, few authors and hashtags among them, some scores no numbers."""
    count = draw(st.integers(0, 25))

    def some(choices: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(choices, min_size=count, max_size=count))

    few = st.integers(0, 3)
    return Batch(
        {
            "item": np.array(
                draw(st.lists(st.integers(1, 500), min_size=count, max_size=count, unique=True)), np.int64
            ),
            "score": np.array(some(numbers), np.float64),
            "sources": np.array(some(st.integers(1, 31)), np.int64),
            "author": np.array(some(few), np.int64),
            "sound": np.array(some(few), np.int64),
            "topics": np.array(some(st.tuples(few, few)), np.int64).reshape(count, 2),
        },
        count,
    )


def named(rerank: Reranker) -> str:
    """The same in every process."""
    return getattr(rerank, "__name__", repr(rerank))


RERANKERS = (
    by_score, Arrange(), Arrange(0.0, 0.0), Arrange(2.0, 2.0, pool=7), Arrange(author_gap=2, sound_gap=5),
    Arrange(exploration=0.5, probes=0.5, trial=2), Arrange(exploration=0.5, trial=4, trials=2, pool=3),
)  # fmt: skip


@pytest.mark.parametrize("rerank", RERANKERS, ids=named)
@given(rows=scored(), n=st.integers(1, 30))
@settings(max_examples=60)
def test_a_reranker_returns_some_of_its_rows_each_once_and_unchanged(
    library: World, rerank: Reranker, rows: Candidates, n: int
) -> None:
    after = rerank(request(library, n), rows)
    assert len(set(after["item"].tolist())) == len(after)
    place = {item: row for row, item in enumerate(rows["item"].tolist())}
    before = rows.take(np.array([place[item] for item in after["item"].tolist()], np.int64))
    for name in ("author", "sound", "topics", "sources"):
        assert after[name].tolist() == before[name].tolist()
    assert len(after) == len(rows), "none of ours drops a row"


@pytest.mark.parametrize("rerank", [Arrange(), Arrange(exploration=0.5, probes=0.5), by_score], ids=named)
@given(rows=scored())
def test_scores_that_are_no_numbers_sink(library: World, rerank: Reranker, rows: Candidates) -> None:
    after = rerank(request(library), rows)["item"].tolist()
    number = {item: bool(ok) for item, ok in zip(rows["item"].tolist(), np.isfinite(rows["score"]), strict=True)}
    ranked = [number[item] for item in after]
    assert ranked == sorted(ranked, reverse=True)


@given(st.integers(0, 2**63 - 1))
@settings(max_examples=10)
def test_chance_belongs_to_the_request_and_is_drawn_again_the_same(seed: int) -> None:
    def asked(seed: int) -> Request:
        return Request(1, 1, 1, 5, 0, 0, 0, 0, Batch({}, 1), seed)

    nothing = np.zeros((29, 2), np.int64)
    rows = Batch(
        {
            "item": np.arange(1, 30),
            "score": np.zeros(29),
            "sources": np.arange(29) % 2,
            "topics": nothing,
            "author": nothing[:, 0],
            "sound": nothing[:, 0],
        }
    )
    bold = Arrange(1.0, exploration=0.5)
    one, again = (bold(asked(seed), rows) for _ in range(2))
    assert one["item"].tolist() == again["item"].tolist()
    assert one["item"].tolist() != bold(asked(seed ^ 1), rows)["item"].tolist()
    other_order = bold(asked(seed), rows.take(np.arange(29)[::-1]))
    assert one["item"].tolist() == other_order["item"].tolist()


@pytest.mark.parametrize("stage", ["hydrator", "scorer", "reranker"])
def test_any_stage_of_the_real_feed_may_fail_and_there_is_a_slate_that_can_be_logged(
    library: World, stage: str
) -> None:
    usual = library.engine.feeds.recipes["for_you"]
    for name, _ in getattr(usual, f"{stage}s"):
        if name == "catalog":
            continue  # the filters need it
        stages = [
            (each, fails(ValueError("odd")) if each == name else work) for each, work in getattr(usual, f"{stage}s")
        ]
        slate, trace = replace(usual, **{f"{stage}s": stages})(request(library))
        assert len(slate) == 10, name
        assert trace.degraded == ["model:failed" if name == "predict" else f"{stage}:{name}:failed"]
        assert len(log_rows(request(library), slate, "r-1", trace.degraded)) == 10


class _Odd(Linear):
    """A model that went wrong."""

    def predict(self, pairs: Pairs) -> Batch:
        heads = super().predict(pairs)
        return heads.extend({"like": np.full(len(heads), np.nan, np.float32)})


def test_a_model_whose_predictions_are_no_numbers_is_replaced_in_the_feed(library: World) -> None:
    engine = library.engine
    usual = engine.feeds.recipes["for_you"]
    scorers = [(name, Predict(_Odd) if name == "predict" else stage) for name, stage in usual.scorers]
    odd = Pipeline(usual.sources, usual.hydrators, usual.filters, scorers, usual.rerankers, usual.fallback)
    slate, trace = odd(request(library))
    assert len(slate) == 10
    assert np.isfinite(slate["score"]).all()
    linear = Linear().predict(Pairs(request(library).viewer, slate, np.zeros(10, np.int64)))
    for name in NAMES:
        assert slate[name] == pytest.approx(linear[name], rel=1e-5)
    (step,) = [step for step in trace.steps if step.error]
    assert step.name == "predict"
    assert "head like of model linear" in step.error
    assert "fallback" in [step.name for step in trace.steps]


@pytest.mark.mission("NL-17")
@pytest.mark.parametrize("surface", SURFACES)
def test_the_counts_of_a_real_request_add_up(library: World, surface: str) -> None:
    slate, trace = library.engine.feeds.recipes[surface](request(library, surface=surface))
    adds_up(trace)
    assert trace.kept >= len(slate) > 0
    if surface == "for_you":
        assert {"available", "seen", "hidden"} <= set(trace.dropped.values()) | {"available"}
        brought = {step.name: step.rows for step in trace.steps if step.stage == "source"}
        assert set(brought) == set(SOURCES)
        assert trace.found <= sum(brought.values())
