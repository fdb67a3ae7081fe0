"""Keeps the demo's world alive: a few of its viewers watch, like and comment all the time, and new videos come out.

`python -m foryou.demo.alive URL DIRECTORY VIEWERS` is a process of its own that gives way to all others, and ends with
the one that started it. It is a client like any other.
"""

from __future__ import annotations

import os
import sys
import threading
import time  # real time passes here
from pathlib import Path

import numpy as np

from foryou.api.server import MEDIA
from foryou.client import connect
from foryou.core.clock import SECOND, Clock, SystemClock
from foryou.core.errors import ForYouError, SettingsError
from foryou.demo import kept
from foryou.demo.clips import links
from foryou.demo.kept import Kept
from foryou.demo.names import names_of
from foryou.demo.past import Named
from foryou.demo.scripts import script_of
from foryou.demo.world import demo_world
from foryou.simulator.audience import Audience
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.policies.wires import Wires
from foryou.simulator.public import public
from foryou.simulator.world import Wire, wire_video

SLATE = 5
STEP_S = 0.5
"""How often it is looked who wants something, and what has happened meanwhile."""
NEW_EVERY = 240 * SECOND
"""A new video comes out this often, as long as there are any, ms."""
AWAY = 30 * SECOND
"""Who leaves is followed by somebody else after so long on average, ms."""
GENTLE = 10


class Alive:
    """Some viewers who are always there, `many` at a time; those of the cast never are: somebody may look through
    their eyes."""

    def __init__(self, to: Named, found: Kept, many: int, media: Path, now: int) -> None:
        self._to, self._world, self._media, world = to, to.world, media, to.world
        self._audience, self._wires = Audience(world, Behaviour(), world.seed), Wires(public(world))
        self._rng = np.random.default_rng(now)
        self._others = np.setdiff1d(np.arange(len(world.viewers)), found.cast)
        self._wires.made = now  # events of every start have other names
        self._next = dict[int, int]()
        self._next = {int(v): now + self._away() for v in self._some(many)}
        self._waiting: list[Wire] = []
        self._new = list(found.later)
        self._new_at = now

    def step(self, now: int) -> None:
        """Everything up to now (ms)."""
        for viewer, at in list(self._next.items()):
            if at <= now:
                self._watch(viewer, now)
        self._publish(now)
        due = [wire for wire in self._waiting if self._wires.at(wire) <= now]
        if due:
            self._waiting = [wire for wire in self._waiting if self._wires.at(wire) > now]
            self._to.events(due[:1_000])

    def _watch(self, viewer: int, now: int) -> None:
        """Ask for a slate, and decide what comes of it: it happens in the next minute."""
        name, device, zone = self._wires.asks(viewer)
        slate = self._to.feed(name, SLATE, session=f"{name}-{now // (3_600 * SECOND)}", device=device, time_zone=zone)
        shown = np.array([self._wires.showed(viewer, slate.request, [str(i["video"]) for i in slate.items])], np.int32)
        rows = self._audience.watch(np.array([viewer]), np.array([now]), shown)
        if len(rows):
            rows = rows.extend({"sender": np.full(len(rows), -1, np.int32)})
            self._waiting += self._wires.exposures(rows)
        then = self._audience.goes_on(viewer)
        del self._next[viewer]
        if then is None or not len(rows):
            self._next[int(self._some(1)[0])] = now + self._away()
        else:
            self._next[viewer] = then

    def _publish(self, now: int) -> None:
        """The next of the videos that are kept for later, once its clip is there."""
        while self._new and now >= self._new_at:
            number = self._new[0]
            script = script_of(self._world, self._to.names, number)
            if not script.is_in(self._media):
                self._new_at = now + 10 * SECOND
                return
            self._new.pop(0)
            wire = {**wire_video(self._world, number, now), **links(script)}
            if self._to.events([wire]).accepted:  # else it came out in an earlier life
                self._new_at = now + NEW_EVERY

    def _some(self, many: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Some viewers who are not there."""
        away = np.setdiff1d(self._others, list(self._next))
        return self._rng.choice(away, min(many, len(away)), replace=False)

    def _away(self) -> int:
        return int(self._rng.exponential(AWAY))


def main(url: str, directory: Path, many: int, clock: Clock) -> None:
    """Until whoever started this is gone."""
    os.nice(GENTLE)
    found = kept.find(directory)
    if found is None:
        raise SettingsError(f"{directory} holds no demo")
    world = demo_world(found.start)
    alive = Alive(Named(connect(url), world, names_of(world)), found, many, directory / MEDIA, clock())
    while True:
        try:
            alive.step(clock())
        except ForYouError:  # it is starting, busy, or closing
            time.sleep(10 * STEP_S)
        time.sleep(STEP_S)


def _end_with_parent() -> None:
    """The other end of standard input is closed when the one who started this ends."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), SystemClock())
