"""`foryou bench soak`: a mixed load for minutes, and whether memory, handles and latency stay flat."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from foryou.bench.directory import Told, built, copied
from foryou.bench.feed import Size as FeedSize
from foryou.bench.feed import asked
from foryou.bench.figures import percentiles
from foryou.bench.ingest import bodies
from foryou.bench.load import PATIENCE_S, LoadError, drive
from foryou.bench.record import Line, Report
from foryou.bench.server import Server, serving
from foryou.bench.world import World

MEMORY, LATENCY = 0.03, 0.20
"""How much more memory, and how much longer a p99 than in the first minute, is still flat."""


@dataclass(frozen=True)
class Size:
    """The world, feeds and events a second, and for how long; the first `warm_up_s` seconds do not count."""

    world: World = field(default_factory=lambda: World(100_000, 10_000))
    minutes: float = 30.0
    feeds: float = 15.0
    events: int = 300
    warm_up_s: float = 60.0


def measure(size: Size, cache: Path, told: Told) -> Report:
    """A row for each minute, and the verdict: the last minutes held against the first one after the warm-up."""
    directory, world = built(cache, size.world, told)
    minute_s = min(60.0, size.minutes * 60 / 3)
    with copied(directory) as data, serving(data) as server:
        context = multiprocessing.get_context("spawn")
        heard: Any = context.Queue()
        others = [
            context.Process(target=work, args=(server.port, size, world, heard), daemon=True)
            for work in (_feeds, _events)
        ]
        for other in others:
            other.start()
        try:
            heard.get(timeout=PATIENCE_S)  # the warm-up begins with the first answers
            _heard(heard, time.monotonic() + size.warm_up_s)
            rows = [_minute(server, heard, minute_s, told) for _ in range(round(size.minutes * 60 / minute_s))]
            if not all(other.is_alive() for other in others):
                raise LoadError("the load ended before the measurement did")
        finally:
            for other in others:
                other.terminate()
                other.join()
        return {**percentiles([ms for row in rows for ms in row.pop("ms")]), **verdict(rows), "minutes": rows}


def verdict(rows: list[Report]) -> Report:
    """Whether the last third's memory and p99 are close to the first row's, and no handle or thread was left behind."""
    first, last = rows[0], rows[-max(1, len(rows) // 3) :]
    memory = max(row["rss_mib"] for row in last) / first["rss_mib"] - 1
    slow = sorted(row["p99_ms"] for row in last)[len(last) // 2] / max(first["p99_ms"], 1e-9) - 1
    handles = max(row["handles"] for row in last) - first["handles"]
    return {
        "rss_mib": last[-1]["rss_mib"],
        "disk_mib": last[-1]["disk_mib"],
        "cpu_s": round(sum(row["cpu_s"] for row in rows), 1),
        "memory_change": round(memory, 4),
        "p99_change": round(slow, 4),
        "handles_change": handles,
        "threads_change": max(row["threads"] for row in last) - first["threads"],
        "flat": bool(memory <= MEMORY and slow <= LATENCY and handles <= 10),
    }


def _minute(server: Server, heard: Any, seconds: float, told: Told) -> Report:
    cpu, end = server.cpu_s(), time.monotonic() + seconds
    ms = _heard(heard, end)
    told("Minutes", 1)
    return {
        **percentiles(ms),
        "ms": ms,
        "requests": len(ms),
        "cpu_s": round(server.cpu_s() - cpu, 2),
        "rss_mib": server.rss_mib(),
        "disk_mib": server.disk_mib(),
        "handles": server.handles(),
        "threads": server.threads(),
        "events": server.told("events"),
    }


def _heard(heard: Any, until: float) -> list[float]:
    """The ms of the feeds until then."""
    found: list[float] = []
    while (left := until - time.monotonic()) > 0:
        try:
            found += heard.get(timeout=left)
        except Empty:
            break
    return found


def _feeds(port: int, size: Size, world: World, heard: Any) -> None:
    """Feeds at a steady rate; what each took goes to `heard`, a second's worth at a time."""
    for part in range(1 << 30):
        requests = asked(world, FeedSize(world), max(1, int(size.feeds)), 100 + part)
        heard.put(drive(port, requests, connections=4, rate=size.feeds).ms)


def _events(port: int, size: Size, world: World, heard: Any) -> None:
    """Events at a steady rate, twenty a request."""
    drive(port, _batches(size, world), connections=4, rate=size.events / 20)


def _batches(size: Size, world: World) -> Iterator[bytes]:
    for part in range(1 << 30):
        yield from bodies(world, 20, max(1, size.events // 20) * 10, f"soak{part}-")


def lines(report: Report) -> list[Line]:
    """For the table."""
    minutes = report["size"]["minutes"]
    return [
        Line(f"mixed load for {minutes:g} minutes: change of memory", f"{report['memory_change']:+.1%}", "3 %"),
        Line("the same: change of the feed's p99 after the first minute", f"{report['p99_change']:+.0%}", "20 %"),
        Line("the same: flat", "yes" if report["flat"] else "no", "yes"),
        Line(
            "the same: more handles / threads",
            f"{report['handles_change']:+d} / {report['threads_change']:+d}",
        ),
    ]
