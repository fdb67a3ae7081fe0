"""Off-policy estimates against the truth: in a made-up world of slates, and on the Open Bandit sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.bandit import open_bandit
from benchmarks.quality.slates import on_policy
from foryou.bench.record import Benchmark, Line, Report
from foryou.protocols.estimates import CHOSEN, VALUE

SHOWN = ("watch", "finish", "like", VALUE)


@dataclass(frozen=True, slots=True)
class Size:
    """Slates in the log, how often each is filled anew, seeds (a world each), and where the sample is."""

    slates: int = 2500
    draws: int = 12
    seeds: tuple[int, ...] = (1, 2, 3)
    file: str = "data/open-bandit/sample_40k.parquet"


def measure(size: Size) -> Report:
    """`slates`: by seed, each reward's estimates and truth; `open_bandit`: both campaigns, both ways, where it is."""
    told: Report = {"slates": {str(seed): on_policy(size.slates, size.draws, seed) for seed in size.seeds}}
    told["open_bandit"] = open_bandit(Path(size.file))
    if not told["open_bandit"]:
        told["missing"] = f"the Open Bandit sample was not measured: it is not in {size.file}"
    return told


def lines(report: Report) -> list[Line]:
    """For the table."""
    return [*(_slates(report, name) for name in SHOWN), *(map(_bandit, report["open_bandit"].items()))]


def _slates(report: Report, name: str) -> Line:
    rows = [each["rewards"][name] for each in report["slates"].values()]
    errors = ", ".join(f"{row['relative_error'][CHOSEN]:+.1%}" for row in rows)
    held = sum(row["then"]["low"] <= row["truth"][0] <= row["then"]["high"] for row in rows)
    told = f"{errors}; in {held} of {len(rows)} intervals"
    return Line(f"off-policy, other weights, {name}: relative error against running them (simulated)", told, "5 %")


def _bandit(item: tuple[str, Report]) -> Line:
    name, row = item
    found, truth = row["estimators"][CHOSEN], row["truth"]
    half = (truth["high"] - truth["low"]) / 2 / truth["mean"]
    told = f"{found['relative_error']:+.0%}, {found['apart']:.1f} standard errors apart"
    if row["effective"] < 200:
        told = "refused: worth {:.0f} rows".format(row["effective"])
    return Line(f"Open Bandit sample, {name}: relative error; the truth itself is known to ± {half:.0%}", told, "5 %")


BENCHMARK = Benchmark(
    "what another policy would get, from a log, against running it", Size(), Size(60, 2, (1,)), measure, lines
)
