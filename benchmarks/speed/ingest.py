"""How many events a second a server takes over HTTP on one core: acknowledged, so durable, folded, in the next feed."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

import msgspec

from benchmarks.record import Benchmark, Line, Report
from benchmarks.speed.people import People, parts
from benchmarks.speed.serving import serving


@dataclass(frozen=True, slots=True)
class Size:
    """What is known beforehand, and (batch size, events): one connection, one request after another."""

    people: People = field(default_factory=lambda: People(viewers=200, watched=60))
    batches: tuple[tuple[int, int], ...] = ((1_000, 20_000), (100, 10_000), (1, 500))
    repeats: int = 3


def measure(size: Size) -> Report:
    """Events/s, the median of the repeats; each repeat sends new events. Learning goes on beside it."""
    with serving() as server:
        for rows in parts(size.people.catalogue()):
            server.send(rows)
        server.send(size.people.watching("warm")[:200])
        rates: dict[str, list[float]] = {}
        for run in range(size.repeats):
            for batch, events in size.batches:
                rows = size.people.watching(f"{run}-{batch}")[:events]
                bodies = [msgspec.json.encode(part) for part in parts(rows, batch)]
                started = time.perf_counter()
                accepted = sum(int(server.post(body)["accepted"]) for body in bodies)
                rates.setdefault(str(batch), []).append(accepted / (time.perf_counter() - started))
        return {
            "core": server.core,
            "events_s": {batch: round(statistics.median(values)) for batch, values in rates.items()},
            "runs": {batch: [round(value) for value in values] for batch, values in rates.items()},
        }


def lines(report: Report) -> list[Line]:
    """For the table."""
    on = "on one core" if report["core"] is not None else "on all cores"
    return [
        Line(
            f"events over HTTP {on}, {int(batch):,} a request",
            f"{rate:,} events/s",
            "5,000 events/s" if batch == "1000" else "",
        )
        for batch, rate in report["events_s"].items()
    ]


BENCHMARK = Benchmark(
    "events over HTTP in batches of 1,000, 100 and 1, on one core; acknowledged means durable",
    Size(),
    Size(People(videos=40, viewers=4, watched=6), batches=((10, 20), (1, 2)), repeats=1),
    measure,
    lines,
)
