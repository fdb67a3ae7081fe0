"""KR-cold: the test rows of a seeded tenth of the videos, which nothing was learned of."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from benchmarks.quality.kr_rank import Size
from foryou.bench.record import Benchmark, Line, Report
from foryou.protocols.cold import kr_cold


def measure(size: Size) -> Report:
    """Mean and standard deviation over the seeds, a tenth of the videos for each."""
    return kr_cold(Path(size.data), date.fromisoformat(size.test_from), date.fromisoformat(size.test_to), size.seeds)


def lines(report: Report) -> list[Line]:
    """For the table."""
    systems = report["systems"]
    asked = max(systems[name]["gauc"] for name in ("author_mean", "topic_mean")) + 0.01
    return [
        Line(
            f"KR-cold, AUC / GAUC of new videos: {row['label'].replace('ForYou', '**ForYou**')}",
            f"{row['auc']:.4f} / {row['gauc']:.4f} ± {row['deviation']['gauc']:.4f}",
            f"GAUC {asked:.4f}" if name == "early" else "",
        )
        for name, row in systems.items()
        if name != "known"
    ]


BENCHMARK = Benchmark("ranking videos that nothing was learned of", Size(peers=()), Size(seeds=(1,)), measure, lines)
