"""A whole made-up world, drawn from a seed: who watches, who makes videos, and what there is to watch.

The same sizes and seed give the same world, and more viewers change no video. The columns of each part are listed in
the guide (`docs/guides/simulated-world.md`); most of them nobody in the world could know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeAlias

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.simulator.creators import creators
from foryou.simulator.people import AGES, COUNTRIES, DEVICES, GENDERS, LANGUAGES, zone_name
from foryou.simulator.texts import Subject, Words, words_of
from foryou.simulator.topics import Topics, topics
from foryou.simulator.videos import FORMATS, STOCK, videos
from foryou.simulator.viewers import viewers

__all__ = (
    "AGES",
    "COUNTRIES",
    "DEVICES",
    "FORMATS",
    "GENDERS",
    "LANGUAGES",
    "START",
    "Planted",
    "Sizes",
    "World",
    "make",
    "video_name",
    "viewer_name",
    "viewer_names",
    "wire_video",
    "wire_viewer",
    "words",
)  # fmt: skip

Wire: TypeAlias = dict[str, object]

START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * SECOND
"""A Monday, ms."""


@dataclass(frozen=True)
class Sizes:
    """How large a world is. The creators are among the viewers; a quarter of the videos is there at the start."""

    viewers: int = 2000
    creators: int = 300
    videos: int = 6000
    days: int = 14

    def __post_init__(self) -> None:
        if min(self.creators, self.videos, self.days) < 1 or self.viewers < self.creators:
            raise ValueError(f"{self}; there is at least one creator, video and day, and every creator is a viewer")


@dataclass(frozen=True)
class Planted:
    """What was planted for one claim: the `count` pairs from `first` on, by the `pair` of videos or viewers."""

    claim: str
    first: int
    count: int


@dataclass(frozen=True)
class World:
    """Everything about a world. `start` is ms UTC; `planted` says what was added to it on purpose."""

    seed: int
    sizes: Sizes
    start: int
    topics: Topics
    viewers: Batch
    creators: Batch
    videos: Batch
    planted: tuple[Planted, ...] = ()

    @cached_property
    def maker(self) -> Column:
        """The creator behind each viewer's account, -1 where it is only a viewer's. [V] int32"""
        maker = np.full(len(self.viewers), -1, np.int32)
        maker[self.creators["viewer"]] = np.arange(len(self.creators))
        return maker


def make(sizes: Sizes, seed: int, start: int = START) -> World:
    """The world of these sizes that follows from a seed, with its first day at `start` (ms)."""
    tree = topics(seed)
    makers = creators(sizes.creators, sizes.videos * (1 - STOCK) / sizes.days, tree, seed)
    return World(
        seed,
        sizes,
        start,
        tree,
        viewers(sizes.viewers, makers, tree, start, sizes.days, seed),
        makers,
        videos(sizes.videos, makers, tree, start, sizes.days, seed),
    )


def video_name(n: int) -> str:
    """The wire name of a video."""
    return f"v{n}"


def viewer_name(world: World, v: int) -> str:
    """The wire name of a viewer: that of the account they post from, if they do."""
    maker = int(world.maker[v])
    return f"u{v}" if maker < 0 else f"c{maker}"


def viewer_names(world: World) -> list[str]:
    """The wire names of all viewers."""
    return [f"u{v}" if maker < 0 else f"c{maker}" for v, maker in enumerate(world.maker.tolist())]


def words(world: World, n: int) -> Words:
    """What a video says of itself."""
    row = world.videos
    content = row["content"][n].copy()
    leaf = int(row["leaf"][n])
    content[leaf] = 0
    names = world.topics.names
    return words_of(
        Subject(
            LANGUAGES[row["language"][n]],
            names[leaf],
            names[int(content.argmax())],
            FORMATS[row["format"][n]],
            bool(row["bait"][n]),
            int(row["text"][n]),
        )
    )


def wire_video(world: World, n: int, at: int | None = None) -> Wire:
    """The `video` event as clients send it when it is published: at its `uploaded`, or another time (ms)."""
    row, said = world.videos, words(world, n)
    published = int(row["uploaded"][n]) if at is None else at
    event: Wire = {
        "id": f"video-{video_name(n)}",
        "kind": "video",
        "at": published,
        "video": video_name(n),
        "author": f"c{row['creator'][n]}",
        "sound": f"s{row['sound'][n]}",
        "duration": round(float(row["duration"][n]), 1),
        "language": LANGUAGES[row["language"][n]],
        "uploaded": published,
        "width": int(row["height"][n]) * 9 // 16,
        "height": int(row["height"][n]),
    }
    for name, text in (("caption", said.caption), ("description", said.description)):
        if text:
            event[name] = text
    if said.hashtags:
        event["hashtags"] = list(said.hashtags)
    if row["effect"][n] >= 0:
        event["effects"] = [f"e{row['effect'][n]}"]
    if row["series"][n] >= 0:
        event |= {"series": f"series-{row['series'][n]}", "episode": int(row["episode"][n])}
    return event


def wire_viewer(world: World, v: int) -> Wire:
    """The `viewer` event: what a viewer told when they joined."""
    row, name = world.viewers, viewer_name(world, v)
    event: Wire = {
        "id": f"viewer-{name}",
        "kind": "viewer",
        "at": int(row["joined"][v]),
        "viewer": name,
        "country": COUNTRIES[row["country"][v]],
        "language": LANGUAGES[row["language"][v]],
        "device": DEVICES[row["device"][v]],
        "time_zone": zone_name(int(row["zone"][v])),
    }
    if row["age"][v] >= 0:
        event["age"] = AGES[row["age"][v]]
    if row["gender"][v] >= 0:
        event["gender"] = GENDERS[row["gender"][v]]
    return event
