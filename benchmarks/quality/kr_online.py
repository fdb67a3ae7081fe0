"""KR-rank online: one pass over the log, each row predicted before it is learned, beside other online learners."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from benchmarks.peers import ONLINE, installed
from benchmarks.quality.kr_rank import Size, bold, ranked
from foryou.bench.record import Benchmark, Line, Report
from foryou.protocols.online import OnlinePeer, online

ALL = tuple(peer.name for peer, _ in ONLINE)


def measure(size: Size) -> Report:
    """Mean and standard deviation of each measure over the seeds; `missing`: packages of peers that were not there."""
    there, missing = installed(batch=False)
    peers = [peer for peer in there if isinstance(peer, OnlinePeer) and peer.name in size.peers]
    first, last = date.fromisoformat(size.test_from), date.fromisoformat(size.test_to)
    return {**online(Path(size.data), first, last, size.seeds, peers), "missing": missing}


def lines(report: Report) -> list[Line]:
    """For the table: the main comparison, with what is known of the viewer held, and ours with all as of now; the other
    variants are in the run. Asked is more than the best of all peers and variants, and our own frozen figure."""
    others = [row["primary"] for name, row in report["systems"].items() if not name.startswith("foryou")]
    asked = max(max(others) + 0.005, report["systems"]["foryou_frozen"]["primary"])
    days = f"KR-rank online {report['test_from']} to {report['test_to']}"
    return [
        Line(
            f"{days}, GAUC / nDCG@5 / primary: {bold(name, row['label'])}",
            ranked(row),
            f"primary {asked:.4f}" if name == "foryou" else "",
        )
        for name, row in report["systems"].items()
        if name == "foryou_now" or not name.endswith(("_now", "_videos"))
    ]


BENCHMARK = Benchmark(
    "the same, one pass: each row predicted, then learned, beside the online peers that are installed",
    Size(peers=ALL),
    Size(seeds=(1,), peers=("machine",)),
    measure,
    lines,
)
