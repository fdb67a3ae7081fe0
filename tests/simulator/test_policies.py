"""Every policy serves a world by the rules: nothing twice, nothing that is not out, and no repeats."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.errors import InvalidEvent, NotFound
from foryou.simulator.creators import BUYS_LIKES
from foryou.simulator.farms import farmed
from foryou.simulator.measures import measured
from foryou.simulator.policies.engine import ForYou, InProcess
from foryou.simulator.policies.known import POLICIES, policy_of
from foryou.simulator.policies.shelf import Shelf
from foryou.simulator.policies.wires import ACTS, Wires
from foryou.simulator.public import public
from foryou.simulator.run import Outcome, simulate
from foryou.simulator.world import Sizes, World, make

SMALL = Sizes(60, 12, 260, 2)


@pytest.fixture(scope="module")
def world() -> World:
    return make(SMALL, 1)


@pytest.fixture(scope="module")
def outcomes(world: World) -> dict[str, Outcome]:
    return {name: simulate(world, policy_of(name)) for name in POLICIES if name != "foryou"}


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "foryou"])
def test_a_policy_shows_nothing_twice_and_nothing_before_it_is_out(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    rows = outcome.exposures
    assert len(rows) > 200
    assert measured(outcome)["repeats"] == 0
    assert (rows["at"] >= outcome.published[rows["video"]]).all()
    assert (np.diff(rows["at"]) >= 0).all()


def test_the_same_world_and_policy_give_the_same_outcome(world: World, outcomes: dict[str, Outcome]) -> None:
    again = simulate(world, policy_of("epsilon-greedy")).exposures
    first = outcomes["epsilon-greedy"].exposures
    assert all(np.array_equal(again[name], first[name]) for name in ("viewer", "video", "at", "seconds"))


def test_popular_pleases_more_than_chance(outcomes: dict[str, Outcome]) -> None:
    found = {name: measured(outcomes[name])["satisfaction"] for name in ("popular", "random")}
    assert found["popular"] > found["random"]


def test_recent_is_younger_and_random_is_spread_wider(outcomes: dict[str, Outcome]) -> None:
    found = {name: measured(outcome) for name, outcome in outcomes.items()}
    assert found["recent"]["median_age_h"] < found["random"]["median_age_h"]
    assert found["random"]["gini"] < found["popular"]["gini"]


@pytest.mark.slow
def test_the_engine_serves_a_world_in_simulated_time() -> None:
    outcome = simulate(make(Sizes(24, 6, 120, 1), 2), policy_of("foryou"))
    found = measured(outcome)
    assert found["repeats"] == 0 and len(outcome.exposures) > 50
    assert outcome.report["feeds"] and outcome.report["events"]
    assert any(to == 0 for moves in outcome.report["moves"].values() for _, to in moves)  # type: ignore[attr-defined]


def test_a_shelf_gives_what_is_not_seen(world: World) -> None:
    shelf = Shelf(public(world))
    shelf.publish(np.arange(5, dtype=np.int32))
    shelf.observe(Batch({"viewer": np.array([0, 0]), "video": np.array([4, 2])}))
    assert shelf.first(shelf.out[::-1], np.array([0, 1]), 4).tolist() == [[3, 1, 0, -1], [4, 3, 2, 1]]
    assert sorted(shelf.random(np.array([0]), 4)[0].tolist()) == [-1, 0, 1, 3]


def test_an_exposure_becomes_events_in_order_with_its_request(world: World, outcomes: dict[str, Outcome]) -> None:
    rows = outcomes["popular"].exposures
    liked = np.flatnonzero(rows["like"] & (rows["surface"] == 0))[:1]
    row = rows.take(liked).extend(
        {"furthest": rows["seconds"][liked], "replays": np.zeros(1, np.int16), "sender": np.full(1, -1, np.int32)}
    )
    wires = Wires(public(world))
    shown = int(row["position"][0])
    wires.showed(int(row["viewer"][0]), "77", ["v0"] * (shown + 1))
    events = wires.exposures(row)
    assert {event["kind"] for event in events} >= {"impression", "watch", "like"}
    assert all(event["request"] == "77" and event["position"] == row["position"][0] for event in events)
    times = [event["at"] for event in events]
    assert times[0] == min(times) and times[-1] == max(times)
    sent = row.extend({"surface": np.ones(1, np.int8), "sender": np.full(1, 3, np.int32)})
    came = [event.get("sharer") for event in wires.exposures(sent) if event["kind"] in ("impression", "watch")]
    assert came == [public(world).viewer_names[3]] * 2


@dataclass
class Shared(InProcess):
    """One engine for several runs, as a server is: it goes on when a run ends, and has videos of others."""

    def move(self, at: int) -> None:
        """Its time is its own."""

    def close(self) -> None:
        """It goes on."""


@pytest.mark.slow
def test_a_server_takes_one_run_after_another_and_has_videos_of_others() -> None:
    made = make(Sizes(12, 4, 60, 1), 1)
    shared = Shared(at=made.start)
    others = [{"id": f"own{n}", "kind": "video", "video": f"v{n}", "author": "c1", "duration": 9} for n in range(20)]
    shared.client.events(others)
    policies = [ForYou(server="this one", opened=lambda at: shared) for _ in range(2)]
    outcomes = [simulate(made, policy) for policy in policies]
    assert all(len(outcome.exposures) > 20 for outcome in outcomes)
    assert all(outcome.report["others"] for outcome in outcomes), "videos of others, and of the run before"
    assert all(measured(outcome)["repeats"] == 0 for outcome in outcomes)
    shared.timed.close()


def test_on_a_server_names_are_a_run_s_own_and_videos_of_others_are_left_out(world: World) -> None:
    wires, other = (Wires(public(world), dated=False, prefix=prefix) for prefix in ("one-", "two-"))
    video = wires.sent(wires.video(3, world.start))
    assert video["id"] == "one-video-v3" and video["video"] == "one-v3" and str(video["author"]).startswith("one-c")
    assert other.sent(other.video(3, world.start)) != video and "at" not in video
    slate = ["mine", "one-v2", "two-v1", "one-v999999", "one-v0", "one-video"]
    assert wires.showed(7, "r", slate) == [2, 0]
    rows = simulate(world, policy_of("random")).exposures.select(("viewer", "video", "at", "session", "seconds"))
    row = rows.take(np.arange(1)).extend(
        {
            "viewer": np.array([7], np.int32),
            "position": np.ones(1, np.int16),
            "surface": np.zeros(1, np.int8),
            "furthest": np.ones(1),
            "replays": np.zeros(1, np.int16),
            "sender": np.full(1, -1, np.int32),
            **{act: np.zeros(1, np.bool_) for act in ACTS},
        }
    )
    seen = wires.sent(wires.exposures(row)[0])
    assert seen["position"] == 4 and str(seen["session"]).startswith("one-"), "the place that it had in the answer"


def test_accounts_that_sell_likes_act_in_a_run_outside_the_feed(world: World) -> None:
    bought = replace(world, creators=world.creators.extend({"kind": np.full(len(world.creators), BUYS_LIKES, np.int8)}))
    made = farmed(bought)
    rows = simulate(made, policy_of("random")).exposures
    theirs = np.isin(rows["viewer"], np.arange(len(world.viewers), len(made.viewers)))
    assert theirs.sum() > 100
    assert rows["like"][theirs].all() and (rows["surface"][theirs] == 1).all()


def test_a_policy_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="there are foryou, random"):
        policy_of("nothing")


def test_a_policy_of_a_file_is_loaded_and_one_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    parts = "\n".join(f"    def {name}(self, *given): return {{}}" for name in ("start", "join", "publish", "feed"))
    path = tmp_path / "own.py"
    path.write_text(f"class Own:\n    name = 'own'\n{parts}\n")
    with pytest.raises(NotFound, match="it has no observe, finish"):
        policy_of(f"{path}:Own")
    path.write_text(path.read_text() + "    observe = finish = start\n")
    assert policy_of(f"{path}:Own").name == "own"
    with pytest.raises(NotFound, match="no class"):
        policy_of(f"{path}:Other")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("class Own:\n    def (self): pass\n", "own.py: line 2: invalid syntax; expected a file of Python"),
        ("import no_such_module\n", "No module named 'no_such_module'"),
        ("class Own:\n    def __init__(self, weight): pass\n", "missing a required argument: 'weight'"),
    ],
)
def test_a_file_that_is_no_policy_is_told_in_a_line_what_is_wrong(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(InvalidEvent, match=re.escape(wrong)):
        policy_of(f"{tmp_path / 'own.py'}:Own")
