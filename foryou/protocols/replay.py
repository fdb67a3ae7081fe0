"""The replay of a log: each row predicted, then learned, with the measures as they go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import ManualClock
from foryou.datasets.kuairand import KuaiRand
from foryou.evaluation.ranking import gauc
from foryou.protocols.measures import Report, head_measures
from foryou.protocols.rank import open_engine
from foryou.training.validate import Tested

Told = Callable[[int, float], None]
"""Told the rows learned so far and the running GAUC."""


def replay(directory: Path, seed: int = 1, every: int = 20_000, told: Told = lambda learned, area: None) -> Report:
    """Play the log through the engine in time order: each row is predicted, then learned.

    Keys: protocol, rows, seconds, rows_per_second, seed, points (after every `every` measured rows: rows, gauc, heads).
    """
    started = time.perf_counter()
    clock = ManualClock()
    tested, running = Tested(), Running()
    engine = open_engine(seed, clock)
    engine.learner.listener = tested.add
    data = KuaiRand(directory)
    for batch in data.events():
        clock.at = max(clock.at, int(batch["at"].max()))
        engine.accept(batch)
        while engine.work():
            pass
        told(engine.learner.learned, running.area(tested))
    engine.learner.flush()
    engine.learner.step()
    viewers, predicted, outcomes = tested.rows()
    measured = np.flatnonzero(np.isfinite(outcomes["watch"]))
    points = [
        {
            "rows": int(end),
            "gauc": _gauc_of(viewers, predicted, outcomes, measured[start:end]),
            "heads": head_measures(predicted.take(measured[start:end]), outcomes.take(measured[start:end])),
        }
        for start, end in _steps(len(measured), every)
    ]
    seconds = time.perf_counter() - started
    engine.close()
    return {
        "protocol": "replay",
        "rows": len(viewers),
        "measured": len(measured),
        "seconds": round(seconds, 1),
        "rows_per_second": round(len(viewers) / seconds),
        "seed": seed,
        "points": points,
    }


@dataclass
class Running:
    """The GAUC of the latest rows, computed anew now and then: for progress bars."""

    least: int = 40_000
    done: int = 0
    latest: float = 0.5

    def area(self, tested: Tested) -> float:
        """GAUC of long_view over the latest rows that were predicted before they were learned."""
        rows = sum(len(part) for part in tested.viewer)
        if rows - self.done >= self.least:
            latest = slice(-(self.least // 512), None)
            viewers, predicted, outcomes = Tested(
                tested.viewer[latest], tested.predicted[latest], tested.outcomes[latest]
            ).rows()
            self.latest, self.done = _gauc_of(viewers, predicted, outcomes, np.arange(len(viewers))), rows
        return self.latest


def _gauc_of(viewers: Column, predicted: Batch, outcomes: Batch, rows: Column) -> float:
    known = rows[np.isfinite(outcomes["long_view"][rows])]
    return gauc(viewers[known], outcomes["long_view"][known], predicted["long_view"][known])


def _steps(rows: int, every: int) -> Iterator[tuple[int, int]]:
    for start in range(0, rows, every):
        if rows - start >= every // 2:
            yield start, min(start + every, rows)
