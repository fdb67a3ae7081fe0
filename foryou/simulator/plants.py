"""What is planted in a world to put a claim to the test: twins that differ in one thing only.

Each plant is a function of a world that gives another one, with `pairs` pairs more; `World.planted` says which `pair`
they are, and `arm` is 1 where the thing is, 0 where it is not. Plants of several claims can be in one world, but they
take each other's audience.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import numpy as np

from foryou.core.batch import Column
from foryou.core.clock import DAY
from foryou.simulator.chance import picked, stream
from foryou.simulator.creators import BUYS_LIKES, HONEST
from foryou.simulator.graft import NEVER, films, grafted, makers, next_pair, people
from foryou.simulator.texts import SILENT
from foryou.simulator.world import Planted, World

Arms: TypeAlias = tuple[float, float]
"""A value for arm 0, and one for arm 1."""

PAIRS = 10
FIRST, LAST = 3 / 14, 9 / 14
"""Planted things come between these parts of the days (of 14: between day 3 and day 9), so that two days follow."""
FEW, MANY = 10, 100_000
LIKES, FINISHES, HOOKS = (0.05, 0.15), (0.30, 0.60), (0.40, 0.70)
"""The planted chances of the two arms."""
SELDOM = 1e-9
"""Visits a day of who is there and never looks at a feed."""
SOUGHT = 50
"""How many videos on their topic creators who engage look for (NO-24)."""
SAME_HOOK = 0.75
"""Of both arms where finishing differs."""
PRESSES = (0, 1, 3)
"""How often the three arms press "not interested"."""
LOYAL_VISITS = 6.0
"""Visits a day of planted viewers: enough for 50 videos after whatever they do."""


def followers(world: World, pairs: int = PAIRS) -> World:
    """Twins by creators with 100,000 followers (arm 1) and with 10."""
    return _twins(world, "followers", pairs, {}, followers=(FEW, MANY))


def likes(world: World, pairs: int = PAIRS) -> World:
    """Twins of which 15 % of all who watch like the one (arm 1) and 5 % the other."""
    return _twins(world, "likes", pairs, {"set_like": LIKES})


def finishes(world: World, pairs: int = PAIRS) -> World:
    """Twins that 60 % (arm 1) and 30 % finish, while equally many stay after three seconds."""
    return _twins(world, "finishes", pairs, {"set_finish": FINISHES, "set_hook": (SAME_HOOK, SAME_HOOK)})


def hooks(world: World, pairs: int = PAIRS) -> World:
    """Twins at which 70 % (arm 1) and 40 % stay after three seconds."""
    return _twins(world, "hooks", pairs, {"set_hook": HOOKS})


def engaged(world: World, pairs: int = PAIRS) -> World:
    """Twins by a creator who engages with that topic (arm 1: looks for its videos, watches them to the end and likes
    them, see `sought`), and by one who engages with nothing. Neither looks at a feed.

    The videos say nothing about themselves: only who made them can tell whom they are for.
    """
    return _twins(world, "engaged", pairs, {}, visits=(0.0, SELDOM), silent=True)


def sought(world: World) -> tuple[Column, Column, Column]:
    """What creators who engage look for themselves, outside the feed: the latest `SOUGHT` videos on their topic that
    are out before theirs, one after another within the day before it. The viewers, the videos, and when (ms)."""
    found: list[tuple[int, int, int]] = []
    for plant in world.planted:
        if plant.claim == "engaged":
            mine = (world.videos["pair"] >= plant.first) & (world.videos["pair"] < plant.first + plant.count)
            for own in np.flatnonzero(mine & (world.videos["arm"] == 1)).tolist():
                until, leaf = int(world.videos["uploaded"][own]), world.videos["leaf"]
                there = (leaf == leaf[own]) & (world.videos["uploaded"] < until - DAY) & (world.videos["pair"] < 0)
                latest = np.flatnonzero(there)[-SOUGHT:]
                viewer = int(world.creators["viewer"][world.videos["creator"][own]])
                at = until - DAY + (np.arange(len(latest)) + 0.5) * DAY / (len(latest) + 1)
                found += [(viewer, video, int(when)) for video, when in zip(latest.tolist(), at.tolist(), strict=True)]
    rows = np.array(found, np.int64).reshape(-1, 3)
    return rows[:, 0], rows[:, 1], rows[:, 2]


def not_interested(world: World, pairs: int = PAIRS) -> World:
    """Triplets of viewers with one taste who press "not interested" on no, one (arm 1) or three videos (arm 2) of
    their main topic from some day on; `script_topic` and `script_from` are set for all three."""
    base = _typical(world, pairs, "not_interested")
    own = world.viewers["taste"][base]
    script: dict[str, Column] = {
        "script_topic": np.repeat(own.argmax(1), 3).astype(np.int16),
        "script_presses": np.tile(np.array(PRESSES, np.int8), pairs),
        "script_from": np.repeat(_times(world, pairs), 3),
        "refusing": np.full(3 * pairs, BY_SCRIPT, np.float32),
    }
    return _watchers(world, "not_interested", np.stack([own] * 3, axis=1), base, script)


BY_SCRIPT = -30.0
"""Log-odds of pressing "not interested" of one's own accord: these viewers do so by their script only."""


