"""What one viewer does with one video: how long it is watched, what is pressed, and what it was worth.

Everything comes from the parameters, the viewer's and the video's own numbers, and the luck of the two (`draws.py`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from foryou.simulator.behaviour import ACTS as ACTS_IN_ORDER
from foryou.simulator.behaviour import EARLY, FIRST_S, FIRST_SHARE
from foryou.simulator.draws import HOLD, LIKE, STAY, WHEN, uniform

ACTS = len(ACTS_IN_ORDER)
FIRSTS = np.array(EARLY)
MOST_LAPS = 12.0
STARTED_AGAIN = 0.1
"""A replay counts from this share of the video on: what is less is the time it takes to swipe."""
USUAL_WORTH = 0.4
LIKED, SHARED, FOLLOW = 0, 2, 4
RARE_LOGIT, RARE = -3.0, 0.05
"""Log-odds below the first are chances below the second."""


class Meeting(NamedTuple):
    """What there is to know when a viewer meets a video; see `World` for the columns."""

    key: Any
    match: Any
    satiation: Any
    novelty: Any
    known: Any
    """Whether the viewer has seen it, or what it copies."""
    following: Any
    quirk: Any
    """What else makes this viewer like this video: N(0, 1), nobody knows why."""


@njit(cache=True, nogil=True)
def _chance(logit):  # type: ignore[no-untyped-def]
    return 1.0 / (1.0 + np.exp(-logit))


@njit(cache=True, nogil=True)
def bucket_of(edges, seconds):  # type: ignore[no-untyped-def]
    """Which bucket of lengths a video is in."""
    bucket = 0
    while bucket < edges.shape[0] and seconds >= edges[bucket]:
        bucket += 1
    return bucket


@njit(cache=True, nogil=True)
def worth_of(n, films, video, meeting):  # type: ignore[no-untyped-def]
    """What seeing all of the video is worth to the viewer, 0 to 1."""
    worth = (
        n.value_base
        + n.value_match * meeting.match
        + n.value_appeal * _chance(1.5 * films[video].appeal)
        + n.value_novelty * meeting.novelty
        + n.value_satiation * meeting.satiation
        + n.value_quirk * meeting.quirk
    )
    if films[video].bait:
        worth *= n.value_bait
    if meeting.known:
        worth *= n.value_known
    return min(max(worth, 0.0), 1.0)


@njit(cache=True, nogil=True)
def held_by(n, films, video, meeting):  # type: ignore[no-untyped-def]
    """What viewer and video add to the log-odds of staying beyond the first seconds."""
    effect = (
        n.hold_hook * films[video].hook
        + n.hold_match * (meeting.match - n.usual_match)
        + n.hold_appeal * films[video].appeal
        + n.hold_picture * (films[video].picture - 0.5)
        + n.hold_satiation * (meeting.satiation - n.usual_satiation)
        + n.hold_quirk * meeting.quirk
    )
    return effect + n.known_hold if meeting.known else effect


@njit(cache=True, nogil=True)
def _hold(n, films, video, meeting, bucket):  # type: ignore[no-untyped-def]
    """The chance of staying beyond the first seconds."""
    if not np.isnan(films[video].set_hook):
        return np.float64(films[video].set_hook)
    return _chance(n.hold[bucket] + held_by(n, films, video, meeting))


@njit(cache=True, nogil=True)
def risk_of(n, films, video, meeting):  # type: ignore[no-untyped-def]
    """How many times the usual hazard of leaving after the first seconds."""
    return np.exp(
        -n.stay_match * (meeting.match - n.usual_match)
        - n.stay_appeal * films[video].appeal
        - n.stay_satiation * (meeting.satiation - n.usual_satiation)
        - n.stay_quirk * meeting.quirk
        - n.stay_format[films[video].format]
    )


@njit(cache=True, nogil=True)
def _left_early(curve, luck):  # type: ignore[no-untyped-def]
    """Which share of the first seconds was seen by one who skips: the curve's inverse at `luck`."""
    if luck <= curve[0]:
        return 0.0
    at = 1
    while at < curve.shape[0] - 1 and curve[at] < luck:
        at += 1
    step = curve[at] - curve[at - 1]
    part = (luck - curve[at - 1]) / step if step > 0 else 1.0
    return FIRSTS[at - 1] + min(part, 1.0) * (FIRSTS[at] - FIRSTS[at - 1])


