"""`foryou bench growth`: latency, memory, disk and start-up against the number of videos and viewers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path

from foryou.bench.directory import Told, built, copied
from foryou.bench.feed import warmed
from foryou.bench.figures import exponent, percentiles
from foryou.bench.record import Line, Report
from foryou.bench.server import serving
from foryou.bench.world import World

FITTED = ("p50_ms", "p99_ms", "rss_mib", "disk_mib", "startup_s")


@dataclass(frozen=True)
class Size:
    """As many videos as viewers, at each of these sizes."""

    sizes: tuple[int, ...] = (10_000, 100_000)
    world: World = field(default_factory=lambda: World(1, 1))
    requests: int = 400


def measure(size: Size, cache: Path, told: Told) -> Report:
    """The figures of each size, and the exponents by which they grow, each with its standard error."""
    rows: list[Report] = []
    for count in size.sizes:
        directory, world = built(cache, replace(size.world, videos=count, viewers=count), told)
        with copied(directory) as data, serving(data) as server:
            ms = warmed(server, world, size.requests)
            rows.append(
                {
                    "size": count,
                    **percentiles(ms),
                    "cpu_s": round(server.cpu_s(), 1),
                    "rss_mib": server.rss_mib(),
                    "disk_mib": server.disk_mib(),
                    "startup_s": server.startup_s,
                }
            )
        told("Sizes", 1)
    exponents = {name: exponent(list(size.sizes), [row[name] for row in rows]) for name in FITTED} if rows[1:] else {}
    told_of = {
        name: {"exponent": slope, "error": error if isfinite(error) else None}
        for name, (slope, error) in exponents.items()
    }
    return {**{name: value for name, value in rows[-1].items() if name != "size"}, "sizes": rows, "growth": told_of}


def lines(report: Report) -> list[Line]:
    """For the table."""
    rows = report["sizes"]
    found = [
        Line(
            f"{row['size']:,} videos and viewers: feed p50 / p99, memory, start-up",
            f"{row['p50_ms']:.1f} / {row['p99_ms']:.1f} ms, {row['rss_mib'] / 1024:.2f} GiB, {row['startup_s']:.1f} s",
            "- / 30 ms, 6 GiB, -" if row["size"] >= 1_000_000 else "",
        )
        for row in rows
    ]
    for name, fit in report["growth"].items():
        error = "" if fit["error"] is None else f" ± {fit['error']:.2f}"
        found.append(Line(f"{name} grows with the size to the power of", f"{fit['exponent']:.2f}{error}"))
    return found
