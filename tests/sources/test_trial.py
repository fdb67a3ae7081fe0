"""Who sees a video first: those who are likely to care, whoever posted it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from foryou.core.clock import SECOND
from foryou.core.ids import id_of
from foryou.features.reach import REACH
from foryou.features.reach_settings import ReachSettings
from foryou.feed.serve import Ask, request_for
from foryou.settings import DataSettings, Settings
from foryou.sources.trial import Trial
from foryou.text.embedder import TextSettings
from tests.loop.conftest import World, cars_and_knots

WIDE = ReachSettings(audiences=(2_000, 3_000, 4_000, 5_000))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = cars_and_knots(Settings(data=DataSettings(url="memory:"), text=TextSettings("hashed"), reach=WIDE))
    yield made
    made.engine.close()


def scores(world: World, viewer: str, seed: int = 1, reach: ReachSettings = WIDE) -> dict[str, float]:
    """What the source says of each video that looks for an audience, for a viewer."""
    engine = world.engine
    ask = Ask(viewer, 10, "for_you")
    request = request_for(ask, engine.backend.store, engine.version.model, 77, world.clock.at, 3, seed, True)
    found = Trial(engine.backend.store, most=50, reach=reach)(request)
    names = {id_of("video", name): name for name in world.topic_of}
    return {names[int(item)]: float(score) for item, score in zip(found["item"], found["source_score"], strict=True)}


def mean(world: World, viewer: str, video: str, other: str) -> float:
    """How much more a video is for a viewer than another, over what chance adds."""
    each = [scores(world, viewer, seed) for seed in range(30)]
    return float(np.mean([of[video] - of[other] for of in each]))


def test_a_video_is_shown_first_to_those_who_like_what_it_is_about(world: World) -> None:
    world.upload("new car", "cars")
    world.upload("new knot", "knots")
    assert mean(world, "carl", "new car", "new knot") > 0.3
    assert mean(world, "nora", "new car", "new knot") < -0.3
    assert abs(mean(world, "nobody yet", "new car", "new knot")) < 0.1


@pytest.mark.mission("NO-24", "E-05")
def test_an_authors_own_taste_says_who_sees_the_first_500_views(world: World) -> None:
    world.upload("by a mechanic", "untold", author="mechanic")
    world.upload("by a stranger", "untold", author="stranger")
    world.engine.embed()
    assert mean(world, "carl", "by a mechanic", "by a stranger") > 0.15
    assert mean(world, "nora", "by a mechanic", "by a stranger") < 0.05

    def after(views: float) -> float:
        video = np.array([id_of("video", "by a mechanic")])
        store = world.engine.backend.store
        before = store.read(REACH.name, video)
        store.write(REACH.name, video, before.extend({"total": np.full((1, 2), views, np.float32)}))
        found = mean(world, "carl", "by a mechanic", "by a stranger")
        store.write(REACH.name, video, before)
        return found

    none = after(500)
    assert abs(none) < 0.1
    assert after(0) > after(250) > none


@pytest.mark.mission("NL-05")
def test_a_like_shows_a_video_on_to_those_who_liked_the_same(world: World) -> None:
    world.upload("liked by carl's kind", "untold")
    world.upload("liked by nobody", "untold")
    world.finish("mechanic", "liked by carl's kind")
    world.act("mechanic", "like", "liked by carl's kind")
    assert mean(world, "carl", "liked by carl's kind", "liked by nobody") > 0.1
    assert mean(world, "nora", "liked by carl's kind", "liked by nobody") < 0.05


@pytest.mark.mission("NO-08", "E-15")
def test_followers_are_no_reason(world: World) -> None:
    world.upload("by the famous", "cars", author="famous")
    world.upload("by the unknown", "cars", author="unknown")
    before = mean(world, "carl", "by the famous", "by the unknown")
    world.send(*({"kind": "follow", "viewer": f"fan{n}", "author": "famous"} for n in range(1_000)))
    assert mean(world, "carl", "by the famous", "by the unknown") == before


def test_what_had_its_audience_or_its_time_is_not_brought(world: World) -> None:
    assert not [name for name in scores(world, "carl") if name.startswith("car")]
    world.upload("short", "cars")
    assert "short" in scores(world, "carl")
    world.clock.forward(SECOND)
    assert "short" not in scores(world, "carl", reach=replace(WIDE, hours=1e-6))
