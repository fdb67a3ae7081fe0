"""What a server does with more than it can do: feeds asked at a fixed rate, whether or not the last ones were answered.

First the capacity is measured, with as many requests under way as answers come; then half of it, all of it, twice and
four times as much is asked for. Good is an answer with a slate within the deadline that the server is set to.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.speed.people import People, parts
from foryou.bench.load import ask as fetch
from foryou.bench.load import get
from foryou.bench.record import Benchmark, Line, Report
from foryou.bench.server import Server, serving
from foryou.client import connect

DEADLINE_MS = 100.0


@dataclass(frozen=True, slots=True)
class Size:
    """What is sent before, and how much is asked."""

    people: People = field(default_factory=People)
    warm_up: int = 100
    together: int = 4
    capacity_s: float = 15.0
    seconds: float = 20.0
    times: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    idle: int = 12_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one request; status 0: it got no answer."""

    ms: float
    status: int
    degraded: bool


def measure(size: Size) -> Report:
    """Capacity, what comes of each rate, and what connections cost that ask nothing."""
    with tempfile.TemporaryDirectory(prefix="foryou-bench-") as folder, serving(Path(folder) / "data") as server:
        client = connect(f"http://127.0.0.1:{server.port}")
        for rows in (*parts(size.people.catalogue()), *parts(size.people.watching())):
            client.events(rows)
        server.settle()
        for viewer in range(size.warm_up):
            fetch(server.port, get(path_for(size, viewer)))
        capacity = asyncio.run(closed(server, size))
        rates = []
        for times in size.times:
            before = memory_mib(server.process.pid)
            got = asyncio.run(opened(server, size, capacity * times))
            rates.append(
                {"times": times, **told(got, size.seconds), "rss_mib": memory_mib(server.process.pid), "before": before}
            )
            time.sleep(2.0)
        return {
            "videos": size.people.videos,
            "capacity_s": round(capacity, 1),
            "rates": rates,
            "connections": idle(server, size.idle),
        }


def path_for(size: Size, number: int) -> str:
    """One viewer after another, each in a session of its own."""
    return f"/v1/feed?viewer=viewer-{number % size.people.viewers}&session=p{number}&language=en&country=NL"


async def closed(server: Server, size: Size) -> float:
    """Answers a second while always so many requests are under way."""
    end, done = time.perf_counter() + size.capacity_s, 0

    async def go_on(first: int) -> None:
        nonlocal done
        number = first
        while time.perf_counter() < end:
            got = await ask(server.port, path_for(size, number))
            done += got.status == 200
            number += size.together

    started = time.perf_counter()
    await asyncio.gather(*(go_on(1_000_000 + each) for each in range(size.together)))
    return done / (time.perf_counter() - started)


async def opened(server: Server, size: Size, rate: float) -> list[Asked]:
    """So many requests a second, evenly, each on a connection of its own."""
    started, tasks = time.perf_counter(), []
    for number in range(max(int(rate * size.seconds), 1)):
        due = started + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(ask(server.port, path_for(size, int(rate) * 10_000 + number))))
    return list(await asyncio.gather(*tasks))


async def ask(port: int, path: str) -> Asked:
    """One request, from connecting to having read all of its answer."""
    started = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        said = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        status = int(said.split(b" ", 2)[1])
    except (OSError, TimeoutError, IndexError):
        return Asked(1e3 * (time.perf_counter() - started), 0, False)
    full = b'"degraded":[]' in said
    return Asked(1e3 * (time.perf_counter() - started), status, status == 200 and not full)


def told(got: list[Asked], seconds: float) -> Report:
    """Figures of one rate."""
    answered = [each for each in got if each.status == 200]
    statuses = Counter(each.status for each in got)
    ms = [each.ms for each in answered] or [float("nan")]
    return {
        "asked_s": round(len(got) / seconds, 1),
        "answered_s": round(len(answered) / seconds, 1),
        "goodput_s": round(sum(each.ms <= DEADLINE_MS for each in answered) / seconds, 1),
        "degraded": round(sum(each.degraded for each in answered) / max(len(answered), 1), 3),
        "refused": round(statuses[503] / len(got), 3),
        "lost": len(got) - len(answered) - statuses[503],
        "p50_ms": round(float(np.percentile(ms, 50)), 1),
        "p99_ms": round(float(np.percentile(ms, 99)), 1),
        "refused_p99_ms": round(float(np.percentile([e.ms for e in got if e.status == 503] or [0.0], 99)), 1),
    }


def idle(server: Server, wanted: int) -> Report:
    """Connections that ask nothing, as many as wanted and as the system lets one process open."""
    before = memory_mib(server.process.pid)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held: list[socket.socket] = []
    try:
        for number in range(wanted):
            held.append(socket.socket())
            held[-1].setblocking(False)
            if number >= 20_000:  # an address has no more ports than 28,000
                held[-1].bind((f"127.0.0.{1 + number // 20_000}", 0))
            held[-1].connect_ex(("127.0.0.1", server.port))
            if number % 100 == 99:
                time.sleep(0.02)  # as many a second as are accepted: what waits to be is no connection yet
    except OSError:
        pass  # no more files or ports: that is how many could be tried
    time.sleep(2.0)
    tried, refused = len(held), sum(map(_ended, held))
    after = memory_mib(server.process.pid)
    if held:
        held.pop().close()
    started = time.perf_counter()
    served = asyncio.run(ask(server.port, "/v1/feed?viewer=late"))
    for connection in held:
        connection.close()
    kept = max(tried - refused, 1)
    return {
        "tried": tried,
        "open": tried - refused,
        "refused": refused,
        "kib_each": round(1024 * (after - before) / kept, 1),
        "one_more": served.status,
        "one_more_ms": round(1e3 * (time.perf_counter() - started), 1),
    }


def _ended(connection: socket.socket) -> bool:
    """Whether the other side hung up, or was never reached."""
    try:
        connection.getpeername()
        return connection.recv(1 << 12)[:12] in (b"HTTP/1.1 503", b"")
    except BlockingIOError:
        return False  # open, and silent
    except OSError:
        return True


def memory_mib(pid: int) -> float:
    """What a process has of the machine's memory; 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith("VmRSS:")), 0.0)


def lines(report: Report) -> list[Line]:
    """For the table."""
    rates = [
        Line(
            f"feeds asked at {each['times']:g} x capacity ({each['asked_s']:.0f}/s): in time, refused, p99",
            f"{each['goodput_s']:.0f}/s, {each['refused']:.0%}, {each['p99_ms']:.0f} ms",
        )
        for each in report["rates"]
    ]
    many = report["connections"]
    return [
        *rates,
        Line("connections held open of those tried, memory each",
             f"{many['open']:,} of {many['tried']:,}, {many['kib_each']:.1f} KiB"),
    ]  # fmt: skip


BENCHMARK = Benchmark(
    "feeds asked faster than they can be made: what is answered in time, degraded and refused",
    Size(),
    Size(
        People(videos=60, viewers=4, watched=4), warm_up=2, together=2, capacity_s=0.3, seconds=0.3, times=(0.5, 2.0),
        idle=20,
    ),
    measure,
    lines,
)  # fmt: skip
