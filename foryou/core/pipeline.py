"""The pipeline: a request goes through sources, hydrators, filters, scorers and rerankers and becomes a slate.

It knows the order and the failure policy, and keeps the diary (`Trace`); what the stages do is theirs.
"""

from __future__ import annotations

import time  # only to measure how long stages take
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Columns
from foryou.core.errors import ModelError
from foryou.core.share import NOWHERE, share

Candidates: TypeAlias = Batch
Slate: TypeAlias = Batch
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, when and where, and what is known of them. Everything that a stage may depend on is here.

    `viewer` is one row: the viewer's columns as hydrated for this request. `seed` starts the only randomness there is.
    """

    id: int
    at: int
    viewer_id: int
    n: int
    surface: int
    session: int
    language: int
    country: int
    viewer: Batch
    seed: int

    def rng(self, purpose: str) -> np.random.Generator:
        """The random stream of a purpose: streams of one request are independent and can be drawn again."""
        return np.random.default_rng([self.seed & 0xFFFFFFFF, self.seed >> 32, *purpose.encode()])


class Source(Protocol):
    """Brings rows with columns `item` and `source_score`, the best first."""

    def __call__(self, request: Request) -> Candidates: ...


class Hydrator(Protocol):
    """Adds columns read from the store."""

    def __call__(self, request: Request, rows: Candidates) -> Columns: ...


class Filter(Protocol):
    """Says which rows may stay."""

    def __call__(self, request: Request, rows: Candidates) -> Mask: ...


class Scorer(Protocol):
    """Adds computed columns."""

    def __call__(self, request: Request, rows: Candidates) -> Columns: ...


class Reranker(Protocol):
    """Orders and cuts."""

    def __call__(self, request: Request, rows: Candidates) -> Candidates: ...


Stages: TypeAlias = Sequence[tuple[str, Any]]


@dataclass(slots=True)
class Step:
    """One line of the diary."""

    stage: str
    name: str
    rows: int
    ms: float
    error: str = ""


@dataclass(slots=True)
class Trace:
    """What happened to a request, stage by stage, and which rule dropped which candidate."""

    steps: list[Step] = field(default_factory=list)
    drops: list[tuple[str, NDArray[np.int64]]] = field(default_factory=list)
    """The items that each rule dropped, rule by rule."""
    candidates: Candidates = field(default_factory=lambda: Batch({}, 0))
    orders: list[tuple[str, NDArray[np.int64]]] = field(default_factory=list)
    """The items in the order in which each reranker left them."""

    @property
    def dropped(self) -> dict[int, str]:
        """The rule that dropped an item, for each that was dropped."""
        return {item: name for name, items in self.drops for item in items.tolist()}

    @property
    def found(self) -> int:
        """How many different candidates the sources brought."""
        return sum(len(items) for _, items in self.drops) + self.kept

    @property
    def kept(self) -> int:
        """How many candidates passed every filter."""
        return len(self.candidates)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many candidates are scored, and how many places among them each source has, in the order of the sources."""

    most: int
    quotas: tuple[float, ...]


