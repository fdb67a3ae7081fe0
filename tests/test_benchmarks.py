"""The benchmarks can be listed and run, and fill the README's table; how fast anything is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import readme
from benchmarks.__main__ import BENCHMARKS, TABLE
from benchmarks.quality import kr_rank, loop
from foryou.bench.record import keep, latest, run

ROOT = Path(__file__).parent.parent
QUICK = (
    "rank",
    "explain",
    "log",
    "learn",
    "text",
    "index",
    "gate",
    "farm",
    "pressure",
    "retrieve",
    "memory",
    "offpolicy",
    "page",
    "spread",
)


def command(*arguments: str) -> str:
    """What the entry prints."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_entry_lists_every_benchmark() -> None:
    listed = [line.split()[0] for line in command().splitlines()]
    assert listed == list(BENCHMARKS)


@pytest.mark.parametrize("name", QUICK)
def test_a_benchmark_runs_at_its_tiniest_size(name: str) -> None:
    try:
        report = run(name, BENCHMARKS[name], tiny=True)
    except SystemExit as missing:
        pytest.skip(str(missing))
    assert report["machine"]["cores"] >= 1 and report["date"]
    assert BENCHMARKS[name].lines(json.loads(json.dumps(report))["results"])


@pytest.mark.parametrize("name", ["kr_rank", "kr_online", "kr_cold", "ablation"])
def test_a_ranking_protocol_runs_beside_its_baselines(tmp_path: Path, name: str) -> None:
    for file, some in (("impressions", "user_id % 40 = 0"), ("sequences", "user_id % 400 = 0"), ("videos", "true")):
        source = f"{kr_rank.DATA}/{file}.parquet"
        duckdb.sql(f"copy (select * from '{source}' where {some}) to '{tmp_path}/{file}.parquet'")
    benchmark = BENCHMARKS[name]
    report = json.loads(json.dumps(benchmark.measure(replace(benchmark.tiny, data=str(tmp_path)))))
    assert any("ForYou" in line.what or "without" in line.what for line in benchmark.lines(report))
    if name == "kr_rank":
        systems = report["systems"]
        assert systems["oracle"]["primary"] > max(systems[name]["primary"] for name in ("foryou", "random", "machine"))


def test_runs_are_appended_and_the_table_shows_the_latest_full_one(tmp_path: Path) -> None:
    report = run("log", BENCHMARKS["log"], tiny=True)
    for worst, tiny in ((1.25, False), (1.5, False), (9.0, True)):
        keep({**report, "tiny": tiny, "results": {**report["results"], "worst": worst}}, tmp_path)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3
    kept = latest("log", tmp_path)
    assert kept is not None and kept["results"]["worst"] == 1.5
    page = tmp_path / "README.md"
    page.write_text(f"before\n{readme.START}\nold\n{readme.END}\nafter\n")
    readme.update(TABLE, page, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "1.50 x" in text and "9.00 x" not in text


def test_a_readme_without_a_place_for_the_table_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="results:start"):
        readme.update(TABLE, page, tmp_path)
    assert page.read_text() == "nothing here"


def test_runs_of_a_loop_stand_while_the_code_does_the_same_and_for_one_policy_only() -> None:
    marks = loop._marks(loop.TINY, ("popular", "random"))
    assert loop._marks(loop.TINY, ("popular",))["popular"] == marks["popular"] != marks["random"]
    more, longer = replace(loop.TINY, seeds=9), replace(loop.TINY, days=5)
    assert loop._marks(more, ("popular",))["popular"] == marks["popular"], "more seeds go on where fewer were"
    assert loop._marks(longer, ("popular",))["popular"] != marks["popular"]
