"""When videos come out: as planned, but creators who are seen more than usual post sooner, and others later.

What is planted to compare two videos comes out exactly as planned.
"""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Column
from foryou.core.clock import DAY
from foryou.simulator.world import World

SOONEST, LATEST = -2 * DAY, 3 * DAY
"""No plan moves further than this, ms."""
EAGER = 0.25
"""The part of a creator's usual time between two videos by which a day with e times as many views as usual moves all
that is to come."""
LONGEST = DAY
"""What counts as that time at most: who posts once a month does not move by a week."""
REMEMBERS = 0.1
"""How much of what a creator finds usual is the last day."""


class Posting:
    """The videos of a world that are not out yet. How many there are is fixed by the world: who hurries runs out of
    them, who is late may never show the last."""

    def __init__(self, world: World) -> None:
        films = world.videos
        self._planned, self._creator = films["uploaded"], films["creator"]
        self._fixed = films["pair"] >= 0
        self._fixed |= films["uploaded"] < world.start
        self._out = np.zeros(len(films), np.bool_)
        self._first = 0
        posts = np.maximum(world.creators["posts_a_day"], 1e-3)
        self._gap = np.minimum(DAY / posts, LONGEST)  # [creators] ms
        self._moved = np.zeros(len(posts))
        self._usual = np.full(len(posts), np.nan)
        self._heard = np.zeros(len(posts), np.int64)
        self._today = world.start

    def due(self, until: int) -> Column:
        """The videos to publish before `until` (ms) that were not published yet. int32, as planned"""
        while until >= self._today + DAY:
            self._today += DAY
            self._react()
        last = int(np.searchsorted(self._planned, until - SOONEST))
        rows = np.arange(self._first, last)
        rows = rows[~self._out[rows]]
        shift = np.where(self._fixed[rows], 0, self._shift()[self._creator[rows]])
        ready = rows[self._planned[rows] + shift < until]
        self._out[ready] = True
        while self._first < last and self._out[self._first]:
            self._first += 1
        return ready.astype(np.int32)

    def heard(self, creator: Column, views: Column) -> None:
        """These creators had so many views more. They think about it once a day."""
        np.add.at(self._heard, creator, views)

    def _react(self) -> None:
        """A day is over: more views than usual move the plan ahead, fewer put it off."""
        heard = np.log1p(self._heard)
        usual = np.where(np.isnan(self._usual), heard, self._usual)
        step = EAGER * self._gap * np.clip(heard - usual, -2.0, 2.0)
        self._moved = np.clip(self._moved - step, SOONEST, LATEST)
        self._usual = usual + REMEMBERS * (heard - usual)
        self._heard[:] = 0

    def _shift(self) -> Column:
        """By how much each creator's plan is moved, ms: by whole days for who posts at most once a day, so that they
        still post at their hour."""
        whole = np.round(self._moved / DAY) * DAY
        return np.where(self._gap >= DAY, whole, self._moved)
