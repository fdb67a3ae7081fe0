"""When viewers come, leave and come back: chances to come in their own hours, taken or not by habit.

Every viewer has one stream of chances to open the app, the same under any feed. A chance is taken where the viewer's
luck of that chance is below the habit, and habit follows what visits gave. So two feeds are compared over the same
days.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.simulator.draws import ARRIVE, COME, LEAVE, exponential, pair_key, uniform

HOUR, WEEK_H = 3_600_000, 168
NEVER = np.int64(2**62)
MOST_HOURS = 60 * 24
"""Who has no chance to come within so many hours does not come again."""
LUCK = 1 << 40
"""Occasions are told apart from videos by this."""


@njit(cache=True, nogil=True)
def _next_chance(n, people, state, seed, v):  # type: ignore[no-untyped-def]
    """Move to the viewer's next chance to come: the hourly intensity is followed until it adds up to the luck."""
    left = exponential(pair_key(seed, v, LUCK + state[v].chance), ARRIVE)
    state[v].chance += 1
    at, most = state[v].chance_at, n.often * np.exp(n.habit_most)
    for _ in range(MOST_HOURS):
        local = at // HOUR + people[v].zone_h
        hour, day = local % 24, (local // 24 + 3) % 7  # 1 January 1970 was a Thursday
        rate = most * people[v].visits * people[v].hours[hour] * people[v].weekdays[day]  # an hour
        part = (HOUR - at % HOUR) / HOUR
        if rate * part >= left:
            state[v].chance_at = at + max(np.int64(left / rate * HOUR), 1)
            return
        left -= rate * part
        at += HOUR - at % HOUR
    state[v].chance_at = NEVER


@njit(cache=True, nogil=True)
def come_next(n, people, state, seed, v, after):  # type: ignore[no-untyped-def]
    """Find when the viewer comes next, at `after` (ms) or later."""
    taken = np.exp(state[v].habit - n.habit_most)
    while state[v].chance_at < NEVER:
        _next_chance(n, people, state, seed, v)
        luck = uniform(pair_key(seed, v, LUCK + state[v].chance), COME)
        if state[v].chance_at >= after and luck < taken:
            break
    state[v].next_at = state[v].chance_at


@njit(cache=True, nogil=True)
def come_first(n, people, state, seed, start):  # type: ignore[no-untyped-def]
    """Who was there before the start comes when a chance is taken; who joins later comes as they join."""
    for v in range(state.shape[0]):
        if state[v].next_at <= start:
            come_next(n, people, state, seed, v, start)


@njit(cache=True, nogil=True)
def begin(n, people, state, satiation, seed, v, at):  # type: ignore[no-untyped-def]
    """A visit begins: it is rested, in a usual mood, and has its own luck for how long it lasts."""
    state[v].inside = True
    state[v].visit += 1
    state[v].began = at
    state[v].limit = exponential(pair_key(seed, v, LUCK + state[v].visit), LEAVE) * people[v].patience
    state[v].used, state[v].streak, state[v].mood = 0.0, 0, n.content
    state[v].gave, state[v].watched = 0.0, 0
    away_h = max(at - state[v].last_at, 0) / HOUR
    left = 0.5 ** (away_h / n.rest_h)
    for t in range(satiation.shape[1]):
        satiation[v, t] *= left


@njit(cache=True, nogil=True)
def tired(n, state, v, at):  # type: ignore[no-untyped-def]
    """Add the hazard of leaving after a video; whether the viewer leaves."""
    minutes = (at - state[v].began) / 60_000.0
    state[v].used += n.leave * np.exp(
        n.leave_mood * (n.content - state[v].mood) + n.leave_streak * min(state[v].streak, 8) + n.leave_tired * minutes
    )
    return state[v].used >= state[v].limit


@njit(cache=True, nogil=True)
def end(n, people, state, seed, v, at):  # type: ignore[no-untyped-def]
    """A visit ends: the habit follows what it gave, and the viewer comes again when a chance is taken."""
    gave = (state[v].gave + n.content) / (state[v].watched + 1.0)
    wanted = n.habit_slope * (gave - n.content)
    habit = state[v].habit + n.habit_learn * (wanted - state[v].habit)
    state[v].habit = min(max(habit, n.habit_least), n.habit_most)
    state[v].inside = False
    state[v].last_at = at
    come_next(n, people, state, seed, v, at + np.int64(n.away_min * 60_000.0))
