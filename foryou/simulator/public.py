"""What any platform knows before it begins, and nothing that only the makers of a world know.

A policy gets this and no world: names, what clients send of viewers and videos, and the same as columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from foryou.core.batch import Column
from foryou.core.event import TOPICS
from foryou.simulator.follows import follows
from foryou.simulator.world import Wire, World, video_name, viewer_names, wire_video, wire_viewer


@dataclass(frozen=True)
class Public:
    """Viewers, creators and videos are numbers from 0 on. `author`, `sound`, `duration` (s), `language` and `uploaded`
    (ms, when it is due: a policy hears of each video when it is there) are those of each video [videos].

    `followers` [creators] is how many each creator has before the start, by their profile.
    """

    seed: int
    start: int
    viewers: int
    creators: int
    videos: int
    author: Column
    sound: Column
    duration: Column
    language: Column
    uploaded: Column
    followers: Column
    viewer_names: tuple[str, ...] = field(repr=False)
    wire_video: Callable[[int], Wire] = field(repr=False)
    wire_viewer: Callable[[int], Wire] = field(repr=False)
    follows: tuple[Column, Column] = field(repr=False)
    """Who followed whom before the start: viewers, creators."""

    def video_name(self, n: int) -> str:
        """The wire name of a video."""
        return video_name(n)

    def author_name(self, c: int) -> str:
        """The wire name of a creator."""
        return f"c{c}"

    @cached_property
    def hashtags(self) -> tuple[tuple[str, ...], ...]:
        """The hashtags of each video, as they were written."""
        return tuple(_tags(self.wire_video(n)) for n in range(self.videos))

    @cached_property
    def tag_names(self) -> tuple[str, ...]:
        """Every hashtag, in lower case, in alphabetical order: the number in `tags` is the place here."""
        return tuple(sorted({tag.casefold() for tags in self.hashtags for tag in tags}))

    @cached_property
    def tags(self) -> Column:
        """The hashtags of each video by number, -1 where there are no more. [videos, TOPICS] int32"""
        number = {name: place for place, name in enumerate(self.tag_names)}
        tags = np.full((self.videos, TOPICS), -1, np.int32)
        for n, written in enumerate(self.hashtags):
            unique = list(dict.fromkeys(number[tag.casefold()] for tag in written))[:TOPICS]
            tags[n, : len(unique)] = unique
        return tags


def public(world: World) -> Public:
    """What everybody can see of a world."""
    films = world.videos
    return Public(
        seed=world.seed,
        start=world.start,
        viewers=len(world.viewers),
        creators=len(world.creators),
        videos=len(films),
        author=films["creator"],
        sound=films["sound"],
        duration=films["duration"],
        language=films["language"],
        uploaded=films["uploaded"],
        followers=world.creators["followers"],
        viewer_names=tuple(viewer_names(world)),
        wire_video=lambda n: wire_video(world, n),
        wire_viewer=lambda v: wire_viewer(world, v),
        follows=follows(world),
    )


def _tags(event: Wire) -> tuple[str, ...]:
    tags = event.get("hashtags", ())
    assert isinstance(tags, list | tuple)
    return tuple(str(tag) for tag in tags)
