"""When viewers come, against a log that holds a part of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from foryou.core.batch import Batch
from foryou.simulator.activity import Observed, again, coming, seen, times
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.exposures import Log

MINUTE = 60_000


def thinned(behaviour: Behaviour, kept: float, seed: int) -> Log:
    rows = seen(behaviour, 3, 200, seed)
    there = np.random.default_rng(seed).random(len(rows)) < kept
    return Log("", rows.take(there), ())


def test_exposures_far_apart_are_of_two_visits() -> None:
    found = times(np.array([0, 0, 0, 1, 1]), np.array([0, 5, 90, 40, 10]) * MINUTE)
    assert found.each.tolist() == [3, 2]
    assert (found.gaps / MINUTE).tolist() == [5, 85, 30]
    assert found.visits.tolist() == [2, 1, 2]


def test_a_fit_finds_how_often_viewers_come_and_how_much_was_kept() -> None:
    made = replace(Behaviour(), often=1.0, leave=0.06)
    fitted, near = coming(thinned(made, 0.3, 5), Behaviour(), 120, often=(0.25, 1.0), leave=(0.06, 0.3))
    assert 0.7 <= fitted.often <= 1.4 and 0.04 < fitted.leave < 0.09
    assert abs(near.observed.kept - 0.3) < 0.12
    assert near.impressions < 0.12 and near.gaps < 0.1


def test_exposures_are_drawn_again_as_they_were_observed() -> None:
    log = Log("", Batch({"at": np.array([0, 2 * 86_400_000])}), ())
    whole, part = (again(log, Behaviour(), Observed(kept, 0.0), 1, 100) for kept in (1.0, 0.2))
    assert abs(part.each.sum() / whole.each.sum() - 0.2) < 0.03
