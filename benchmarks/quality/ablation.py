"""What the ranking loses without each group of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.quality.kr_rank import DATA
from foryou.bench.record import Benchmark, Line, Report
from foryou.protocols.ablation import ablation


@dataclass(frozen=True, slots=True)
class Size:
    """Days that are ranked, one learning for each seed and group, and which groups (none named: all)."""

    test_from: str = "2022-04-28"
    test_to: str = "2022-04-30"
    seeds: tuple[int, ...] = (1,)
    without: tuple[str, ...] = ()
    data: str = str(DATA)


def measure(size: Size) -> Report:
    """All groups at the full size; two at the tiniest."""
    first, last = date.fromisoformat(size.test_from), date.fromisoformat(size.test_to)
    return ablation(Path(size.data), first, last, size.seeds, size.without)


def lines(report: Report) -> list[Line]:
    """For the table."""
    days = f"{report['test_from']} to {report['test_to']}"
    return [
        Line(
            f"KR-rank {days}, primary without `{name}`" + ("" if row["told"] else " (this log says nothing of it)"),
            f"{row['difference']['mean']:+.4f}"
            + (f" ± {row['difference']['deviation']:.4f}" if row["difference"]["deviation"] else " (one seed)"),
        )
        for name, row in sorted(report["without"].items(), key=lambda each: each[1]["difference"]["mean"])
    ]


BENCHMARK = Benchmark(
    "the ranking without each group of inputs in turn, on validation days",
    Size(),
    Size(seeds=(1,), without=("when", "demographics")),
    measure,
    lines,
)
