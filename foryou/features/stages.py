"""The rules by which a video is shown to more people or to no more: what is counted of it, when that is looked at, and
what comes of it.

Numbers and kernels only; `reach` keeps the tables, and `quality` says how good a video is.
"""

from __future__ import annotations

from enum import IntEnum
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numba import njit

from foryou.core.batch import Column
from foryou.core.clock import DAY, HOUR
from foryou.features.cohorts import BINS, CAME, OFF, ON, ONTO, QUARTERS, SEEN, STAGES, bin_of, note, quarter_of
from foryou.features.quality import IMPRESSIONS, PEERS_MOST, WATCHES, expected, judge, looked, rates

LAST = STAGES - 1
"""The stage without an end."""
CARRIED = 20.0
"""Exposures that what was found in one stage is worth in the next, at most."""
KNOWN = 20.0
"""Exposures at which what a video says of its author and hashtags counts half."""
LOOKS = 4
"""Looks at the quality while a stage's audience fills: at each quarter. Later ones at twice the audience, four times,
and so on."""
MOST_LOOKS = 24
LATEST = 32
"""Viewers of a video that count once, however often they come: the latest. One account cannot be an audience."""
HOURS, DAYS = 48, 14
"""Of the time since a video came, the hours and then the days in which exposures are told apart."""
RUNNING, RESTING, STOPPED = 1, 2, 3
"""Whether a video is looking for its stage's audience, had it without being good enough to go on, or was stopped."""


class Reason(IntEnum):
    """Why a video moved. The numbers are in tables: add, never renumber."""

    PUBLISHED = 1
    OLD = 2
    ABOVE = 3
    BELOW = 4
    FULL = 5
    EXPIRED = 6
    CHANCE = 7
    RISEN = 8


_ABOVE, _BELOW, _FULL, _EXPIRED, _CHANCE, _RISEN = (
    int(reason) for reason in (Reason.ABOVE, Reason.BELOW, Reason.FULL, Reason.EXPIRED, Reason.CHANCE, Reason.RISEN)
)


def deviations(error: float) -> Column:
    """How many standard errors an interval reaches to either side at each look `[MOST_LOOKS]`.

    Most of the error is spent where the audience is full, as O'Brien and Fleming (1979) do: an early look has to be
    clear, the last one says which of two likely cases is likelier. It is bounded without regard to how the looks hang
    together (Lan and DeMets, 1983): until then it is at most `error`. Each look after that has half of the one before.
    """
    early = error / (2.0 * LOOKS)
    last = error - early * (LOOKS - 1)
    after = [early / 2.0 ** (look - LOOKS + 1) for look in range(LOOKS, MOST_LOOKS)]
    spent = [*[early] * (LOOKS - 1), last, *after]
    return np.array([-NormalDist().inv_cdf(each) for each in spent])


class Videos(NamedTuple):
    """The columns of the table `reach` that change, `[videos]`."""

    stage: Column
    status: Column
    looks: Column
    chanced: Column
    entered: Column
    first: Column
    sums: Column
    prior: Column
    prior_n: Column
    value: Column
    error: Column
    low: Column
    high: Column
    given: Column
    total: Column
    followers: Column
    by_stage: Column
    hour: Column
    day: Column
    bins: Column
    latest: Column
    turn: Column


class Levels(NamedTuple):
    """Those of `reach_stage`, `[STAGES]`."""

    median: Column
    quarter: Column
    number: Column


class Usual(NamedTuple):
    """Those of `reach_usual`: what authors and hashtags usually do, and whose rows a video's are `[videos, KEYS]`
    (-1: none)."""

    weight: Column
    value: Column
    of: Column


class Seen(NamedTuple):
    """What happened, in log order: `[events]`."""

    video: Column
    """Row of the video; -1: of none."""
    pair: Column
    """Row of the viewer with the author."""
    follow: Column
    """1: follows from now on, -1: no more."""
    at: Column
    here: Column
    """Whether it was in the For You feed."""
    who: Column
    """Part of a hash of viewer and video, the two lowest bits 0; 0: nobody."""
    adds: Column
    """`[events, SUMS]`"""


