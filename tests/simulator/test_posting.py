"""Videos come out as planned; creators who are seen hurry, and those who are not take their time."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.clock import DAY, HOUR
from foryou.simulator.plants import likes
from foryou.simulator.posting import LATEST, SOONEST, Posting
from foryou.simulator.world import Sizes, World, make


@pytest.fixture(scope="module")
def world() -> World:
    return likes(make(Sizes(viewers=100, creators=60, videos=1500), 1), 3)


def posted(world: World, views: dict[int, int]) -> np.ndarray:
    """When each video comes out if these creators are told of so many views twice a day, and of 20 on the first."""
    posting, out = Posting(world), np.full(len(world.videos), -1)
    for hour in range(world.sizes.days * 24 + 1):
        at = world.start + hour * HOUR
        out[posting.due(at)] = at
        if hour % 12 == 1:
            told = np.array(list(views), np.int32)
            posting.heard(told, np.array([20 if hour < 24 else views[c] for c in views], np.int64))
    return out


def test_everything_comes_out_once_as_planned_if_nobody_hears_anything(world: World) -> None:
    out = posted(world, {})
    late = out - np.maximum(world.videos["uploaded"], world.start - HOUR)
    assert (out >= 0).all()
    assert (late >= 0).all() and late.max() <= HOUR
    assert len(Posting(world).due(world.start)) == (world.videos["uploaded"] < world.start).sum()


def test_who_is_seen_more_posts_sooner_and_who_is_seen_less_later(world: World) -> None:
    busy = np.argsort(-world.creators["posts_a_day"])[:6].tolist()
    calm = posted(world, {})
    eager = posted(world, dict.fromkeys(busy, 400))
    tired = posted(world, dict.fromkeys(busy, 0))
    theirs = np.isin(world.videos["creator"], busy) & (world.videos["uploaded"] > world.start + 3 * DAY)
    both = theirs & (tired >= 0) & (eager >= 0)
    assert eager[both].mean() < calm[both].mean() - HOUR
    assert tired[both].mean() > calm[both].mean() + HOUR
    assert np.array_equal(eager[~np.isin(world.videos["creator"], busy)], calm[~np.isin(world.videos["creator"], busy)])


def test_no_plan_moves_further_than_its_bounds(world: World) -> None:
    everybody = {c: 10**6 if c % 2 else 0 for c in range(len(world.creators))}
    out = posted(world, everybody)
    there = (out >= 0) & (world.videos["uploaded"] >= world.start)
    moved = (out - world.videos["uploaded"])[there]
    assert moved.min() >= SOONEST and moved.max() <= LATEST + HOUR
    again = np.sort(np.flatnonzero(out >= 0))
    assert len(np.unique(again)) == len(again)


def test_planted_videos_come_out_exactly_as_planned(world: World) -> None:
    planted = world.videos["pair"] >= 0
    out = posted(world, {c: 10**6 for c in range(len(world.creators))})
    late = (out - world.videos["uploaded"])[planted]
    assert (late >= 0).all() and late.max() <= HOUR
