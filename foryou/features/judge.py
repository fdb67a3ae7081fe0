"""The judgement of each event in turn: what its viewer did before, what buckets are full, and among whom it acts.

Numbers and kernels only; `trust` keeps the tables.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from foryou.core.batch import Column
from foryou.core.clock import MINUTE, SECOND
from foryou.features.lockstep import crowd_size, join_crowd, minutes, overlap

RECENT = 16
"""How many of a viewer's latest acts are compared, and taken back when it becomes suspicious."""
SHOWN = 4
"""How many of the latest exposures an act can belong to."""
DWELLS = 8
"""Buckets of seconds watched, each twice as wide as the one before."""
LOOKED_S = 1.0
"""Seconds on the screen after which a video was looked at."""
SETTLED_S = 30.0
SETTLED = 3 * MINUTE
"""Seconds watched, and ms since the first event, after which an account is new no more."""
UNWATCHED = 0.002
"""What an act counts at least on a video that was not looked at: it counts the more, the more of its
viewer's acts were on videos that were."""
SPELL_S = 900.0
PACE = 1.5
"""Seconds of watching that may come at once (two phones, a batch from a train), and a second of time thereafter."""
DOUBT = 0.5
"""A viewer below this is suspicious."""

EVERYONE = 1
"""The key of all together."""
EXPOSURE, WATCH, OTHER, SHARE, LIKES, REFUSES = range(6)
"""What an event is to a judge; from SHARE on, acts that take room in the buckets."""
_TICK = 1024
_NEVER = (1 << 32) - 1
_PART = (1 << 31) - 1


class Viewers(NamedTuple):
    """The columns of the table `trust`, `[viewers]`."""

    first: Column
    last: Column
    watched: Column
    spell: Column
    burst: Column
    daily: Column
    acts: Column
    hasty: Column
    lockstep: Column
    compared: Column
    dwell: Column
    shown: Column
    shown_at: Column
    suspicious: Column


class Acted(NamedTuple):
    """Those of `acted`, `[viewers who act, RECENT]`, and the keys of the acts."""

    act: Column
    target: Column
    since: Column
    base: Column


class Crowds(NamedTuple):
    """The sorted targets, and their sketches."""

    keys: Column
    least: Column
    at: Column


class Weights(NamedTuple):
    """The sorted keys of acts, and what each counts."""

    keys: Column
    weight: Column


class Origins(NamedTuple):
    """Those of `origin`."""

    level: Column
    at: Column


class Overall(NamedTuple):
    """Those of `trust_all`, one row."""

    watches: Column
    acts: Column
    suspicious: Column


class Events(NamedTuple):
    """What is judged, in log order; with the rows of its viewer in each table (-1: none)."""

    row: Column
    acted: Column
    origin: Column
    role: Column
    bait_weight: Column
    base: Column
    amount: Column
    viewer: Column
    video: Column
    target: Column
    act: Column
    seconds: Column
    long_view: Column
    at: Column
    received: Column


class Taken(NamedTuple):
    """What is taken back: after which event, which act on what, when that was, and what it had counted."""

    after: Column
    base: Column
    target: Column
    effective: Column
    trust: Column


@njit(cache=True, nogil=True)
def dwell_bits(dwell):  # type: ignore[no-untyped-def]
    """The entropy of dwell times, bits, as if eight more watches had been spread evenly."""
    total = float(DWELLS)
    for b in range(DWELLS):
        total += dwell[b]
    bits = 0.0
    for b in range(DWELLS):
        p = (dwell[b] + 1.0) / total
        bits -= p * np.log2(p)
    return bits


@njit(cache=True, nogil=True)
def viewer_trust(dwell, acts, hasty, lockstep):  # type: ignore[no-untyped-def]
    """What a viewer's behaviour so far leaves of a weight of 1: people differ in how long they watch, look before they
    like, and do not do what the same others do."""
    varied = min(max((dwell_bits(dwell) - 0.5) / 0.5, 0.05), 1.0)
    haste = max(hasty / (acts + 6.0) - 0.3, 0.0) / 0.3
    together = max(lockstep - 0.03, 0.0) / 0.03
    return varied / (1.0 + haste**3) / (1.0 + together**3)


@njit(cache=True, nogil=True)
def trusts_of(dwell, acts, hasty, lockstep):  # type: ignore[no-untyped-def]
    """As `viewer_trust`, of many `[viewers]`."""
    out = np.ones(len(acts))
    for k in range(len(out)):
        out[k] = viewer_trust(dwell[k], acts[k], hasty[k], lockstep[k])
    return out


