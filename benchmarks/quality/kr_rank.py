"""KR-rank: how well each viewer's own impressions are ranked, beside simple rules and peers, on the same rows.

The protocol is `foryou.protocols.peers.compare`; the peers are told nothing that our model is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS, installed
from foryou.bench.record import Benchmark, Line, Report
from foryou.protocols.peers import Peer, best_peer, compare

DATA = Path("data/kuairand-pure")


@dataclass(frozen=True, slots=True)
class Size:
    """Which log, which test days, the seeds of the models, and which peers (those of them that are installed)."""

    test_from: str = "2022-05-01"
    test_to: str = "2022-05-04"
    seeds: tuple[int, ...] = (1, 2, 3)
    peers: tuple[str, ...] = tuple(peer.name for peer, _ in PEERS)
    data: str = str(DATA)


def measure(size: Size) -> Report:
    """Mean and standard deviation of each measure over the seeds; `missing`: packages of peers that were not there."""
    there, missing = installed(batch=True)
    peers = [peer for peer in there if isinstance(peer, Peer) and peer.name in size.peers]
    first, last = date.fromisoformat(size.test_from), date.fromisoformat(size.test_to)
    return {**compare(Path(size.data), first, last, size.seeds, peers), "missing": missing}


def lines(report: Report) -> list[Line]:
    """For the table: every system's ranking, then each head and the seconds beside the best peer."""
    best = best_peer(report)
    days = f"KR-rank {report['test_from']} to {report['test_to']}"
    told = [
        Line(
            f"{days}, GAUC / nDCG@5 / primary: {bold(name, row['label'])}",
            ranked(row),
            f"primary .566 and {report['systems'][best]['primary'] + 0.002:.4f}" if name == "foryou" and best else "",
        )
        for name, row in report["systems"].items()
        if "primary" in row
    ]
    told += [_head(report, head) for head in ("finish", "like", "skip")]
    told += _seconds(report)
    train = report["systems"]["foryou"]["train"]
    return [
        *told,
        Line(
            "KR-rank: folding and learning before the test days",
            f"{report['columns']['seconds'] + train['seconds']:.0f} s",
            "180 s",
        ),
    ]


def bold(name: str, label: str) -> str:
    """Ours stands out."""
    return f"**{label}**" if name == "foryou" else label


def ranked(row: dict[str, Any]) -> str:
    """The three measures of a system, and the deviation of the last."""
    deviation = row["deviation"]["primary"]
    return f"{row['gauc']:.4f} / {row['ndcg5']:.4f} / {row['primary']:.4f} ± {deviation:.4f}"


def _head(report: Report, head: str) -> Line:
    ours, name, theirs = _beside(report, lambda row: row["heads"].get(head, {}).get("gauc"))
    return Line(f"KR-rank, GAUC of {head}: **ForYou** / {name}", f"{ours:.4f} / {theirs:.4f}", "the better")


def _seconds(report: Report) -> list[Line]:
    ours, name, theirs = _beside(report, lambda row: row.get("watch", {}).get("xauc"))
    off, other, less = _beside(report, lambda row: -row["watch"]["mae"] if "watch" in row else None)
    return [
        Line(f"KR-rank, XAUC of seconds: **ForYou** / {name}", f"{ours:.4f} / {theirs:.4f}", "the better"),
        Line(f"KR-rank, MAE of seconds: **ForYou** / {other}", f"{-off:.2f} / {-less:.2f}", "the better"),
    ]


def _beside(report: Report, of: Any) -> tuple[float, str, float]:
    """Our figure, and the best other system's with its label; higher is better."""
    known = {name: of(row) for name, row in report["systems"].items() if name not in ("foryou", "oracle")}
    known = {name: value for name, value in known.items() if value is not None}
    best = max(known, key=lambda name: known[name])
    return of(report["systems"]["foryou"]), report["systems"][best]["label"], known[best]


BENCHMARK = Benchmark(
    "ranking each viewer's own impressions (KuaiRand-Pure), beside simple rules and the peers that are installed",
    Size(),
    Size(seeds=(1,), peers=("machine",)),
    measure,
    lines,
)
