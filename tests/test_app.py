"""The engine as a whole: what was accepted is never lost, whatever happens to the process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foryou.app import Engine
from foryou.client import in_process
from foryou.core.clock import DAY, HOUR, ManualClock
from foryou.core.errors import BackendError, NotFound
from foryou.settings import DataSettings, Settings
from foryou.training.stream import LearningSettings
from tests.loop.conftest import START, World
from tests.streams import tables_of

LEARNING = LearningSettings(batch=16)


def opened(directory: Path | None, demographics: bool = True) -> World:
    url = "memory:" if directory is None else f"file:{directory}"
    clock = ManualClock(START)
    settings = Settings(data=DataSettings(url=url), learning=LEARNING, demographics=demographics)
    engine = Engine.open(settings, clock)
    return World(engine, clock, in_process(engine))


def morning(world: World, first: int = 0) -> None:
    """Twenty videos, and three viewers who watch what they get."""
    for number in range(first, first + 20):
        world.upload(f"v{number}", f"t{number % 4}", uploaded=world.clock.at - HOUR)
    evening(world, f"{first}")


def evening(world: World, session: str) -> None:
    for viewer in ("ada", "bob", "cleo"):
        slate = world.client.feed(viewer, n=10, session=f"{viewer}-{session}")
        for place, item in enumerate(slate.items):
            world.watch(viewer, str(item["video"]), 12.0 if place % 2 else 0.5, request=slate.request)
        world.act(viewer, "like", str(slate.items[1]["video"]))
    world.clock.forward(HOUR)


def same_tables(one: World, other: World) -> None:
    left, right = tables_of(one.engine.backend.store), tables_of(other.engine.backend.store)
    for table, columns in left.items():
        for name, values in columns.items():
            assert values.tobytes() == right[table][name].tobytes(), f"{table}.{name}"


def same_models(one: World, other: World) -> None:
    left, right = one.engine.learner.state(), other.engine.learner.state()
    assert set(left) == set(right)
    for name, values in left.items():
        assert np.array_equal(values, right[name]), name


KILLED = """
import os, sys
from pathlib import Path
from tests.test_app import evening, morning, opened
world = opened(Path(sys.argv[1]))
morning(world)
world.engine.work()
if sys.argv[2] == "saved":
    world.engine.save()
