"""How long explaining a slate takes, what it takes to keep a slate for that, and how far its parts are from exact
Shapley values over all subsets of the factor families."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import factorial
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmarks.speed.people import People, now_ms, parts
from foryou.app import Engine
from foryou.bench.record import Benchmark, Line, Report
from foryou.client import in_process
from foryou.core.ports import FamilyInputs
from foryou.feed.explain import WEIGHTS, arcs, explain, keep, split_value
from foryou.feed.serve import Ask, request_for
from foryou.scorers.value import value_of
from foryou.settings import DataSettings, Settings

Numbers = NDArray[np.float64]
_T = TypeVar("_T")
_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Size:
    """What is known and learned beforehand, and how many slates are explained."""

    people: People = field(default_factory=lambda: People(videos=3_000, viewers=300, watched=80))
    slates: int = 60
    n: int = 10
    repeats: int = 3


def measure(size: Size) -> Report:
    """ms a slate, the median of the repeats' medians; in this process, in memory."""
    engine = Engine.open(Settings(data=DataSettings(url="memory:")))
    client = in_process(engine)
    for rows in (*parts(size.people.catalogue()), *parts(size.people.watching())):
        client.events(rows)
    while engine.work():
        pass
    engine.publish()
    keeping: list[float] = []
    runs: list[float] = []
    exact_ms: list[float] = []
    close: list[tuple[Numbers, Numbers, Numbers]] = []
    kept_bytes = 0
    for repeat in range(size.repeats):
        took: list[float] = []
        held: list[float] = []
        for number in range(size.slates):
            ask = Ask(f"viewer-{number % size.people.viewers}", size.n, language="en", country="NL")
            model = engine.version.model
            request = request_for(ask, engine.backend.store, model, number + 1, now_ms(), number, 1, True)
            slate, trace = engine.feeds.recipes["for_you"](request)
            kept, ms = _timed(keep, request, slate, trace, model, "for_you")
            held.append(ms)
            took.append(_timed(explain, kept)[1])
            if repeat == 0 and kept.inputs is not None:
                inputs = kept.inputs
                kept_bytes = max(kept_bytes, kept.nbytes)
                (values, shapley), ms = _timed(exact, inputs)
                exact_ms.append(ms)
                close.append((split_value(inputs).parts, shapley, values))
        keeping.append(statistics.median(held))
        runs.append(statistics.median(took))
    learned = engine.learner.learned
    engine.close()
    return {
        "ms": round(statistics.median(runs), 2),
        "runs_ms": [round(run, 2) for run in runs],
        "keep_ms": round(statistics.median(keeping), 2),
        "keep_kb": round(kept_bytes / 1e3, 1),
        "exact_ms": round(statistics.median(exact_ms), 2),
        "n": size.n,
        "learned": learned,
        **closeness(close),
    }


def _timed(work: Callable[_P, _T], *what: _P.args, **named: _P.kwargs) -> tuple[_T, float]:
    """What came of it, and the ms that it took."""
    started = time.perf_counter()
    done = work(*what, **named)
    return done, 1e3 * (time.perf_counter() - started)


def exact(inputs: FamilyInputs) -> tuple[Numbers, Numbers]:
    """The value of each item `[items]`, and Shapley values `[families, items]` over all 2^families subsets."""
    families = len(inputs.names)
    inside = (np.arange(1 << families)[:, None] >> np.arange(families)) & 1
    size = inside.sum(axis=1)
    joins = np.array([factorial(s) * factorial(families - s - 1) / factorial(families) for s in range(families)])
    with_, without = joins[np.maximum(size - 1, 0)][:, None], joins[np.minimum(size, families - 1)][:, None]
    matrix = np.where(inside == 1, with_, -without).T
    worth = value_of(inputs.heads(inside.astype(np.bool_)), WEIGHTS).reshape(1 << families, -1)
    return worth[-1], matrix @ worth


def closeness(slates: list[tuple[Numbers, Numbers, Numbers]]) -> Report:
    """How near parts are to Shapley values: absolute differences in units of the standard deviation of all values, the
    mean rank correlation of the families of a video, and how often the strongest is the same."""
    told, shapley = (np.concatenate([slate[which] for slate in slates], axis=1) for which in (0, 1))
    spread = float(np.std(np.concatenate([values for *_, values in slates]))) or 1.0
    off = np.abs(told - shapley) / spread
    ranks = [np.corrcoef(rankdata(one), rankdata(other))[0, 1] for one, other in zip(told.T, shapley.T, strict=True)]
    return {
        "subsets": len(arcs(len(told))[0]),
        "spread": round(spread, 4),
        "off_mean": round(float(off.mean()), 4),
        "off_p99": round(float(np.percentile(off, 99)), 4),
        "off_most": round(float(off.max()), 4),
        "rank_correlation": round(float(np.mean(ranks)), 4),
        "same_strongest": round(float(np.mean(told.argmax(axis=0) == shapley.argmax(axis=0))), 4),
    }


def lines(report: Report) -> list[Line]:
    """For the table."""
    told = [Line(f"explaining a slate of {report['n']}, after it was answered", f"{report['ms']:.1f} ms")]
    if "off_mean" in report:
        what = "its parts beside exact Shapley values: mean difference / spread of values, rank correlation"
        told.append(Line(what, f"{report['off_mean']:.3f} / {report['rank_correlation']:.3f}"))
    return told


BENCHMARK = Benchmark(
    "explaining a slate: its time, and how near its parts are to exact Shapley values",
    Size(),
    Size(People(videos=60, viewers=4, watched=4), slates=2, n=3, repeats=1),
    measure,
    lines,
)
