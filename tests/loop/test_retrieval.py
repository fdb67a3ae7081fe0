"""From the upload to the candidates: a described video can be retrieved at once, whatever the index is doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from foryou import app
from foryou.app import Engine
from foryou.backends import scaled
from foryou.backends.cells import Cells
from foryou.backends.open import Backend, open_backend
from foryou.backends.scaled import ScaledIndex
from foryou.client import in_process
from foryou.core.clock import DAY, MINUTE, SECOND, ManualClock
from foryou.core.ids import id_of
from foryou.core.memory import Memory
from foryou.core.ports import Index, Model
from foryou.feed.recipe import SOURCES, FeedSettings
from foryou.feed.serve import Ask, request_for
from foryou.models.ranker import Ranker
from foryou.settings import DataSettings, Settings
from tests.loop.conftest import START, World, make_world

STRUCTURES: dict[str, Callable[[], Index]] = {
    "exact": ScaledIndex,
    "cells": lambda: ScaledIndex(exact_until=0, stale=100.0),
    "cells built anew": lambda: ScaledIndex(exact_until=0, stale=0.0),
}
"""In the last one every upload has the cells built anew."""


def world_with(index: Callable[[], Index], feed: FeedSettings | None = None) -> World:
    """The small world of three hundred videos, served from a version of it in such an index."""

    def opened(url: str, memory: Memory) -> Backend:
        return replace(open_backend(url, memory), index=index)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app, "open_backend", opened)
        world = make_world(feed)
    world.engine.publish()
    return world


def brought_by(world: World, viewer: str, video: str) -> set[str]:
    """The sources that bring a video to a viewer now, of each source by itself."""
    engine = world.engine
    store, version = engine.backend.store, engine.version
    asked = request_for(Ask(viewer), store, version.model, 1, world.clock.at, 1, 1, True)
    number = id_of("video", video)
    sources = engine.feeds.recipes["for_you"].sources
    return {name for name, source in sources if number in source(asked)["item"].tolist()}


@pytest.fixture(params=STRUCTURES.values(), ids=STRUCTURES)
def world(request: pytest.FixtureRequest) -> World:
    made = world_with(request.param)
    made.finish("ada", *made.videos("topic3")[:6])
    made.act("ada", "like", *made.videos("topic3")[:3])
    return made


def is_a_candidate(world: World, viewer: str, video: str) -> bool:
    """Whether a video is among what is ranked for a viewer, asked as an app asks."""
    trace = world.engine.feed(Ask(viewer, n=10)).trace
    return id_of("video", video) in trace.candidates["item"].tolist()


@pytest.mark.mission("NL-19")
def test_a_video_uploaded_a_second_ago_is_retrieved_by_its_topic(world: World) -> None:
    world.upload("just-now", "topic3")
    world.clock.forward(SECOND)
    assert is_a_candidate(world, "ada", "just-now")
    assert {"nearest", "clusters", "fresh"} <= brought_by(world, "ada", "just-now")


def test_a_video_uploaded_a_second_ago_is_retrieved_by_its_author_though_its_topic_is_new(world: World) -> None:
    for number in range(4):
        world.upload(f"bo-{number}", f"odd-{number}", author="bo", uploaded=START - 9 * DAY)
    world.finish("cleo", *(f"bo-{number}" for number in range(4)))
    world.upload("bo-new", "never-heard-of", author="bo")
    world.clock.forward(SECOND)
    assert is_a_candidate(world, "cleo", "bo-new")
    assert {"nearest", "clusters"} <= brought_by(world, "cleo", "bo-new")


def test_a_removed_video_is_retrieved_no_more(world: World) -> None:
    world.upload("gone", "topic3")
    world.send({"kind": "remove", "video": "gone"})
    assert not {"nearest", "clusters"} & brought_by(world, "ada", "gone")
    assert not is_a_candidate(world, "ada", "gone")


def test_what_is_uploaded_while_cells_are_built_is_retrieved_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with(lambda: ScaledIndex(exact_until=0, stale=0.05))
    world.finish("ada", *world.videos("topic3")[:6])
    index = world.engine.version.index
    assert isinstance(index, ScaledIndex)
    built: list[int] = []

    def build(ids, vectors, zeros):  # type: ignore[no-untyped-def]
        """Building takes so long that a video is uploaded meanwhile."""
        if not built:
            built.append(len(ids))
            world.upload("meanwhile", "topic3")
            assert {"nearest", "clusters"} <= brought_by(world, "ada", "meanwhile")
        return Cells(ids, vectors, zeros)

    monkeypatch.setattr(scaled, "Cells", build)
    for number in range(30):
        world.upload(f"more-{number}", "topic5")
        index.settle()
    assert built
    assert {"nearest", "clusters"} <= brought_by(world, "ada", "meanwhile")


class Slow(Ranker):
    """A model during whose first vectors, those of a whole catalogue, somebody uploads and somebody removes."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def copy(self) -> Model:
        other = Slow(self.seed, self.shape, self.learning)
        other.restore(self.state())
        return other

    def vectors(self, items):  # type: ignore[no-untyped-def]
        made = super().vectors(items)
        if len(items) > 100:
            Slow.meanwhile()
        return made


def test_what_is_described_while_a_version_is_made_is_in_it() -> None:
    world = make_world()
    world.finish("ada", *world.videos("topic3")[:6])

    def happens() -> None:
        Slow.meanwhile = staticmethod(lambda: None)
        world.upload("meanwhile", "topic3")
        world.send({"kind": "remove", "video": "v13"})

    slow = Slow(seed=world.engine.settings.learning.seed)
    slow.restore(world.engine.learner.model.state())
    world.engine.learner.model = slow
    Slow.meanwhile = staticmethod(happens)
    world.engine.publish()
    assert isinstance(world.engine.version.model, Slow)
    assert {"nearest", "clusters"} <= brought_by(world, "ada", "meanwhile")
    assert not {"nearest", "clusters"} & brought_by(world, "ada", "v13")


def test_clusters_are_made_once_there_are_videos_and_again_when_they_have_doubled() -> None:
    clock = ManualClock(START)
    engine = Engine.open(Settings(data=DataSettings(url="memory:")), clock)
    world = World(engine, clock, in_process(engine))
    assert len(engine.version.codebook) == 0
    for number in range(40):
        world.upload(f"v{number}", f"topic{number % 4}")
    engine.work()
    first = engine.version
    assert len(first.codebook) > 0 and first.codebook.videos == 40
    for number in range(40, 81):
        world.upload(f"v{number}", f"topic{number % 4}")
    engine.work()
    assert engine.version.codebook.videos == 81 and len(engine.version.codebook) > len(first.codebook)
    engine.close()


def test_no_more_is_ranked_than_was_set_and_every_source_has_its_part() -> None:
    places = dict.fromkeys(SOURCES, 10)
    world = world_with(ScaledIndex, FeedSettings(ranked=60, retrieved=600, **places))
    world.finish("ada", *world.videos("topic3")[:6])
    world.act("ada", "like", *world.videos("topic3")[:6])
    world.send({"kind": "follow", "viewer": "ada", "author": "author-v203"})
    world.clock.forward(MINUTE)
    trace = world.engine.feed(Ask("ada", n=10)).trace
    assert len(trace.candidates) == 60
    assert "quota" in trace.dropped.values()
    for bit, name in enumerate(SOURCES):
        brought = next(step.rows for step in trace.steps if (step.stage, step.name) == ("source", name))
        ranked = int(((trace.candidates["sources"] >> bit) & 1).sum())
        assert ranked >= min(10, brought) or name in ("following", "similar"), name
