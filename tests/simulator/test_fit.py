"""Behaviour fitted to the project's own log, at a reduced size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.simulator.behaviour import ACTS, Behaviour
from foryou.simulator.distance import ks
from foryou.simulator.exposures import Log, read
from foryou.simulator.fit import checked, watching
from foryou.simulator.reference import Reference

DATA = Path(__file__).parents[2] / "data" / "kuairand-pure"
MIX = 20_000
NOISE = 0.02
"""What chance adds at this size to the distances of 100,000 meetings."""


@pytest.fixture(scope="module")
def log() -> Log:
    return read(DATA)


def test_the_defaults_watch_as_people_do_on_kuairand_in_every_length(log: Log) -> None:
    buckets, rates = checked(log, Behaviour(), MIX)
    assert sum(each.exposures for each in buckets) == len(log.rows)
    assert max(each.ks for each in buckets) < 0.03 + NOISE
    for each in rates:  # at this size the liveliest few viewers decide
        assert each.simulated == pytest.approx(each.real, rel=0.15)
    assert {each.act for each in rates} == {"like", "comment", "share", "follow", "visit", "not_interested"}


def test_a_fit_finds_what_made_a_log(log: Log) -> None:
    usual = Behaviour()
    made = replace(
        usual,
        hold=tuple(each - 1 for each in usual.hold),
        leaving=tuple(tuple(1.5 * each for each in row) for row in usual.leaving),
    )
    mix = Reference(made, 40_000, 3)
    mix.lasting(log.rows["duration"], 3)
    like = np.arange(len(mix)) % 20 == 0
    other = Log("", Batch({"seconds": mix.seconds(made), "duration": mix.duration, "like": like}), ("like",))
    fitted = watching(other, usual, MIX)
    buckets, rates = checked(other, fitted, MIX)
    assert max(each.ks for each in buckets if each.exposures > 4000) < 0.03
    assert max(each.ks for each in checked(other, usual, MIX)[0]) > 0.1
    assert np.allclose(fitted.hold[1:], made.hold[1:], atol=0.15)
    assert rates[0].simulated == pytest.approx(0.05, rel=0.1)
    assert fitted.act[1:] == usual.act[1:]


def test_a_length_that_a_log_lacks_has_the_numbers_of_the_nearest(log: Log) -> None:
    short = Log("", log.rows.take(log.rows["duration"] < 15), log.acts)
    fitted = watching(short, Behaviour(), 5000)
    assert fitted.leaving[2] == fitted.leaving[-1] == fitted.leaving[1]


def test_the_distance_of_two_distributions_is_the_largest_difference() -> None:
    assert ks(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 4])) == 0
    assert ks(np.array([1, 2]), np.array([3, 4])) == 1
    assert ks(np.array([1, 2, 3, 4]), np.array([3, 4, 5, 6])) == 0.5
    assert ks(np.array([]), np.array([1.0])) == 1


def test_parameters_come_back_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "behaviour.json"
    mine = replace(Behaviour(), leave=0.07, act=tuple(float(place) for place in range(len(ACTS))))
    mine.write(path)
    assert Behaviour.read(path) == mine


def test_a_curve_that_falls_or_is_too_short_is_refused() -> None:
    for row in ((1.0, 0.5), (1.0,)):
        with pytest.raises(ValueError, match="leaving"):
            Behaviour(laps=(0.5, 1.0), leaving=(row,) * 7)
