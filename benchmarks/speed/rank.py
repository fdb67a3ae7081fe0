"""What ranking costs: the model's inputs and the predictions of all heads, for the candidates of one request."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.speed.people import People, now_ms, parts
from foryou.app import Engine
from foryou.bench.record import Benchmark, Line, Report
from foryou.client import in_process
from foryou.core.batch import Batch
from foryou.feed.hydrators import Inputs
from foryou.feed.serve import Ask, request_for
from foryou.scorers.predict import Predict
from foryou.settings import DataSettings, Settings


@dataclass(frozen=True, slots=True)
class Size:
    """What is known beforehand, how many candidates each request has, and how many requests are timed."""

    people: People = field(default_factory=lambda: People(videos=10_000, viewers=200, watched=60))
    candidates: int = 500
    requests: int = 400
    warm_up: int = 50


def measure(size: Size) -> Report:
    """Wall-clock ms of one thread; the candidates are drawn anew for each request, as retrieval would bring them."""
    engine = Engine.open(Settings(data=DataSettings(url="memory:")))
    client = in_process(engine)
    for rows in (*parts(size.people.catalogue()), *parts(size.people.watching())):
        client.events(rows)
    while engine.work():
        pass
    engine.publish()
    store, model = engine.backend.store, engine.version.model
    inputs, predict = Inputs(store), Predict(lambda: model)
    videos = store.scan("video", ("known",))[0]
    rng = np.random.default_rng(1)
    took: list[tuple[float, float]] = []
    for number in range(size.warm_up + size.requests):
        ask = Ask(f"viewer-{number % size.people.viewers}", language="en", country="NL")
        request = request_for(ask, store, model, number + 1, now_ms(), number, 1, True)
        some = Batch({"item": rng.choice(videos, min(size.candidates, len(videos)), replace=False)})
        started = time.perf_counter()
        known = some.extend(inputs(request, some))
        hydrated = time.perf_counter()
        predict(request, known)
        done = time.perf_counter()
        took.append((1e3 * (hydrated - started), 1e3 * (done - hydrated)))
    engine.close()
    each = np.array(took[size.warm_up :])
    both = np.quantile(each.sum(axis=1), (0.5, 0.95, 0.99))
    return {
        "candidates": size.candidates,
        **{name: round(float(value), 2) for name, value in zip(("p50_ms", "p95_ms", "p99_ms"), both, strict=True)},
        "inputs_ms": round(float(np.median(each[:, 0])), 2),
        "predict_ms": round(float(np.median(each[:, 1])), 2),
    }


def lines(report: Report) -> list[Line]:
    """For the table."""
    return [
        Line(
            f"inputs and all heads for {report['candidates']} candidates on one core, p50 / p95",
            f"{report['p50_ms']:.1f} / {report['p95_ms']:.1f} ms",
            "6 ms",
        ),
        Line("of it, inputs / predictions", f"{report['inputs_ms']:.1f} / {report['predict_ms']:.1f} ms"),
    ]


BENCHMARK = Benchmark(
    "ranking: the inputs and the predictions for the candidates of a request",
    Size(),
    Size(People(videos=60, viewers=4, watched=4), candidates=20, requests=3, warm_up=1),
    measure,
    lines,
)