@njit(cache=True, nogil=True)
def _look(v, k, whole, at):  # type: ignore[no-untyped-def]
    video, place = whole & _PART, SHOWN - 1
    for s in range(SHOWN):
        if v.shown[k, s] == video:
            place = s
            if v.shown_at[k, s] == 0:
                at = 0
            break
    for s in range(place, 0, -1):
        v.shown[k, s], v.shown_at[k, s] = v.shown[k, s - 1], v.shown_at[k, s - 1]
    v.shown[k, 0], v.shown_at[k, 0] = video, at


@njit(cache=True, nogil=True)
def _looked(v, k, whole, at):  # type: ignore[no-untyped-def]
    if whole == 0:  # an author, followed from their page
        return v.watched[k] >= SETTLED_S
    for s in range(SHOWN):
        if v.shown[k, s] == whole & _PART:
            began = np.int64(v.shown_at[k, s])
            return began == 0 or (began != _NEVER and at - began * _TICK >= LOOKED_S * SECOND)
    return False


@njit(cache=True, nogil=True)
def _leak(v, k, at, limits):  # type: ignore[no-untyped-def]
    passed = max(at - v.last[k], 0) if v.last[k] > 0 else 0
    v.last[k] = max(v.last[k], at)
    v.spell[k] = max(v.spell[k] - PACE * passed / SECOND, 0.0)
    v.burst[k] = max(v.burst[k] - limits[2] * passed, 0.0)
    v.daily[k] = max(v.daily[k] - limits[4] * passed, 0.0)


@njit(cache=True, nogil=True)
def _watch(v, k, video, seconds, long_view):  # type: ignore[no-untyped-def]
    """The share of the seconds that can be real."""
    told = seconds >= 0.0
    claimed = min(float(seconds), 300.0) if told else (20.0 if long_view == 1 else 0.0)
    real = min(claimed, max(SPELL_S - v.spell[k], 0.0))
    v.spell[k] += real
    v.watched[k] += real
    if told:
        b = min(max(int(np.log2(claimed + 0.25) + 2.0), 0), DWELLS - 1)
        if v.dwell[k, b] == 255:
            for c in range(DWELLS):
                v.dwell[k, c] //= 2
        v.dwell[k, b] += 1
    _look(v, k, video, 0 if claimed >= LOOKED_S or not told else _NEVER)
    return real / claimed if real < claimed else 1.0


@njit(cache=True, nogil=True)
def _room(v, k, origins, origin, at, limits):  # type: ignore[no-untyped-def]
    """How much of an act there is room for in the buckets of viewer, device and network; takes it."""
    free = min(max(min(limits[1] - v.burst[k], limits[3] - v.daily[k]), 0.0), 1.0)
    for n in origin:
        if n >= 0:
            passed = max(at - origins.at[n], 0) if origins.at[n] > 0 else 0
            origins.level[n] = max(origins.level[n] - limits[6] * passed, 0.0)
            origins.at[n] = max(origins.at[n], at)
            free = min(free, max(limits[5] - origins.level[n], 0.0))
    for n in origin:
        if n >= 0:
            origins.level[n] += free
    v.burst[k] += free
    v.daily[k] += free
    return free


@njit(cache=True, nogil=True)
def _haste(v, k, video, at, overall):  # type: ignore[no-untyped-def]
    """What is left of an act, by whether its video was looked at."""
    v.acts[k] += 1.0 - v.acts[k] / 64.0
    v.hasty[k] -= v.hasty[k] / 64.0
    # Where watches are not told of, that there was none says nothing.
    if overall.watches[0] <= 0.5 * overall.acts[0] or _looked(v, k, video, at):
        return 1.0
    v.hasty[k] += 1.0
    return max(np.sqrt(max(v.acts[k] - v.hasty[k], 0.0) / (v.acts[k] + 1.0)), UNWATCHED)


@njit(cache=True, nogil=True)
def _common(acted, r, target, crowds, everyone, now):  # type: ignore[no-untyped-def]
    """The second largest overlap of the target's crowd with those of the viewer's other latest targets; -1 if it is
    one of these itself."""
    one = np.searchsorted(crowds.keys, target)
    best, second = 0.0, 0.0
    for a in range(RECENT):
        other = acted.target[r, a]
        if other == 0:
            break
        if other == target:
            return -1.0
        repeated = False
        for b in range(a):
            repeated = repeated or acted.target[r, b] == other
        if not repeated:
            found = overlap(crowds.least, crowds.at, one, np.searchsorted(crowds.keys, other), everyone, now)
            best, second = max(best, found), max(min(best, found), second)
    return second


@njit(cache=True, nogil=True)
def _among(v, k, acted, r, crowds, target, viewer, at):  # type: ignore[no-untyped-def]
    """Compares the crowd of a target with those among which its viewer acted before, and joins it."""
    now, all_ = minutes(at), np.searchsorted(crowds.keys, EVERYONE)
    everyone = crowd_size(crowds.least, crowds.at, all_, now)
    found = _common(acted, r, target, crowds, everyone, now)
    if found >= 0.0:
        v.compared[k] = min(v.compared[k] + 1, 16)
        v.lockstep[k] += (found - v.lockstep[k]) / (v.compared[k] + 1.0)
    join_crowd(crowds.least, crowds.at, np.searchsorted(crowds.keys, target), viewer, now)
    join_crowd(crowds.least, crowds.at, all_, viewer, now)


