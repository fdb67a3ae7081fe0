"""What is told of a video's way: it agrees with the tables, in three languages, live."""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from foryou import ladder
from foryou.app import Engine
from foryou.client import in_process
from foryou.core.clock import DAY, HOUR, ManualClock
from foryou.core.errors import NotFound
from foryou.features.cohorts import BINS, CAME, COHORTS, OFF, ON, ONTO, SEEN, bin_of
from foryou.features.reach_settings import ReachSettings
from foryou.settings import DataSettings, Settings
from tests.loop.conftest import START, World

SMALL = ReachSettings(audiences=(8, 20, 50, 100), chance=0.0, error=0.2)


def watched(names: list[str], turns: int = 40) -> World:
    """Each video is seen by so many strangers. The `good` one is liked too, the `bloomer` is refused by its second
    audience."""
    clock = ManualClock(START)
    engine = Engine.open(Settings(data=DataSettings(url="memory:"), reach=SMALL), clock)
    made = World(engine, clock, in_process(engine))
    chance = np.random.default_rng(1)
    for name in names:
        made.upload(name, "knots", duration=20.0)
    for turn in range(turns):
        clock.forward(HOUR // 20)
        events: list[dict[str, object]] = []
        for name in names:
            usual = float(chance.choice([1.0, 8.0, 20.0], p=[0.35, 0.4, 0.25]))
            seconds = {"good": 20.0, "bad": 1.0, "bloomer": 1.0 if 8 <= turn < 20 else 20.0}.get(name, usual)
            seen: dict[str, object] = {"viewer": f"{name}-{turn}", "video": name, "surface": "for_you"}
            events += [{"kind": "impression", **seen}, {"kind": "watch", "seconds": seconds, **seen}]
            if name == "good" and turn % 4 == 0:
                events.append({"kind": "like", **seen})
            if name == "bloomer" and 8 <= turn < 20:
                events.append({"kind": "not_interested", **seen})
        made.send(*events)
    return made


@pytest.fixture(scope="module")
def world() -> World:
    """A good video, a bad one, and twenty usual ones; the good one is shared, and seen by who follows its author."""
    made = watched(["good", "bad", *(f"v{n}" for n in range(20))])
    made.send({"kind": "follow", "viewer": "fan", "author": "author-good"})
    made.watch("fan", "good", 20.0, surface="for_you")
    made.watch("friend", "good", 20.0, surface="shared", sharer="good-0")
    return made


def told(world: World, video: str, language: Any = "en") -> Any:
    return world.client.reach(video, language)


@pytest.mark.mission("NL-03", "NO-16")
def test_a_journey_tells_the_stage_the_moves_and_why(world: World) -> None:
    good, bad = told(world, "good"), told(world, "bad")
    assert good["stage"] > 0
    assert good["moves"][0]["reason"] == "published"
    assert [move["reason"] for move in good["moves"][1:]] == ["above"] * good["stage"]
    assert good["moves"][1]["n"] >= 2
    assert good["moves"][1]["low"] > good["moves"][1]["threshold"]
    assert good["moves"][0]["parts"] is None, "nobody had seen it"
    parts = good["moves"][1]["parts"]
    assert (parts["hook"], parts["completion"], parts["refusal"]) == (1.0, 1.0, 0.0) and parts["engagement"] > 0
    assert bad["moves"][-1]["parts"]["completion"] == pytest.approx(1 / 20)
    assert good["why"] == good["moves"][-1]["words"]
    assert (bad["stage"], bad["state"], bad["moves"][-1]["reason"], bad["room"]) == (0, "stopped", "below", 0)
    assert "No more viewers are looked for" in bad["why"]


def test_the_parts_of_the_quality_stand_beside_what_is_usual(world: World) -> None:
    parts = {part["name"]: part for part in told(world, "bad")["quality"]["parts"]}
    assert set(parts) == {"hook", "completion", "engagement", "refusal"}
    hook = parts["hook"]
    assert hook["value"] == 0.0 <= hook["high"] < hook["usual"]
    assert hook["counts"] < 0 < told(world, "good")["quality"]["value"]


def test_who_saw_it_is_told_by_stage_by_hour_and_by_follows(world: World) -> None:
    seen = told(world, "good")["viewers"]
    assert seen["exposures"] == pytest.approx(42, abs=0.5)
    assert seen["followers"] == pytest.approx(1, abs=0.1)
    assert sum(seen["for_you_by_stage"]) == pytest.approx(41, abs=0.5)
    assert sum(seen["by_hour"]) == pytest.approx(sum(seen["by_day"]))
    assert 0.9 < seen["authors_taste"] < 1
    assert told(world, "good")["sharing"]["generations"] == [1]


def test_a_quality_is_that_of_now_and_unsure_until_somebody_has_looked(world: World) -> None:
    world.upload("fresh", "knots", duration=20.0)
    before = told(world, "fresh")["quality"]
    assert before["low"] < before["value"] < before["high"]
    world.send({"kind": "watch", "viewer": "somebody", "video": "fresh", "surface": "for_you", "seconds": 20.0})
    after = told(world, "fresh")["quality"]
    assert after["looks"] == before["looks"] == 0
    assert after["value"] > before["value"], "it was share of it watched"
    assert after["high"] - after["low"] < before["high"] - before["low"]


@pytest.mark.mission("NO-63")
def test_the_chance_to_break_out_has_an_interval_and_is_higher_for_the_better(world: World) -> None:
    world.upload("new", "knots", duration=20.0)
    usual, good = told(world, "new")["chance"], told(world, "good")["chance"]
    assert 0 <= usual["low"] < usual["value"] < usual["high"] <= 1
    assert good["value"] > usual["value"]
    assert told(world, "bad")["chance"]["value"] is None, "it looks for no more viewers"


@pytest.mark.parametrize("names", [["good", "bad", "v1", "v2", "v3"], ["bloomer", "bad"]])
def test_no_more_videos_go_on_than_are_done_with_a_stage(names: list[str]) -> None:
    made = watched(names, 90)
    _, rows = made.engine.backend.store.scan(COHORTS.name)
    counts = rows["counts"].astype(np.int64)
    seen, went = counts[:, SEEN:ONTO], counts[:, ONTO:ON].reshape(-1, BINS, BINS).sum(axis=2)
    assert (went <= seen).all(), "each counts once for a bin, also who was stopped and rose again"
    assert (counts[:, ON:OFF].sum(axis=1) <= counts[:, CAME]).all()
    assert counts[0, CAME] == len(names)
    assert counts[0, ON:OFF].sum() >= 1
    assert {"above", "risen"} & {move["reason"] for move in told(made, names[0])["moves"]}


@pytest.mark.mission("NO-63")
def test_a_look_that_ends_a_stage_is_no_quality_that_anybody_could_ask_about() -> None:
    """Nobody is told a chance between that look and what comes of it."""
    made = watched(["good"], 8)
    moves = told(made, "good")["moves"]
    assert [move["reason"] for move in moves] == ["published", "above"]
    went = bin_of(moves[1]["value"])
    _, rows = made.engine.backend.store.scan(COHORTS.name)
    first = rows["counts"][rows["counts"][:, SEEN + bin_of(0.0)] == 1][0]
    assert first[SEEN:ONTO].sum() == 2, "as it came, and after the look at which it stayed"
    assert first[SEEN + went] == 0
    assert first[ONTO:ON].reshape(BINS, BINS)[:, went].sum() == 2


def test_a_journey_speaks_three_languages_and_can_be_drawn(world: World) -> None:
    words = {language: told(world, "good", language)["next"] for language in ("en", "nb", "nl")}
    assert len(set(words.values())) == 3
    console = Console(width=200, record=True, file=StringIO())
    for video in ("good", "bad"):
        console.print(ladder.journey(told(world, video)))
    text = console.export_text()
    assert "stopped" in text
    assert "brought by shares: 1" in text
    assert "share of it watched" in text
    assert "100% stayed three seconds, 100% of it was watched" in text, "what each move went by"
    console.print(ladder.journey(told(world, "good", "nl"), "nl"))
    dutch = console.export_text()
    assert "gebracht door delen: 1" in dutch
    assert not any(word in dutch for word in ("stage", "quality", "shares", "above", " to ")), "all of it is Dutch"


def test_a_move_names_the_bar_of_the_stage_it_left(world: World) -> None:
    first, later = told(world, "good")["moves"][1:3]
    assert "half of all videos" in first["words"], "the first stage halves everything"
    assert "three quarters of those in this stage" in later["words"], "in a later one it only has to hold up"


def test_a_journey_is_live_and_ends_when_its_time_is_over(world: World) -> None:
    before = told(world, "v1")
    world.upload("late", "knots")
    assert told(world, "late")["state"] == "running"
    assert told(world, "late")["room"] == 8
    world.clock.forward(4 * DAY)
    assert (told(world, "late")["state"], told(world, "late")["room"]) == ("late", 0)
    world.watch("somebody", "v1", 9.0)
    assert told(world, "v1")["viewers"]["exposures"] > before["viewers"]["exposures"]


def test_nobody_described_no_journey(world: World) -> None:
    with pytest.raises(NotFound):
        told(world, "what?")


def test_all_stages_say_how_new_videos_fare(world: World) -> None:
    stages = world.client.stages()
    assert [each["stage"] for each in stages] == [0, 1, 2, 3, 4]
    described = world.engine.status()["videos"]
    assert sum(sum(each["videos"].values()) for each in stages) == described
    assert stages[0]["videos"]["stopped"] >= 1, "the bad one"
    assert stages[0]["went_on"]["by_chance"]["videos"] == 0, "chance has no part in this world"
    assert stages[0]["went_on"]["by_quality"]["went_on"] >= 1, "the good one went on from the next stage too"
    console = Console(width=200, record=True, file=StringIO())
    console.print(ladder.stages(stages, "nb"))
    assert "publikum" in console.export_text()


@pytest.mark.mission("NO-16")
def test_what_chance_let_go_on_tells_how_many_are_stopped_too_early() -> None:
    """Chance lets every video go on that would be stopped: the ten usual ones do not hold up after it, the two good
    ones earned their way and do."""
    clock = ManualClock(START)
    lucky = ReachSettings(audiences=(8, 20, 50, 100), chance=1.0, error=0.02)
    engine = Engine.open(Settings(data=DataSettings(url="memory:"), reach=lucky), clock)
    made = World(engine, clock, in_process(engine))
    for n in range(12):
        made.upload(f"v{n}", "knots", duration=20.0)
    for turn in range(28):
        clock.forward(HOUR // 20)
        for n in range(12):
            seconds = 20.0 if n < 2 else 4.0 if turn % 2 else 6.0
            made.send(
                {"kind": "watch", "seconds": seconds, "viewer": f"{n}-{turn}", "video": f"v{n}", "surface": "for_you"}
            )
    went = made.client.stages()[0]["went_on"]
    assert (went["by_chance"]["videos"], went["by_chance"]["went_on"]) == (10, 0), "the usual ones, rightly stopped"
    assert (went["by_quality"]["videos"], went["by_quality"]["went_on"]) == (2, 2), "the good ones"
    assert went["by_chance"]["high"] < went["by_quality"]["low"]
