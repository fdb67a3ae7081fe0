"""What an operator sees: one JSON line a request, and counters for Prometheus. Nothing here names a viewer."""

from __future__ import annotations

import logging
import os
import sys
import time  # only to measure how long requests take
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import cast

import msgspec
import numpy as np
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.pipeline import Trace

LOG = logging.getLogger("foryou.requests")

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(slots=True)
class Line:
    """What a request's line says besides method, path, status and time; its handler fills it in."""

    viewer: str = ""
    key: str = ""
    request: str = ""
    candidates: int | None = None
    failed: list[str] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)
    accepted: int | None = None
    refused: int | None = None
    error: str = ""


def line_of(scope: Scope) -> Line:
    """The line of this request."""
    return cast(Line, scope["state"].setdefault("line", Line()))


def arrived(scope: Scope) -> float:
    """When the request began to come in, on the scale of `time.perf_counter`."""
    return cast(float, scope["state"].setdefault("arrived", time.perf_counter()))


def hashed(viewer: str) -> str:
    """A viewer in logs: the same viewer has the same hash, but the hash does not tell who."""
    return blake2b(viewer.encode(errors="replace"), digest_size=6, person=b"log").hexdigest() if viewer else ""


@dataclass(frozen=True)
class Metrics:
    """The process's counters. `status` is asked at each scrape, for the gauges of the engine and the learner."""

    status: Callable[[], Mapping[str, object]]
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    events: Counter = field(init=False)
    feed: Histogram = field(init=False)
    stages: Histogram = field(init=False)
    degraded: Counter = field(init=False)

    def __post_init__(self) -> None:
        of = self.registry
        counters = {
            "requests": Counter("foryou_requests", "HTTP requests", ("method", "path", "status"), registry=of),
            "events": Counter("foryou_events", "events accepted, without duplicates", ("kind",), registry=of),
            "feed": Histogram("foryou_feed_seconds", "time to a slate", ("surface",), registry=of, buckets=_BUCKETS),
            "stages": Histogram(
                "foryou_stage_seconds", "time in a stage of the feed", ("stage", "name"), registry=of, buckets=_BUCKETS
            ),
            "degraded": Counter("foryou_degraded", "what slates had to do without, and why", ("reason",), registry=of),
        }
        for name, counter in counters.items():
            object.__setattr__(self, name, counter)
        of.register(_Gauges(self.status))

    def accepted(self, new: Batch) -> None:
        """Count events that were accepted."""
        kinds, counts = np.unique(new["kind"], return_counts=True)
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
            self.events.labels(Kind(kind).wire).inc(count)

    def served(self, surface: str, seconds: float, took: Trace) -> None:
        """Count a slate and what its stages took."""
        self.feed.labels(surface).observe(seconds)
        for step in took.steps:
            self.stages.labels(step.stage, step.name).observe(step.ms / 1e3)
        for reason in took.degraded:
            self.degraded.labels("ranked:late" if reason.startswith("ranked:") else reason).inc()

    def text(self) -> bytes:
        """Everything in Prometheus' text format; the sums over all processes, where several serve."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        sums = CollectorRegistry()
        MultiProcessCollector(sums)  # type: ignore[no-untyped-call]
        sums.register(_Gauges(self.status))
        return generate_latest(sums)


class _Gauges(Collector):
    """The numbers of the engine's status, read when they are asked for."""

    def __init__(self, status: Callable[[], Mapping[str, object]]) -> None:
        self.status = status

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        for name, value in self.status().items():
            if isinstance(value, Mapping):
                yield from _of_heads(value)
            elif _is_number(value):
                yield GaugeMetricFamily(f"foryou_engine_{name}", name, value=float(cast(float, value)))


def _of_heads(measures: Mapping[str, Mapping[str, float]]) -> Iterator[Metric]:
    """The learner's running measures: a gauge for each measure, with the head as its label."""
    names = dict.fromkeys(name for of_head in measures.values() for name in of_head)
    for name in names:
        gauge = GaugeMetricFamily(f"foryou_learner_{name}", f"running {name} of each head", labels=("head",))
        for head, of_head in measures.items():
            if name in of_head:
                gauge.add_metric((head,), float(of_head[name]))
        yield gauge


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number)


def observed(app: ASGIApp, metrics: Metrics) -> ASGIApp:
    """The app, with each of its requests counted and written down."""

    async def watch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        scope.setdefault("state", {}).update(line=Line())
        arrived(scope)

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, note)
        finally:
            seconds = time.perf_counter() - started
            path = scope.get("path_template") or "unknown"
            method = str(scope["method"])
            metrics.requests.labels(method, path, str(status)).inc()
            LOG.info(_written(method, path, status, seconds, line_of(scope)))

    return watch


def _written(method: str, path: str, status: int, seconds: float, line: Line) -> str:
    said = {"method": method, "path": path, "status": status, "ms": round(1e3 * seconds, 2)}
    more = {name: getattr(line, name) for name in Line.__slots__}
    kept = {name: value for name, value in more.items() if value not in ("", None, [])}
    return msgspec.json.encode(said | kept).decode()


def log_to_stderr() -> None:
    """Send the lines to standard error, as they are."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(logging.Formatter("%(message)s"))
    LOG.handlers[:] = [out]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
