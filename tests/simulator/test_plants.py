"""Twins differ in what is claimed to matter, and in nothing else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.simulator.follows import follows
from foryou.simulator.plants import (
    PLANTS,
    SOUGHT,
    alike,
    engaged,
    finishes,
    followers,
    hooks,
    likes,
    newcomers,
    not_interested,
    sought,
)
from foryou.simulator.world import Sizes, World, make, viewer_name, wire_video, words

PAIRS = 4
DIFFERS = {
    "followers": {"followers"},
    "likes": {"set_like"},
    "finishes": {"set_finish"},
    "hooks": {"set_hook"},
    "engaged": {"joined", "visits"},
}
OWN = {"creator", "sound", "arm", "viewer"}
"""What is another one's by name only."""


@pytest.fixture(scope="module")
def world() -> World:
    return make(Sizes(viewers=600, creators=100, videos=1500), 1)


def films(world: World) -> Batch:
    """The planted videos by pair and arm."""
    rows = world.videos.take(world.videos["pair"] >= 0)
    return rows.take(np.lexsort((rows["arm"], rows["pair"])))


def watchers(world: World) -> Batch:
    rows = world.viewers.take(world.viewers["pair"] >= 0)
    return rows.take(np.lexsort((rows["arm"], rows["pair"])))


@pytest.mark.parametrize("claim", DIFFERS)
def test_twins_differ_in_one_thing(world: World, claim: str) -> None:
    made = PLANTS[claim](world, PAIRS)
    shown = films(made)
    makers = made.creators.take(shown["creator"])
    own = made.viewers.take(makers["viewer"])
    assert shown["arm"].tolist() == [0, 1] * PAIRS
    differ = set()
    for batch in (shown, makers, own):
        for name in set(batch) - OWN:
            values = batch[name]
            if not np.array_equal(values[::2], values[1::2], equal_nan=values.dtype.kind == "f"):
                differ.add(name)
    assert differ == DIFFERS[claim]


def test_the_arms_are_those_of_the_claims(world: World) -> None:
    made = films(likes(world, PAIRS))
    assert np.allclose(made["set_like"], [0.05, 0.15] * PAIRS)
    made = films(finishes(world, PAIRS))
    assert np.allclose(made["set_finish"], [0.3, 0.6] * PAIRS) and len(set(made["set_hook"].tolist())) == 1
    assert np.allclose(films(hooks(world, PAIRS))["set_hook"], [0.4, 0.7] * PAIRS)
    known = followers(world, PAIRS)
    assert known.creators["followers"][films(known)["creator"]].tolist() == [10, 100_000] * PAIRS


def test_many_followers_are_followers_in_the_world(world: World) -> None:
    made = followers(world, PAIRS)
    number = np.bincount(follows(made)[1], minlength=len(made.creators))[films(made)["creator"]]
    assert number[::2].max() <= 1 and number[1::2].min() > 40


def test_twins_say_the_same(world: World) -> None:
    made = hooks(world, PAIRS)
    rows = np.flatnonzero(made.videos["pair"] >= 0)
    for pair in np.unique(made.videos["pair"][rows]):
        one, two = rows[made.videos["pair"][rows] == pair].tolist()
        assert words(made, one) == words(made, two)
        assert wire_video(made, one)["author"] != wire_video(made, two)["author"]


def test_no_arm_always_comes_first(world: World) -> None:
    made = likes(world, 20)
    arms = made.videos["arm"][made.videos["pair"] >= 0][::2]
    assert 3 < arms.sum() < 17


def test_pairs_are_spread_over_topics_and_the_middle_of_the_days(world: World) -> None:
    made = likes(world, 10)
    shown = films(made)
    day = (shown["uploaded"] - made.start) / DAY
    assert day.min() >= 3 and day.max() <= 9 and len(np.unique(day)) == 10
    assert len(set(shown["leaf"].tolist())) == 10


