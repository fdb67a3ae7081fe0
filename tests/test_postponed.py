"""Slates that are logged at once and folded later, and before anybody could tell."""

from __future__ import annotations

import threading

import numpy as np

from foryou.backends.memory import MemoryLog
from foryou.core.batch import Batch
from foryou.core.ports import Record
from foryou.postponed import MOST_POSTPONED, Postponed
from tests.loop.conftest import make_world


def slate(number: int) -> Batch:
    return Batch({"request": np.array([number])})


def postponed() -> tuple[Postponed, list[Record]]:
    folded: list[Record] = []
    return Postponed(MemoryLog(), threading.RLock(), folded.append), folded


def test_a_slate_is_in_the_log_before_it_is_folded() -> None:
    later, folded = postponed()
    later.add("served", slate(1))
    assert [record.rows["request"][0] for record in later.log.read()] == [1]
    assert folded == []
    later.catch_up()
    assert [record.offset for record in folded] == [1]


def test_what_came_later_than_an_offset_waits_on() -> None:
    later, folded = postponed()
    for number in range(3):
        later.add("served", slate(number))
    later.catch_up(before=3)
    assert [record.offset for record in folded] == [1, 2]


def test_few_wait() -> None:
    later, folded = postponed()
    for number in range(MOST_POSTPONED + 1):
        later.add("served", slate(number))
    assert [record.offset for record in folded] == list(range(1, MOST_POSTPONED + 2))


def test_they_are_folded_in_the_order_of_the_log_whoever_adds_and_folds() -> None:
    later, folded = postponed()

    def add() -> None:
        for number in range(200):
            later.add("served", slate(number))
            later.catch_up(before=number)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later.catch_up()
    assert [record.offset for record in folded] == list(range(1, 801))


def test_logging_a_slate_does_not_wait_for_who_changes_the_tables() -> None:
    later, _ = postponed()
    done = threading.Event()

    def add() -> None:
        later.add("served", slate(1))
        done.set()

    with later.lock:
        threading.Thread(target=add).start()
        assert done.wait(10)


def test_the_next_feed_of_a_session_knows_the_last_one() -> None:
    world = make_world()
    try:
        first = world.client.feed("ada", n=10, session="one")
        second = world.client.feed("ada", n=10, session="one")
        assert not {item["video"] for item in first.items} & {item["video"] for item in second.items}
    finally:
        world.engine.close()


def test_a_base_that_is_kept_has_every_slate_in_it() -> None:
    world = make_world()
    try:
        world.client.feed("ada", n=10)
        world.engine.save(base=True)
        assert world.engine.status()["offset"] == world.engine.backend.log.end
        assert world.engine.recovery.saved == world.engine.backend.log.end
    finally:
        world.engine.close()


def test_a_slate_that_waits_while_everything_is_folded_again_is_folded_once() -> None:
    world = make_world()
    try:
        for _ in range(2):
            world.client.feed("ada", n=10, session="one")
        world.engine.rebuild()
        world.engine.take()
        assert len(world.engine.learner._join._items) == 20  # its rows wait for what becomes of them
    finally:
        world.engine.close()
