"""A made-up catalogue and what made-up people do with it, for measuring: as wide columns, and as wire events.

Everything follows from the sizes and the seed. Popularity of videos and activity of viewers fall off like a power of
their rank (Zipf); half of what people watch is of the group of videos that they like, so that there is something to
learn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import msgspec
import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.core.event import Kind, events
from foryou.core.ids import ids_of

Wire: TypeAlias = dict[str, Any]

SKEW = 0.9
"""The exponent of both power laws: the first of 100,000 videos gets 4 % of all views, the last 1 in 800,000."""
FLAT = 10.0
"""Added to every rank: no video and no viewer is a third of everything."""
GROUPS = 40
LIKED = 0.5
"""The share of what people watch that is of the group they like."""
DAYS = 14
"""Over how many days before `end` the events are spread."""
EXPOSURE = (Kind.IMPRESSION, Kind.WATCH)
ACTS = (
    (Kind.LIKE, 0.06), (Kind.COMMENT, 0.008), (Kind.SHARE, 0.006), (Kind.SAVE, 0.008), (Kind.FOLLOW, 0.006),
    (Kind.VISIT, 0.012), (Kind.NOT_INTERESTED, 0.004),
)  # fmt: skip
"""What follows a watch, and how often; three times as often where the video is of the group that is liked."""
PER_EXPOSURE = 2.0 + sum(share for _, share in ACTS)
"""Events of an exposure on average."""
ON_AUTHOR = (Kind.FOLLOW, Kind.VISIT)

_pack = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True)
class World:
    """So many videos and viewers, who did so many events each on average by `end` (ms UTC)."""

    videos: int
    viewers: int
    each: int = 100
    seed: int = 1
    end: int = 1_760_000_000_000

    @property
    def events(self) -> int:
        """About how many events there are beside those that describe videos."""
        return self.viewers * self.each

    @property
    def started(self) -> int:
        """When the first of them happened, ms."""
        return self.end - DAYS * DAY

    def exposures(self, count: int, stream: int = 0, since: int | None = None, until: int | None = None) -> Batch:
        """`count` exposures in time order, evenly spread: `viewer`, `video` (numbers), `at`, `seconds`, `acts`.

        `acts` `[rows, ACTS]` says what else happened. Other streams are other exposures of the same world.
        """
        rng = np.random.default_rng((self.seed, 1, stream))
        viewer = np.searchsorted(self._activity, rng.random(count)).astype(np.int64)
        video = np.searchsorted(self._popularity, rng.random(count)).astype(np.int64)
        liked = rng.random(count) < LIKED
        groups = min(GROUPS, self.videos)
        own = video // groups * groups + viewer % groups
        video = np.where(liked & (own < self.videos), own, video)
        fits = video % groups == viewer % groups
        seconds = np.round(rng.exponential(np.where(fits, 16.0, 6.0)), 1)
        chance = np.array([share for _, share in ACTS]) * np.where(fits, 1.5, 0.5)[:, None]
        at = np.linspace(self.started if since is None else since, self.end if until is None else until, count)
        return Batch(
            {
                "viewer": viewer,
                "video": video,
                "at": at.astype(np.int64),
                "seconds": seconds,
                "acts": rng.random((count, len(ACTS))) < chance,
            }
        )

    def spread(self, exposures: Batch) -> Batch:
        """The events of some exposures, in order: `kind`, `viewer`, `video`, `at`, `seconds` (-1 where there are
        none)."""
        count, wide = len(exposures), 2 + len(ACTS)
        happened = np.concatenate([np.ones((count, 2), np.bool_), exposures["acts"]], axis=1)
        row, column = np.nonzero(happened)
        kinds = np.array([*EXPOSURE, *(kind for kind, _ in ACTS)], np.int16)
        assert len(kinds) == wide
        watched = column == 1
        return Batch(
            {
                "kind": kinds[column],
                "viewer": exposures["viewer"][row],
                "video": exposures["video"][row],
                "at": exposures["at"][row] + column,
                "seconds": np.where(watched, exposures["seconds"][row], -1.0),
            }
        )

    def wires(self, spread: Batch, name: str) -> list[Wire]:
        """The events as clients send them; their ids begin with `name`."""
        out: list[Wire] = []
        columns = (spread[each].tolist() for each in ("kind", "viewer", "video", "at", "seconds"))
        for number, (kind, viewer, video, at, seconds) in enumerate(zip(*columns, strict=True)):
            event: Wire = {
                "id": f"{name}-{number}",
                "kind": _WIRE[kind],
                "at": at,
                "viewer": f"viewer-{viewer}",
                "video": f"video-{video}",
            }
            if kind == Kind.WATCH:
                event["seconds"] = seconds
            elif kind in ON_AUTHOR:
                event["author"] = f"author-{self.author_of(video)}"
            out.append(event)
        return out

    def columns(self, spread: Batch, name: str, received: int) -> Batch:
        """The same events as columns of `core.event.EVENT`, as if they had been sent and decoded."""
        on_author = np.isin(spread["kind"], ON_AUTHOR)
        wires = self.wires(spread, name)
        return events(
            {
                "id": ids_of("event", (wire["id"] for wire in wires)),
                "kind": spread["kind"],
                "at": np.minimum(spread["at"], received),
                "received": np.full(len(wires), received, np.int64),
                "raw": np.fromiter(map(_pack, wires), object, len(wires)),
                "viewer": self.viewer_ids[spread["viewer"]],
                "video": self.video_ids[spread["video"]],
                "author": np.where(on_author, self._author_ids[self.author_of(spread["video"])], 0),
                "seconds": spread["seconds"].astype(np.float32),
            }
        )

    def catalogue(self, first: int = 0, last: int | None = None) -> Iterator[Wire]:
        """An event for each video, as it is sent."""
        for video in range(first, self.videos if last is None else last):
            yield {
                "id": f"v-{video}",
                "kind": "video",
                "at": self.started - DAY,
                "video": f"video-{video}",
                "author": f"author-{self.author_of(video)}",
                "sound": f"sound-{video * 7919 % max(1, self.videos // 8)}",
                "hashtags": [f"group-{video % GROUPS}", f"tag-{video * 31 % 1_000}", f"mood-{video % 51}"],
                "caption": f"The {video}th of many videos",
                "duration": 5.0 + video * 13 % 60,
                "language": ("en", "nl", "nb")[video % 3],
                "uploaded": self.started - DAY - video * 104_729 % 200 * DAY,
                "width": 1080,
                "height": 1920,
            }

    def author_of(self, video: Any) -> Any:
        """The number of a video's author: each has twenty of one group."""
        groups = min(GROUPS, self.videos)
        return video // (groups * 20) * groups + video % groups

    @cached_property
    def viewer_ids(self) -> Column:
        """The id of each viewer."""
        return _ids("viewer", self.viewers)

    @cached_property
    def video_ids(self) -> Column:
        """The id of each video."""
        return _ids("video", self.videos)

    @cached_property
    def _author_ids(self) -> Column:
        return _ids("author", int(self.author_of(self.videos - 1)) + min(GROUPS, self.videos))

    @cached_property
    def _popularity(self) -> Column:
        return _cumulative(self.videos)

    @cached_property
    def _activity(self) -> Column:
        return _cumulative(self.viewers)


_WIRE = {int(kind): kind.wire for kind in Kind}


def _ids(kind: str, count: int) -> Column:
    return ids_of(kind, (f"{kind}-{number}" for number in range(count)))


def _cumulative(count: int) -> Column:
    """The chance to be among the first so many, of a power law of the rank."""
    mass = np.cumsum((np.arange(count) + FLAT) ** -SKEW)
    return np.asarray(mass / mass[-1])
