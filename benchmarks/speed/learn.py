"""How fast a public log is learned from: as a whole (folded, hydrated, predicted, learned, corrected), and in parts.

Everything runs in this process on one thread; seconds are CPU time, which is not shared with others.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from foryou.backends.open import open_backend
from foryou.bench.record import Benchmark, Line, Report
from foryou.core.batch import Batch
from foryou.core.event import Kind
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
    late_batches: int = 1
    data: str = str(DATA)


def measure(size: Size) -> Report:
    """Medians of the repeats, each from empty tables and a new model."""
    log = KuaiRand(Path(size.data))
    rows = {name: values[: size.rows + size.warm_up] for name, values in log.impressions().items()}
    events = list(log.exposures(rows))
    late = [reactions_last(events, size.late_batches), events]
    runs = [once(log, stream, size.warm_up) for _ in range(size.repeats) for stream in late]
    delayed, timely = runs[::2], runs[1::2]
    return {
        **{name: round(statistics.median(run[name] for run in timely)) for name in timely[0]},
        "late_events_s": round(statistics.median(run["events_s"] for run in delayed)),
        "late_corrected": round(statistics.median(run["corrected"] for run in delayed)),
    }


def once(log: KuaiRand, events: list[Batch], warm_up: int) -> dict[str, float]:
    """One run: rates of the whole and of its two parts, and what was done."""
    backend = open_backend("memory:")
    create_tables(backend.store)
    learner = Learner(Ranker(seed=1), LearningSettings(seed=1))
    learner.fold(backend.store, log.videos())
    stream: Iterator[Batch] = iter(events)
    for batch in islice(stream, max(1, 2 * warm_up // 4_096)):
        learner.fold(backend.store, batch)
        learner.step()
    before, corrected = learner.learned, learner.corrected
    taken, folding, learning = 0, 0.0, 0.0
    for batch in stream:
        started = time.process_time()
        learner.fold(backend.store, batch)
        folded = time.process_time()
        learner.step()
        folding, learning = folding + folded - started, learning + time.process_time() - folded
        taken += len(batch)
    done = learner.learned - before
    return {
        "events_s": taken / (folding + learning),
        "fold_events_s": taken / folding,
        "learn_rows_s": done / learning,
        "events": taken,
        "rows": done,
        "corrected": learner.corrected - corrected,
    }


def reactions_last(events: list[Batch], batches: int) -> list[Batch]:
    """The same events, with likes, comments and the like some batches after their exposures: labels that come late."""
    exposed = [np.isin(batch["kind"], (Kind.IMPRESSION, Kind.WATCH)) for batch in events]
    first = [batch.take(mask) for batch, mask in zip(events, exposed, strict=True)]
    reactions = [batch.take(~mask) for batch, mask in zip(events, exposed, strict=True)]
    out: list[Batch] = []
    for number, batch in enumerate(first):
        due = reactions[number - batches] if number >= batches else batch.take(np.zeros(0, np.int64))
        out.append(Batch.concat([batch, due]))
    return out


def lines(report: Report) -> list[Line]:
    """For the table."""
    return [
        Line(
            "online learning on one core: folded, hydrated, predicted and learned, all heads",
            f"{report['events_s']:,} events/s",
            "20,000 events/s",
        ),
        Line(
            f"the same with every reaction late ({report['late_corrected']:,} rows corrected)",
            f"{report['late_events_s']:,} events/s",
        ),
        Line("of it, folded into the tables, with training columns", f"{report['fold_events_s']:,} events/s"),
        Line("of it, rows learned, each predicted first", f"{report['learn_rows_s']:,} rows/s"),
    ]


BENCHMARK = Benchmark(
    "events learned from a second, from the public log: the whole way, and its parts",
    Size(),
    Size(rows=2_600, warm_up=2_100, repeats=1),
    measure,
    lines,
)
