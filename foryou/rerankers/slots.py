"""Slot by slot: what may come next, with which chance each, and which one is drawn. Compiled; it knows arrays only."""

from __future__ import annotations

import numpy as np
from numba import njit

USUAL, TRIAL, PROBE = 0, 1, 2
"""How a slot was filled: by the score, on trial, or to find out what a new viewer likes."""
FLOOR = 0.05
"""The part of a trial slot's chance that all trial candidates share alike, so that no propensity comes near nothing."""
PRECISION = 0.5
"""What is known of a taste in each direction before anything was shown, where one video shown along it is 1."""
_SAME_AUTHOR, _SAME_SOUND = 1.0, 0.5
"""How alike one author or one sound makes two videos; all hashtags in common: 1."""
_PROBE_VALUE, _PROBE_TEMPERATURE = 0.5, 0.1
"""What the value (0 to 1 among the good half) counts in a probe beside the spread (0 to 1), and its temperature."""


@njit(cache=True, nogil=True)
def fill(  # type: ignore[no-untyped-def]
    value,
    shift,
    topics,
    author,
    sound,
    familiar,
    vectors,
    inverse,
    trial,
    draws,
    gaps,
    window,
    strength,
    temperature,
    shares,
    coins,
    given,
    size,
):
    """Fills `len(coins)` slots from the pool, and says how: (row, noise, variety, how), each `[slots]`, and the chance
    `[slots, pool]` of each row at each slot, given the slots before.

    The pool `[pool]` comes best first: its `value`, `shift` (what is added whatever else is shown), `topics` `[pool,
    topics]`, `author`, `sound`, how `familiar` its themes are (0 to 1), its `vectors` `[pool, dim]` with the `inverse`
    `[dim, dim]` of PRECISION + the products of those the viewer was shown (dim 0: probes go by hashtags alone), and
    `trial`, its rows that are on trial, with `draws` `[draws, trial]` of their value. `gaps`: videos between two of an
    author and two of a sound. `shares` `[slots, 2]`: which part of the times a slot is a trial's or a probe's. `coins`
    `[slots, 3]`: uniform numbers. `given` `[slots]`: the row that comes to a slot whatever its chance; -1 where it is
    drawn. Rows from `size` on can only be given.
    """
    slots, pool = len(coins), len(value)
    chance, row, how = np.empty((slots, pool)), np.empty(slots, np.int64), np.zeros(slots, np.int8)
    noise, variety = np.zeros(slots), np.empty(slots)
    (number, wide), alike, nearest = _numbers(topics), np.zeros((pool, window)), familiar.copy()
    taken, may = np.zeros(pool, np.bool_), np.empty(pool, np.bool_)
    unsure, inverse = _unsure(vectors, inverse), inverse.copy()
    taken[size:] = True
    change, usual, other = np.empty(pool), np.empty(pool), np.zeros((2, pool))
    for slot in range(slots):
        _allow(author, sound, gaps, row[:slot], taken, may)
        for i in range(pool):
            change[i] = shift[i] - strength * alike[i].sum() / window
        worth = _usual(value, change, may, temperature, usual)
        other[:] = 0.0
        trials = shares[slot, 0] if shares[slot, 0] > 0 and _trial(change, may, trial, draws, other[0]) else 0.0
        probes = (
            shares[slot, 1] if shares[slot, 1] > 0 and _probe(value[:size], nearest, unsure, may, other[1]) else 0.0
        )
        how[slot] = TRIAL if coins[slot, 0] < trials else PROBE if coins[slot, 0] < trials + probes else USUAL
        pick = _drawn(usual if how[slot] == USUAL else other[how[slot] - 1], coins[slot, 1])
        if given[slot] >= 0:
            pick = given[slot]
        if how[slot] == USUAL and temperature > 0:
            noise[slot] = worth + temperature * _gumbel(coins[slot, 2]) - value[pick] - change[pick]
        row[slot], variety[slot], taken[pick] = pick, change[pick], True
        for i in range(pool):
            chance[slot, i] = (1 - trials - probes) * usual[i] + trials * other[0, i] + probes * other[1, i]
            themes = _shared(topics, number, wide, i, pick)
            nearest[i] = max(nearest[i], themes)
            near = themes + (_SAME_AUTHOR if author[i] != 0 and author[i] == author[pick] else 0.0)
            alike[i, slot % window] = near + (_SAME_SOUND if sound[i] != 0 and sound[i] == sound[pick] else 0.0)
        _know(vectors, pick, inverse, unsure)
    return row, noise, variety, how, chance


@njit(cache=True, nogil=True)
def _numbers(topics):  # type: ignore[no-untyped-def]
    """How many hashtags each row has, and the most columns that any uses."""
    number, wide = np.zeros(len(topics), np.int64), 0
    for i in range(len(topics)):
        for t in range(topics.shape[1]):
            if topics[i, t] != 0:
                number[i] += 1
                wide = max(wide, t + 1)
    return number, wide


@njit(cache=True, nogil=True)
def _shared(topics, number, wide, i, other):  # type: ignore[no-untyped-def]
    """The share of the hashtags of `i` that the other one has too."""
    shared = 0
    for t in range(wide):
        if topics[i, t] != 0:
            for u in range(wide):
                if topics[other, u] == topics[i, t]:
                    shared += 1
                    break
    return shared / max(number[i], 1)


