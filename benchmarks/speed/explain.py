"""How long explaining a slate takes: Shapley values of all factor families, exact, for each of its videos."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from benchmarks.speed.people import People, now_ms, parts
from foryou.app import Engine
from foryou.bench.record import Benchmark, Line, Report
from foryou.client import in_process
from foryou.feed.explain import explain
from foryou.feed.serve import Ask, request_for
from foryou.settings import DataSettings, Settings


@dataclass(frozen=True, slots=True)
class Size:
    """What is known beforehand, and how many slates are explained."""

    people: People = field(default_factory=lambda: People(videos=2_000, viewers=50, watched=40))
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
    runs = []
    for _ in range(size.repeats):
        took = []
        for number in range(size.slates):
            ask = Ask(f"viewer-{number % size.people.viewers}", size.n, language="en", country="NL")
            model = engine.version.model
            request = request_for(ask, engine.backend.store, model, number + 1, now_ms(), number, 1, True)
            slate, trace = engine.recipes["for_you"](request)
            started = time.perf_counter()
            explain(request, slate, trace, model, "for_you")
            took.append(1e3 * (time.perf_counter() - started))
        runs.append(statistics.median(took))
    engine.close()
    return {"ms": round(statistics.median(runs), 2), "runs_ms": [round(run, 2) for run in runs], "n": size.n}


def lines(report: Report) -> list[Line]:
    """For the table."""
    return [Line(f"explaining a slate of {report['n']}, after it was answered", f"{report['ms']:.1f} ms")]


BENCHMARK = Benchmark(
    "explaining a slate: all factor families, exactly",
    Size(),
    Size(People(videos=60, viewers=4, watched=4), slates=2, n=3, repeats=1),
    measure,
    lines,
)
