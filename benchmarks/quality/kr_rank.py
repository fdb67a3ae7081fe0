"""KR-rank: how well each viewer's own impressions are ranked, beside simple rules and a peer, on the same rows.

The protocol is `foryou.protocols.rank.kr_rank`; the peer is told nothing that our model is not told.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.quality import trees
from benchmarks.record import Benchmark, Line, Report
from foryou.protocols.rank import kr_rank

DATA = Path("data/kuairand-pure")
MEASURES = ("gauc", "ndcg5", "primary")


@dataclass(frozen=True, slots=True)
class Size:
    """Which log, which test days, and the seeds of the models."""

    test_from: str = "2022-05-01"
    test_to: str = "2022-05-04"
    seeds: tuple[int, ...] = (1, 2, 3)
    rounds: int = 300
    """Trees of the peer."""
    data: str = str(DATA)


def measure(size: Size) -> Report:
    """Mean and standard deviation of each measure over the seeds; the peer only where LightGBM is installed."""
    directory, first, last = Path(size.data), date.fromisoformat(size.test_from), date.fromisoformat(size.test_to)
    ours = [kr_rank(directory, first, last, seed) for seed in size.seeds]
    systems = {"foryou": spread(ours)}
    for name in ("random", "item_mean", "oracle"):
        systems[name] = spread([report["baselines"][name] for report in ours])
    if trees.installed():
        systems["lightgbm"] = spread(trees.rank(directory, first, last, size.seeds, size.rounds))
    return {
        "test": [size.test_from, size.test_to],
        "rows": ours[0]["rows"],
        "users": ours[0]["users"],
        "seconds": statistics.median(report["seconds"] for report in ours),
        "systems": systems,
        "peer": "measured" if trees.installed() else "not measured: pip install lightgbm",
    }


def spread(reports: list[dict[str, Any]]) -> dict[str, float]:
    """Mean and deviation of each measure."""
    out: dict[str, float] = {}
    for name in MEASURES:
        values = [float(report[name]) for report in reports]
        out[name] = round(statistics.mean(values), 5)
        out[f"{name}_deviation"] = round(statistics.stdev(values), 5) if len(values) > 1 else 0.0
    return out


LABELS = {
    "foryou": "**ForYou**",
    "random": "random order",
    "item_mean": "item mean",
    "lightgbm": "LightGBM on our columns (peer)",
    "oracle": "oracle",
}


def lines(report: Report) -> list[Line]:
    """For the table."""
    told = [
        Line(
            f"KR-rank {report['test'][0]} to {report['test'][1]}, GAUC / nDCG@5 / primary: {label}",
            f"{row['gauc']:.4f} / {row['ndcg5']:.4f} / {row['primary']:.4f} ± {row['primary_deviation']:.4f}",
            "primary .556" if name == "foryou" else "",
        )
        for name, label in LABELS.items()
        if (row := report["systems"].get(name)) is not None
    ]
    return [*told, Line("KR-rank: time of one run, learning and ranking", f"{report['seconds']:.0f} s", "180 s")]


BENCHMARK = Benchmark(
    "ranking each viewer's own impressions (KuaiRand-Pure), beside simple rules and LightGBM where it is installed",
    Size(),
    Size(seeds=(1,), rounds=5),
    measure,
    lines,
)
