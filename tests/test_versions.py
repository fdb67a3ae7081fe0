"""The life of a model while serving: swapped in soon, kept, held when it gets worse, taken back, started warm."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foryou.app import Engine
from foryou.client import in_process
from foryou.core.batch import Batch
from foryou.core.clock import HOUR, MINUTE, SECOND, ManualClock
from foryou.core.errors import NotFound
from foryou.core.ids import id_of
from foryou.core.ports import Pairs
from foryou.settings import DataSettings, Settings
from foryou.training.examples import as_of_now
from foryou.training.stream import LearningSettings
from tests.loop.conftest import START, World
from tests.streams import log

LEARNING = LearningSettings(keep_every=40, keep=4, admit_after=1)


def opened(directory: Path | None = None, learning: LearningSettings = LEARNING) -> World:
    url = "memory:" if directory is None else f"file:{directory}"
    clock = ManualClock(START)
    engine = Engine.open(Settings(data=DataSettings(url=url), learning=learning), clock)
    return World(engine, clock, in_process(engine))


def uploaded(world: World) -> World:
    for number in range(30):
        world.upload(f"v{number}", f"t{number % 3}", uploaded=world.clock.at - HOUR)
    return world


def watched(world: World, first: int, count: int, each: int = 10) -> None:
    """Viewers from `first` on watch the videos of one topic and skip two others; `each` events a request."""
    rows: list[dict[str, object]] = []
    for viewer in range(first, first + count):
        for number in range(3):
            video = (viewer + number) % 30
            seen: dict[str, object] = {"viewer": f"u{viewer}", "video": f"v{video}"}
            seconds = 12.0 if video % 3 == viewer % 3 else 0.5
            rows += [{"kind": "impression", **seen}, {"kind": "watch", "seconds": seconds, **seen}]
    for start in range(0, len(rows), each):
        world.clock.forward(SECOND)
        world.send(*rows[start : start + each])
    world.clock.forward(SECOND)


def worked(world: World) -> None:
    while world.engine.work():
        pass


@pytest.mark.mission("NO-33")
def test_what_was_watched_is_in_the_version_in_use_at_the_next_swap() -> None:
    world = uploaded(opened())
    worked(world)
    before = world.engine.version
    world.watch("ada", "v1", 12.0)
    world.clock.forward(SECOND)
    worked(world)
    assert world.engine.version.steps == before.steps + 1
    assert world.engine.version.model.version == world.client.feed("ada").model == "r-1"
    assert before.model.version == "r-0"
    world.watch("ada", "v2", 12.0)
    world.clock.at -= 12 * SECOND
    worked(world)
    assert world.engine.version.model.version == "r-1", "not before half a second"


def test_a_version_in_use_does_not_change_while_learning_goes_on() -> None:
    world = uploaded(opened())
    watched(world, 0, 10)
    worked(world)
    version = world.engine.version
    state = world.engine.backend.store.read("video", np.array([id_of("video", "v1")]))
    videos = state.extend({"item": np.array([id_of("video", "v1")])})
    before = version.model.vectors(videos)
    watched(world, 10, 20)
    worked(world)
    assert world.engine.version is not version
    assert np.array_equal(version.model.vectors(videos), before)
    assert not np.array_equal(world.engine.version.model.vectors(videos), before)


def test_the_vectors_of_what_was_watched_follow_at_once_and_all_others_in_their_turn() -> None:
    world = uploaded(opened())
    watched(world, 0, 4)
    worked(world)
    world.engine.publish()
    world.watch("ada", "v3", 12.0)
    world.clock.forward(SECOND)
    worked(world)
    assert off(world, "v3") == pytest.approx(0, abs=1e-6)
    assert off(world) > 1e-6
    world.watch("ada", "v4", 12.0)
    world.clock.forward(MINUTE)
    worked(world)
    assert off(world) == pytest.approx(0, abs=1e-6)


def off(world: World, *videos: str) -> float:
    """How far the index has videos, or all of them, from where the version in use has them: 1 - cosine, the largest."""
    number = np.array([id_of("video", video) for video in videos or world.topic_of])
    state = world.engine.backend.store.read("video", number).extend({"item": number})
    worst = 0.0
    for vector, each in zip(world.engine.version.model.vectors(state), number.tolist(), strict=True):
        found, fits = world.engine.version.index.search(vector, 100)
        worst = max(worst, 1 - float(fits[found == each][0]))
    return worst


def test_a_removed_video_does_not_come_back_with_new_vectors() -> None:
    world = uploaded(opened())
    world.watch("ada", "v3", 12.0)
    world.send({"kind": "remove", "video": "v3"})
    for _ in range(3):
        world.clock.forward(MINUTE)
        world.watch("ada", "v5", 12.0)
        worked(world)
    found, _ = world.engine.version.index.search(np.ones(16, np.float32), 100)
    assert len(found) == 29 and id_of("video", "v3") not in found


def test_versions_are_kept_with_their_measures_and_parents() -> None:
    world = uploaded(opened())
    watched(world, 0, 60)
    worked(world)
    told = world.engine.models()
    kept = told["kept"]
    assert isinstance(kept, list)
    assert [row["version"] for row in kept] == ["r-40", "r-80", "r-120", "r-160"]
    assert [row["parent"] for row in kept] == ["", "r-40", "r-80", "r-120"]
    assert kept[-1]["measures"]["long_view"]["observed"] == pytest.approx(1 / 3, abs=0.2)
    assert told["reserve"] == "r-160" and told["held"] is False
    assert "like" in str(told["reliability"])


def spoiled(world: World) -> None:
    """The learning model forgets what it knew: every prediction becomes a certain mistake."""
    model = world.engine.learner.model
    model.params["bias"][-23:] = 8.0  # type: ignore[attr-defined]


def test_a_version_that_gets_worse_is_held_and_the_learner_goes_back_if_it_stays_worse() -> None:
    world = uploaded(opened(learning=replace(LEARNING, keep_every=6000)))
    learner = world.engine.learner
    watched(world, 0, 20)
    worked(world)
    learner._keep(learner.models)  # type: ignore[arg-type]
    good = learner.model.version
    spoiled(world)
    seen = 0
    while not learner.held and seen < 3000:
        watched(world, 1000 + seen, 100, each=600)
        spoiled(world)
        worked(world)
        seen += 100
    assert learner.held
    world.clock.forward(SECOND)
    world.watch("ada", "v1", 12.0)
    worked(world)
    assert world.engine.version.model.version == good
    assert off(world) == pytest.approx(0, abs=1e-6)
    assert world.engine.models()["held"] is True
    learner.learned += 6000
    learner._keep(learner.models)  # type: ignore[arg-type]
    assert not learner.held
    assert learner.model.version == "r1" + good[1:]
    world.clock.forward(SECOND)
    world.watch("ada", "v2", 12.0)
    worked(world)
    assert world.engine.version.model.version.startswith("r1-")


def test_going_back_is_noted_in_the_log_and_happens_again_when_it_is_folded_again(tmp_path: Path) -> None:
    world = uploaded(opened(tmp_path))
    watched(world, 0, 40)
    worked(world)
    with pytest.raises(NotFound, match="no model 'r-7'"):
        world.engine.go_back("r-7")
    world.engine.go_back("r-80")
    assert world.engine.version.model.version == world.client.feed("ada").model == "r1-80"
    watched(world, 100, 20)
    worked(world)
    version = world.engine.learner.model.version
    assert version == "r1-140"
    before = {name: values.copy() for name, values in world.engine.learner.state().items()}
    world.engine.rebuild()
    after = world.engine.learner.state()
    for name, values in before.items():
        assert np.array_equal(values, after[name]), name
    world.engine.close()
    again = opened(tmp_path)
    assert again.engine.learner.model.version == version
    assert again.engine.models()["reserve"] == world.engine.models()["reserve"]
    again.engine.close()


def test_an_empty_deployment_can_start_from_a_kept_model(tmp_path: Path) -> None:
    world = uploaded(opened(tmp_path / "one"))
    watched(world, 0, 40)
    worked(world)
    kept = tmp_path / "one" / "models" / "r-120.npz"
    world.engine.close()
    warm = uploaded(opened(tmp_path / "two", replace(LEARNING, warm_start=str(kept))))
    assert warm.engine.version.model.version == "r-120"
    assert len(warm.engine.learner.model.table) > 30  # type: ignore[attr-defined]
    assert len(warm.feed("ada", 10)) == 10
    warm.engine.close()


@pytest.mark.mission("NO-33")
def test_in_a_running_engine_an_event_is_in_use_within_a_second() -> None:
    engine = Engine.open(Settings(data=DataSettings(url="memory:"), learning=LearningSettings()))
    client = in_process(engine)
    client.events([{"id": "d", "kind": "video", "video": "v", "author": "a", "duration": 12.0}])
    engine.start()
    for number in range(3):
        seen: dict[str, object] = {"viewer": "ada", "video": "v"}
        client.events([
            {**seen, "id": f"i{number}", "kind": "impression"},
            {**seen, "id": f"w{number}", "kind": "watch", "seconds": 12.0},
        ])  # fmt: skip
        started = time.monotonic()
        while engine.version.steps <= number and time.monotonic() - started < 10:
            time.sleep(0.01)
        assert engine.version.steps == number + 1
    engine.close()


def test_a_copy_to_serve_from_shares_the_keys_and_copies_no_accumulators() -> None:
    world = uploaded(opened())
    watched(world, 0, 10)
    worked(world)
    model, table = world.engine.version.model, world.engine.learner.model.table  # type: ignore[attr-defined]
    assert isinstance(model.predict(_pair(world)), Batch)
    assert model.table._index is table._index and model.table._keys is table._keys  # type: ignore[attr-defined]
    assert model.table.nbytes < table.nbytes  # type: ignore[attr-defined]


def _pair(world: World) -> Pairs:
    return as_of_now(world.engine.backend.store, log({"viewer": id_of("viewer", "u1"), "video": id_of("video", "v1")}))