@njit(cache=True, nogil=True)
def _allow(author, sound, gaps, before, taken, may):  # type: ignore[no-untyped-def]
    """`may`: the rows that keep both distances; where none does, those that keep most of the author's, and among those
    most of the sound's: the rule relaxes before it drops anything."""
    most, room = -1, np.empty(len(may), np.int64)
    for i in range(len(may)):
        room[i] = -1
        if not taken[i]:
            room[i] = _room(author, i, before, gaps[0]) * (gaps[1] + 1) + _room(sound, i, before, gaps[1])
            most = max(most, room[i])
    for i in range(len(may)):
        may[i] = not taken[i] and room[i] == most


@njit(cache=True, nogil=True)
def _room(key, i, before, gap):  # type: ignore[no-untyped-def]
    """How many others, `gap` at most, would be between row `i` and the last one before it with the same key."""
    if key[i] != 0:
        for back in range(min(gap, len(before))):
            if key[before[len(before) - 1 - back]] == key[i]:
                return back
    return gap


@njit(cache=True, nogil=True)
def _gumbel(uniform):  # type: ignore[no-untyped-def]
    """Gumbel noise, centred."""
    return -np.log(-np.log(max(uniform, 1e-300))) - np.euler_gamma


@njit(cache=True, nogil=True)
def _usual(value, change, may, temperature, out):  # type: ignore[no-untyped-def]
    """softmax((value + change) / temperature) over what may come.

    Drawing so is taking the highest after adding Gumbel noise to each (Yellott, 1977). What the highest is then
    comes to is Gumbel-distributed too, about the number that is returned, whichever it is: one draw of noise is enough.
    """
    best, high, total = -1, -np.inf, 0.0
    for i in range(len(may)):
        if may[i] and value[i] + change[i] > high:
            best, high = i, value[i] + change[i]
    out[:] = 0.0
    if best < 0:  # nothing may come
        return 0.0
    if temperature <= 0:
        out[best] = 1.0
        return high
    for i in range(len(may)):
        if may[i]:
            out[i] = np.exp((value[i] + change[i] - high) / temperature)
            total += out[i]
    out /= total
    return high + temperature * np.log(total)


@njit(cache=True, nogil=True)
def _trial(change, may, trial, draws, out):  # type: ignore[no-untyped-def]
    """The share of draws in which each row on trial is the best of those that may come; whether there is any."""
    count = 0
    for row in trial:
        count += may[row]
    if count == 0 or len(draws) == 0:
        return False
    for row in trial:
        if may[row]:
            out[row] = FLOOR / count
    for draw in range(len(draws)):
        best, highest = -1, -np.inf
        for place in range(len(trial)):
            row = trial[place]
            if may[row] and (best < 0 or draws[draw, place] + change[row] > highest):
                best, highest = row, draws[draw, place] + change[row]
        out[best] += (1 - FLOOR) / len(draws)
    return True


@njit(cache=True, nogil=True)
def _probe(value, nearest, unsure, may, out):  # type: ignore[no-untyped-def]
    """Chances that spread over themes, among the better half of the pool: softmax of the distance from what was shown,
    by hashtags and by vectors, with a little of the value; whether there is any."""
    good = (len(value) + 1) // 2
    low, high, total = value[good - 1], value[0], 0.0
    for i in range(good):
        if may[i]:
            worth = (1 - nearest[i]) * unsure[i] + _PROBE_VALUE * (value[i] - low) / max(high - low, 1e-12)
            out[i] = np.exp((worth - 1 - _PROBE_VALUE) / _PROBE_TEMPERATURE)
            total += out[i]
    if total == 0:
        return False
    out /= total
    return True


@njit(cache=True, nogil=True)
def _unsure(vectors, inverse):  # type: ignore[no-untyped-def]
    """How little is known of a taste in the direction of each row, 0 to 1: PRECISION x' (PRECISION + sum y y')^-1 x,
    over what was shown. Taking the highest next is the greedy D-optimal design (Fedorov, 1972)."""
    out = np.ones(len(vectors))
    for i in range(len(vectors)):
        total, size = 0.0, 0.0
        for a in range(vectors.shape[1]):
            size += vectors[i, a] * vectors[i, a]
            for b in range(vectors.shape[1]):
                total += vectors[i, a] * inverse[a, b] * vectors[i, b]
        if size > 0:
            out[i] = PRECISION * total / size
    return out


@njit(cache=True, nogil=True)
def _know(vectors, pick, inverse, unsure):  # type: ignore[no-untyped-def]
    """One more was shown: `inverse` and `unsure` follow (Sherman and Morrison, 1950)."""
    dim = vectors.shape[1]
    toward, size = np.zeros(dim), 1.0
    for a in range(dim):
        for b in range(dim):
            toward[a] += inverse[a, b] * vectors[pick, b]
        size += toward[a] * vectors[pick, a]
    for i in range(len(vectors) if dim else 0):
        along = 0.0
        for a in range(dim):
            along += vectors[i, a] * toward[a]
        unsure[i] -= PRECISION * along * along / size
    for a in range(dim):
        for b in range(dim):
            inverse[a, b] -= toward[a] * toward[b] / size


@njit(cache=True, nogil=True)
def _drawn(chance, uniform):  # type: ignore[no-untyped-def]
    """The row that a uniform number falls on."""
    left, last = uniform, 0
    for i in range(len(chance)):
        if chance[i] > 0:
            last = i
            left -= chance[i]
            if left < 0:
                break
    return last
