"""Measures on rows made by hand, where it is plain what they have to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.simulator.measures import PLATEAU, measured
from foryou.simulator.plants import alike
from foryou.simulator.world import Sizes, World, make
from tests.simulator.by_hand import outcome

DAYS = 9


@pytest.fixture(scope="module")
def world() -> World:
    """Everybody is there from the start, and every video too."""
    made = make(Sizes(20, 4, 40, DAYS), 1)
    viewers = made.viewers.extend({"joined": np.full(20, made.start - DAY)})
    return replace(made, viewers=viewers, videos=made.videos.extend({"uploaded": np.full(40, made.start)}))


def test_those_come_back_who_are_there_again_in_the_day_that_begins_so_many_days_later(world: World) -> None:
    came = [(0, 0, 0.1), (1, 0, 0.1), (2, 0, 0.1), (3, 0, 0.1), (4, 0, 1.5)]  # the last one came on no first day
    again = [(0, 1, 1.2), (1, 1, 1.9), (2, 1, 2.1), (3, 1, 7.5)]
    found = measured(outcome(world, [*came, *again]))
    assert found["d1"] == 2 / 4
    assert found["d7"] == 1 / 4


def test_what_happens_after_the_end_is_not_of_the_run(world: World) -> None:
    rows = [(0, 0, 0.1), (0, 1, DAYS + 0.001)]
    found = measured(outcome(world, rows, pleasure=[0.5, 1.0]))
    assert found["satisfaction"] == 0.5
    assert found["coverage"] == 1 / 40


def test_a_repeat_is_what_a_feed_could_have_known(world: World) -> None:
    told = [(0, 0, 0.0), (0, 0, 0.5), (1, 0, 0.0), (1, 0, 2 * HOUR / DAY), (2, 0, 0.0), (2, 0, MINUTE / DAY)]
    rows = sorted(told, key=lambda row: row[2])
    sent = [1 if viewer in (1, 2) and day == 0 else 0 for viewer, _, day in rows]
    assert measured(outcome(world, rows, surface=sent))["repeats"] == 2, "the last was sent a minute before"


def test_exposures_of_one_video_only_are_as_unequal_as_can_be_and_all_the_same_not_at_all(world: World) -> None:
    assert measured(outcome(world, [(v, 0, 0.1) for v in range(20)]))["gini"] == pytest.approx(1 - 1 / 40)
    assert measured(outcome(world, [(0, v, 0.1) for v in range(40)]))["gini"] == pytest.approx(0)


def test_a_feed_settles_where_it_fits_four_fifths_as_well_as_later(world: World) -> None:
    new = replace(world, viewers=world.viewers.extend({"joined": np.full(20, world.start)}))
    rows = [(viewer, k % 40, 0.1 + k / 1000) for k in range(PLATEAU[1]) for viewer in range(6)]
    fits = [1.0 if k >= 60 else 0.05 for k in range(PLATEAU[1]) for _ in range(6)]
    assert measured(outcome(new, rows, match=fits))["settled_after"] == 60 + 8
    half = [0.5 if k < 60 else 1.0 if k < PLATEAU[0] else 0.97 for k in range(PLATEAU[1]) for _ in range(6)]
    found = measured(outcome(new, rows, match=half))
    assert (found["settled_after"], found["learned_after"]) == (60 + 6, 60 + 8)
    same = measured(outcome(new, rows, match=[0.5] * len(rows)))
    assert same["settled_after"] == 10 and np.isnan(same["learned_after"]), "it learns nothing"
    short = [row for row in rows if row[0] < 5]
    assert np.isnan(measured(outcome(new, [r for r in short if r[2] < 0.2]))["settled_after"]), "nobody came that far"


def test_the_best_videos_take_the_hours_that_half_the_viewers_take(world: World) -> None:
    best = int(np.argmax(np.where(world.videos["bait"] | (world.videos["copy_of"] >= 0), -9, world.videos["appeal"])))
    rows = [(viewer, best, (1 + viewer) / 24) for viewer in range(20)]
    found = measured(outcome(world, rows, seconds=[5.0] * 20))
    assert (found["best_hours"], found["best_reached"]) == (10.0, 1.0)
    never = measured(outcome(world, rows, seconds=[1.0] * 20))
    assert (never["best_hours"], never["best_reached"]) == (24.0 * DAYS, 0.0)


def test_planted_viewers_are_nobody_s_measure(world: World) -> None:
    planted = alike(world, 2)
    own, theirs = [(0, 0, 0.1), (1, 1, 0.1)], [(len(world.viewers) + v, 2, 0.1) for v in range(6)]
    found = measured(outcome(planted, [*own, *theirs], pleasure=[0.5, 0.5, *[0.0] * 6]))
    assert found["satisfaction"] == 0.5
    assert found["coverage"] == 2 / 40
