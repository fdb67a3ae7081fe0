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
"""The part of a creator's usual time between two videos by which being seen e times as much as usual moves the next."""
LONGEST = DAY
"""What counts as that time at most: who posts once a month does not move by a week."""
REMEMBERS = 0.3
"""How much of what a creator finds usual is the newest that was heard."""


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

    def due(self, until: int) -> Column:
        """The videos to publish before `until` (ms) that were not published yet. int32, as planned"""
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
        """These creators hear how many views they had since they last heard of any; each of them once a call."""
        heard = np.log1p(np.asarray(views, np.float64))
        usual = np.where(np.isnan(self._usual[creator]), heard, self._usual[creator])
        step = EAGER * self._gap[creator] * np.clip(heard - usual, -2.0, 2.0)
        self._moved[creator] = np.clip(self._moved[creator] - step, SOONEST, LATEST)
        self._usual[creator] = usual + REMEMBERS * (heard - usual)

    def _shift(self) -> Column:
        """By how much each creator's plan is moved, ms: by whole days for who posts at most once a day, so that they
        still post at their hour."""
        whole = np.round(self._moved / DAY) * DAY
        return np.where(self._gap >= DAY, whole, self._moved)
