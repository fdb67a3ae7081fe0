"""Viewers can start anew and come back, are told what is known of them and what came of it, and can try things out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from foryou.core.clock import DAY, MINUTE
from foryou.core.errors import InvalidEvent
from foryou.core.ids import id_of
from foryou.features.interests import INTERESTS
from tests.loop.conftest import World, all_shown, interest, make_world, tastes, told


@pytest.fixture(scope="module")
def library() -> Iterator[World]:
    """One world for tests whose viewers are their own."""
    made = make_world()
    yield made
    made.engine.close()


# --- starting anew ----------------------------------------------------------------------------------------------------


def test_a_refresh_starts_anew_keeps_what_is_no_taste_and_can_be_undone_for_a_month(library: World) -> None:
    library.finish("rob", *library.videos("topic3")[:8])
    library.act("rob", "like", library.videos("topic3")[0])
    library.send({"kind": "follow", "viewer": "rob", "author": "author-v2"})
    library.send({"kind": "hide", "viewer": "rob", "hashtag": "topic9"})
    before, share = tastes(library, "rob"), library.share("rob", "topic3")
    assert share > 0.2
    library.send({"kind": "refresh", "viewer": "rob"})
    known = told(library, "rob")
    assert known["interests"] == known["less_of"] == [] and known["signals_this_week"] == 0
    assert library.share("rob", "topic3") < share / 2
    shown = all_shown(library, "rob")
    assert not shown & {*library.videos("topic3")[:8], *library.videos("topic9")}
    assert library.feed("rob", 5, surface="following") == ["v2"]
    library.act("rob", "unlike", library.videos("topic3")[0])
    assert interest(library, "rob", "topic3")["strength"] == 0, "nothing of it is there to take back"
    library.clock.forward(31 * DAY)
    assert [row["name"] for row in told(library, "rob")["snapshots"]] == ["before refresh"]
    library.send({"kind": "restore", "viewer": "rob", "name": "before refresh"})
    assert tastes(library, "rob") == before
    assert library.share("rob", "topic3") > 0.2


def test_tastes_are_kept_under_a_name_and_are_as_they_were_then(library: World) -> None:
    library.finish("sue", *library.videos("topic3")[:4])
    then = tastes(library, "sue")
    library.send({"kind": "snapshot", "viewer": "sue", "name": "før ferien"})
    library.finish("sue", *library.videos("topic4")[:8])
    assert tastes(library, "sue") != then
    library.send({"kind": "restore", "viewer": "sue", "name": "no such thing"})
    library.send({"kind": "restore", "viewer": "sue", "name": "før ferien"})
    assert tastes(library, "sue") == then
    for number in range(9):
        library.clock.forward(MINUTE)
        library.send({"kind": "snapshot", "viewer": "sue", "name": f"number {number}"})
    names = [row["name"] for row in told(library, "sue")["snapshots"]]
    assert names == [f"number {number}" for number in range(8, -1, -1)], "the oldest had to make room"
    library.send({"kind": "unsnapshot", "viewer": "sue", "name": "number 3"})
    assert "number 3" not in [row["name"] for row in told(library, "sue")["snapshots"]]


# --- what the viewer is told ------------------------------------------------------------------------------------------


@pytest.mark.mission("NO-34")
def test_the_last_lesson_is_the_difference_of_what_was_known_before_and_after(library: World) -> None:
    library.finish("lea", "v3")
    before = interest(library, "lea", "topic3")["strength"]
    library.send(
        {"kind": "impression", "viewer": "lea", "video": "v13"},
        {"kind": "watch", "viewer": "lea", "video": "v13", "seconds": 12.0},
        {"kind": "save", "viewer": "lea", "video": "v13"},
    )
    lesson = told(library, "lea")["lesson"]
    assert (lesson["kind"], lesson["video"], lesson["at"]) == ("save", "v13", library.clock.at)
    change = next(row for row in lesson["changes"] if row["name"] == "topic3")
    assert change["before"] == pytest.approx(0.5, abs=1e-3), "after the watch"
    assert change["after"] == pytest.approx(interest(library, "lea", "topic3")["strength"], abs=1e-6)
    library.act("lea", "unsave", "v13")
    back = told(library, "lea")["lesson"]
    assert back["kind"] == "unsave"
    undone = next(row for row in back["changes"] if row["name"] == "topic3")
    assert (undone["before"], undone["after"]) == (change["after"], change["before"])
    assert before < change["before"]


@pytest.mark.mission("NO-33")
@pytest.mark.mission("NL-19")
def test_interests_say_since_when_and_signals_of_the_week_are_listed(library: World) -> None:
    library.finish("lin", "v3")
    day = library.clock.at // DAY * DAY
    library.clock.forward(3 * DAY)
    library.finish("lin", "v13")
    row = interest(library, "lin", "topic3")
    assert (row["since"], row["last"]) == (day, library.clock.at // DAY * DAY)
    known = told(library, "lin")
    assert known["signals_this_week"] == len(known["signals"]) > 0
    assert known["signals"][0]["video"] == "v13"


@pytest.mark.mission("NO-07")
def test_the_meter_says_what_share_was_shown_before_and_since() -> None:
    world = make_world()
    shown = [*world.videos("topic3")[:10], *world.videos("topic4")[:30]]
    world.finish("meg", *shown)
    world.clock.forward(2000)
    world.send({"kind": "hide", "viewer": "meg", "hashtag": "topic3"})
    world.send({"kind": "prefer", "viewer": "meg", "hashtag": "topic4", "strength": 0.5})
    world.act("meg", "not_interested", world.videos("topic4")[0])
    world.clock.forward(2000)
    world.finish("meg", *world.videos("topic5")[:7], world.videos("topic4")[29])
    # one of topic4 was shown before and since: it counts where it was last
    rows = {row["name"]: row for row in told(world, "meg")["asked_less"] if row["kind"] == "hashtag"}
    assert rows["topic3"]["before"] == {"share": round(10 / 39, 4), "n": 39}
    assert rows["topic3"]["after"] == {"share": 0.0, "n": 8}
    assert rows["topic3"]["instead"] == [
        {"kind": "hashtag", "name": "topic5", "before": 0.0, "after": 0.875},
    ]
    assert rows["topic4"]["by"] == "prefer" and rows["topic4"]["after"] == {"share": 0.125, "n": 8}
    world.engine.close()


# --- trying it out ----------------------------------------------------------------------------------------------------


def test_a_preview_is_what_the_feed_then_is_and_changes_nothing(library: World) -> None:
    library.finish("pru", *library.videos("topic3")[:4])
    library.clock.forward(MINUTE)
    before, events = tastes(library, "pru"), library.engine.status()["events"]
    nothing: Any = library.client.preview("pru", [])
    now = [item["video"] for item in nothing["items"]]
    assert nothing["removed"] == [] and not any(item["added"] for item in nothing["items"])
    wished = [
        {"kind": "prefer", "hashtag": "topic7", "strength": 2},
        {"kind": "hide", "hashtag": "topic3"},
        {"kind": "viewer", "niche": 0.5},
    ]
    started = time.perf_counter()
    tried: Any = library.client.preview("pru", wished)
    assert time.perf_counter() - started < 1
    videos = [item["video"] for item in tried["items"]]
    assert len(videos) == 12 and sum(library.topic_of[video] == "topic7" for video in videos) >= 4
    assert "topic3" not in {library.topic_of[video] for video in videos}
    assert {item["video"] for item in tried["items"] if item["added"]} == set(videos) - set(now)
    assert {item["video"] for item in tried["removed"]} == set(now) - set(videos)
    assert tastes(library, "pru") == before and library.engine.status()["events"] == events
    assert told(library, "pru")["prefers"] == told(library, "pru")["hidden"] == []
    assert library.feed("pru", 12) == now


def test_what_could_not_come_cannot_be_tried(library: World) -> None:
    with pytest.raises(InvalidEvent, match="strength"):
        library.client.preview("pru", [{"kind": "prefer", "hashtag": "topic7", "strength": 3}])
    with pytest.raises(InvalidEvent, match="no control"):
        library.client.preview("pru", [{"kind": "like", "video": "v1"}])


def test_a_row_of_an_interest_is_gone_when_it_is_forgotten_and_the_others_are_found(library: World) -> None:
    library.finish("ros", *(f"v{number}" for number in range(10)))
    library.send({"kind": "forget", "viewer": "ros", "hashtag": "topic0"})
    held = library.engine.backend.store.read(INTERESTS.name, np.array([id_of("viewer", "ros")]))["key"][0]
    assert id_of("topic", "topic0") not in held
    assert np.count_nonzero(held[: np.count_nonzero(held)]) == np.count_nonzero(held)
    assert all(interest(library, "ros", f"topic{number}")["strength"] > 0 for number in range(1, 10))
