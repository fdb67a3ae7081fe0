"""How fast a public log is folded into the tables, and how fast its rows are learned, each alone, in this process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.record import Benchmark, Line, Report
from foryou.backends.open import open_backend
from foryou.core.batch import Batch
from foryou.datasets.kuairand import KuaiRand
from foryou.features.fold import create_tables
from foryou.models.ranker import Ranker
from foryou.training.stream import Learner, LearningSettings

DATA = Path("data/kuairand-pure")


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of impressions; each is an impression, a watch, and what else the viewer did."""

    rows: int = 20_000
    warm_up: int = 2_500
    repeats: int = 3
    data: str = str(DATA)


def measure(size: Size) -> Report:
    """Medians of the repeats, each from empty tables and a new model. CPU time of this process, which is not shared."""
    log = KuaiRand(Path(size.data))
    rows = {name: values[: size.rows + size.warm_up] for name, values in log.impressions().items()}
    events = list(log.exposures(rows))
    folded, learned = [], []
    for _ in range(size.repeats):
        backend = open_backend("memory:")
        create_tables(backend.store)
        learner = Learner(Ranker(seed=1), LearningSettings(seed=1))
        learner.fold(backend.store, log.videos())
        stream: Iterator[Batch] = iter(events)
        for batch in islice(stream, max(1, 2 * size.warm_up // 4_096)):
            learner.fold(backend.store, batch)
        learner.flush()
        learner.step()
        taken, started = 0, time.process_time()
        for batch in stream:
            learner.fold(backend.store, batch)
            taken += len(batch)
        folded.append(taken / (time.process_time() - started))
        learner.flush()
        started = time.process_time()
        done = learner.step()
        learned.append(done / (time.process_time() - started))
    return {
        "fold_events_s": round(statistics.median(folded)),
        "learn_rows_s": round(statistics.median(learned)),
        "rows": done,
        "events": taken,
    }


def lines(report: Report) -> list[Line]:
    """For the table."""
    return [
        Line(
            "imported events folded into the tables, with their training columns",
            f"{report['fold_events_s']:,} events/s",
        ),
        Line("rows learned, each predicted first", f"{report['learn_rows_s']:,} rows/s"),
    ]


BENCHMARK = Benchmark(
    "rows learned a second, and events folded a second, from the public log",
    Size(),
    Size(rows=2_600, warm_up=2_100, repeats=1),
    measure,
    lines,
)