class Moves(NamedTuple):
    """What moved: `[moves]`, filled from the front."""

    video: Column
    start: Column
    to: Column
    at: Column
    n: Column
    value: Column
    low: Column
    high: Column
    threshold: Column
    reason: Column
    parts: Column
    """What the quality was made of `[moves, PARTS]`: hook, completion, engagement and refusal of one exposure."""


@njit(cache=True, nogil=True)
def lucky(video, stage, chance):  # type: ignore[no-untyped-def]
    """Whether a video goes on from a stage in any case: the same one of a hundred whenever it is asked."""
    mixed = np.uint64(video) + np.uint64(stage + 1) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return float((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / float(1 << 53) < chance


@njit(cache=True, nogil=True)
def shrunk(quality, spread, n, prior, prior_n):  # type: ignore[no-untyped-def]
    """A quality of `n` exposures with this variance of one, drawn to a prior that is worth `prior_n`; its error."""
    return (n * quality + prior_n * prior) / (n + prior_n), np.sqrt(spread / (n + prior_n))


@njit(cache=True, nogil=True)
def _look(v, k, peers, first, usual, pseudo, weights, parts):  # type: ignore[no-untyped-def]
    """Judges a video as it is, shrunk to what is expected of it, and notes that for its author and hashtags."""
    quality, spread, n = judge(v.sums[k], peers, first, weights, parts)
    prior, prior_n = v.prior[k], v.prior_n[k]
    if prior_n <= 0.0:  # in its first stage, or moved on by chance before anybody had seen it
        prior, prior_n = expected(usual.weight, usual.value, usual.of[k], v.given[k, 0], v.given[k, 1]), pseudo
    v.value[k], v.error[k] = shrunk(quality, spread, n, prior, prior_n)
    known = np.float32(n / (n + KNOWN))
    for j in range(usual.of.shape[1]):
        row = usual.of[k, j]
        if row >= 0:
            usual.weight[row] += float(known) - float(v.given[k, 0])
            usual.value[row] += float(np.float32(known * quality)) - float(v.given[k, 1])
    v.given[k, 0], v.given[k, 1] = known, np.float32(known * quality)
    return n


@njit(cache=True, nogil=True)
def _anew(bins, j):  # type: ignore[no-untyped-def]
    """Whether a video was in the bin of its `j`th look for the first time: each counts once, so that what is counted of
    a bin are videos."""
    anew = bins[j] >= 0
    for i in range(j):
        anew = anew and bins[i] != bins[j]
    return anew


@njit(cache=True, nogil=True)
def _conclude(v, k, levels):  # type: ignore[no-untyped-def]
    """A video's time in a stage is over: what its peers in that stage do becomes known a little better."""
    s, value = v.stage[k], v.value[k]
    count = levels.number[s]
    step = max(0.3 / (count + 3.0) ** 0.75, 0.004)
    levels.median[s] += step * (0.5 if value > levels.median[s] else -0.5)
    levels.quarter[s] += step * (0.25 if value > levels.quarter[s] else -0.75)
    levels.number[s] = count + 1.0


@njit(cache=True, nogil=True)
def _move(v, k, at, n, threshold, to, status, reason, life, notes, moves, count):  # type: ignore[no-untyped-def]
    moves.video[count], moves.start[count], moves.to[count], moves.at[count] = k, v.stage[k], to, at
    moves.n[count], moves.value[count], moves.threshold[count] = n, v.value[k], threshold
    moves.low[count], moves.high[count], moves.reason[count] = v.low[k], v.high[k], reason
    rates(v.sums[k], moves.parts[count])
    counted, quarter = v.bins[k, 0] >= 0, quarter_of(v.entered[k], at, life)
    if to == v.stage[k] and counted:
        note(notes, v.entered[k], to, OFF + quarter)
    if to != v.stage[k]:
        into = bin_of(v.value[k])
        for j in range(v.bins.shape[1]):
            if _anew(v.bins[k], j):
                note(notes, v.entered[k], v.stage[k], ONTO + v.bins[k, j] * BINS + into)
        if counted:
            note(notes, v.entered[k], v.stage[k], ON + (quarter if v.status[k] == RUNNING else QUARTERS - 1))
        note(notes, at, to, CAME)
        note(notes, at, to, SEEN + into)
        v.prior[k], v.prior_n[k] = v.value[k], min(n + v.prior_n[k], CARRIED)
        v.sums[k] = 0.0
        v.looks[k], v.entered[k] = 0, at
        v.bins[k] = -1
        v.bins[k, 0] = into
        v.stage[k] = to
    v.status[k] = status
    return count + 1


@njit(cache=True, nogil=True)
def _end(v, k, item, at, n, threshold, status, reason, rules, levels, notes, moves, count):  # type: ignore[no-untyped-def]
    """A video does not go on from its stage, unless chance wants it."""
    s = v.stage[k]
    if v.looks[k] > 0:
        _conclude(v, k, levels)
    if s < LAST and lucky(item, s, rules.chance):
        v.chanced[k] |= 1 << s
        return _move(v, k, at, n, threshold, s + 1, RUNNING, _CHANCE, rules.life, notes, moves, count)
    return _move(v, k, at, n, threshold, s, status, reason, rules.life, notes, moves, count)


@njit(cache=True, nogil=True)
def bar(median, quarter, stage):  # type: ignore[no-untyped-def]
    """The quality above which a video goes on from a stage.

    The first stage has everything in it: the better half goes on. Later ones hold what went on already, and half of
    those each time would be an eighth in the end, the best among them too, by luck: there a video only has to hold up,
    against the lowest quarter.
    """
    return median[stage] if stage == 0 else quarter[stage]


@njit(cache=True, nogil=True)
def _put_bin(v, k, notes):  # type: ignore[no-untyped-def]
    """Notes how good a video was found to be at a look after which it still looks for its audience in this stage."""
    look = v.looks[k]
    if look <= LOOKS and v.status[k] == RUNNING:
        v.bins[k, look] = bin_of(v.value[k])
        if _anew(v.bins[k], look):
            note(notes, v.entered[k], v.stage[k], SEEN + v.bins[k, look])


@njit(cache=True, nogil=True)
def _decide(v, k, item, at, n, deviation, rules, levels, notes, moves, count):  # type: ignore[no-untyped-def]
    """What comes of a look: how many moves there are then."""
    s, full, running = v.stage[k], v.looks[k] >= LOOKS, v.status[k] == RUNNING
    v.low[k] = v.value[k] - deviation * v.error[k]
    v.high[k] = v.value[k] + deviation * v.error[k]
    threshold = bar(levels.median, levels.quarter, s)
    if s < LAST and v.low[k] > threshold:
        if running:
            _conclude(v, k, levels)
        reason = _ABOVE if running else _RISEN
        return _move(v, k, at, n, threshold, s + 1, RUNNING, reason, rules.life, notes, moves, count)
    if running and v.high[k] < levels.quarter[s]:
        return _end(v, k, item, at, n, levels.quarter[s], STOPPED, _BELOW, rules, levels, notes, moves, count)
    if running and s == LAST and v.looks[k] == LOOKS:
        _conclude(v, k, levels)
    if running and full and s < LAST:
        return _end(v, k, item, at, n, threshold, RESTING, _FULL, rules, levels, notes, moves, count)
    return count


class Rules(NamedTuple):
    """What the operator set, as kernels read it."""

    sizes: Column
    """`[STAGES]`; that of the last is when it is looked at first, over four."""
    life: float
    chance: float
    prior: float
    deviations: Column


@njit(cache=True, nogil=True)
def due(size, looks):  # type: ignore[no-untyped-def]
    """Exposures at which the next look is due."""
    return size * (looks + 1) / LOOKS if looks < LOOKS else size * 2.0 ** (looks - LOOKS + 1)


@njit(cache=True, nogil=True)
def _again(latest, turn, k, who, watch):  # type: ignore[no-untyped-def]
    """Whether one of the latest viewers of a video has had this impression, or this watch, already; notes it."""
    bit = np.uint32(2 if watch else 1)
    for j in range(latest.shape[1]):
        if latest[k, j] & np.uint32(0xFFFFFFFC) == who:
            before = latest[k, j] & bit != 0
            latest[k, j] |= bit
            return before
    latest[k, turn[k]] = who | bit
    turn[k] = (turn[k] + 1) % latest.shape[1]
    return False


@njit(cache=True, nogil=True)
def _count(v, k, at, friend, here, adds):  # type: ignore[no-untyped-def]
    """Adds an event to what is told of a video's audience."""
    before = max(v.total[k, 0], v.total[k, 1])
    v.total[k, 0] += adds[IMPRESSIONS]
    v.total[k, 1] += adds[WATCHES]
    more = max(v.total[k, 0], v.total[k, 1]) - before
    if more <= 0.0:
        return
    if friend:
        v.followers[k] += more
    if here:
        v.by_stage[k, v.stage[k]] += more
    hours = max(at - v.first[k], 0) // HOUR
    if hours < v.hour.shape[1]:
        v.hour[k, hours] += more
    days = max(at - v.first[k], 0) // DAY
    v.day[k, min(days, v.day.shape[1] - 1)] += more


@njit(cache=True, nogil=True)
def _add(sums, adds, most):  # type: ignore[no-untyped-def]
    """Adds what an event says; what is taken back never takes more than there is."""
    if most > 0.0 and adds[WATCHES] > 0.0 and sums[WATCHES] > most:
        for s in range(len(sums)):
            sums[s] *= 1.0 - 1.0 / most
    for s in range(len(sums)):
        sums[s] = max(sums[s] + adds[s], 0.0)


@njit(cache=True, nogil=True)
def advance(v, item, group, peers, first, levels, usual, friend, seen, rules, weights, notes, moves):  # type: ignore[no-untyped-def]
    """Goes through what happened, in order, and moves videos; how many moves there were. What becomes known of cohorts
    is put into `notes`."""
    count, parts = 0, np.empty(4)
    for i in range(len(seen.video)):
        if seen.follow[i] != 0:
            friend[seen.pair[i]] = seen.follow[i] > 0
        k = seen.video[i]
        if k < 0:
            continue
        exposed = seen.adds[i, IMPRESSIONS] > 0.0 or seen.adds[i, WATCHES] > 0.0
        if exposed and _again(v.latest, v.turn, k, seen.who[i], seen.adds[i, WATCHES] > 0.0):
            continue
        at, known, here, adds = seen.at[i], friend[seen.pair[i]], seen.here[i], seen.adds[i]
        _count(v, k, at, known, here, adds)
        if known:
            continue
        if here:
            _add(peers[group[k]], adds, PEERS_MOST)
        if here or v.status[k] != RUNNING:
            _add(v.sums[k], adds, 0.0)
        if v.status[k] == RUNNING and v.stage[k] < LAST and at - v.entered[k] > rules.life:
            n = _look(v, k, peers[group[k]], first[group[k]], usual, rules.prior, weights, parts)
            deviation = rules.deviations[min(v.looks[k], LOOKS - 1)]
            v.low[k], v.high[k] = v.value[k] - deviation * v.error[k], v.value[k] + deviation * v.error[k]
            threshold = bar(levels.median, levels.quarter, v.stage[k])
            count = _end(v, k, item[k], at, n, threshold, RESTING, _EXPIRED, rules, levels, notes, moves, count)
        if not exposed:
            continue
        while v.looks[k] < MOST_LOOKS and looked(v.sums[k]) >= due(rules.sizes[v.stage[k]], v.looks[k]):
            n = _look(v, k, peers[group[k]], first[group[k]], usual, rules.prior, weights, parts)
            deviation = rules.deviations[v.looks[k]]
            v.looks[k] += 1
            before = count
            count = _decide(v, k, item[k], at, n, deviation, rules, levels, notes, moves, count)
            if count == before:
                _put_bin(v, k, notes)
    return count
