"""What the model holds of a viewer goes where their tastes go: into snapshots and out of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from foryou.core.clock import MINUTE
from foryou.core.ids import id_of
from foryou.models.ranker import Ranker
from foryou.models.remembered import Remembered
from foryou.models.shape import slot
from tests.loop.conftest import World, make_world


@pytest.fixture(scope="module")
def town() -> Iterator[World]:
    made = make_world()
    yield made
    made.engine.close()


def held(world: World, viewer: str) -> list[float]:
    """The row of the model that is the viewer's alone, in what serves."""
    model = world.engine.version.model
    assert isinstance(model, Ranker)
    row = int(model.table.find(slot("viewer"), np.array([id_of("viewer", viewer)]))[0])
    return model.table.vectors[row].tolist() if row else []


def learn(world: World) -> None:
    world.clock.forward(MINUTE)
    while world.engine.work():
        pass


def watches(world: World, viewer: str, turns: int = 2) -> list[float]:
    """What the model holds of a viewer once they have watched some slates."""
    for turn in range(turns):
        for place, video in enumerate(world.feed(viewer, 10, session=f"{world.clock.at}")):
            world.watch(viewer, video, 12.0 if (place + turn) % 2 else 1.0)
    learn(world)
    return held(world, viewer)


def does(world: World, viewer: str, kind: str, name: str = "") -> list[float]:
    world.send({"kind": kind, "viewer": viewer, **({"name": name} if name else {})})
    learn(world)
    return held(world, viewer)


def test_a_refresh_takes_what_the_model_holds_of_the_viewer_and_its_undo_brings_it_back(town: World) -> None:
    before = watches(town, "rex")
    assert before
    assert does(town, "rex", "refresh") == [], "at once, though nobody taught the model anything since"
    assert does(town, "rex", "restore", "before refresh") == before


def test_a_snapshot_brings_back_what_the_model_held_then_and_it_learns_on_from_there(town: World) -> None:
    then = watches(town, "sia")
    does(town, "sia", "snapshot", "then")
    later = watches(town, "sia")
    assert later != then
    assert does(town, "sia", "restore", "no such name") == later
    assert does(town, "sia", "restore", "then") == then
    assert watches(town, "sia") not in (then, later)
    does(town, "sia", "unsnapshot", "then")
    now = held(town, "sia")
    assert does(town, "sia", "restore", "then") == now, "there is nothing to come back to"


def test_a_snapshot_of_who_the_model_knew_nothing_of_brings_nothing_back(town: World) -> None:
    does(town, "new", "snapshot", "empty")
    assert watches(town, "new")
    assert does(town, "new", "restore", "empty") == []


def test_of_a_tenth_snapshot_the_oldest_goes_from_the_model_too(town: World) -> None:
    then = watches(town, "ten")
    for number in range(10):
        does(town, "ten", "snapshot", f"number {number}")
    later = watches(town, "ten")
    assert does(town, "ten", "restore", "number 0") == later
    assert does(town, "ten", "restore", "number 1") == then


def test_a_replay_gives_the_same_and_who_is_erased_is_in_no_snapshot() -> None:
    world = make_world()
    then = watches(world, "ria")
    does(world, "ria", "snapshot", "then")
    later = watches(world, "ria")
    world.engine.rebuild()
    learn(world)
    assert held(world, "ria") == later
    assert does(world, "ria", "restore", "then") == then
    state = world.engine.learner.model.state()
    assert id_of("viewer", "ria") in state["remembered.of"]
    world.engine.erase("ria")
    assert len(world.engine.learner.model.state()["remembered.of"]) == 0
    assert held(world, "ria") == []
    world.engine.close()


def test_what_is_remembered_comes_back_from_a_state_and_an_older_state_remembers_nothing() -> None:
    one, other = Remembered(3), Remembered(3)
    one.keep(1, 7, np.array([1, 2, 3], np.float32))
    one.keep(2, 7, np.zeros(0, np.float32))
    other.keep(9, 9, np.ones(3, np.float32))
    other.restore(one.state())
    assert [other.get(viewer, 7).tolist() for viewer in (1, 2)] == [[1, 2, 3], []]  # type: ignore[union-attr]
    assert other.get(9, 9) is None
    assert other.forget(np.array([1])) == 1 and len(other) == 1 and len(one) == 2
    other.restore({})
    assert len(other) == 0
