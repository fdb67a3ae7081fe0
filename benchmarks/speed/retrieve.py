"""What retrieval costs: from a request to the candidates that are ranked, source by source, by size of the catalogue.

A made-up catalogue and what made-up people did are folded straight into the tables, without a log, HTTP or a model:
vectors lie in heaps, as those of videos lie by topic. Who is popular and who is active goes by Zipf's law.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.speed.index import unit
from foryou.backends.dense import DenseIndex
from foryou.backends.scaled import ScaledIndex
from foryou.backends.tables import Tables
from foryou.bench.record import Benchmark, Line, Report
from foryou.core.batch import Batch
from foryou.core.clock import DAY, HOUR
from foryou.core.event import Kind, events
from foryou.core.pipeline import Request
from foryou.core.ports import Store
from foryou.features.content import CONTENT
from foryou.features.fold import create_tables, fold_events, fold_served
from foryou.features.hydrate import viewer_columns
from foryou.feed.recipe import FeedSettings, for_you
from foryou.models.clusters import ENOUGH, cluster, clusters_for
from foryou.models.linear import Linear
from foryou.sources.popular import Popular
from foryou.text.embedder import DIM

NOW = 1_750_000_000_000
_AT_ONCE = 20_000
_VIDEO, _AUTHOR, _VIEWER = 1 << 40, 1 << 41, 1 << 42
"""Ids start here."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the catalogues are, what people did, and how many requests are timed."""

    videos: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    viewers: int = 2_000
    each: int = 100
    """Videos that a viewer had on the screen, in the mean."""
    follows: int = 50
    dim: int = 16
    heaps: int = 300
    requests: int = 300
    warm_up: int = 30


def measure(size: Size) -> Report:
    """Wall-clock ms of one thread, for each catalogue."""
    figures = []
    for videos in size.videos:
        figures.append(measured(size, videos))
        print(f"  {figures[-1]}", file=sys.stderr)
    return {"figures": figures}


