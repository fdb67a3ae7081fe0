"""What a benchmark is, and how a run is kept: one JSON line with date, commit and machine, never rewritten."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

Report: TypeAlias = dict[str, Any]
Size = TypeVar("Size")
RESULTS = Path("benchmarks/results")
"""Where the project keeps its runs, from the root of its repository."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the README's table: what was measured, what came out, and what was asked for ("": nothing was)."""

    what: str
    measured: str
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark(Generic[Size]):
    """Something to measure, at two sizes: one that says something, and one that only shows that it runs."""

    help: str
    full: Size
    tiny: Size
    measure: Callable[[Size], Report]
    lines: Callable[[Report], list[Line]]
    pictures: Callable[[Report], Mapping[str, str]] = lambda report: {}
    """SVG by file name, for the guides."""


def run(name: str, benchmark: Benchmark[Any], tiny: bool) -> Report:
    """Measure, and say when, where and on what."""
    size = benchmark.tiny if tiny else benchmark.full
    started = datetime.now(UTC)
    measured = benchmark.measure(size)
    assert is_dataclass(size) and not isinstance(size, type)
    return {
        "benchmark": name,
        "date": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 1),
        "commit": commit(),
        "machine": machine(),
        "tiny": tiny,
        "size": asdict(size),
        "results": measured,
    }


def flat(report: Report) -> Report:
    """A report with what was measured beside date, commit and machine."""
    return {**{name: value for name, value in report.items() if name != "results"}, **report["results"]}


def figures(report: Report) -> Report:
    """What was measured, in a report that is flat or not."""
    found: Report = report.get("results", report)
    return found


def keep(report: Report, directory: Path = RESULTS) -> Path:
    """Append a run to the file of its benchmark."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{report['benchmark']}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(report) + "\n")
    return path


def latest(name: str, directory: Path = RESULTS) -> Report | None:
    """The last run of a benchmark at its full size."""
    path = directory / f"{name}.jsonl"
    if not path.is_file():
        return None
    runs = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    full = [each for each in runs if not each["tiny"]]
    return full[-1] if full else None


def machine() -> Report:
    """What it ran on. `load` is the one-minute load average when it ended: much beyond 1, others were at work."""
    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
        "load": round(os.getloadavg()[0], 2),
    }


def processor() -> str:
    """What the machine calls its processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def commit() -> str:
    """The commit that is checked out, with a + if files were changed since; "" outside a repository."""
    name = _git("rev-parse", "--short=10", "HEAD")
    return name + ("+" if name and _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str:
    here = Path(__file__).parents[1]
    try:
        done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
