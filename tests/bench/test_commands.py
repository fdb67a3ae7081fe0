"""The commands run on the smallest worlds: they keep, write and draw what they found, under the agreed names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foryou.bench import feed, recovery
from foryou.bench.commands import LINES, Kept, _measured
from foryou.bench.directory import built
from foryou.bench.world import World

WORLD = World(videos=80, viewers=20, each=20)


def untold(what: str, rows: int) -> None: ...


def test_a_feed_is_measured_kept_and_drawn(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "feed.json", tmp_path / "feed.png", tmp_path)
    _measured("feed", feed.Size(WORLD, concurrency=2, warm_up=2, requests=8, pause_ms=1), feed.measure, tmp_path, kept)
    report = json.loads((tmp_path / "feed.json").read_text())
    agreed = {"p50_ms", "p95_ms", "p99_ms", "max_ms", "requests_per_s", "cpu_s", "rss_mib", "disk_mib", "startup_s"}
    assert agreed | {"stages", "machine", "commit"} <= set(report)
    assert report["failed"] == 0 and report["rss_mib"] > 50 and "scorer predict" in report["stages"]
    assert json.loads((tmp_path / "feed.jsonl").read_text()) == report
    assert (tmp_path / "feed.png").stat().st_size > 5_000
    assert LINES["feed"](report)


def test_a_world_is_built_once_and_a_run_leaves_it_as_it_was(tmp_path: Path) -> None:
    where, world = built(tmp_path, WORLD, untold)
    before = (where / "log.sqlite").read_bytes()
    report = recovery.measure(recovery.Size(WORLD, tail=100), tmp_path, untold)
    assert (where / "log.sqlite").read_bytes() == before
    assert built(tmp_path, WORLD, untold) == (where, world)
    # What was acknowledged before the kill was there after it, or `measure` had raised.
    assert report["events"] > 100 and report["startup_s"] > 0 and report["replay"]["startup_s"] > 0


@pytest.mark.parametrize("name", ["feed", "ingest", "freshness"])
def test_runs_of_the_programs_that_came_before_can_still_be_read(name: str) -> None:
    last = Path(__file__).parents[2] / "benchmarks" / "results" / f"{name}.jsonl"
    report = json.loads(last.read_text().splitlines()[0])
    assert LINES[name](report["results"])
