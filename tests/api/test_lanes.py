"""Who is let in, as figures: how long a request would wait, and how many bytes and how much memory there are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from litestar.testing import TestClient

from foryou.api.lanes import ALWAYS, KNOWN, Bodies, Held, Lane, Lanes
from foryou.api.memory import MemoryWatch, available, resident
from foryou.api.refuse import retry_after
from foryou.api.server import application
from foryou.app import Engine
from foryou.core.errors import Overloaded


def test_a_lane_is_full_with_its_most_or_when_one_would_wait_for_too_long() -> None:
    slow = Lane(most=100, patience_s=1.0, gap_s=0.1, answered=KNOWN)
    for inside in range(10):
        assert not slow.full, inside
        slow.enter()
    assert slow.full
    assert slow.wait_s == pytest.approx(1.1)
    small = Lane(most=2, patience_s=1.0)
    small.enter()
    assert not small.full
    small.enter()
    assert small.full


def test_how_slow_the_first_answers_after_a_start_are_keeps_nobody_out() -> None:
    lane = Lane(most=100, patience_s=1.0, gap_s=5.0, answered=KNOWN - 1)
    for _ in range(50):
        lane.enter()
    assert not lane.full


def test_a_few_are_let_in_however_slow_the_last_ones_were() -> None:
    lane = Lane(most=100, patience_s=0.1, gap_s=60.0, answered=KNOWN)
    for _ in range(ALWAYS):
        assert not lane.full
        lane.enter()
    assert lane.full
    for _ in range(ALWAYS):
        lane.leave()
    assert lane.gap_s < 60.0


def test_bytes_are_held_up_to_the_most_and_given_back() -> None:
    bodies = Bodies(most=100)
    one, two = Held(bodies), Held(bodies)
    one.more(60)
    two.more(40)
    with pytest.raises(Overloaded, match="100 bytes"):
        two.more(1)
    one.give()
    two.more(60)
    two.give()
    assert bodies.held == 0


def test_when_to_come_back_is_in_whole_seconds_from_one_to_sixty() -> None:
    assert [retry_after(seconds) for seconds in (0.0, 0.2, 1.2, 1e9)] == ["1", "1", "2", "60"]


def test_the_memory_of_this_process_is_known_here() -> None:
    assert 10_000_000 < resident() < available()
    assert not MemoryWatch(1.0, 1).short
    assert not MemoryWatch(0.5, 0).short
    assert MemoryWatch(0.5, resident()).short


def test_with_too_little_memory_left_events_are_refused_and_feeds_go_on(engine: Engine) -> None:
    app = application(engine)
    limits = Lanes.of(app, engine.settings.server, engine.settings.limits)
    with TestClient(replace(limits, memory=MemoryWatch(0.5, resident()))) as http:
        refused = http.post("/v1/events", json=[{"id": "e", "kind": "like", "viewer": "a", "video": "v"}])
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert "memory" in refused.json()["error"]["problem"]
        assert http.get("/v1/feed").status_code == 200
