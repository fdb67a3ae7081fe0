"""More viewers, creators and videos for a world that is there already, each kind made to measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.simulator.creators import HONEST
from foryou.simulator.people import hours_of
from foryou.simulator.topics import SIBLING
from foryou.simulator.videos import FORMATS, unplanted
from foryou.simulator.viewers import ACTS, FRIENDS, unscripted
from foryou.simulator.world import Planted, World

NEVER = 36_500 * DAY
"""How long after the start those join who never do."""
HOMES = {0: (3, 0), 1: (0, 60), 2: (2, 60)}
"""By language: the country and zone (minutes) of planted people."""
ANY_TIME = 4
"""The type of people who look at any hour."""


def people(world: World, taste: Column, language: Column, joined: Column, pair: Column, arm: Column) -> Batch:
    """Viewers who are average in all but these: rows of `taste` [k, T], and columns [k]. Nobody is their friend."""
    count = len(taste)
    home = np.array([HOMES[number] for number in range(len(HOMES))])[language.astype(np.int64)]
    ones, zeros = np.ones(count, np.float32), np.zeros(count, np.float32)
    columns: dict[str, Column] = {
        "taste": taste.astype(np.float32),
        "language": language.astype(np.int8),
        "country": home[:, 0].astype(np.int8),
        "age": np.full(count, -1, np.int8),
        "gender": np.full(count, -1, np.int8),
        "device": np.zeros(count, np.int8),
        "zone": home[:, 1].astype(np.int16),
        "hours": hours_of(np.full(count, ANY_TIME)).astype(np.float32),
        "weekdays": np.ones((count, 7), np.float32),
        "visits": ones,
        "patience": ones,
        **dict.fromkeys(ACTS, zeros),
        "drift": zeros,
        "joined": joined.astype(np.int64),
        "friends": np.full((count, FRIENDS), -1, np.int32),
        **unscripted(count),
        "pair": pair.astype(np.int32),
        "arm": arm.astype(np.int8),
    }
    return Batch(columns).select(list(world.viewers))


def makers(world: World, topic: Column, language: Column, followers: Column) -> Batch:
    """Average creators of these rows of `topic` [k, T]; their accounts are the viewers added with them, in order."""
    count = len(topic)
    home = np.array([HOMES[number] for number in range(len(HOMES))])[language.astype(np.int64)]
    columns: dict[str, Column] = {
        "topic": topic.astype(np.float32),
        "skill": np.zeros(count, np.float32),
        "language": language.astype(np.int8),
        "country": home[:, 0].astype(np.int8),
        "zone": home[:, 1].astype(np.int16),
        "followers": followers.astype(np.int32),
        "viewer": (len(world.viewers) + np.arange(count)).astype(np.int32),
        "posts_a_day": np.full(count, 1 / world.sizes.days, np.float32),
        "hour": np.full(count, 12, np.int8),
        "kind": np.full(count, HONEST, np.int8),
    }
    return Batch(columns).select(list(world.creators))


def films(
    world: World, leaf: Column, language: Column, uploaded: Column, text: Column, pair: Column, arm: Column
) -> Batch:
    """Good, plain videos of 25 s, one of each creator added with them, in order; with a sound of their own."""
    count = len(leaf)
    near = (world.topics.similarity == np.float32(SIBLING)).astype(np.float32)
    content = 0.9 * np.eye(len(world.topics), dtype=np.float32) + 0.1 * near / near.sum(1, keepdims=True)
    zeros = np.zeros(count, np.float32)
    columns: dict[str, Column] = {
        "creator": (len(world.creators) + np.arange(count)).astype(np.int32),
        "leaf": leaf.astype(np.int16),
        "content": content[leaf],
        "format": np.full(count, FORMATS.index("story"), np.int8),
        "sound": (int(world.videos["sound"].max()) + 1 + np.arange(count)).astype(np.int32),
        "effect": np.full(count, -1, np.int32),
        "duration": np.full(count, 25.0, np.float32),
        "language": language.astype(np.int8),
        "uploaded": uploaded.astype(np.int64),
        "hook": zeros,
        "appeal": np.full(count, 0.8, np.float32),
        "likeable": zeros,
        "shareable": zeros,
        "picture": np.full(count, 0.8, np.float32),
        "height": np.full(count, 1920, np.int16),
        "series": np.full(count, -1, np.int32),
        "episode": np.zeros(count, np.int16),
        "text": text.astype(np.int64),
        "bait": np.zeros(count, np.bool_),
        **unplanted(count),
        "pair": pair.astype(np.int32),
        "arm": arm.astype(np.int8),
    }
    return Batch(columns).select(list(world.videos))


def grafted(
    world: World, planted: Planted, viewers: Batch, creators: Batch | None = None, films: Batch | None = None
) -> World:
    """The world with these rows: viewers and creators come last, videos where their time is, so that the numbers of
    later ones change."""
    made = replace(world, viewers=_joined(world.viewers, viewers), planted=(*world.planted, planted))
    if creators is not None and films is not None:
        made = replace(made, creators=_joined(world.creators, creators), videos=_by_time(_joined(world.videos, films)))
    sizes = replace(
        world.sizes, viewers=len(made.viewers), creators=len(made.creators), videos=len(made.videos)
    )  # fmt: skip
    return replace(made, sizes=sizes)


def next_pair(world: World) -> int:
    """The first number that no pair has yet."""
    return max((each.first + each.count for each in world.planted), default=0)


def _joined(old: Batch, new: Batch) -> Batch:
    return Batch({name: np.concatenate([old[name], new[name]]) for name in old})


def _by_time(films: Batch) -> Batch:
    """In the order of upload, with copies pointing to where the originals now are."""
    order = np.argsort(films["uploaded"], kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    of = films["copy_of"]
    moved = films.extend({"copy_of": np.where(of >= 0, place[of], -1).astype(np.int32)})
    return moved.take(order)