def test_who_engages_loves_the_topic_and_neither_looks_at_a_feed(world: World) -> None:
    made = engaged(world, PAIRS)
    shown = films(made)
    own = made.viewers.take(made.creators["viewer"][shown["creator"]])
    assert (own["taste"][np.arange(2 * PAIRS), shown["leaf"]] == 1).all()
    assert (own["joined"][1::2] < made.start).all() and (own["visits"][1::2] < 1e-6).all()
    assert (own["joined"][::2] > made.start + 1000 * DAY).all()
    assert all(not words(made, n).hashtags for n in np.flatnonzero(made.videos["pair"] >= 0))


@pytest.mark.mission("NO-24")
def test_who_engages_looks_for_the_latest_videos_on_their_topic_on_the_day_before_their_own(world: World) -> None:
    made = engaged(world, PAIRS)
    viewer, video, at = sought(made)
    for own in np.flatnonzero((made.videos["pair"] >= 0) & (made.videos["arm"] == 1)).tolist():
        mine = viewer == made.creators["viewer"][made.videos["creator"][own]]
        found, leaf, until = video[mine], made.videos["leaf"], int(made.videos["uploaded"][own])
        assert 0 < len(found) <= SOUGHT and (leaf[found] == leaf[own]).all()
        assert (made.videos["uploaded"][found] < at[mine]).all() and (until - DAY < at[mine]).all()
        assert (at[mine] < until).all() and (np.diff(at[mine]) > 0).all()
    others = made.creators["viewer"][made.videos["creator"][(made.videos["pair"] >= 0) & (made.videos["arm"] == 0)]]
    assert not np.isin(viewer, others).any()
    assert len(sought(world)[0]) == 0, "nobody, where nothing is planted"


def test_scripted_viewers_press_on_their_main_topic(world: World) -> None:
    rows = watchers(not_interested(world, PAIRS))
    assert rows["script_presses"].tolist() == [0, 1, 3] * PAIRS
    assert np.array_equal(rows["script_topic"], rows["taste"].argmax(1))
    assert np.array_equal(rows["taste"][::3], rows["taste"][2::3])
    assert len(np.unique(rows["script_from"])) == PAIRS


def test_alike_are_two_with_one_taste_and_one_with_another(world: World) -> None:
    made = alike(world, PAIRS)
    rows = watchers(made)
    own, twin, other = (rows["taste"][arm::3] for arm in range(3))
    assert np.array_equal(own, twin)
    assert np.minimum(own, other).max() == 0 and np.allclose(other.sum(1), 1)
    assert ((own @ made.topics.similarity) * other).sum(1).max() < 0.1


def test_newcomers_join_one_after_another(world: World) -> None:
    rows = watchers(newcomers(world, PAIRS))
    assert len(rows) == PAIRS and (np.diff(rows["joined"]) > 0).all()


def test_all_plants_fit_into_one_world(world: World) -> None:
    made = world
    for plant in PLANTS.values():
        made = plant(made, 2)
    assert [each.claim for each in made.planted] == list(PLANTS)
    assert all(one.first + one.count == two.first for one, two in pairwise(made.planted))
    assert (np.diff(made.videos["uploaded"]) >= 0).all()
    assert (len(made.viewers), len(made.creators), len(made.videos)) == (
        made.sizes.viewers, made.sizes.creators, made.sizes.videos,
    )  # fmt: skip
    assert viewer_name(made, int(made.creators["viewer"][101])) == "c101"
    assert made.creators["viewer"].max() < len(made.viewers)
    rows = np.flatnonzero(made.videos["copy_of"] >= 0)
    assert np.array_equal(made.videos["text"][rows], made.videos["text"][made.videos["copy_of"][rows]])


def test_a_plant_leaves_the_world_that_it_was_given(world: World) -> None:
    before = len(world.videos)
    made = likes(world, 2)
    assert len(world.videos) == before and world.planted == ()
    assert np.array_equal(made.viewers["taste"][: len(world.viewers)], world.viewers["taste"])
    again = likes(world, 2)
    assert all(np.array_equal(made.videos[name], again.videos[name], equal_nan=True) for name in ("set_like", "text"))
