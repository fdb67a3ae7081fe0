"""Of what a viewer wants none of nothing comes, and where nothing else is left they are told so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loop.conftest import EACH, TOPICS, World, make_world


@pytest.fixture(scope="module")
def library() -> Iterator[World]:
    made = make_world()
    yield made
    made.engine.close()


def prefer(world: World, viewer: str, topics: set[int], strength: float) -> None:
    world.send(
        *({"kind": "prefer", "viewer": viewer, "hashtag": f"topic{n}", "strength": strength} for n in sorted(topics))
    )


def shown(world: World, viewer: str, n: int = 30) -> tuple[set[int], dict[str, int]]:
    """The topics of the next videos, and what is withheld."""
    slate: Any = world.client.feed(viewer, n=n)
    topics = {int(world.topic_of[item["video"]].removeprefix("topic")) for item in slate.items}
    return topics, {row["name"]: row["videos"] for row in slate.withheld}


@pytest.mark.mission("NO-07")
@given(none=st.sets(st.integers(0, TOPICS - 1)), some=st.sets(st.integers(0, TOPICS - 1)))
@settings(max_examples=25, deadline=None)
def test_nothing_comes_of_what_is_wanted_none_of_and_something_does_while_anything_else_is_left(
    library: World, none: set[int], some: set[int]
) -> None:
    viewer = f"wants {sorted(none)} {sorted(some)}"
    prefer(library, viewer, some, 0.1)
    prefer(library, viewer, none, 0)
    topics, withheld = shown(library, viewer)
    assert not topics & none
    assert bool(topics) == (len(none) < TOPICS)
    assert set(withheld) <= {f"topic{n}" for n in none}
    if not topics:
        assert set(withheld) == {f"topic{n}" for n in none}
        assert all(0 < videos <= EACH for videos in withheld.values())


def test_where_nothing_else_is_left_the_wish_is_named_and_lifting_it_brings_the_videos(library: World) -> None:
    prefer(library, "nel", set(range(TOPICS)), 0)
    tried: Any = library.client.preview("nel", [{"kind": "prefer", "hashtag": "topic2", "strength": 1}])
    assert {library.topic_of[item["video"]] for item in tried["items"]} == {"topic2"}
    still: Any = library.client.preview("nel", [])
    assert still["items"] == []
    assert {row["name"] for row in still["withheld"]} == {f"topic{n}" for n in range(TOPICS)}
    prefer(library, "nel", {2}, 1)
    topics, withheld = shown(library, "nel", 100)
    assert topics == {2}
    assert "topic2" not in withheld and len(withheld) == TOPICS - 1, "fewer came than were asked for"


def test_who_wants_none_of_nothing_has_nothing_withheld(library: World) -> None:
    prefer(library, "ned", {1}, 0.1)
    assert shown(library, "ned", 100)[1] == {}


def test_none_of_an_author_or_a_sound_is_none_of_their_videos_and_those_followed_still_come_under_following() -> None:
    world = make_world()
    for number in range(4):
        world.upload(f"hers{number}", f"topic{number}", author="herself", sound="song")
    world.send(
        {"kind": "follow", "viewer": "pat", "author": "herself"},
        {"kind": "prefer", "viewer": "pat", "author": "herself", "strength": 0},
    )
    assert not {video for video in world.feed("pat", 100) if video.startswith("hers")}
    assert set(world.feed("pat", 10, surface="following")) == {f"hers{n}" for n in range(4)}
    world.engine.close()


def test_who_forgets_a_hashtag_is_not_brought_back_to_it_by_its_creators_and_keeps_what_else_they_know() -> None:
    world = make_world()
    for number in range(6):
        world.upload(f"hers{number}", "topic1", author="herself", sound="song")
        world.upload(f"his{number}", "topic2", author="himself")
    for number in range(4):
        world.finish("fia", f"hers{number}", f"his{number}")
    world.act("fia", "like", "hers0", "his0")
    world.send({"kind": "forget", "viewer": "fia", "hashtag": "topic1"})
    known: Any = world.client.viewer("fia")
    assert {row["name"] for row in known["interests"]} & {"topic1", "topic2", "herself", "himself", "song"} == {
        "topic2",
        "himself",
    }
    assert world.client.evidence("fia", "author", "herself") == []
    world.engine.close()