def measured(size: Size, videos: int) -> Report:
    """One catalogue: each source, the whole, and how good what is not exact is."""
    chance = np.random.default_rng(videos)
    store = filled(size, videos, chance)
    item = _VIDEO + np.arange(videos)
    vectors, texts = heaped(size, videos, size.dim, chance), heaped(size, videos, DIM, chance)
    for first in range(0, videos, _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        row = {"vector": texts[some], "text": item[some], "said": item[some]}
        store.write(CONTENT.name, item[some], Batch(row))
    index, of_texts, exact = ScaledIndex(), ScaledIndex(), DenseIndex()
    for held, made in ((index, vectors), (of_texts, texts), (exact, vectors)):
        held.add(item, made)
    book = cluster(vectors[chance.integers(0, videos, ENOUGH * clusters_for(videos))], videos, chance)
    settings = FeedSettings()
    pipeline = replace(
        for_you(store, Linear, lambda: index, lambda: book, lambda: of_texts, Linear(), settings),
        scorers=[], rerankers=[],
    )  # fmt: skip
    popular = Popular(store, settings.brings("popular"))
    stages: dict[str, list[float]] = {}
    whole, ranked, recalls = [], [], []
    for number in range(size.warm_up + size.requests):
        request = asked(store, size, number, vectors, chance)
        started = time.perf_counter()
        _, trace = pipeline(request)
        whole.append(1e3 * (time.perf_counter() - started))
        ranked.append(len(trace.candidates))
        for step in trace.steps:
            stages.setdefault(f"{step.stage} {step.name}", []).append(step.ms)
            if step.error:
                raise RuntimeError(f"{step.name}: {step.error}")
        if number % 10 == 0:
            recalls.append(recall(popular, request, index, exact))
        served = trace.candidates["item"][:10]
        context = {"viewer": request.viewer_id, "session": request.session, "at": request.at}
        rows = Batch({"item": served, **{name: np.full(len(served), value) for name, value in context.items()}})
        fold_served(store, rows.extend({"request": np.full(len(served), request.id)}), number + 1)
    timed = slice(size.warm_up, None)
    p50, p95, p99 = np.percentile(whole[timed], (50, 95, 99))
    return {
        "videos": videos,
        **{name: round(float(value), 3) for name, value in (("p50_ms", p50), ("p95_ms", p95), ("p99_ms", p99))},
        "candidates": int(np.median(ranked[timed])),
        "recall_nearest": round(float(np.mean([each[0] for each in recalls])), 4),
        "recall_popular": round(float(np.mean([each[1] for each in recalls])), 4),
        "stages": {name: round(float(np.median(each[timed])), 3) for name, each in stages.items()},
    }


def filled(size: Size, videos: int, chance: np.random.Generator) -> Store:
    """Tables with a catalogue and what people did, folded from events."""
    store = Tables()
    create_tables(store)
    for batch in (*described(videos, chance), *watched(size, videos, chance)):
        fold_events(store, batch)
    return store


def described(videos: int, chance: np.random.Generator) -> Iterator[Batch]:
    """Descriptions: ten videos an author in the mean, half in one of five languages; one in a hundred is new."""
    age = np.where(chance.random(videos) < 0.01, 3 * DAY, 400 * DAY) * chance.random(videos)
    at = np.sort(NOW - age.astype(np.int64))
    author = chance.zipf(1.3, videos) % max(videos // 10, 1)
    language = np.maximum(chance.integers(-4, 6, videos), 1)
    topics = np.zeros((videos, 8), np.int64)
    topics[:, :3] = chance.integers(1, 1_000, (videos, 3))
    for first in range(0, videos, _AT_ONCE):
        some = np.arange(first, min(first + _AT_ONCE, videos))
        yield events(
            {
                "id": 1 + some,
                "kind": np.full(len(some), int(Kind.VIDEO)),
                "at": at[some],
                "received": at[some],
                "video": _VIDEO + chance_order(videos)[some],
                "author": _AUTHOR + author[some],
                "sound": 1 + chance.integers(0, 5_000, len(some)),
                "language": language[some],
                "topics": topics[some],
                "duration": chance.integers(5, 60, len(some)).astype(np.float32),
            }
        )


def chance_order(videos: int) -> np.ndarray:
    """Which video is described when: not in the order of their vectors."""
    return np.random.default_rng(videos).permutation(videos)


def watched(size: Size, videos: int, chance: np.random.Generator) -> Iterator[Batch]:
    """Viewers of twenty countries: follows (one follows a thousand), and three days of watching, one in ten liked."""
    viewer = _VIEWER + np.arange(size.viewers)
    long_ago, about = NOW - 30 * DAY, 1 + np.arange(size.viewers) % 20
    number = 2 * videos
    yield events(
        {
            "id": number + np.arange(size.viewers), "kind": np.full(size.viewers, int(Kind.VIEWER)), "viewer": viewer,
            "at": np.full(size.viewers, long_ago), "received": np.full(size.viewers, long_ago), "country": about,
        }
    )  # fmt: skip
    many = np.full(size.viewers, size.follows)
    many[:1] = 1_000
    follower = np.repeat(viewer, many)
    number += size.viewers
    total = size.viewers * size.each
    at = np.sort(NOW - (3 * DAY * chance.random(total)).astype(np.int64))
    who = _VIEWER + chance.zipf(1.3, total) % size.viewers
    who[::2] = _VIEWER + chance.integers(0, size.viewers, len(who[::2]))
    what = _VIDEO + np.where(
        chance.random(total) < 0.7, chance.zipf(1.2, total) % videos, chance.integers(0, videos, total)
    )
    kinds = np.array([Kind.WATCH] * 9 + [Kind.LIKE])[chance.integers(0, 10, total)]
    columns = {
        "kind": np.concatenate([np.full(len(follower), int(Kind.FOLLOW)), kinds]),
        "viewer": np.concatenate([follower, who]),
        "author": np.concatenate(
            [_AUTHOR + chance.integers(0, max(videos // 10, 1), len(follower)), np.zeros(total, np.int64)]
        ),
        "video": np.concatenate([np.zeros(len(follower), np.int64), what]),
        "seconds": np.concatenate([np.full(len(follower), -1.0), chance.exponential(12, total)]).astype(np.float32),
        "at": np.concatenate([np.full(len(follower), long_ago), at]),
    }
    for first in range(0, len(columns["at"]), _AT_ONCE):
        some = {name: values[first : first + _AT_ONCE] for name, values in columns.items()}
        yield events({**some, "id": number + first + np.arange(len(some["at"])), "received": some["at"]})


def heaped(size: Size, count: int, dim: int, chance: np.random.Generator) -> np.ndarray:
    """Vectors `[count, dim]` of length 1 in heaps."""
    heaps = unit(chance.normal(size=(size.heaps, dim)))
    own = chance.normal(size=(count, dim)) / np.sqrt(dim)
    return unit(heaps[chance.integers(0, size.heaps, count)] + 0.6 * own)


def asked(store: Store, size: Size, number: int, vectors: np.ndarray, chance: np.random.Generator) -> Request:
    """A request of a viewer, the one with a thousand follows among them, two pages a session."""
    viewer = _VIEWER + number // 2 % size.viewers
    known = viewer_columns(store, np.array([viewer]), np.array([NOW + HOUR]), {})
    toward = unit(vectors[chance.integers(0, len(vectors), 3)].sum(axis=0, keepdims=True))
    known = known.extend({"vector": toward, "own_author": np.full(1, -1)})
    return Request(
        number + 1, NOW + HOUR, viewer, 10, 0, 1 + number // 2, 1 + number % 5, int(known["country"][0]), known, number
    )


def recall(popular: Popular, request: Request, index: ScaledIndex, exact: DenseIndex) -> tuple[float, float]:
    """Of what a look at everything finds, which part is found: by the index, and on the boards of the popular."""
    query = request.viewer["vector"][0]
    truth, near = exact.search(query, 500)[0], index.search(query, 500)[0]
    item = popular.store.scan("video", ("known",))[0]
    wanted = popular.among(request, item)["item"]
    brought = popular(request)["item"]
    return (
        len(np.intersect1d(truth, near)) / max(len(truth), 1),
        len(np.intersect1d(wanted, brought)) / max(len(wanted), 1),
    )


def lines(report: Report) -> list[Line]:
    """For the table: each size, and the dearest sources of the largest."""
    made = [
        Line(
            f"request to {row['candidates']} candidates, {row['videos']:,} videos, p50 / p95",
            f"{row['p50_ms']:.2f} / {row['p95_ms']:.2f} ms",
            {100_000: "2 ms", 1_000_000: "6 ms"}.get(row["videos"], ""),
        )
        for row in report["figures"]
    ]
    last = report["figures"][-1]
    made.append(
        Line(
            f"of the exact answer, nearest / popular, {last['videos']:,} videos",
            f"{last['recall_nearest']:.3f} / {last['recall_popular']:.3f}",
            "recall .95",
        )
    )
    return made


BENCHMARK = Benchmark(
    "retrieval: each source, and from a request to the candidates that are ranked, by size of the catalogue",
    Size(),
    Size(videos=(300,), viewers=10, each=10, follows=3, heaps=10, requests=4, warm_up=1),
    measure,
    lines,
)
