"""The loop: time passes in steps, viewers ask and watch, creators post, and a policy is told what happened."""

from __future__ import annotations

import time  # only to say how fast it was
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, SECOND
from foryou.core.errors import InvalidEvent
from foryou.simulator.audience import Audience
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.farms import Farm
from foryou.simulator.policies.policy import PUBLIC, Numbers, Policy, Times
from foryou.simulator.posting import Posting
from foryou.simulator.public import public
from foryou.simulator.world import World

STEP_S = 300
"""Simulated seconds of a step. Within one, a feed may know up to so much less, or more, than at its own moment."""
SLATE = 10
"""Videos that a viewer asks for at a time."""
LAST = 50
"""Videos that who is asked for at the end is shown."""
Told = Callable[[int, int], None]
"""Hears how many days are over, and of how many."""


@dataclass(frozen=True)
class Outcome:
    """What happened under a policy. `exposures` are all rows in order of time, with what nobody but the world knows
    (`match`, `pleasure`); `published` is when each video came out (ms), -1 if it never did."""

    policy: str
    world: World
    exposures: Batch
    published: Times
    report: Mapping[str, object]
    seconds: float
    last: Numbers
    """The slates of `LAST` videos of those who were asked for at the end."""

    @property
    def swipes_a_second(self) -> float:
        """Exposures for each second that the run took."""
        return len(self.exposures) / max(self.seconds, 1e-9)


def simulate(
    world: World,
    policy: Policy,
    behaviour: Behaviour | None = None,
    step_s: int = STEP_S,
    slate: int = SLATE,
    told: Told | None = None,
    ask: Callable[[World], Numbers] | None = None,
) -> Outcome:
    """Let a policy feed a world from its start to its end. Same world, same policy: same outcome. `ask` says whose next
    slate is kept at the end."""
    began = time.perf_counter()
    run = Run(world, policy, behaviour or Behaviour(), slate)
    days, step = world.sizes.days, step_s * SECOND
    for day in range(days):
        end = world.start + (day + 1) * DAY
        for now in range(world.start + day * DAY, end, step):
            run.step(now, min(now + step, end))
        if told is not None:
            told(day + 1, days)
    last = run.ask(np.zeros(0, np.int32) if ask is None else ask(world))
    report, exposures = policy.finish(), run.exposures()
    return Outcome(policy.name, world, exposures, run.published, report, time.perf_counter() - began, last)


class Run:
    """A run that goes on step by step."""

    def __init__(self, world: World, policy: Policy, behaviour: Behaviour, slate: int) -> None:
        self.world, self.policy, self.slate = world, policy, slate
        self.audience = Audience(world, behaviour, world.seed)
        self.posting, self.farm = Posting(world), Farm(world)
        self.published = np.full(len(world.videos), -1, np.int64)
        self._joined, self._kept = -1, list[Batch]()
        policy.start(public(world))

    def step(self, now: int, until: int) -> None:
        """Everything from `now` up to `until` (ms)."""
        self._publish(now)
        self._join(until)
        views = np.zeros(len(self.world.creators), np.int64)
        while True:
            viewer, at, session = self.audience.due(until)
            if len(viewer) == 0:
                break
            slates = self._out(self.policy.feed(viewer, at, session, self.slate), len(viewer))
            self._happened(self.audience.watch(viewer, at, slates), views)
        sent = self.audience.shares(until)
        sent = sent.take(sent["at"] >= self.world.viewers["joined"][sent["viewer"]])  # who is not there cannot look
        if len(sent):
            self._happened(self.audience.watch_shared(sent), views, sent["from"])
        bought = self.farm.due(until)
        if len(bought):
            self._happened(bought, views)
        seen = np.flatnonzero(views).astype(np.int32)
        if len(seen):
            self.posting.heard(seen, views[seen])

    def _out(self, slates: Numbers, viewers: int) -> Numbers:
        """Slates as they are, if all of them can be shown. InvalidEvent if they are no numbers of videos, a row for
        each viewer, or if a video is not out."""
        field, last = f"feed of {self.policy.name}", len(self.published) - 1
        form = f"a NumPy array of whole numbers with {viewers} rows, one for each viewer"
        if not isinstance(slates, np.ndarray):
            raise InvalidEvent(field, f"gave a {type(slates).__name__}", form)
        if slates.dtype.kind not in "iu" or slates.ndim != 2 or len(slates) != viewers:
            shape = " x ".join(map(str, slates.shape))
            raise InvalidEvent(field, f"gave {slates.dtype} of the shape {shape or 'of one number'}", form)
        strange = slates[(slates < -1) | (slates > last)]
        if len(strange):
            raise InvalidEvent(field, f"shows video {strange[0]}", f"0 to {last}, or -1 where nothing is left")
        shown = slates[slates >= 0]
        hidden = shown[self.published[shown] < 0]
        if len(hidden):
            raise InvalidEvent(field, f"shows video {hidden[0]}, which is not out", "what was published to it")
        return slates

    def _publish(self, now: int) -> None:
        videos = self.posting.due(now + 1)
        if len(videos):
            stock = self.world.videos["uploaded"][videos] <= self.world.start
            self.published[videos] = np.where(stock, self.world.videos["uploaded"][videos], now)
            self.policy.publish(videos, now)
            self.farm.published(videos, now)

    def _join(self, until: int) -> None:
        joined = self.world.viewers["joined"]
        new = np.flatnonzero((joined >= self._joined) & (joined < until)).astype(np.int32)
        if len(new):
            self.policy.join(new, until)
        self._joined = until

    def _happened(self, rows: Batch, views: Column, sender: Column | None = None) -> None:
        if len(rows):
            rows = rows.extend({"sender": np.full(len(rows), -1, np.int32) if sender is None else sender})
            self.policy.observe(rows.select(PUBLIC))
            self._kept.append(rows.select(KEPT))
            np.add.at(views, self.world.videos["creator"][rows["video"]], 1)

    def ask(self, viewers: Numbers) -> Numbers:
        """What each of these would be shown next `[k, LAST]`."""
        if len(viewers) == 0:
            return np.zeros((0, LAST), np.int32)
        end = np.full(len(viewers), self.world.start + self.world.sizes.days * DAY, np.int64)
        return self.policy.feed(viewers, end, np.full(len(viewers), -2, np.int64), LAST)

    def exposures(self) -> Batch:
        """All that happened, in order of time."""
        rows = Batch.concat([self.audience.nothing().select(KEPT), *self._kept])
        return rows.take(np.argsort(rows["at"], kind="stable"))


KEPT = (
    "viewer", "video", "at", "session", "position", "surface", "seconds", "finish", "skip", "like", "comment",
    "share", "save", "follow", "visit", "not_interested", "report", "match", "pleasure",
)  # fmt: skip
"""What is kept of exposures until the end."""