morning(world, 20)
world.engine.work()
print(world.sent, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("saved", ["saved", "never-saved"])
def test_after_a_kill_everything_that_was_accepted_is_there(saved: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, saved], cwd=root, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    again = opened(tmp_path)
    assert again.engine.status()["events"] == int(killed.stdout)
    assert again.engine.status()["videos"] == 40
    whole = opened(None)
    morning(whole)
    whole.engine.work()
    morning(whole, 20)
    whole.engine.work()
    same_tables(again, whole)
    learned = again.engine.learner.learned
    assert learned > 0
    before = {name: values.copy() for name, values in again.engine.learner.state().items()}
    again.engine.rebuild()
    same_tables(again, whole)
    assert again.engine.learner.learned == learned
    for name, values in again.engine.learner.state().items():
        assert np.array_equal(values, before[name]), name
    again.engine.close()
    whole.engine.close()


def test_saving_and_opening_again_continues_as_if_nothing_had_happened(tmp_path: Path) -> None:
    steady, stopped = opened(None), opened(tmp_path)
    for part in range(3):
        for world in (steady, stopped):
            morning(world, 20 * part)
            while (
                world.engine.work() or world.engine.status()["unexplained"]
            ):  # closing explains too, and that is in the log
                pass
        steady.engine.publish()  # opening the other one does that too
        stopped.engine.close()
        at, sent, topics = stopped.clock.at, stopped.sent, stopped.topic_of
        stopped = opened(tmp_path)
        stopped.clock.at, stopped.sent, stopped.topic_of = at, sent, topics
    same_tables(steady, stopped)
    same_models(steady, stopped)
    assert steady.feed("ada", 10) == stopped.feed("ada", 10)
    steady.engine.close()
    stopped.engine.close()


def test_a_slate_can_be_explained_after_a_restart(tmp_path: Path) -> None:
    world = opened(tmp_path)
    morning(world)
    slate = world.client.feed("ada", n=3)
    world.engine.close()
    again = opened(tmp_path)
    again.clock.at = world.clock.at
    why = again.client.explain(slate.request, str(slate.items[0]["video"]))
    assert why["score"] == slate.items[0]["score"]
    again.engine.close()


def test_what_was_learned_is_swapped_in_whole_and_named_in_the_answer() -> None:
    world = opened(None)
    morning(world)
    assert world.client.feed("ada", n=1).model == "r-0"
    old = world.engine.version.model
    world.clock.forward(HOUR)
    evening(world, "again")
    while world.engine.work():
        pass
    assert world.engine.version.model is not old
    assert old.version == "r-0"
    assert world.client.feed("ada", n=1).model == world.engine.version.model.version != "r-0"
    assert world.engine.status()["learned"] == world.engine.learner.learned > 0
    world.engine.close()


def test_old_slates_are_thinned_and_forgotten_and_the_engine_still_starts(tmp_path: Path) -> None:
    world = opened(tmp_path)
    morning(world)
    slate = world.client.feed("ada", n=3)
    world.engine.work()

    def width() -> list[int]:
        return [len(list(record.rows)) for record in world.engine.backend.log.read(0, ("served",))]

    wide = width()
    world.engine.tidy()
    assert width() == wide
    world.clock.forward(2 * DAY)
    world.engine.tidy()
    assert len(width()) == len(wide)
    assert max(width()) < min(wide)
    assert world.client.explain(slate.request, str(slate.items[0]["video"]))["position"] == 0
    world.clock.forward(31 * DAY)
    world.engine.tidy()
    assert width() == []
    with pytest.raises(NotFound):
        world.client.explain(slate.request, str(slate.items[0]["video"]))
    world.engine.close()
    again = opened(tmp_path)
    again.clock.at = world.clock.at
    assert len(again.feed("ada", 10)) == 10
    again.engine.rebuild()
    assert len(again.feed("ada", 10)) == 10
    again.engine.close()


def test_what_a_feed_may_bring_has_its_name_before_it_is_in_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others ask for feeds while a video is folded: none of them gets one that cannot be told."""
    world, seen = opened(None), list[bytes | None]()
    fold = world.engine.learner.fold

    def folding(store: Any, rows: Any) -> None:
        seen.extend(world.engine.backend.documents.get("video", rows["video"].tolist()))
        fold(store, rows)

    monkeypatch.setattr(world.engine.learner, "fold", folding)
    world.upload("v1", "knots")
    assert len(seen) == 1
    assert seen[0] is not None


def test_many_may_send_and_ask_at_once_and_every_event_counts_once() -> None:
    world = opened(None)
    morning(world)
    before = int(str(world.engine.status()["events"]))
    problems: list[Exception] = []

    def busy(name: int) -> None:
        try:
            for turn in range(15):
                world.client.events(
                    [{"id": f"{name}-{turn % 10}", "kind": "share", "viewer": f"w{name}", "video": "v1"}]
                )
                world.client.events([{"id": f"all-{turn}", "kind": "share", "viewer": "w", "video": "v2"}])
                assert len(world.feed(f"w{name}", 5)) == 5
        except Exception as problem:
            problems.append(problem)

    world.engine.start()
    threads = [threading.Thread(target=busy, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert world.engine.status()["events"] == before + 4 * 10 + 15
    world.engine.close()
    world.engine.close()


@pytest.mark.mission("NL-21")
def test_ranking_runs_with_demographics_off_and_does_not_look_at_them() -> None:
    def scores(age: str, gender: str, country: str) -> list[tuple[str, object]]:
        world = opened(None, demographics=False)
        world.send({"kind": "viewer", "viewer": "ada", "age": age, "gender": gender, "country": country})
        for viewer in ("bob", "cleo"):
            world.send({"kind": "viewer", "viewer": viewer, "country": "XX"})
        morning(world)
        slate = world.client.feed("ada", n=10)
        request = int(slate.request)
        (row,) = [r.rows for r in world.engine.backend.log.read(0, ("served",)) if int(r.rows["request"][0]) == request]
        assert [row[name].any() for name in ("age", "gender", "country")] == [False] * 3
        items = sorted((str(item["video"]), item["score"]) for item in slate.items)
        world.engine.close()
        return items

    assert scores("18-24", "f", "NL") == scores("65+", "m", "NL")


@pytest.mark.mission("NL-20")
def test_repeat_plays_and_each_interaction_are_counted_apart() -> None:
    world = opened(None)
    world.upload("v1", "t")
    acts: list[dict[str, object]] = [
        {"kind": kind, "viewer": "ada", "video": "v1"} for kind in ("like", "comment", "share", "save")
    ]
    world.send(
        {"kind": "watch", "viewer": "ada", "video": "v1", "seconds": 30.0, "replays": 2},
        *acts,
        {"kind": "follow", "viewer": "ada", "author": "author-v1", "video": "v1"},
    )
    told: Any = world.client.viewer("ada")["interests"]
    (why,) = [row for row in told if row["kind"] == "topic"]
    assert why["evidence"] == pytest.approx(1 + 1 + 1 + 1.5 + 1.5)
    world.engine.close()


def test_two_viewers_with_sessions_of_the_same_name_do_not_empty_each_others_feeds() -> None:
    world = opened(None)
    for number in range(20):
        world.upload(f"v{number}", "same")
    first = {viewer: set(world.feed(viewer, 20, session="s1")) for viewer in ("ada", "bob")}
    assert first["ada"] == first["bob"] == set(world.topic_of)
    assert world.feed("ada", 20, session="s1") == []


def test_an_event_that_got_into_the_log_twice_is_folded_once() -> None:
    world = opened(None)
    morning(world)
    twice = next(iter(world.engine.backend.log.read(0, ("events",))))
    world.engine.backend.log.append("events", twice.rows)
    live = tables_of(world.engine.backend.store)
    world.engine.rebuild()
    rebuilt = tables_of(world.engine.backend.store)
    assert all(np.array_equal(live[table][name], rebuilt[table][name]) for table in live for name in live[table])


def test_background_work_goes_on_after_it_failed_once(caplog: pytest.LogCaptureFixture) -> None:
    world = opened(None)
    morning(world)
    whole, failures = world.engine.recovery.save, [BackendError("no space left on the disk")]

    def save(base: bool = False) -> int:
        if failures:
            raise failures.pop()
        return whole(base)

    world.engine.recovery.save = save  # type: ignore[method-assign]
    world.engine.recovery.saved, world.engine.recovery.folding.seconds = 0, 10.0
    world.engine.start()
    for _ in range(100):
        if world.engine.recovery.saved > 0:
            break
        time.sleep(0.05)
    assert world.engine.recovery.saved > 0
    assert "no space left" in caplog.text
    world.engine.close()


def test_slates_are_thinned_after_a_day_and_forgotten_after_thirty() -> None:
    world = opened(None)
    morning(world)
    engine = world.engine

    def logged() -> list[int]:
        return [len(record.rows.columns) for record in engine.backend.log.read(0, ("served",))]

    wide = logged()
    assert len(wide) == 3
    engine.tidy()
    assert logged() == wide
    world.clock.forward(2 * DAY)
    engine.tidy()
    assert all(thin < full for thin, full in zip(logged(), wide, strict=True))
    world.clock.forward(29 * DAY)
    engine.tidy()
    assert logged() == []
    assert len(engine.backend.store.scan("served")[0]) == 0
