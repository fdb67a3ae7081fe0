"""How soon an event is learned and the parameters that it moved are in use, while a server on one core also serves.

Every request brings the impression and the watch of one exposure, so the count of rows and corrections that the version
in use has learned (`in_use` of the health check) says which of them are in it.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from benchmarks.record import Benchmark, Line, Report
from benchmarks.speed.people import People, now_ms, parts
from benchmarks.speed.serving import Server, serving

PATIENCE_S = 60.0
"""How long the last events are waited for."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is known beforehand; exposures a second, for so many seconds, with so many feeds a second beside them."""

    people: People = field(default_factory=People)
    exposures_s: float = 50.0
    feeds_s: float = 10.0
    seconds: float = 30.0
    poll_ms: float = 20.0

    @property
    def exposures(self) -> int:
        """In all."""
        return int(self.exposures_s * self.seconds)


def measure(size: Size) -> Report:
    """Percentiles of the time from sending an event to the first health check that shows it in use."""
    with serving() as server:
        for rows in (*parts(size.people.catalogue()), *parts(size.people.watching())):
            server.send(rows)
        server.settle()
        time.sleep(1.0)
        with contextlib.closing(_again(server)) as connection:
            return _watch(server, replace(server, connection=connection), size)


def _watch(server: Server, other: Server, size: Size) -> Report:
    before = _in_use(other)
    sent: list[float] = []
    with _feeding(server, size) as fed, _sending(server, size, sent):
        fresh: list[float] = []
        started = time.perf_counter()
        while len(fresh) < size.exposures and time.perf_counter() < started + size.seconds + PATIENCE_S:
            known, now = _in_use(other) - before, time.perf_counter()
            fresh += [now - at for at in sent[len(fresh) : known]]
            time.sleep(size.poll_ms / 1e3)
    late = [PATIENCE_S] * (len(sent) - len(fresh))
    ms = 1e3 * np.array(fresh + late)
    return {
        "core": server.core,
        "events": 2 * len(sent),
        "events_s": round(2 * len(sent) / (sent[-1] - sent[0]), 1),
        "feeds": len(fed),
        "never": len(late),
        "ms": {f"p{which}": round(float(np.percentile(ms, which)), 1) for which in (50, 95, 99, 100)},
        "feed_ms": {f"p{which}": round(1e3 * float(np.percentile(fed, which)), 1) for which in (50, 95)},
    }


def _in_use(server: Server) -> int:
    return int(msgspec.json.decode(server.get("/health/ready"))["in_use"])


def _again(server: Server) -> http.client.HTTPConnection:
    """Another connection to the same server."""
    return http.client.HTTPConnection(server.connection.host, server.connection.port, timeout=60)


@contextmanager
def _sending(server: Server, size: Size, sent: list[float]) -> Iterator[None]:
    """Send exposures at a steady pace meanwhile; `sent` gets the time of each, before it is sent."""

    def send() -> None:
        rng, started = np.random.default_rng(1), time.perf_counter()
        for number in range(size.exposures):
            time.sleep(max(0.0, started + number / size.exposures_s - time.perf_counter()))
            about = {
                "at": now_ms(),
                "viewer": f"fresh-{rng.integers(size.people.viewers)}",
                "video": f"video-{rng.integers(size.people.videos)}",
            }
            rows = [
                {"id": f"f-i-{number}", "kind": "impression", **about},
                {"id": f"f-w-{number}", "kind": "watch", "seconds": float(round(rng.exponential(12), 1)), **about},
            ]
            sent.append(time.perf_counter())
            server.send(rows)

    with _running(send):
        yield


@contextmanager
def _feeding(server: Server, size: Size) -> Iterator[list[float]]:
    """Ask for feeds at a steady pace meanwhile; how long each took, in seconds."""
    took: list[float] = []

    def ask() -> None:
        with contextlib.closing(_again(server)) as connection:
            mine, started = replace(server, connection=connection), time.perf_counter()
            for number in range(int(size.feeds_s * size.seconds)):
                time.sleep(max(0.0, started + number / size.feeds_s - time.perf_counter()))
                asked = time.perf_counter()
                mine.get(f"/v1/feed?viewer=viewer-{number % size.people.viewers}&session=fresh-{number}")
                took.append(time.perf_counter() - asked)

    with _running(ask):
        yield took


@contextmanager
def _running(work: Callable[[], None]) -> Iterator[None]:
    """Work in a thread of its own; an error there is raised here in the end."""
    problems: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as problem:
            problems.append(problem)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join()
    if problems:
        raise problems[0]


def lines(report: Report) -> list[Line]:
    """For the table."""
    ms = report["ms"]
    on = "on one core" if report["core"] is not None else "on all cores"
    return [
        Line(f"parameter in use after its event {on}, p95", f"{ms['p95']:,.0f} ms", "1,000 ms"),
        Line("the same, p50 / longest", f"{ms['p50']:,.0f} / {ms['p100']:,.0f} ms"),
        Line("feeds meanwhile, p50 / p95", f"{report['feed_ms']['p50']:.1f} / {report['feed_ms']['p95']:.1f} ms"),
    ]


BENCHMARK = Benchmark(
    "from an event to its parameters in use, on a server that also serves feeds",
    Size(),
    Size(People(videos=60, viewers=4, watched=4), exposures_s=10.0, feeds_s=4.0, seconds=2.0),
    measure,
    lines,
)
