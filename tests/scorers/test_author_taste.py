"""What the author of a new video likes counts for those who like the same, until enough people saw it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from foryou.core.ids import id_of
from foryou.core.pipeline import Candidates
from foryou.features.reach import REACH
from foryou.features.reach_settings import ReachSettings
from foryou.feed.recipe import SOURCES
from foryou.feed.serve import Ask, request_for
from foryou.scorers.author_taste import AuthorTaste
from foryou.settings import DataSettings, Settings
from foryou.text.embedder import TextSettings
from tests.loop.conftest import World, cars_and_knots

WIDE = ReachSettings(audiences=(2_000, 3_000, 4_000, 5_000))
FRESH = SOURCES.index("fresh")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """With an author who loves cars and one who likes nothing, each with a new video that says nothing of cars."""
    made = cars_and_knots(Settings(data=DataSettings(url="memory:"), text=TextSettings("hashed"), reach=WIDE))
    made.upload("by a mechanic", "untold", author="mechanic")
    made.upload("by a stranger", "untold", author="stranger")
    made.engine.embed()
    yield made
    made.engine.close()


def part(
    world: World, viewer: str, worth: float = 1.0, source: int = FRESH, views: float = WIDE.author_views
) -> list[float]:
    """What the video by the mechanic, and the one by the stranger, gets."""
    engine = world.engine
    request = request_for(
        Ask(viewer, 10, "for_you"), engine.backend.store, engine.version.model, 7, world.clock.at, 3, 1, True
    )
    item = np.array([id_of("video", name) for name in ("by a mechanic", "by a stranger")])
    author = engine.backend.store.columns("video", item, ("author",))["author"]
    known = {"sources": np.full(2, 1 << source), "rejected": np.zeros(2), "score": np.ones(2)}
    rows = Candidates({"item": item, "author": author, **known})
    told = AuthorTaste(engine.backend.store, worth, views, FRESH)(request, rows)
    assert told["score"] == pytest.approx(1.0 + told["author_taste"])
    return [float(value) for value in told["author_taste"]]


@pytest.mark.mission("NO-24", "E-05")
def test_a_video_of_who_loves_cars_is_worth_more_to_who_loves_cars_and_less_to_who_does_not(world: World) -> None:
    (carl, nobody), (nora, _) = part(world, "carl"), part(world, "nora")
    assert carl > 0.05 and nora < 0 and nobody == 0
    assert part(world, "nobody yet") == [0, 0]
    assert part(world, "carl", 2.0)[0] == pytest.approx(2 * carl)
    assert part(world, "carl", views=0.0) == [0, 0], "it is turned off"


@pytest.mark.mission("NO-24")
def test_it_fades_to_nothing_by_500_views(world: World) -> None:
    store, video = world.engine.backend.store, np.array([id_of("video", "by a mechanic")])
    before, found = store.read(REACH.name, video), part(world, "carl")[0]
    for views, left in ((0, 1.0), (250, 0.5), (500, 0.0), (5_000, 0.0)):
        store.write(REACH.name, video, before.extend({"total": np.full((1, 2), views, np.float32)}))
        assert part(world, "carl")[0] == pytest.approx(left * found)
    store.write(REACH.name, video, before)


def test_it_counts_where_a_video_looks_for_an_audience_only_and_can_be_turned_off(world: World) -> None:
    assert part(world, "carl", source=SOURCES.index("popular")) == [0, 0]
    assert part(world, "carl", worth=0.0) == [0, 0]
