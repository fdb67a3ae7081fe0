"""The benchmark of how a video finds those who care: what it holds against what."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality.spread import BANDS, FIFTH, Deaf, reliability
from foryou.simulator.run import simulate
from foryou.simulator.world import Sizes, make


def test_chances_are_held_against_how_often_they_came_true_band_by_band() -> None:
    true, late = [(1, 0.2, k < 2) for k in range(10)], [(2, 0.2, k < 8) for k in range(10)]
    found = reliability(np.array([*true, *late, (1, 0.96, 1)], np.float64))
    fifth, last = found[FIFTH], found[-1]
    assert (fifth["from"], fifth["to"]) == (BANDS[FIFTH], BANDS[FIFTH + 1]) == (0.15, 0.25)
    assert (fifth["answers"], fifth["said"], fifth["came"]) == (20, pytest.approx(0.2), 0.5)
    assert fifth["error"] == pytest.approx(np.sqrt(2 * 3.0**2) / 20), "worlds differ by more than draws"
    assert (last["answers"], last["came"]) == (1, 1.0)
    assert np.isnan(last["error"]), "one world says nothing of others"
    assert found[0]["answers"] == 0 and np.isnan(found[0]["came"])


def test_the_deaf_engine_hears_what_was_shown_and_nothing_that_anybody_did() -> None:
    world = make(Sizes(30, 5, 40, 2), 3)
    outcome = simulate(world, Deaf())
    joined = int((world.viewers["joined"] < world.start + 2 * 86_400_000).sum())
    out = int((outcome.published >= 0).sum())
    assert outcome.exposures["like"].any()
    assert outcome.report["events"] == joined + out + len(outcome.exposures)
