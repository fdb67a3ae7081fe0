"""How narrow feeds are, from the log of an engine whose viewers are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foryou.app import Engine
from foryou.cli import app
from foryou.client import in_process
from foryou.core.clock import DAY, ManualClock
from foryou.protocols.bubble import bubble, difference
from foryou.settings import DataSettings, Settings
from tests.loop.conftest import START, World


def opened(url: str, at: int) -> World:
    clock = ManualClock(at)
    engine = Engine.open(Settings(data=DataSettings(url=url)), clock)
    return World(engine, clock, in_process(engine))


def world_in(url: str) -> World:
    """Forty videos of four topics, one creator each, uploaded two days ago; twenty more now."""
    world = opened(url, START - 2 * DAY)
    clock = world.clock
    for number in range(60):
        clock.at = START - 2 * DAY if number < 40 else START
        world.upload(f"v{number}", f"topic{number % 4}", author=f"a{number % 4}")
    return world


def narrow_and_wide(world: World) -> None:
    """Ada watches one topic, bob all four."""
    for video in world.videos("topic0")[:10]:
        world.watch("ada", video, 3.0)
    for number in range(12):
        world.watch("bob", f"v{number + 40}", 3.0)


@pytest.mark.mission("NL-22")
def test_one_topic_a_day_is_a_bubble_and_four_alike_are_none() -> None:
    world = world_in("memory:")
    narrow_and_wide(world)
    for viewer in ("ada", "bob"):
        world.feed(viewer, 20)
    report = bubble(world.engine.backend.log)
    told = report["measures"]
    assert (report["views"], report["viewers"], report["videos"]) == (22, 2, 60)
    assert told["entropy"] == pytest.approx((0 + 2) / 2)
    assert told["largest"] == pytest.approx((1 + 0.25) / 2)
    assert told["topics"] is None  # nobody saw a hundred
    assert told["coverage"] == pytest.approx(22 / 60)
    assert told["fresh"] == pytest.approx(12 / 22)
    assert told["hardly_known"] == 1.0
    assert 0 < told["gini"] < 1
    assert 0 <= told["difference"] <= 1
    assert [set(each) >= {"day", "entropy", "gini"} for each in report["days"]] == [True]
    world.client.feed("ada", 20, surface="plain")
    assert difference(world.engine.backend.log) == told["difference"], "of For You alone"
    assert bubble(world.engine.backend.log, since=START + 2 * DAY)["views"] == 0
    world.engine.close()


def test_the_command_reads_the_log_of_a_directory_and_says_where_there_is_nothing_yet(tmp_path: Path) -> None:
    world = world_in(f"file:{tmp_path}")
    world.engine.close()
    words = ["evaluate", "bubble", "--data", str(tmp_path)]
    empty = CliRunner().invoke(app, words, catch_exceptions=False)
    assert "Nobody has seen anything yet" in empty.output
    world = opened(f"file:{tmp_path}", START)
    world.sent, world.topic_of = 1000, {f"v{number}": f"topic{number % 4}" for number in range(60)}
    narrow_and_wide(world)
    world.engine.close()
    done = CliRunner().invoke(app, [*words, "--json", str(tmp_path / "report.json")], catch_exceptions=False)
    assert "22 views of 60 videos by 2 viewers" in done.output
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["protocol"] == "bubble"
    assert report["measures"]["entropy"] == pytest.approx(1.0)
