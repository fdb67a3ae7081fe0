"""What ranking costs: the model's inputs and the predictions of all heads, for the candidates of one request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.speed.people import People, now_ms, parts
from foryou.app import Engine
from foryou.bench.record import Benchmark, Line, Report
from foryou.client import in_process
from foryou.core.batch import Batch
from foryou.core.pipeline import Request
from foryou.feed.hydrators import Catalog, Inputs
from foryou.feed.serve import Ask, log_rows, request_for
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
    after, took = for_you_after(engine), []
    for number in range(size.warm_up + size.requests):
        ask = Ask(f"viewer-{number % size.people.viewers}", language="en", country="NL")
        asked = time.perf_counter()
        request = request_for(ask, store, model, number + 1, now_ms(), number, 1, True)
        known_of = time.perf_counter()
        some = Batch({"item": rng.choice(videos, min(size.candidates, len(videos)), replace=False)})
        some = some.extend(Catalog(store)(request, some))
        started = time.perf_counter()
        known = some.extend(inputs(request, some))
        hydrated = time.perf_counter()
        scored = known.extend(predict(request, known))
        done = time.perf_counter()
        log_rows(request, after(request, scored), "r-0")
        logged = time.perf_counter()
        took.append((hydrated - started, done - hydrated, known_of - asked, logged - done))
    engine.close()
    each = 1e3 * np.array(took[size.warm_up :])
    both = np.quantile(each[:, :2].sum(axis=1), (0.5, 0.95, 0.99))
    return {
        "candidates": size.candidates,
        **{name: round(float(value), 2) for name, value in zip(("p50_ms", "p95_ms", "p99_ms"), both, strict=True)},
        "inputs_ms": round(float(np.median(each[:, 0])), 2),
        "predict_ms": round(float(np.median(each[:, 1])), 2),
        "request_ms": round(float(np.median(each[:, 2])), 2),
        "order_ms": round(float(np.median(each[:, 3])), 2),
    }


def for_you_after(engine: Engine) -> Callable[[Request, Batch], Batch]:
    """What a For You feed does once the heads are predicted: value, freshness, rerankers, the slate."""
    feed = engine.feeds.recipes["for_you"]
    scorers = [score for name, score in feed.scorers if name not in ("inputs", "predict")]

    def order(request: Request, scored: Batch) -> Batch:
        count = len(scored)
        rows = scored.extend(
            {
                "source": np.zeros(count, np.int8),
                "sources": np.ones(count, np.int64),
                "source_score": np.zeros(count, np.float32),
            }
        )
        for score in scorers:
            rows = rows.extend(score(request, rows))
        rows = rows.deferred()
        for _, rerank in feed.rerankers:
            rows = rerank(request, rows)
        return rows.take(np.arange(min(request.n, count))).gathered()

    return order


def lines(report: Report) -> list[Line]:
    """For the table."""
    return [
        Line(
            f"inputs and all heads for {report['candidates']} candidates on one core, p50 / p95",
            f"{report['p50_ms']:.1f} / {report['p95_ms']:.1f} ms",
            "6 ms",
        ),
        Line("of it, inputs / predictions", f"{report['inputs_ms']:.1f} / {report['predict_ms']:.1f} ms"),
        *(
            [
                Line(
                    "beside it, what is known of the viewer / value, rerankers and the rows for the log",
                    f"{report['request_ms']:.1f} / {report['order_ms']:.1f} ms",
                )
            ]
            if "order_ms" in report
            else []
        ),
    ]


BENCHMARK = Benchmark(
    "ranking: the inputs and the predictions for the candidates of a request",
    Size(),
    Size(People(videos=60, viewers=4, watched=4), candidates=20, requests=3, warm_up=1),
    measure,
    lines,
)
