"""What the engine believes about a viewer, as the viewer can check it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest

from foryou.core.clock import DAY
from tests.loop.conftest import World, make_world

Told: TypeAlias = dict[str, dict[str, Any]]


@pytest.fixture
def world() -> Iterator[World]:
    made = make_world()
    yield made
    made.engine.close()


def known(world: World, what: str, kind: str = "topic") -> Told:
    rows = world.client.viewer("ada")[what]
    assert isinstance(rows, list)
    return {str(row["name"]): row for row in rows if row["kind"] == kind}


@pytest.mark.mission("NO-06")
@pytest.mark.mission("NL-19")
def test_interests_are_listed_by_name_with_strength_and_evidence(world: World) -> None:
    world.finish("ada", *world.videos("topic3")[:4])
    (interest,) = known(world, "interests").values()
    assert interest["name"] == "topic3"
    assert interest["strength"] == pytest.approx(4 / 6, rel=1e-3)
    assert interest["evidence"] == pytest.approx(4, rel=1e-2)
    assert set(known(world, "interests", "author")) == {f"author-{video}" for video in world.videos("topic3")[:4]}
    assert set(known(world, "interests", "length")) == {"7-15 s"}


@pytest.mark.mission("NO-07")
def test_non_interests_are_listed_under_less_of_for_more_than_a_month(world: World) -> None:
    world.act("ada", "not_interested", *world.videos("topic5")[:3])
    world.watch("ada", world.videos("topic6")[0], 0.5)
    less = known(world, "less_of")
    assert set(less) == {"topic5", "topic6"}
    assert less["topic5"]["rejected"] == 3
    assert float(less["topic6"]["strength"]) < 0
    world.clock.forward(31 * DAY)
    assert "topic5" in known(world, "less_of")


@pytest.mark.mission("NO-33")
def test_signals_of_this_week_are_counted(world: World) -> None:
    def signals() -> object:
        return world.client.viewer("ada")["signals_this_week"]

    assert signals() == 0
    world.watch("ada", "v1", 5.0)
    assert signals() == 1
    world.act("ada", "like", "v1")
    assert signals() == 2
    world.watch("ada", "v2", 0.5)
    assert signals() == 4  # a watch, and a skip
    world.act("ada", "unlike", "v1")
    assert signals() == 3
    world.clock.forward(7 * DAY + 1)
    assert signals() == 0


@pytest.mark.mission("NO-34")
def test_saving_a_video_raises_its_topic_by_what_the_profile_then_says(world: World) -> None:
    world.finish("ada", "v3")
    before = known(world, "interests")["topic3"]
    world.act("ada", "save", "v13")
    after = known(world, "interests")["topic3"]
    world.act("ada", "unsave", "v13")
    assert after["strength"] == pytest.approx(2.5 / 4.5, abs=1e-4)
    assert before["strength"] == pytest.approx(1 / 3, abs=1e-4)
    assert known(world, "interests")["topic3"] == before


def test_nothing_is_known_of_a_stranger(world: World) -> None:
    assert world.client.viewer("nobody") == {
        "viewer": "nobody",
        "signals_this_week": 0,
        "signals": [],
        "interests": [],
        "less_of": [],
        "trust": {"weight": 1.0, "suspicious": False, "against": []},
        "novelty": 0.0,
        "settings": {
            "novelty": 0.0,
            "niche": 0.0,
            "length": 0.0,
            "languages": [],
            "demographics": True,
            "pause_until": None,
        },
        "paused_until": None,
        "prefers": [],
        "hidden": [],
        "snapshots": [],
        "asked_less": [],
        "lesson": None,
    }


def test_how_adventurous_a_feed_a_viewer_wants_is_what_they_said_last(world: World) -> None:
    world.send(
        {"kind": "viewer", "viewer": "eve", "novelty": -0.5}, {"kind": "viewer", "viewer": "eve", "country": "NL"}
    )
    assert world.client.viewer("eve")["novelty"] == -0.5
    world.send({"kind": "viewer", "viewer": "eve", "novelty": 1})
    assert world.client.viewer("eve")["novelty"] == 1
    world.send({"kind": "viewer", "viewer": "eve", "novelty": 0})
    assert world.client.viewer("eve")["novelty"] == 0
    bold = {"id": "bold", "kind": "viewer", "viewer": "eve", "novelty": 1.5}
    (refusal,) = world.client.events([bold]).refused
    assert refusal.field == "novelty"
