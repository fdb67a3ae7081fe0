"""How long a feed takes over HTTP, on one core, and in which stages.

The server explains and logs every slate on that same core, so a request that follows at once waits for that work: both
are measured, requests with a pause between them (`pause_ms`) and requests back to back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.record import Benchmark, Line, Report
from benchmarks.speed.people import People, parts
from benchmarks.speed.serving import Server, serving


@dataclass(frozen=True, slots=True)
class Size:
    """What is sent before, and how much is asked."""

    people: People = field(default_factory=People)
    warm_up: int = 50
    requests: int = 400
    repeats: int = 3
    n: int = 10
    pause_ms: float = 100.0


def measure(size: Size) -> Report:
    """Percentiles of the time from sending a request to having read its answer; each the median of the repeats."""
    with serving() as server:
        for rows in (*parts(size.people.catalogue()), *parts(size.people.watching())):
            server.send(rows)
        learned = server.settle()
        asked(server, size, size.warm_up, 0.0, "warm-up")
        before = server.stages()
        spaced = [
            asked(server, size, size.requests, size.pause_ms / 1e3, f"spaced-{run}") for run in range(size.repeats)
        ]
        after = server.stages()
        busy = [asked(server, size, size.requests, 0.0, f"busy-{run}") for run in range(size.repeats)]
        return {
            "core": server.core,
            "videos": size.people.videos,
            "n": size.n,
            "learned": learned,
            "ms": percentiles(spaced),
            "back_to_back_ms": percentiles(busy),
            "requests_s": round(float(1e3 / np.median([np.mean(times) for times in busy])), 1),
            "stages_ms": {
                name: round(1e3 * (sum_s - before[name][0]) / (count - before[name][1]), 3)
                for name, (sum_s, count) in after.items()
                if count > before[name][1]
            },
        }


def asked(server: Server, size: Size, requests: int, pause_s: float, session: str) -> list[float]:
    """The ms of each of so many requests, of one viewer after another, each in a session of its own."""
    took: list[float] = []
    for number in range(requests):
        viewer = number % size.people.viewers
        path = f"/v1/feed?viewer=viewer-{viewer}&n={size.n}&session={session}-{number}&language=en&country=NL"
        started = time.perf_counter()
        server.get(path)
        took.append(1e3 * (time.perf_counter() - started))
        time.sleep(pause_s)
    return took


def percentiles(runs: list[list[float]]) -> dict[str, float]:
    """p50, p95 and p99, each the median over the runs."""
    return {
        f"p{which}": round(float(np.median([np.percentile(times, which) for times in runs])), 2)
        for which in (50, 95, 99)
    }


def lines(report: Report) -> list[Line]:
    """For the table."""
    apart, busy = report["ms"], report["back_to_back_ms"]
    on = "on one core" if report["core"] is not None else "on all cores"
    costs = sorted(report["stages_ms"].items(), key=lambda item: -item[1])[:3]
    return [
        Line(
            f"feed of {report['n']} from {report['videos']:,} videos over HTTP {on}, p50",
            f"{apart['p50']:.1f} ms",
            "15 ms",
        ),
        Line("the same, p95 / p99", f"{apart['p95']:.1f} / {apart['p99']:.1f} ms"),
        Line("the same, requests back to back, p50 / p95", f"{busy['p50']:.1f} / {busy['p95']:.1f} ms"),
        Line("its dearest stages", ", ".join(f"{name} {ms:.1f} ms" for name, ms in costs)),
    ]


BENCHMARK = Benchmark(
    "a feed over HTTP, on one core: percentiles, and what each stage takes",
    Size(),
    Size(People(videos=60, viewers=4, watched=4), warm_up=2, requests=4, repeats=1, pause_ms=1.0),
    measure,
    lines,
)