@njit(cache=True, nogil=True)
def _suspect(v, k, trusted, overall):  # type: ignore[no-untyped-def]
    was = v.suspicious[k] > 0
    if trusted < DOUBT:
        v.suspicious[k] = max(v.suspicious[k], 1)
    elif trusted > DOUBT + 0.2:
        v.suspicious[k] = 0
    overall.suspicious[0] += (v.suspicious[k] > 0) - was


@njit(cache=True, nogil=True)
def _take_back(acted, r, weights, i, act, least, taken, count):  # type: ignore[no-untyped-def]
    for a in range(RECENT):
        if acted.act[r, a] == 0:
            break
        place = np.searchsorted(weights.keys, acted.act[r, a])
        excess = weights.weight[place] - least
        if excess > 0.0 and acted.act[r, a] != act:
            weights.weight[place] = least
            taken.after[count], taken.base[count] = i, acted.base[r, a]
            taken.target[count], taken.effective[count] = acted.target[r, a], acted.since[r, a]
            taken.trust[count] = excess
            count += 1
    return count


@njit(cache=True, nogil=True)
def _remember(acted, r, act, target, at, base):  # type: ignore[no-untyped-def]
    for a in range(RECENT - 1, 0, -1):
        acted.act[r, a], acted.target[r, a] = acted.act[r, a - 1], acted.target[r, a - 1]
        acted.since[r, a], acted.base[r, a] = acted.since[r, a - 1], acted.base[r, a - 1]
    acted.act[r, 0], acted.target[r, 0], acted.since[r, 0], acted.base[r, 0] = act, target, at, base


@njit(cache=True, nogil=True)
def _act(v, k, e, i, acted, crowds, origins, overall, limits):  # type: ignore[no-untyped-def]
    """What an act counts, but for how far its viewer is trusted."""
    overall.acts[0] += 1.0
    old = min(max(e.received[i] - v.first[k], 0) / SETTLED, 1.0)
    counts = _room(v, k, origins, e.origin[i], e.at[i], limits)
    counts *= 0.75 + 0.2 * min(v.watched[k] / SETTLED_S, 1.0) + 0.05 * old
    if e.role[i] != REFUSES:
        counts *= e.bait_weight[i]
        counts *= _haste(v, k, e.video[i], e.at[i], overall)
    if e.role[i] == LIKES:
        _among(v, k, acted, e.acted[i], crowds, e.target[i], e.viewer[i], e.at[i])
    return counts


@njit(cache=True, nogil=True)
def judge(v, acted, crowds, weights, origins, overall, e, limits, trust, trusts, taken):  # type: ignore[no-untyped-def]
    """Goes through the events in log order; `trust` and `trusts` get what each event counts, and what its viewer does.
    What is taken back goes to `taken`; returns how much that is."""
    count, least = 0, limits[0]
    for i in range(len(e.row)):
        k, r, done = e.row[i], e.acted[i], e.amount[i] > 0.0
        if v.first[k] == 0:
            v.first[k] = max(e.received[i], 1)
        _leak(v, k, e.at[i], limits)
        counts = 1.0
        if e.role[i] == EXPOSURE:
            _look(v, k, e.video[i], e.at[i] // _TICK)
        elif e.role[i] == WATCH:
            overall.watches[0] += 1.0
            counts = _watch(v, k, e.video[i], e.seconds[i], e.long_view[i])
        elif e.role[i] >= SHARE and done:
            counts = _act(v, k, e, i, acted, crowds, origins, overall, limits)
        trusts[i] = max(viewer_trust(v.dwell[k], v.acts[k], v.hasty[k], v.lockstep[k]), least)
        trust[i] = max(counts * trusts[i], least)
        if e.act[i] != 0 and e.amount[i] != 0.0:
            place = np.searchsorted(weights.keys, e.act[i])
            if done:
                weights.weight[place] = trust[i]
                trust[i] = weights.weight[place]  # as it is kept, so that taking it back leaves nothing
            else:
                trust[i], weights.weight[place] = weights.weight[place], 0.0
        _suspect(v, k, trusts[i], overall)
        if r >= 0 and v.suspicious[k] == 1:
            v.suspicious[k] = 2
            count = _take_back(acted, r, weights, i, e.act[i], least, taken, count)
        if e.role[i] == LIKES and done:
            _remember(acted, r, e.act[i], e.target[i], e.at[i], e.base[i])
    return count
