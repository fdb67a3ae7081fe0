"""The past of the demo: viewers of the simulator use the engine for some days that end now, in half a minute.

The engine itself chose what they were shown, so that there are slates to learn from and to explain, and what the feed
is like at the start is what the engine has learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foryou.api.schema import Receipt, Slate
from foryou.app import Engine
from foryou.client import Client, in_process
from foryou.core.batch import Batch, Column
from foryou.core.clock import ManualClock
from foryou.demo.comments import comment
from foryou.demo.names import Names
from foryou.settings import Settings
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.policies.engine import ForYou
from foryou.simulator.run import Run
from foryou.simulator.world import LANGUAGES, World
from foryou.timed import Timed

PUBLISH_S, REFRESH_S = 1_800.0, 14_400.0
"""How often, in simulated seconds, what was learned is served, and all vectors are computed again."""
STEP_MS = 1_800_000
"""Simulated time of a step: within one, a feed may know up to so much less, or more, than at its own moment."""
SLATE = 10


@dataclass(frozen=True)
class Named:
    """A client that calls everybody by the demo's names, and writes what is in comments."""

    to: Client
    world: World
    names: Names

    def events(self, rows: Sequence[Mapping[str, object]]) -> Receipt:
        """Sends events of the world."""
        return self.to.events([self.names.told(self._written(row)) for row in rows])

    def feed(self, viewer: str = "", n: int = 10, *, session: str = "", device: str = "", time_zone: str = "") -> Slate:
        """A slate for a viewer of the world."""
        name = self.names.account[viewer]
        return self.to.feed(name, n=n, session=session, device=device, time_zone=time_zone)

    def reach(self, video: str) -> Mapping[str, object]:
        """How far a video has come."""
        return self.to.reach(video)

    def _written(self, row: Mapping[str, object]) -> Mapping[str, object]:
        if row["kind"] != "comment":
            return row
        number, films = int(str(row["video"])[1:]), self.world.videos
        language, topic = LANGUAGES[films["language"][number]], self.world.topics.names[films["leaf"][number]]
        return {**row, "text": comment(str(row["id"]), language, topic, float(films["duration"][number]))}


def live_past(
    settings: Settings, world: World, names: Names, until: int, told: Callable[[int, int], None]
) -> tuple[Batch, Column]:
    """Fill the data of these settings with the past of a world up to `until` (ms); the exposures, and the videos that
    came out. `told` hears how many steps are over, and of how many."""
    clock = ManualClock(world.start)
    learning = replace(settings.learning, publish_every_s=PUBLISH_S, refresh_s=REFRESH_S)
    engine = Engine.open(replace(settings, learning=learning), clock)
    past = _Past(Timed(engine, clock, world.start), Named(in_process(engine), world, names))
    try:
        policy = ForYou(opened=lambda at: past)
        run, steps = Run(world, policy, Behaviour(), SLATE), range(world.start, until, STEP_MS)
        for number, now in enumerate(steps):
            run.step(now, min(now + STEP_MS, until))
            told(number + 1, len(steps))
        policy.deliver(until)
        engine.publish()
    finally:
        engine.close()
    return run.exposures(), np.flatnonzero(run.published >= 0)


@dataclass(frozen=True)
class _Past:
    """The engine of the past, as the simulator knows engines."""

    timed: Timed
    client: Named

    def move(self, at: int) -> None:
        self.timed.move(at)

    def work(self) -> None:
        self.timed.work()

    def close(self) -> None:
        """It is closed by whoever opened it."""
