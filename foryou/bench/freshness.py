"""`foryou bench freshness`: how soon what was acknowledged is in a feed, and in the model that serves.

While other viewers send events at a steady rate, one viewer after another does something and asks for a feed as soon as
that was acknowledged, again and again until the feed shows it: an impression of the video at the top (it has to be
gone), a hide of its author (none of theirs may come), and a follow (the author has to come to the following feed).
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from foryou.bench.directory import Told, built, copied
from foryou.bench.figures import percentiles
from foryou.bench.ingest import bodies
from foryou.bench.load import LoadError, ask, drive, get, post
from foryou.bench.record import Line, Report
from foryou.bench.server import Server, serving
from foryou.bench.world import Wire, World

ACTS = ("impression", "hide", "follow")
PATIENCE_S = 30.0
"""After this it counts as never."""


@dataclass(frozen=True)
class Size:
    """The world, the events a second of everybody else in requests of `batch`, and how often is looked."""

    world: World = field(default_factory=lambda: World(100_000, 10_000))
    rate: int = 1_000
    batch: int = 20
    warm_up: int = 20
    looks: int = 300
    models: int = 60


def measure(size: Size, cache: Path, told: Told) -> Report:
    """Percentiles of the time from an acknowledgement to the end of the first feed that shows it."""
    directory, world = built(cache, size.world, told)
    with copied(directory) as data, serving(data) as server:
        for number in range(size.warm_up):
            _look(server, world, -1 - number)
        server.settle()
        seconds = 20.0 + size.looks * 0.1 + size.models * 2.0
        with _others(server.port, size, world, seconds):
            cpu, feeds = server.cpu_s(), {name: list[float]() for name in ACTS}
            tries = []
            for number in range(size.looks):
                name, ms, asked = _look(server, world, number)
                feeds[name].append(ms)
                tries.append(asked)
                told("Acts looked for", 1)
            models = [_learned(server, world, number) for number in range(size.models)]
            told("Parameters looked for", len(models))
            every = [ms for values in feeds.values() for ms in values]
            return {
                **percentiles(every),
                "cpu_s": round(server.cpu_s() - cpu, 2),
                "rss_mib": server.rss_mib(),
                "acts": {name: percentiles(values) for name, values in feeds.items() if values},
                "first_feed": sum(each == 1 for each in tries) / max(len(tries), 1),
                "parameters": percentiles(models),
                "events_per_s": size.rate,
            }


def _look(server: Server, world: World, number: int) -> tuple[str, float, int]:
    """One act: its name, the ms from its acknowledgement to the feed that reflects it, and how many feeds that took."""
    name, viewer = ACTS[number % len(ACTS)], f"viewer-{number * 37 % world.viewers}"
    top = _feed(server, viewer, f"f{number}", "for_you")[0]
    event: Wire = {"id": f"fresh-{time.time_ns()}", "kind": name, "viewer": viewer}
    event |= {"author": top["author"]} if name != "impression" else {"video": top["video"]}
    ask(server.port, post("/v1/events", msgspec.json.encode([event])))
    started = time.perf_counter()
    for tried in range(1, 1_000_000):
        surface = "following" if name == "follow" else "for_you"
        items = _feed(server, viewer, "", surface)
        field_of = "video" if name == "impression" else "author"
        there = any(item.get(field_of) == top[field_of] for item in items)
        took = time.perf_counter() - started
        if there == (name == "follow"):
            return name, 1e3 * took, tried
        if took > PATIENCE_S:
            return name, 1e3 * PATIENCE_S, tried
    raise AssertionError("unreachable")


def _feed(server: Server, viewer: str, session: str, surface: str) -> list[Wire]:
    path = f"/v1/feed?viewer={viewer}&n=10&session={session}&surface={surface}"
    items: list[Wire] = msgspec.json.decode(ask(server.port, get(path)))["items"]
    if not items and surface == "for_you":
        raise LoadError(f"an empty feed for {viewer}")
    return items


def _learned(server: Server, world: World, number: int) -> float:
    """The ms from the acknowledgement of an exposure until the version that serves has learned it.

    Whatever was sent before it is learned before it, so it is in once as many rows are in use as are known now and
    waiting, with this one.
    """
    about = {"viewer": f"viewer-{number * 53 % world.viewers}", "video": f"video-{number * 101 % world.videos}"}
    rows = [
        {"id": f"param-i-{time.time_ns()}", "kind": "impression", **about},
        {"id": f"param-w-{time.time_ns()}", "kind": "watch", "seconds": 9.0, **about},
    ]
    ask(server.port, post("/v1/events", msgspec.json.encode(rows)))
    started, now = time.perf_counter(), server.ready()
    target = sum(int(str(now[name])) for name in ("learned", "corrected", "waiting")) + 1
    while server.told("in_use") < target:
        if time.perf_counter() - started > PATIENCE_S:
            return 1e3 * PATIENCE_S
        time.sleep(0.02)
    return 1e3 * (time.perf_counter() - started)


@contextmanager
def _others(port: int, size: Size, world: World, seconds: float) -> Iterator[None]:
    """Everybody else's events at a steady rate meanwhile, from a process of its own."""
    other = multiprocessing.get_context("spawn").Process(target=_send, args=(port, size, world, seconds), daemon=True)
    other.start()
    time.sleep(3.0)
    try:
        yield
        if not other.is_alive():
            raise LoadError("the other viewers' events ended before the measurement did")
    finally:
        other.terminate()
        other.join()


def _send(port: int, size: Size, world: World, seconds: float) -> None:
    requests = int(seconds * size.rate / size.batch) + 1
    drive(port, bodies(world, size.batch, requests * 4, "others"), connections=4, rate=size.rate / size.batch)


def lines(report: Report) -> list[Line]:
    """For the table."""
    if "ms" in report:  # a run of the programs that came before
        return [Line("parameter in use after its event on one core, p95", f"{report['ms']['p95']:,.0f} ms", "1,000 ms")]
    return [
        Line(
            f"acknowledged to reflected in the next feed, under {report['events_per_s']:,} events/s, p50 / p99",
            f"{report['p50_ms']:.0f} / {report['p99_ms']:.0f} ms",
            "- / 50 ms",
        ),
        Line("of those, in the very next feed", f"{report['first_feed']:.1%}"),
        Line(
            "acknowledged to parameters in use, p50 / p99",
            f"{report['parameters']['p50_ms']:,.0f} / {report['parameters']['p99_ms']:,.0f} ms",
        ),
    ]
