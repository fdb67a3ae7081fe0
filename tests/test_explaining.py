"""Explanations when nobody waits, on demand, from the log, and from what is left of it."""

from __future__ import annotations

import gc
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foryou import explaining
from foryou.app import Engine
from foryou.client import in_process
from foryou.core.clock import DAY, MINUTE, ManualClock
from foryou.core.heads import NAMES
from foryou.core.inputs import FAMILIES
from foryou.feed.recipe import BESIDE
from foryou.retention import EXPLAINED_STREAM
from foryou.settings import DataSettings, Settings
from tests.loop.conftest import World, make_world


@pytest.fixture
def world() -> Iterator[World]:
    made = make_world()
    made.finish("ada", *made.videos("topic3")[:6])
    yield made
    made.engine.close()


def why(world: World, request: str, video: object) -> Any:
    return world.client.explain(request, str(video))


def families(told: Any) -> dict[str, float]:
    return {row["family"]: row["part"] for row in told["families"]}


def explained(world: World) -> list[int]:
    """The requests whose explanations are in the log, in order."""
    log = world.engine.backend.log.read(0, (EXPLAINED_STREAM,))
    return [int(record.rows["request"][0]) for record in log]


def learn(world: World, viewer: str) -> None:
    """The model learns something, and its new version serves."""
    world.clock.forward(10 * MINUTE)
    world.finish(viewer, *world.videos("topic5")[:5])
    world.engine.learner.flush()
    world.engine.learner.step()
    world.engine.publish()


def forget(world: World) -> None:
    """What is kept in memory is lost, as in a crash."""
    world.engine._explanations._kept.clear()


def test_slates_are_explained_once_nothing_has_come_since_the_last_look(world: World) -> None:
    first = world.client.feed("ada", n=3)
    world.engine.work()
    assert explained(world) == []
    second = world.client.feed("ada", n=3, session="other")
    world.engine.work()
    assert explained(world) == []
    while world.engine.work():
        pass
    assert sorted(explained(world)) == [int(first.request), int(second.request)]
    assert world.engine.status()["unexplained"] == 0


def test_asking_explains_that_slate_at_once_and_only_once(world: World) -> None:
    asked, other = world.client.feed("ada", n=3), world.client.feed("bob", n=3)
    told = [why(world, asked.request, item["video"]) for item in (*asked.items, *asked.items)]
    assert explained(world) == [int(asked.request)]
    assert told[:3] == told[3:]
    while world.engine.work():
        pass
    assert explained(world) == [int(asked.request), int(other.request)]


@pytest.mark.mission("NL-18")
def test_a_slate_is_explained_by_the_version_that_ranked_it_though_that_is_gone(world: World) -> None:
    ranker = weakref.ref(world.engine.version.model)
    slate = world.client.feed("ada", n=3)
    learn(world, "bob")
    gc.collect()
    assert ranker() is None
    told = why(world, slate.request, slate.items[0]["video"])
    assert told["model"] == told["explained_with"] == slate.model != world.engine.version.model.version
    assert set(families(told)) == {*FAMILIES, *BESIDE, "variety", "exploration"}


def test_the_oldest_beyond_the_bound_are_explained_from_the_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = world.client.feed("ada", n=3)
    of_kept = [why(world, kept.request, item["video"]) for item in kept.items]
    world.engine.backend.documents.trim("explained", int(kept.request) + 1)
    from_log = [why(world, kept.request, item["video"]) for item in kept.items]
    for one, other in zip(of_kept, from_log, strict=True):
        assert other["explained_with"] == other["model"] == one["model"]
        assert families(other) == pytest.approx(families(one), abs=1e-5)
        assert other["neutral"] == pytest.approx(one["neutral"], abs=1e-5)
        assert other["heads"] == one["heads"]
        assert [each for each in other["words"] if each in one["words"]] == other["words"]
        assert "moved" in one
        assert "moved" not in other
    monkeypatch.setattr(explaining, "MOST_KEPT", 2)
    slates = [world.client.feed("ada", n=3, session=str(number)) for number in range(4)]
    assert world.engine.status()["unexplained"] == 2
    assert ["moved" in why(world, slate.request, slate.items[0]["video"]) for slate in slates] == [
        False,
        False,
        True,
        True,
    ]