@njit(cache=True, nogil=True)
def lap_at(laps, hazard, used):  # type: ignore[no-untyped-def]
    """Where the cumulated hazard reaches `used`; beyond the table it goes on with its last slope."""
    last = laps.shape[0] - 1
    at = 0
    while at < last and hazard[at] < used:
        at += 1
    low, before = (0.0, 0.0) if at == 0 else (laps[at - 1], hazard[at - 1])
    slope = (hazard[at] - before) / (laps[at] - low)
    if slope <= 1e-9:
        return laps[at]
    return min(low + (used - before) / slope, MOST_LAPS)


@njit(cache=True, nogil=True)
def hazard_at(laps, hazard, lap):  # type: ignore[no-untyped-def]
    """The cumulated hazard at a point of the video."""
    at = 0
    while at < laps.shape[0] - 1 and laps[at] < lap:
        at += 1
    low, before = (0.0, 0.0) if at == 0 else (laps[at - 1], hazard[at - 1])
    return before + (hazard[at] - before) * (lap - low) / (laps[at] - low)


@njit(cache=True, nogil=True)
def seconds_of(n, films, video, meeting):  # type: ignore[no-untyped-def]
    """How long the video is watched, seconds with replays."""
    duration = np.float64(films[video].duration)
    bucket = bucket_of(n.edges, duration)
    first = min(FIRST_S, FIRST_SHARE * duration)
    hold = _hold(n, films, video, meeting, bucket)
    finish = np.float64(films[video].set_finish)
    if not np.isnan(finish):
        hold = max(hold, finish)
    if uniform(meeting.key, HOLD) >= hold:
        return first * min(_left_early(n.early[bucket], uniform(meeting.key, WHEN)), 0.999)
    hazard, risk, luck = n.leaving[bucket], risk_of(n, films, video, meeting), uniform(meeting.key, STAY)
    if not np.isnan(finish):
        luck = _as_set(luck, finish / hold, np.exp(-risk * hazard_at(n.laps, hazard, 1.0)))
    lap = lap_at(n.laps, hazard, -np.log(luck) / risk)
    return first + lap * (duration - first) if lap < 1.0 else lap * duration


@njit(cache=True, nogil=True)
def _as_set(luck, chance, was):  # type: ignore[no-untyped-def]
    """Luck under which the end is reached with exactly this chance, where it was reached with another."""
    if luck < chance:
        return luck / chance * was * 0.999999
    return min(was * 1.000001 + (luck - chance) / (1.0 - chance) * (1.0 - was), 0.9999999)


@njit(cache=True, nogil=True)
def act_logit(n, films, video, offsets, act, share, worth):  # type: ignore[no-untyped-def]
    """The log-odds of one act. `offsets` [7] are the viewer's, `share` is how much was watched."""
    logit = n.act[act] + n.act_watched[act] * (share - 1.0) + n.act_worth[act] * (worth - USUAL_WORTH)
    logit += offsets[min(act, offsets.shape[0] - 1)]
    if act == LIKED:
        logit += films[video].likeable
    elif act == SHARED:
        logit += films[video].shareable
    if films[video].bait:
        logit += n.act_bait[act]
    return logit


@njit(cache=True, nogil=True)
def acts_of(n, films, video, meeting, offsets, share, worth):  # type: ignore[no-untyped-def]
    """What is pressed, one bit for each act."""
    pressed = 0
    for act in range(ACTS):
        if act == FOLLOW and meeting.following:
            continue
        logit, luck = act_logit(n, films, video, offsets, act, share, worth), uniform(meeting.key, LIKE + act)
        given = act == LIKED and not np.isnan(films[video].set_like)
        if not given and logit < RARE_LOGIT and luck > RARE:
            continue  # the same answer without the exponential
        if luck < (np.float64(films[video].set_like) if given else _chance(logit)):
            pressed |= 1 << act
    return pressed


@njit(cache=True, nogil=True)
def react(n, films, video, meeting, offsets):  # type: ignore[no-untyped-def]
    """(seconds, acts, pleasure) of one meeting; pleasure is what the viewer got out of it, 0 to 1."""
    worth = worth_of(n, films, video, meeting)
    seconds = seconds_of(n, films, video, meeting)
    duration = np.float64(films[video].duration)
    share = min(seconds / duration, 1.0)
    pressed = acts_of(n, films, video, meeting, offsets, share, worth)
    skipped = seconds < FIRST_S and seconds < duration
    return seconds, pressed, worth * n.value_glance if skipped else worth


@njit(cache=True, nogil=True)
def starts_again(seconds, duration):  # type: ignore[no-untyped-def]
    """How many times it was started again."""
    return max(int(seconds / duration + 1.0 - STARTED_AGAIN) - 1, 0)
