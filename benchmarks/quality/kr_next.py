"""KR-next: what each viewer watches for long in the next days, found among all videos, beside other retrievers.

The protocol is `foryou.protocols.next.kr_next`; peers are tuned on the same earlier days as ours, over which of the two
matrices (long views only, or everything shown) they are given too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.peers.retrieval import peers
from foryou.bench.record import Benchmark, Line, Report
from foryou.protocols.next import kr_next

DATA = Path("data/kuairand-pure")
AHEAD = 1.05
"""How far ahead of the best peer was asked for."""


@dataclass(frozen=True, slots=True)
class Size:
    """Which log, which test days, and which peers (none: all that can run)."""

    test_from: str = "2022-05-01"
    test_to: str = "2022-05-04"
    seed: int = 1
    only: tuple[str, ...] = ()
    data: str = str(DATA)


def measure(size: Size) -> Report:
    """The report of the protocol, and which packages the peers lack."""
    first, last = date.fromisoformat(size.test_from), date.fromisoformat(size.test_to)
    known, missing = peers(("long views", "shown"), True, 0)
    chosen = tuple(peer for peer in known if not size.only or peer.name in size.only)
    return {**kr_next(Path(size.data), first, last, size.seed, chosen), "missing": missing}


def lines(report: Report) -> list[Line]:
    """For the table."""
    systems = report["systems"]
    others = [row for name, row in systems.items() if name != "foryou"]
    asked = " / ".join(
        f"{AHEAD * max(row[measure] for row in others):.4f}" for measure in ("recall@100", "ndcg@100") if others
    )
    return [
        Line(
            f"KR-next, Recall@100 / nDCG@100 of all videos: {'**ForYou**' if name == 'foryou' else name}",
            f"{row['recall@100']:.4f} / {row['ndcg@100']:.4f}",
            asked if name == "foryou" else "",
        )
        for name, row in systems.items()
    ]


BENCHMARK = Benchmark(
    "finding what each viewer watches next among all videos (KuaiRand-Pure), beside tuned peers",
    Size(),
    Size(only=("popularity",)),
    measure,
    lines,
)
