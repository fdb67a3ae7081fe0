"""`foryou bench ingest`: events a second over HTTP in batches of several sizes, and from a file.

An event counts when it was acknowledged: then it is durable and folded, and in the next feed. How many a second are
learned from too is told beside it: the rate until nothing waits to be learned any more.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from foryou.bench.directory import Told, built, copied
from foryou.bench.figures import percentiles
from foryou.bench.load import LoadError, drive, post
from foryou.bench.record import Line, Report
from foryou.bench.server import Server, disk_mib, serving
from foryou.bench.world import PER_EXPOSURE, Wire, World
from foryou.core.clock import MINUTE


@dataclass(frozen=True)
class Size:
    """What is known beforehand, and (events in a request, requests) over so many connections."""

    world: World = field(default_factory=lambda: World(10_000, 2_000))
    batches: tuple[tuple[int, int], ...] = ((1, 2_000), (20, 1_000), (100, 600), (1_000, 60))
    connections: int = 8
    imported: int = 500_000
    learn: tuple[float, ...] = (1.0, 0.1)


def measure(size: Size, cache: Path, told: Told) -> Report:
    """Rates over HTTP, all views and learning on, and of `foryou import`."""
    directory, world = built(cache, size.world, told)
    over_http: Report = {}
    with copied(directory) as data, serving(data) as server:
        warm = bodies(world, 100, 20, "warm")
        drive(server.port, warm, size.connections)
        server.settle()
        for batch, requests in size.batches:
            over_http[str(batch)] = _sent(server, world, batch, requests, size.connections)
            told("Events over HTTP", batch * requests)
        rss = server.rss_mib()
    imports = {f"{share:g}": _imported(world, size.imported, share, told) for share in size.learn}
    best = over_http.get("100", next(iter(over_http.values())))
    return {
        **{name: best[name] for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms", "events_per_s", "cpu_s")},
        "rss_mib": rss,
        "http": over_http,
        "import": imports,
    }


def events(world: World, count: int, name: str) -> list[Wire]:
    """New events of the last minute."""
    exposures = world.exposures(int(count / PER_EXPOSURE * 1.1) + 20, hash_of(name), world.end - MINUTE, world.end)
    return world.wires(world.spread(exposures), name)[:count]


def hash_of(name: str) -> int:
    """The number of a stream."""
    return 2_000_000 + zlib.crc32(name.encode()) % 1_000_000


def bodies(world: World, batch: int, requests: int, name: str) -> Iterator[bytes]:
    """Requests with so many events each."""
    rows = events(world, batch * requests, name)
    made = [msgspec.json.encode(rows[at : at + batch]) for at in range(0, len(rows), batch)]
    return (post("/v1/events", body) for body in made)


def _sent(server: Server, world: World, batch: int, requests: int, connections: int) -> Report:
    todo = bodies(world, batch, requests, f"b{batch}-")
    accepted = 0

    def count(status: int, body: bytes) -> None:
        nonlocal accepted
        accepted += int(msgspec.json.decode(body)["accepted"]) if status == 200 else 0

    cpu, started = server.cpu_s(), time.perf_counter()
    load = drive(server.port, todo, connections, heard=count)
    used = server.cpu_s() - cpu
    server.settle()
    return {
        **percentiles(load.ms),
        "events_per_s": round(accepted / load.wall_s),
        "learned_events_per_s": round(accepted / (time.perf_counter() - started)),
        "requests_per_s": round(load.requests_per_s, 1),
        "cpu_s": round(used, 2),
        "client_cpu_s": round(load.client_cpu_s, 2),
        "failed": load.failed,
    }


def _imported(world: World, count: int, learn: float, told: Told) -> Report:
    """`foryou import` of a Parquet file into an empty directory: the rate of its own loop, and that of the whole."""
    with TemporaryDirectory(prefix="foryou-bench-") as folder:
        lines, table, data = Path(folder) / "events.jsonl", Path(folder) / "events.parquet", Path(folder) / "data"
        with lines.open("wb") as file:
            for row in (*world.catalogue(), *_history(world, count)):
                file.write(msgspec.json.encode(row) + b"\n")
        found = duckdb.read_json(str(lines), format="newline_delimited")
        found.write_parquet(str(table))
        total = count + world.videos
        command = [sys.executable, "-m", "foryou.cli", "import", str(table), "--data", str(data), "--learn", str(learn)]
        before, started = os.times(), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - started, os.times()
        said = re.search(r"Taken in: ([\d,]+) events a second", done.stderr)
        if done.returncode or said is None:
            raise LoadError(f"the import failed:\n{done.stderr[-2000:]}")
        told(f"Events imported, {learn:g} learned from", total)
        return {
            "events_per_s": int(said[1].replace(",", "")),
            "learned_events_per_s": round(total / wall),
            "cpu_s": round(
                after.children_user + after.children_system - before.children_user - before.children_system, 1
            ),
            "disk_mib": disk_mib(data),
        }


def _history(world: World, count: int) -> list[Wire]:
    exposures = world.exposures(int(count / PER_EXPOSURE * 1.1) + 20, 3_000_000)
    return world.wires(world.spread(exposures), "i")[:count]


def lines(report: Report) -> list[Line]:
    """For the table."""
    if "events_s" in report:  # a run of the programs that came before
        rates = report["events_s"].items()
        return [Line(f"events over HTTP on one core, {batch} a request", f"{rate:,}/s") for batch, rate in rates]
    asked = {"100": "15,000/s"}
    return [
        *(
            Line(
                f"events over HTTP, {batch} a request, {report['size']['connections']} connections: durable and folded",
                f"{row['events_per_s']:,}/s", asked.get(batch, ""),
            )
            for batch, row in report["http"].items()
        ),
        *(
            Line(
                f"bulk import of Parquet, {float(share):.0%} of the exposures learned from",
                f"{row['events_per_s']:,} events/s", "100,000 events/s",
            )
            for share, row in report["import"].items()
        ),
    ]  # fmt: skip
