"""The pipeline: a request goes through sources, hydrators, filters, scorers and rerankers and becomes a slate.

It knows the order, the failure policy and what to leave out when it is late, and keeps the diary (`Trace`); what the
stages do is theirs.
"""

from __future__ import annotations

import time  # only to measure how long stages take
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Columns
from foryou.core.deadline import LEAST_RANKED, SOURCES_SHARE, Costs, Deadline, Shortcuts
from foryou.core.errors import BackendError, ForYouError, ModelError
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

MODEL = "predict"
"""The scorer that asks the model, and may be left out for lack of time."""
FALLBACK = "fallback"
"""The step of what stands in for it."""
ANSWER = "answer"
"""The name under which whoever runs a pipeline notes what logging and answering a slate cost."""


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
    degraded: list[str] = field(default_factory=list)
    """Why the slate is not as good as it could be: `source:NAME:late`, `ranked:NUMBER:late`, `model:failed`, ...;
    empty where nothing is missing. `Shortcuts.of` them lets the request be done again the same."""

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

    a source brings nothing; what predicts is replaced by `fallback`, and any other scorer by `plain`, which reads
    nothing but what the sources said; a reranker leaves the order as it was, or as `order` makes it where there was
    none; a filter fails the request, and so does a hydrator whose columns a filter misses. With a budget the sources
    share the places of what is scored, after the filters.

    With a deadline sources that would be late are not asked, fewer candidates are ranked, and `fallback` ranks where
    the time does not reach for the model. Whatever a slate had to do without is named in `Trace.degraded`.
    """

    sources: Stages
    hydrators: Stages
    filters: Stages
    scorers: Stages
    rerankers: Stages
    fallback: Scorer | None = None
    budget: Budget | None = None
    plain: Scorer | None = None
    order: Reranker | None = None
    costs: Costs = field(default_factory=Costs, compare=False)

    def __call__(self, request: Request, due: float = inf, shortcuts: Shortcuts | None = None) -> tuple[Slate, Trace]:
        """The slate, which is due at a time on the scale of `time.perf_counter`; or, with the shortcuts that another
        run took, the slate that it made. BackendError if a filter could not check."""
        run = _Run(request, Deadline(due if shortcuts is None else inf), shortcuts, self.costs)
        rows = self._hydrate(run, self._gather(run))
        rows = self._filter(run, rows, self.filters)
        rows, linear = self._within_budget(run, rows)
        rows = self._score(run, rows, linear)
        run.trace.candidates, rows = rows, rows.deferred()
        for name, rerank in self.rerankers:
            rows = self._rerank(run, rows, name, rerank)
            run.trace.orders.append((name, rows["item"]))
        return rows.take(np.arange(min(request.n, len(rows)))).gathered(), run.trace

    def _gather(self, run: _Run) -> Candidates:
        """The union of what the sources bring; those that would be late are not asked, once there is anything."""
        brought: list[Candidates] = [_NOTHING] * len(self.sources)
        costs = [self.costs.of(f"source {name}") for name, _ in self.sources]
        worth = self.budget.quotas if self.budget is not None else (1.0,) * len(costs)
        until = run.deadline.within(SOURCES_SHARE)
        for bit in run.deadline.order(costs, worth):
            name, source = self.sources[bit]
            if run.leaves_out(name, costs[bit], until, any(map(len, brought))):
                continue
            try:
                with run.timed("source", name) as step:
                    brought[bit] = source(run.request).select(("item", "source_score"))
                    step.rows = len(brought[bit])
            except Exception:  # a source may fail in any way: it then brings nothing
                run.degraded(f"source:{name}:failed")
        return _union(brought)

    def _hydrate(self, run: _Run, rows: Candidates) -> Candidates:
        for name, hydrate in self.hydrators:
            try:
                with run.timed("hydrator", name) as step:
                    rows = rows.extend(hydrate(run.request, rows))
                    step.rows = len(rows)
            except Exception as problem:  # the filters know whether it can be done without
                run.degraded(f"hydrator:{name}:failed")
                run.missing = problem
        return rows

    def _filter(self, run: _Run, rows: Candidates, filters: Stages) -> Candidates:
        """The rows that pass every filter; each judges all of them, and the first that drops one is named."""
        kept = np.ones(len(rows), np.bool_)
        for name, keep in filters:
            try:
                with run.timed("filter", name) as step:
                    mask = keep(run.request, rows)
                    run.trace.drops.append((name, rows["item"][kept & ~mask]))
                    kept &= mask
                    step.rows = int(np.count_nonzero(kept))
            except Exception as problem:  # never show what could not be checked
                cause = run.missing or problem
                if isinstance(cause, ForYouError):
                    raise cause from problem
                raise BackendError(f"the filter {name} could not check: {type(cause).__name__}: {cause}") from cause
        return rows if kept.all() else rows.take(np.flatnonzero(kept))

    def _within_budget(self, run: _Run, rows: Candidates) -> tuple[Candidates, bool]:
        """The candidates that there are places and time for, and whether there is none for the model."""
        if self.budget is None:
            return rows, False
        usual = min(self.budget.most, len(rows))
        most, linear = usual, False
        if run.shortcuts is not None:
            most, linear = min(usual, run.shortcuts.ranked or usual), run.shortcuts.linear
        else:
            after = self.costs.of(*(f"reranker {name}" for name, _ in self.rerankers), ANSWER)
            names = [name for name, _ in self.scorers]
            room = run.deadline.room(self.costs.of(*map(_each, names)), after)
            if room < min(usual, LEAST_RANKED) and self.fallback is not None:
                linear = True
                names = [FALLBACK if name == MODEL else name for name in names]
                room = run.deadline.room(self.costs.of(*map(_each, names)), after)
            most = min(usual, max(room, LEAST_RANKED))
        if most < usual:
            run.degraded(f"ranked:{most}:late")
        return self._filter(run, rows, [("quota", partial(_has_a_place, replace(self.budget, most=most)))]), linear

    def _score(self, run: _Run, rows: Candidates, linear: bool) -> Candidates:
        bare = rows
        for name, score in self.scorers:
            try:
                rows = self._scored(run, rows, name, score, linear)
            except Exception:
                if self.plain is None:
                    raise
                run.degraded(f"scorer:{name}:failed")
                with run.timed("scorer", "plain") as step:
                    step.rows = len(bare)
                    return bare.extend(self.plain(run.request, bare))
        return rows

    def _scored(self, run: _Run, rows: Candidates, name: str, score: Scorer, linear: bool) -> Candidates:
        """The rows with what a scorer adds, or what the one to fall back on does."""
        if name == MODEL and self.fallback is not None:
            if run.shortcuts is None:
                linear |= run.deadline.room(self.costs.of(_each(name)), 0.0) < len(rows)
            if linear:
                run.degraded("model:late")
                self.costs.skipped(_each(name))
                return run.extended(rows, FALLBACK, self.fallback)
        try:
            return run.extended(rows, name, score)
        except Exception as problem:
            if self.fallback is None or not (name == MODEL or isinstance(problem, ModelError)):
                raise
            run.degraded("model:failed")
            return run.extended(rows, FALLBACK, self.fallback)

    def _rerank(self, run: _Run, rows: Candidates, name: str, rerank: Reranker) -> Candidates:
        try:
            with run.timed("reranker", name) as step:
                after = rerank(run.request, rows)
                step.rows = len(after)
            return after
        except Exception:
            if self.order is None:
                raise
            run.degraded(f"reranker:{name}:failed")
            return rows if run.trace.orders else self.order(run.request, rows)


@dataclass(slots=True)
class _Run:
    """One request on its way through a pipeline."""

    request: Request
    deadline: Deadline
    shortcuts: Shortcuts | None
    costs: Costs
    trace: Trace = field(default_factory=Trace)
    missing: Exception | None = None
    """Why a hydrator brought no columns."""

    def degraded(self, reason: str) -> None:
        """The slate has to do without something."""
        self.trace.degraded.append(reason)

    def leaves_out(self, source: str, cost: float, until: Deadline, any_found: bool) -> bool:
        """Whether a source is not asked."""
        late = any_found and until.left < cost if self.shortcuts is None else source in self.shortcuts.sources
        if late:
            self.costs.skipped(f"source {source}")
            self.trace.steps.append(Step("source", source, 0, 0.0, "late: not asked"))
            self.degraded(f"source:{source}:late")
        return late

    def extended(self, rows: Candidates, name: str, score: Scorer) -> Candidates:
        """The rows with what a scorer adds; what it costs for each of them is noted."""
        with self.timed("scorer", name) as step:
            rows = rows.extend(score(self.request, rows))
            step.rows = len(rows)
        if len(rows):
            self.costs.note(_each(name), step.ms / 1e3 / len(rows))
        return rows

    @contextmanager
    def timed(self, stage: str, name: str) -> Iterator[Step]:
        """A line of the diary, written whether the stage fails or not."""
        started = time.perf_counter()
        step = Step(stage, name, 0, 0.0)
        try:
            yield step
        except Exception as problem:
            step.error = f"{type(problem).__name__}: {problem}"
            raise
        finally:
            took = time.perf_counter() - started
            step.ms = 1e3 * took
            self.trace.steps.append(step)
            self.costs.note(f"{stage} {name}", took)


def _each(scorer: str) -> str:
    """The name under which the cost of a scorer for one candidate is noted."""
    return f"each {scorer}"


_NOTHING = Batch({"item": np.zeros(0, np.int64), "source_score": np.zeros(0, np.float32)})


def _union(brought: Sequence[Candidates]) -> Candidates:
    """Every candidate once; an item that several sources bring remembers all of them (a bit each)."""
    item = np.concatenate([each["item"] for each in (*brought, _NOTHING)])
    score = np.concatenate([each["source_score"] for each in (*brought, _NOTHING)]).astype(np.float32)
    by = np.repeat(np.arange(len(brought), dtype=np.int64), [len(each) for each in brought])
    place = np.concatenate([np.arange(len(each)) for each in (*brought, _NOTHING)])
    by_item = np.argsort(item, kind="stable")
    new = np.ones(len(item), np.bool_)
    new[1:] = np.diff(item[by_item]) != 0
    starts = np.flatnonzero(new)
    first = by_item[starts]
    unique, row = item[first], np.empty(len(item), np.int64)
    row[by_item] = np.cumsum(new) - 1
    bits = (1 << by)[by_item]
    mask = np.bitwise_or.reduceat(bits, starts) if len(starts) else bits
    places = np.full((len(unique), len(brought)), NOWHERE, np.int32)
    places[row, by] = place
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


def _has_a_place(budget: Budget, request: Request, rows: Candidates) -> Mask:
    """Which candidates are scored."""
    chosen = np.full(len(rows), len(rows) <= budget.most)
    if not chosen.all():
        chosen[share(rows["places"], budget.quotas, budget.most, rows["item"])] = True
    return chosen
