"""The benchmarks can be listed and run, and fill the README's table; how fast anything is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from benchmarks import readme
from benchmarks.__main__ import BENCHMARKS, TABLE
from benchmarks.quality import kept, kr_rank, loop
from foryou.bench.record import Report, keep, latest, run
from foryou.core.errors import BackendError

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


def test_the_pictures_of_the_guides_are_those_of_the_latest_runs(tmp_path: Path) -> None:
    made = readme.draw(BENCHMARKS, tmp_path)
    assert [path.name for path in made] == ["chances.svg"]
    for path in made:
        picture = path.read_text("utf-8")
        assert ElementTree.fromstring(picture).tag.endswith("svg") and "simulated" in picture
        assert picture == (readme.IMAGES / path.name).read_text("utf-8"), "python -m benchmarks --readme draws it"


def test_a_readme_without_a_place_for_the_table_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="results:start"):
        readme.update(TABLE, page, tmp_path)
    assert page.read_text() == "nothing here"


def test_runs_of_a_loop_stand_while_the_code_does_the_same_and_for_one_policy_only() -> None:
    marks = kept.marks(loop.TINY, ("popular", "random"), loop._does)
    assert kept.marks(loop.TINY, ("popular",), loop._does)["popular"] == marks["popular"] != marks["random"]
    more, longer = replace(loop.TINY, seeds=9), replace(loop.TINY, days=5)
    assert kept.marks(more, ("popular",), loop._does)["popular"] == marks["popular"], "more seeds go on from fewer"
    assert kept.marks(longer, ("popular",), loop._does)["popular"] != marks["popular"]


@dataclass(frozen=True)
class Few:
    """Some runs that take no time."""

    kept: str
    worlds: int = 1
    jobs: int = 1


@dataclass(frozen=True)
class One:
    kind: str
    seed: int


def test_runs_that_were_written_down_are_done_again_only_where_the_code_does_something_else(tmp_path: Path) -> None:
    size, tasks = Few(str(tmp_path / "results" / "runs.jsonl")), [One(kind, seed) for seed in (1, 2) for kind in "ab"]
    ran: list[One] = []
    does = {"a": "this", "b": "that"}

    def run(task: One) -> Report:
        ran.append(task)
        if len(ran) == 3:
            raise BackendError("the lights went out")
        return {"kind": task.kind, "seed": task.seed, "found": len(ran)}

    def runs(size: Few, tasks: list[One]) -> list[int]:
        ran.clear()
        found = kept.runs(size, tasks, run, lambda kind: {"kind": kind, "does": does[kind]})
        assert [(each["kind"], each["seed"]) for each in found] == [(task.kind, task.seed) for task in tasks]
        return [each["found"] for each in found]

    with pytest.raises(BackendError):
        runs(size, tasks)
    with Path(size.kept).open("a") as file:
        file.write('{"kind": "a", "se')
    assert runs(size, tasks) == [1, 2, 1, 2] and ran == tasks[2:]
    assert runs(size, tasks[:2]) == [1, 2] and ran == []
    does["b"] = "something else"
    assert runs(size, tasks) == [1, 1, 1, 2] and ran == [tasks[1], tasks[3]]
    assert runs(replace(size, worlds=2), tasks[:2]) == [1, 2]
    assert runs(replace(size, kept=""), tasks[:1]) == [1] and len(ran) == 1
