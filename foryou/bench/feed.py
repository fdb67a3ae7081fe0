"""`foryou bench feed`: how long a feed takes over HTTP, how many there are a second, and in which stages the time goes.

Two figures, because they answer different questions: requests with a pause between them (what one viewer waits), and
requests back to back over several connections (what the machine can carry).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from foryou.bench.directory import Told, built, copied
from foryou.bench.figures import percentiles
from foryou.bench.load import drive, get
from foryou.bench.record import Line, Report
from foryou.bench.server import Server, serving, spent
from foryou.bench.world import World


@dataclass(frozen=True)
class Size:
    """The world, and how much is asked of it."""

    world: World = field(default_factory=lambda: World(100_000, 10_000))
    concurrency: int = 1
    workers: int = 1
    warm_up: int = 200
    requests: int = 2_000
    pause_ms: float = 50.0
    n: int = 10


def measure(size: Size, cache: Path, told: Told) -> Report:
    """Asks for feeds of viewers as active as they are, each in a session of its own."""
    directory, world = built(cache, size.world, told)
    with copied(directory) as data, serving(data, size.workers) as server:
        told("Warm-up", size.warm_up)
        drive(server.port, asked(world, size, size.warm_up, 0), size.concurrency)
        server.settle()
        before, cpu = server.stages(), server.cpu_s()
        spaced = drive(server.port, asked(world, size, size.requests // 4, 1), 1, rate=1e3 / size.pause_ms)
        told("Feeds, spaced", len(spaced.ms))
        busy_cpu = server.cpu_s()
        busy = drive(server.port, asked(world, size, size.requests, 2), size.concurrency)
        told("Feeds, back to back", len(busy.ms))
        return {
            **percentiles(busy.ms),
            "requests_per_s": round(busy.requests_per_s, 1),
            "cpu_s": round(server.cpu_s() - busy_cpu, 2),
            "rss_mib": server.rss_mib(),
            "disk_mib": server.disk_mib(),
            "startup_s": server.startup_s,
            "stages": spent(before, server.stages()),
            "spaced": {**percentiles(spaced.ms), "cpu_s": round(busy_cpu - cpu, 2), "pause_ms": size.pause_ms},
            "client_cpu_s": round(busy.client_cpu_s, 2),
            "failed": busy.failed + spaced.failed,
        }


def asked(world: World, size: Size, count: int, stream: int) -> Iterator[bytes]:
    """Requests for feeds."""
    viewers = world.exposures(count, 1_000_000 + stream)["viewer"].tolist()
    for number, viewer in enumerate(viewers):
        where = f"viewer=viewer-{viewer}&n={size.n}&session=b{stream}-{number}&language=en&country=NL&time_zone=UTC"
        yield get(f"/v1/feed?{where}")


def warmed(server: Server, world: World, requests: int = 100) -> list[float]:
    """The ms of some spaced requests, after as many that are not counted."""
    size = Size(world)
    drive(server.port, asked(world, size, requests, 8))
    return drive(server.port, asked(world, size, requests, 9), rate=20.0).ms


def lines(report: Report) -> list[Line]:
    """For the table."""
    if "ms" in report:  # a run of the programs that came before
        apart, costs = report["ms"], dict(sorted(report["stages_ms"].items(), key=lambda item: -item[1])[:3])
        return [
            Line(
                f"feed of {report['n']} from {report['videos']:,} videos over HTTP on one core, p50 / p95 / p99",
                f"{apart['p50']:.1f} / {apart['p95']:.1f} / {apart['p99']:.1f} ms", "8 / - / 20 ms",
            ),
            Line("its dearest stages", ", ".join(f"{name} {ms:.1f} ms" for name, ms in costs.items())),
        ]  # fmt: skip
    size, apart = report["size"], report["spaced"]
    world, costs = size["world"], dict(list(report["stages"].items())[:3])
    return [
        Line(
            f"feed of {size['n']} from {world['videos']:,} videos over HTTP, p50 / p99",
            f"{apart['p50_ms']:.1f} / {apart['p99_ms']:.1f} ms",
            "8 / 20 ms" if world["videos"] <= 100_000 else "- / 30 ms",
        ),
        Line(
            f"feeds a second, {size['concurrency']} connections, {size['workers']} worker(s)",
            f"{report['requests_per_s']:.0f}",
            f"{120 * size['workers']}",
        ),
        Line("the same, p50 / p95 / p99", " / ".join(f"{report[f'p{p}_ms']:.1f}" for p in (50, 95, 99)) + " ms"),
        Line("its dearest stages", ", ".join(f"{name} {ms:.1f} ms" for name, ms in costs.items())),
    ]
