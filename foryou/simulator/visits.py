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
    left = exponential(pair_key(seed, v, LUCK + state.chance[v]), ARRIVE)
    state.chance[v] += 1
    at, most = state.chance_at[v], np.exp(n.habit_most)
    for _ in range(MOST_HOURS):
        local = at // HOUR + people.zone_h[v]
        hour, day = local % 24, (local // 24 + 3) % 7  # 1 January 1970 was a Thursday
        rate = most * people.visits[v] * people.hours[v, hour] * people.weekdays[v, day]  # an hour
        part = (HOUR - at % HOUR) / HOUR
        if rate * part >= left:
            state.chance_at[v] = at + max(np.int64(left / rate * HOUR), 1)
            return
        left -= rate * part
        at += HOUR - at % HOUR
    state.chance_at[v] = NEVER


@njit(cache=True, nogil=True)
def come_next(n, people, state, seed, v, after):  # type: ignore[no-untyped-def]
    """Find when the viewer comes next, at `after` (ms) or later."""
    taken = np.exp(state.habit[v] - n.habit_most)
    while state.chance_at[v] < NEVER:
        _next_chance(n, people, state, seed, v)
        luck = uniform(pair_key(seed, v, LUCK + state.chance[v]), COME)
        if state.chance_at[v] >= after and luck < taken:
            break
    state.next_at[v] = state.chance_at[v]


@njit(cache=True, nogil=True)
def come_first(n, people, state, seed, start):  # type: ignore[no-untyped-def]
    """Who was there before the start comes when a chance is taken; who joins later comes as they join."""
    for v in range(state.next_at.shape[0]):
        if state.next_at[v] <= start:
            come_next(n, people, state, seed, v, start)


@njit(cache=True, nogil=True)
def begin(n, people, state, seed, v, at):  # type: ignore[no-untyped-def]
    """A visit begins: it is rested, in a usual mood, and has its own luck for how long it lasts."""
    state.inside[v] = True
    state.visit[v] += 1
    state.began[v] = at
    state.limit[v] = exponential(pair_key(seed, v, LUCK + state.visit[v]), LEAVE) * people.patience[v]
    state.used[v], state.streak[v], state.mood[v] = 0.0, 0, n.content
    state.gave[v], state.watched[v] = 0.0, 0
    away_h = max(at - state.last_at[v], 0) / HOUR
    left = 0.5 ** (away_h / n.rest_h)
    for t in range(state.satiation.shape[1]):
        state.satiation[v, t] *= left


@njit(cache=True, nogil=True)
def tired(n, state, v, at):  # type: ignore[no-untyped-def]
    """Add the hazard of leaving after a video; whether the viewer leaves."""
    minutes = (at - state.began[v]) / 60_000.0
    state.used[v] += n.leave * np.exp(
        n.leave_mood * (n.content - state.mood[v]) + n.leave_streak * min(state.streak[v], 8) + n.leave_tired * minutes
    )
    return state.used[v] >= state.limit[v]


@njit(cache=True, nogil=True)
def end(n, people, state, seed, v, at):  # type: ignore[no-untyped-def]
    """A visit ends: the habit follows what it gave, and the viewer comes again when a chance is taken."""
    gave = (state.gave[v] + n.content) / (state.watched[v] + 1.0)
    wanted = n.habit_slope * (gave - n.content)
    habit = state.habit[v] + n.habit_learn * (wanted - state.habit[v])
    state.habit[v] = min(max(habit, n.habit_least), n.habit_most)
    state.inside[v] = False
    state.last_at[v] = at
    come_next(n, people, state, seed, v, at + np.int64(n.away_min * 60_000.0))
