"""A small world for closed-loop tests: ten topics with thirty videos each, and viewers who act through the client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from foryou.app import Engine
from foryou.client import Client, in_process
from foryou.core.clock import DAY, HOUR, SECOND, ManualClock
from foryou.core.ids import id_of
from foryou.features.snapshots import TASTES
from foryou.feed.recipe import FeedSettings
from foryou.settings import DataSettings, Settings

TOPICS = 10
EACH = 30
START = 1_700_000_000_000


@dataclass
class World:
    """An engine in memory with a clock that moves when told, and shorthand for what viewers do."""

    engine: Engine
    clock: ManualClock
    client: Client
    sent: int = 0
    topic_of: dict[str, str] = field(default_factory=dict)

    def send(self, *events: dict[str, object]) -> None:
        """Send events with ids of their own, all now."""
        rows = []
        for event in events:
            self.sent += 1
            rows.append({"id": f"e{self.sent}", "at": self.clock.at, **event})
        for start in range(0, len(rows), 1000):
            receipt = self.client.events(rows[start : start + 1000])
            assert not receipt.refused, receipt.refused

    def upload(self, video: str, topic: str, **more: object) -> None:
        """Describe a video."""
        self.topic_of[video] = topic
        self.send(
            {
                "kind": "video",
                "video": video,
                "author": f"author-{video}",
                "hashtags": [topic],
                "duration": 12.0,
                **more,
            }
        )

    def watch(self, viewer: str, video: str, seconds: float, **more: object) -> None:
        """See a video for some seconds."""
        self.clock.forward(int(seconds * SECOND) + 200)
        self.send(
            {"kind": "impression", "viewer": viewer, "video": video, **more},
            {"kind": "watch", "viewer": viewer, "video": video, "seconds": seconds, **more},
        )

    def finish(self, viewer: str, *videos: str) -> None:
        """Watch videos to the end."""
        for video in videos:
            self.watch(viewer, video, 12.0)

    def act(self, viewer: str, kind: str, *videos: str) -> None:
        """Like, save, ... some videos."""
        for video in videos:
            self.send({"kind": kind, "viewer": viewer, "video": video})

    def feed(self, viewer: str, n: int = 30, session: str = "", **more: str) -> list[str]:
        """The videos of a slate."""
        return [str(item["video"]) for item in self.client.feed(viewer, n=n, session=session, **more).items]  # type: ignore[arg-type]

    def share(self, viewer: str, topic: str, n: int = 50) -> float:
        """The share of a topic in the viewer's next `n`."""
        slate = self.feed(viewer, n)
        return Counter(self.topic_of[video] for video in slate)[topic] / max(len(slate), 1)

    def videos(self, topic: str) -> list[str]:
        """All videos of a topic, in the order of their upload."""
        return [video for video, about in self.topic_of.items() if about == topic]


def cars_and_knots(settings: Settings) -> World:
    """Forty videos on cars and on knots that look for no audience any more, a viewer who loves each (carl, nora), and
    one who loves cars and posts, too (mechanic)."""
    clock = ManualClock(START)
    engine = Engine.open(settings, clock)
    made = World(engine, clock, in_process(engine))
    for number in range(20):
        made.upload(f"car{number}", "cars")
        made.upload(f"knot{number}", "knots")
    engine.embed()
    clock.forward(80 * HOUR)
    for viewer, liked, other in (("carl", "car", "knot"), ("mechanic", "car", "knot"), ("nora", "knot", "car")):
        made.finish(viewer, *(f"{liked}{n}" for n in range(10)))
        made.act(viewer, "like", *(f"{liked}{n}" for n in range(10)))
        for n in range(10):
            made.watch(viewer, f"{other}{n}", 0.5)
    return made


def make_world(feed: FeedSettings | None = None) -> World:
    """Three hundred videos of ten topics, uploaded over the last ten days, and a day in which strangers watched
    some."""
    clock = ManualClock(START - 10 * DAY)
    engine = Engine.open(Settings(data=DataSettings(url="memory:"), feed=feed or FeedSettings()), clock)
    world = World(engine, clock, in_process(engine))
    for number in range(TOPICS * EACH):
        clock.forward(HOUR // 2)
        world.upload(f"v{number}", f"topic{number % TOPICS}")
    clock.at = START
    return world


def told(world: World, viewer: str) -> Any:
    return world.client.viewer(viewer)


def interest(world: World, viewer: str, name: str, kind: str = "topic") -> dict[str, Any]:
    known = told(world, viewer)
    rows = [row for row in known["interests"] + known["less_of"] if (row["kind"], row["name"]) == (kind, name)]
    return rows[0] if rows else {"strength": 0.0, "evidence": 0.0}


def all_shown(world: World, viewer: str) -> set[str]:
    """Everything that the feed has for a viewer, page by page."""
    return {video for _ in range(5) for video in world.feed(viewer, 100, session=f"{viewer} all")}


def tastes(world: World, viewer: str) -> dict[str, list[bytes]]:
    key, store = np.array([id_of("viewer", viewer)]), world.engine.backend.store
    return {table.name: [store.read(table.name, key)[name].tobytes() for name in table.names] for table in TASTES}


@pytest.fixture
def world() -> Iterator[World]:
    made = make_world()
    yield made
    made.engine.close()