@dataclass(frozen=True)
class Pipeline:
    """The recipe of a feed: named stages in order. A stage that fails is treated as `architecture.md` says:

    a source brings nothing and is named in the trace; a model scorer falls back to `fallback`; a filter, a hydrator or
    a reranker fails the request. With a budget the sources share the places of what is scored, after the filters.
    """

    sources: Stages
    hydrators: Stages
    filters: Stages
    scorers: Stages
    rerankers: Stages
    fallback: Scorer | None = None
    budget: Budget | None = None

    def __call__(self, request: Request) -> tuple[Slate, Trace]:
        trace = Trace()
        rows = self._gather(request, trace)
        for name, hydrate in self.hydrators:
            with _timed(trace, "hydrator", name) as step:
                rows = rows.extend(hydrate(request, rows))
                step.rows = len(rows)
        rows = self._filter(request, rows, self.filters, trace)
        if self.budget is not None:
            rows = self._filter(request, rows, [("quota", partial(_has_a_place, self.budget))], trace)
        for name, score in self.scorers:
            with _timed(trace, "scorer", name) as step:
                rows = self._score(request, rows, score, trace)
                step.rows = len(rows)
        trace.candidates = rows
        for name, rerank in self.rerankers:
            with _timed(trace, "reranker", name) as step:
                rows = rerank(request, rows)
                step.rows = len(rows)
            trace.orders.append((name, rows["item"]))
        return rows.take(np.arange(min(request.n, len(rows)))), trace

    def _gather(self, request: Request, trace: Trace) -> Candidates:
        """The union of what the sources bring; an item that several bring remembers all of them (a bit each)."""
        items: list[NDArray[np.int64]] = []
        origin: list[NDArray[np.int64]] = []
        scores: list[NDArray[np.float32]] = []
        for bit, (name, source) in enumerate(self.sources):
            with _timed(trace, "source", name) as step:
                found = Batch({"item": np.zeros(0, np.int64), "source_score": np.zeros(0, np.float32)})
                try:
                    found = source(request)
                except Exception as problem:  # a source may fail in any way: it then brings nothing
                    step.error = f"{type(problem).__name__}: {problem}"
                step.rows = len(found)
            items.append(found["item"])
            origin.append(np.full(len(found), bit, np.int64))
            scores.append(found["source_score"])
        item = np.concatenate(items) if items else np.zeros(0, np.int64)
        unique, first, row = np.unique(item, return_index=True, return_inverse=True)
        by = np.concatenate(origin) if origin else np.zeros(0, np.int64)
        mask = np.zeros(len(unique), np.int64)
        np.bitwise_or.at(mask, row, 1 << by)
        score = np.concatenate(scores).astype(np.float32) if scores else np.zeros(0, np.float32)
        places = np.full((len(unique), len(self.sources)), NOWHERE, np.int32)
        if items:
            places[row, by] = np.concatenate([np.arange(len(each)) for each in items])
        order = np.argsort(first, kind="stable")
        return Batch(
            {
                "item": unique[order],
                "source": by[first][order].astype(np.int8),
                "sources": mask[order],
                "places": places[order],
                "source_score": score[first][order],
            },
            len(unique),
        )

    def _filter(self, request: Request, rows: Candidates, filters: Stages, trace: Trace) -> Candidates:
        """The rows that pass every filter; each judges all of them, and the first that drops one is named."""
        kept = np.ones(len(rows), np.bool_)
        for name, keep in filters:
            with _timed(trace, "filter", name) as step:
                mask = keep(request, rows)
                trace.drops.append((name, rows["item"][kept & ~mask]))
                kept &= mask
                step.rows = int(np.count_nonzero(kept))
        return rows if kept.all() else rows.take(np.flatnonzero(kept))

    def _score(self, request: Request, rows: Candidates, score: Scorer, trace: Trace) -> Candidates:
        try:
            return rows.extend(score(request, rows))
        except ModelError as problem:
            if self.fallback is None:
                raise
            trace.steps.append(Step("scorer", "fallback", len(rows), 0.0, str(problem)))
            return rows.extend(self.fallback(request, rows))


def _has_a_place(budget: Budget, request: Request, rows: Candidates) -> Mask:
    """Which candidates are scored."""
    chosen = np.full(len(rows), len(rows) <= budget.most)
    if not chosen.all():
        chosen[share(rows["places"], budget.quotas, budget.most, rows["item"])] = True
    return chosen


@contextmanager
def _timed(trace: Trace, stage: str, name: str) -> Iterator[Step]:
    started = time.perf_counter()
    step = Step(stage, name, 0, 0.0)
    yield step
    step.ms = 1e3 * (time.perf_counter() - started)
    trace.steps.append(step)
