"""What if the weights were these: from a log of ours, against the truth of a world where it is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.quality.slates import CHANGED, WEIGHTS, ask, on_policy, run
from foryou.app import Engine
from foryou.cli import app
from foryou.client import in_process
from foryou.core.clock import DAY, ManualClock
from foryou.core.errors import BackendError, InvalidEvent, SettingsError
from foryou.feed.considered import Policy, is_drawn, unpacked
from foryou.feed.recipe import FeedSettings
from foryou.protocols.estimates import estimates
from foryou.protocols.offpolicy import other, read, replay
from foryou.rerankers.arrange import Arrange
from foryou.settings import DataSettings, Settings
from tests.loop.conftest import START, World, make_world


def watched(world: World, viewers: int, slots: int = 8) -> None:
    """Each viewer watches most of a slate, likes its first video, and takes back a like of the second."""
    for viewer in range(viewers):
        slate = world.feed(f"u{viewer}", 10)
        for place, video in enumerate(slate[:slots]):
            world.watch(f"u{viewer}", video, 12.0 if place % 2 else 2.0)
        for video in slate[:2]:
            world.act(f"u{viewer}", "like", video)
        world.clock.forward(1000)
        world.act(f"u{viewer}", "unlike", slate[1])


def test_what_was_logged_gives_the_same_chances_again_and_what_came_of_it() -> None:
    world = make_world(FeedSettings(considered=1.0))
    watched(world, 6)
    logged = read(world.engine.backend.log)
    assert (len(logged), len(logged.rows)) == (6, 60)
    rows = logged.rows
    assert rows["seen"].reshape(6, 10).sum(axis=1).tolist() == [8] * 6
    assert rows["like"].reshape(6, 10).sum(axis=0).tolist() == [6, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert rows["finish"].sum() == 6 * 4
    assert rows["skip"].sum() == 6 * 4
    assert rows["watch"].sum() == pytest.approx(6 * (4 * 12 + 4 * 2))
    same = replay(logged, other({}), draws=4)
    assert same.again == pytest.approx(rows["propensity"], rel=1e-3)
    assert same.slot == pytest.approx(np.ones(60), rel=1e-3)
    changed = replay(logged, other({"like": 50.0}), draws=4)
    assert np.abs(changed.slot - 1).max() > 0.1
    assert read(world.engine.backend.log, since=START + DAY).rows["seen"].sum() == 0
    world.engine.close()


def test_a_share_of_slates_is_logged_with_all_that_was_considered_and_it_outlives_the_day() -> None:
    world = make_world(FeedSettings(considered=0.3))
    for viewer in range(40):
        world.feed(f"u{viewer}", 5)
    log = world.engine.backend.log
    assert 3 <= len(read(log)) <= 24
    considered = unpacked(read(log).considered[0])
    assert len(considered.rows) > 100
    assert considered.policy.weights == WEIGHTS
    assert considered.policy.arrange == Arrange(
        temperature=FeedSettings().temperature,
        exploration=FeedSettings().exploration,
        first_look=1.0,
        first_fit=8.0,
        probes=0.3,
        trial=4,
    )
    before = len(read(log))
    world.clock.forward(2 * DAY)
    world.engine.tidy()
    assert len(read(log)) == before
    world.engine.close()
    request = ask(1, 1).request
    assert is_drawn(request, 1.0)
    assert not is_drawn(request, 0.0)


def test_chances_given_the_slots_above_add_up_to_one_and_what_is_gone_has_none() -> None:
    of = unpacked(run(Policy(WEIGHTS, Arrange(exploration=0.07, trial=4)), 1, 5).considered[0])
    changed = {**WEIGHTS, **CHANGED}
    pool, chance = of.policy.arrange.chances(of.request, of.scored(changed), len(of.shown), of.shown)
    assert chance.sum(axis=1) == pytest.approx(1)
    for slot, shown in enumerate(of.shown.tolist()):
        assert (chance[slot + 1 :, pool == shown] == 0).all()
    narrow = Arrange(pool=10)
    pool, chance = narrow.chances(of.request, of.scored(changed), len(of.shown), of.shown)
    assert set(of.shown.tolist()) <= set(pool.tolist())
    assert (chance[:, 10:] == 0).all()


def test_the_value_of_other_weights_is_found_though_predictions_are_wrong() -> None:
    told = on_policy(slates=130, draws=4, seed=4, changed={"like": 4.5, "skip": -0.6})
    assert told["answered"], told["verdict"]
    assert told["drift"] == 0
    assert told["overlap"]["mean"] == pytest.approx(1, abs=0.05)
    for row in told["rewards"].values():
        assert row["then"]["low"] < row["truth"][0] < row["then"]["high"]
    assert abs(told["rewards"]["watch"]["relative_error"]["sndr"]) < 0.05
    assert told["rewards"]["like"]["relative_error"]["direct"] > 0.4  # what the model alone says


def test_a_log_that_hardly_ever_showed_what_other_weights_would_cannot_answer() -> None:
    logged = run(Policy(WEIGHTS, Arrange(exploration=0.07, trial=4)), 40, 1)
    told = estimates(logged, replay(logged, other({"like": 40.0}), draws=3), ("like",))
    assert not told["answered"]
    assert "worth" in told["verdict"]


def test_the_command_answers_from_the_log_of_a_directory_or_says_that_it_cannot(tmp_path: Path) -> None:
    clock = ManualClock(START)
    settings = Settings(data=DataSettings(url=f"file:{tmp_path}"), feed=FeedSettings(considered=1.0))
    engine = Engine.open(settings, clock)
    world = World(engine, clock, in_process(engine))
    for number in range(40):
        world.upload(f"v{number}", f"topic{number % 5}")
    words = ["evaluate", "offpolicy", "--data", str(tmp_path)]
    empty = CliRunner().invoke(app, words, catch_exceptions=False)
    assert "nothing to estimate from" in " ".join(empty.output.split())
    watched(world, 4)
    engine.close()
    report = tmp_path / "report.json"
    more = ["--weights", "like=5, finish=1", "--arrange", "diversity=0.3", "--draws", "3", "--json", str(report)]
    done = CliRunner().invoke(app, [*words, *more], catch_exceptions=False)
    assert "The log cannot answer this" in done.output  # four viewers are too few
    told = json.loads(report.read_text("utf-8"))
    assert (told["protocol"], told["slates"], told["viewers"], told["answered"]) == ("offpolicy", 4, 4, False)
    assert set(told["rewards"]) == {"watch", "finish", "long_view", "skip", "like", "value"}
    bad = tmp_path / "bad.toml"
    bad.write_text("like = = 5")
    for wrong, problem in (
        (["--weights", "likes=5"], InvalidEvent), (["--weights", "like=x"], InvalidEvent),
        (["--arrange", "exploration=0.9"], SettingsError), (["--arrange", "window=4"], InvalidEvent),
        (["--arrange", "author_gap=2.7"], InvalidEvent), (["--weights", str(bad)], InvalidEvent),
        (["--json", "/no/such/a.json"], InvalidEvent),
        (["--reward", "fame"], InvalidEvent), (["--data", str(tmp_path / "none")], BackendError),
    ):  # fmt: skip
        with pytest.raises(problem):
            CliRunner().invoke(app, [*words, *wrong], catch_exceptions=False)