def test_what_is_kept_is_bounded_in_bytes_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.client.feed("ada", n=10)
    kept = world.engine._explanations._bytes
    assert 10_000 < kept < 200_000
    monkeypatch.setattr(explaining, "MOST_KEPT_BYTES", 2 * kept + kept // 2)
    for number in range(5):
        world.client.feed("ada", n=10, session=str(number))
    assert world.engine.status()["unexplained"] == 2
    while world.engine.work():
        pass
    assert world.engine._explanations._bytes == 0


@pytest.mark.mission("NL-18")
def test_bars_of_another_version_add_up_to_the_score_that_was_logged_and_say_what_it_learned(world: World) -> None:
    slate = world.client.feed("ada", n=5)
    forget(world)
    learn(world, "bob")
    for item in slate.items:
        told = why(world, slate.request, item["video"])
        assert told["model"] == slate.model
        assert told["explained_with"] == world.engine.version.model.version != slate.model
        parts = families(told)
        assert set(parts) == {*FAMILIES, *BESIDE, "variety", "exploration", "version"}
        assert parts["version"] != 0
        assert told["neutral"] + sum(parts.values()) == pytest.approx(item["score"], abs=1e-9)
        beside = sum(told[name] for name in (*BESIDE, "variety", "exploration"))
        assert sum(row["part"] for row in told["heads"]) + beside == pytest.approx(item["score"])
        assert "without_strongest" not in told
        assert any(told["explained_with"] in sentence and slate.model in sentence for sentence in told["words"])


@pytest.mark.mission("NL-18")
def test_a_day_later_a_slate_that_was_never_explained_still_says_what_was_predicted(world: World) -> None:
    slate = world.client.feed("ada", n=5)
    plain = world.client.feed("ada", n=2, surface="plain")
    forget(world)
    world.clock.forward(2 * DAY)
    world.engine.tidy()
    for item in slate.items:
        told = why(world, slate.request, item["video"])
        assert (told["source"], told["position"], told["score"]) == (item["source"], item["position"], item["score"])
        assert {row["head"] for row in told["heads"]} == set(NAMES)
        beside = sum(told[name] for name in (*BESIDE, "variety", "exploration"))
        assert sum(row["part"] for row in told["heads"]) + beside == pytest.approx(item["score"])
        assert told["families"] == []
        assert "kept for a day" in told["words"][-1]
    assert explained(world) == []
    assert why(world, plain.request, plain.items[0]["video"])["words"][0].startswith("Popular and recent")


def test_after_a_crash_a_slate_is_found_in_the_log(tmp_path: Path) -> None:
    def opened(path: Path) -> tuple[Engine, ManualClock]:
        clock = ManualClock(1_700_000_000_000)
        return Engine.open(Settings(data=DataSettings(url=f"file:{path}")), clock), clock

    engine, clock = opened(tmp_path / "one")
    client = in_process(engine)
    rows = [{"id": f"v{n}", "kind": "video", "video": f"v{n}", "at": clock.at, "duration": 9.0} for n in range(30)]
    client.events(rows)
    slates = []
    for number in range(5):
        slates.append(client.feed("ada", n=3, session=str(number)))
        clock.forward(MINUTE)
        if number == 2:
            engine.save()
    engine.backend.log.sync()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    again, later = opened(tmp_path / "two")
    later.at = clock.at
    for slate in slates:
        told = in_process(again).explain(slate.request, str(slate.items[1]["video"]))
        assert told["position"] == 1
        assert told["families"]
    assert again.status()["unexplained"] == 0
    again.close()
    engine.close()


def test_feeds_go_on_while_a_slate_is_explained(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that is asked for in the middle of an explanation is answered before that ends."""
    slate = world.client.feed("ada", n=3)
    answered: list[int] = []
    compute = explaining.explain

    def slowly(kept: explaining.Kept) -> list[dict[str, object]]:
        answered.append(len(world.client.feed("bob", n=3).items))
        return compute(kept)

    monkeypatch.setattr(explaining, "explain", slowly)
    assert why(world, slate.request, slate.items[0]["video"])["position"] == 0
    assert answered == [3]


def test_a_number_that_is_no_request_is_refused_in_words(world: World) -> None:
    for request in ("-1", "1e3", "٣", str(1 << 63), "9" * 40):
        with pytest.raises(explaining.NotFound, match="no request"):
            why(world, request, "v1")
    with pytest.raises(explaining.NotFound, match="showed no video"):
        why(world, str((world.clock.at << 20) | 77), "v1")
    assert np.iinfo(np.int64).max > world.clock.at << 20


@pytest.mark.mission("NO-18")
def test_it_says_what_a_video_asks_for_where_that_counts_for_less(world: World) -> None:
    served = world.client.feed("ada", n=3)
    baiting, inviting, silent = (str(item["video"]) for item in served.items)
    captions = {baiting: "Like and share before it gets deleted", inviting: "Save this for later"}
    world.client.events(
        [{"id": f"c{video}", "kind": "video", "video": video, "caption": text} for video, text in captions.items()]
    )
    said = {video: why(world, served.request, video) for video in (baiting, inviting, silent)}
    sentence = "Its own words ask for likes and shares: here those count for less, so that asking brings it no further."
    assert (said[baiting]["baited"], sentence in said[baiting]["words"]) == (["like", "share"], True)
    assert [said[video]["baited"] for video in (inviting, silent)] == [[], []]
    cards = [world.engine.video(video) for video in (baiting, inviting, silent)]
    asks = [(["like", "share"], ["like", "share"]), (["save"], []), ([], [])]
    assert [(card["asks"], card["baits"]) for card in cards] == asks