def alike(world: World, pairs: int = PAIRS) -> World:
    """Triplets of viewers: two with one taste (arms 0 and 1), and one (arm 2) who likes nothing that is near it."""
    base = _typical(world, pairs, "alike")
    own = world.viewers["taste"][base]
    return _watchers(world, "alike", np.stack([own, own, _unlike(world, own)], axis=1), base, {})


def newcomers(world: World, pairs: int = PAIRS) -> World:
    """Viewers (all of arm 0) who join one after another, with usual tastes, and come often."""
    base = _typical(world, pairs, "newcomers")
    joined: dict[str, Column] = {"joined": _times(world, pairs)}
    return _watchers(world, "newcomers", world.viewers["taste"][base][:, None], base, joined)


def bought(world: World, pairs: int = PAIRS) -> World:
    """Twins by creators of whom one buys likes (arm 1), where there are accounts that sell them (`farms.py`)."""
    return _twins(world, "bought", pairs, {}, kinds=(HONEST, BUYS_LIKES))


PLANTS: Mapping[str, Callable[[World, int], World]] = {
    plant.__name__: plant
    for plant in (followers, likes, finishes, hooks, engaged, not_interested, alike, newcomers, bought)
}  # fmt: skip
"""Every plant by its claim."""


def planted(world: World, claims: Iterable[str], pairs: int = PAIRS) -> World:
    """A world with the plants of all these claims."""
    for claim in claims:
        world = PLANTS[claim](world, pairs)
    return world


def _twins(
    world: World,
    claim: str,
    pairs: int,
    outcomes: Mapping[str, Arms],
    followers: Arms = (FEW, FEW),
    visits: Arms = (0.0, 0.0),
    silent: bool = False,
    kinds: tuple[int, int] = (HONEST, HONEST),
) -> World:
    """Pairs of creators with one video each, at the same time and with the same words; a topic and a language for each
    pair. Creators who visit 0 times a day never join."""
    first = stream(world.seed, "plants", claim, "first").integers(0, 2, pairs)  # no arm always has the lower number
    arm, pair = np.stack([first, 1 - first], axis=1).ravel(), np.repeat(next_pair(world) + np.arange(pairs), 2)
    leaf = np.repeat(_leaves(world, pairs, claim), 2)
    language = np.repeat(_languages(world, pairs, claim), 2)
    topic = np.eye(len(world.topics), dtype=np.float32)[leaf]
    said = stream(world.seed, "plants", claim, "text").integers(0, 1 << 62, pairs)
    text = np.full(2 * pairs, SILENT) if silent else np.repeat(said, 2)
    watches = np.array(visits)[arm]
    joined = np.where(watches > 0, world.start - DAY, world.start + NEVER)
    own = people(world, topic, language, joined, pair, arm)
    busy = {"visits": np.where(watches > 0, watches, 1).astype(np.float32)}
    shown = films(world, leaf, language, np.repeat(_times(world, pairs), 2), text, pair, arm)
    shown = shown.extend({name: np.array(arms, np.float32)[arm] for name, arms in outcomes.items()})
    added = makers(world, topic, language, np.array(followers)[arm])
    added = added.extend({"kind": np.array(kinds, np.int8)[arm]})
    return grafted(world, Planted(claim, int(pair[0]), pairs), own.extend(busy), added, shown)


def _watchers(world: World, claim: str, taste: Column, base: Column, changes: Mapping[str, Column]) -> World:
    """Groups of viewers with tastes [groups, arms, T] who speak what those of `base` [groups] speak."""
    groups, arms, topics = taste.shape
    first = next_pair(world)
    pair, arm = np.repeat(first + np.arange(groups), arms), np.tile(np.arange(arms), groups)
    language = np.repeat(world.viewers["language"][base], arms)
    before = np.full(len(pair), world.start - DAY)
    added = people(world, taste.reshape(-1, topics), language, before, pair, arm)
    added = added.extend({"visits": np.full(len(pair), LOYAL_VISITS, np.float32)}).extend(changes)
    return grafted(world, Planted(claim, first, groups), added)


def _times(world: World, pairs: int) -> Column:
    """ms, evenly spread over the middle of the days."""
    share = FIRST + (LAST - FIRST) * (np.arange(pairs) + 0.5) / pairs
    return world.start + (share * world.sizes.days * DAY).astype(np.int64)


def _leaves(world: World, pairs: int, claim: str) -> Column:
    """All topics in turn, in another order for each claim."""
    order = stream(world.seed, "plants", claim, "leaf").permutation(len(world.topics))
    return np.asarray(order[np.arange(pairs) % len(order)])


def _languages(world: World, pairs: int, claim: str) -> Column:
    """As viewers speak."""
    share = np.bincount(world.viewers["language"])
    return picked(stream(world.seed, "plants", claim, "language"), share, pairs)


def _typical(world: World, pairs: int, claim: str) -> Column:
    """Viewers who are not planted, for their taste and language."""
    free = np.flatnonzero((world.viewers["pair"] < 0) & (world.maker < 0))
    return stream(world.seed, "plants", claim).choice(free, pairs)


def _unlike(world: World, own: Column) -> Column:
    """For each of these tastes [k, T] one without any of its topics: that of the viewer who has the least in common
    with it, by the tree, less what they share."""
    free = world.viewers["taste"][world.viewers["pair"] < 0]
    shared = (own @ world.topics.similarity) @ free.T  # [k, viewers]
    other = np.where(own > 0, 0, free[shared.argmin(1)])
    return np.asarray(other / other.sum(1, keepdims=True))
