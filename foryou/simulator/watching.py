"""The loop over viewers and their slates: one exposure after another, until the slate ends or the viewer leaves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from foryou.core.batch import Column
from foryou.simulator.behaviour import FIRST_S
from foryou.simulator.draws import AGAIN, FRIEND, LATER, OPEN, QUIRK, exponential, normal, pair_key, uniform
from foryou.simulator.reaction import ACTS, Meeting, react, starts_again
from foryou.simulator.visits import HOUR, LUCK, begin, end, tired

SHARE, FOLLOW, REFUSE = 2, 4, 6
FRIENDS = 8


class Catalogue(NamedTuple):
    """What else of videos the loop reads."""

    content: Column  # [videos, topics]
    leaf: Column
    creator: Column
    language: Column
    copy_of: Column


class People(NamedTuple):
    """What never changes of viewers."""

    offsets: Column  # [viewers, 7]
    language: Column
    zone_h: Column
    hours: Column  # [viewers, 24]
    weekdays: Column  # [viewers, 7]
    visits: Column
    patience: Column
    friends: Column  # [viewers, 8]
    script_topic: Column
    script_from: Column


class State(NamedTuple):
    """What changes of viewers; times are ms."""

    next_at: Column
    inside: Column
    visit: Column
    began: Column
    last_at: Column
    limit: Column
    used: Column
    mood: Column
    streak: Column
    gave: Column
    watched: Column
    habit: Column
    chance: Column
    chance_at: Column
    presses: Column
    """How often a scripted viewer still presses "not interested"."""
    taste: Column  # [viewers, topics]
    interest: Column  # [viewers, topics], 0 to 1
    satiation: Column  # [viewers, topics], sums to at most 1
    seen: Column  # [viewers, videos / 8] bits
    followed: Column  # [viewers, creators / 8] bits


class Rows(NamedTuple):
    """Where exposures are written, one row each."""

    viewer: Column
    video: Column
    at: Column
    session: Column
    position: Column
    surface: Column
    seconds: Column
    furthest: Column
    replays: Column
    acts: Column  # [rows, 8] bool
    match: Column
    pleasure: Column


class Sent(NamedTuple):
    """Where videos that were sent to friends are written."""

    viewer: Column
    video: Column
    at: Column
    sender: Column


@njit(cache=True, nogil=True)
def _has(bits, row, thing):  # type: ignore[no-untyped-def]
    return (bits[row, thing >> 3] >> np.uint8(thing & 7)) & np.uint8(1) != 0


@njit(cache=True, nogil=True)
def _put(bits, row, thing):  # type: ignore[no-untyped-def]
    bits[row, thing >> 3] |= np.uint8(1) << np.uint8(thing & 7)


@njit(cache=True, nogil=True)
def match_of(n, catalogue, people, interest, v, video):  # type: ignore[no-untyped-def]
    """How well a video fits a viewer's taste and language, 0 to 1."""
    match = np.float32(0.0)
    for t in range(interest.shape[1]):
        match += interest[v, t] * catalogue.content[video, t]
    spoken = catalogue.language[video]
    if spoken != people.language[v]:
        match *= np.float32(n.english if spoken == 0 else n.foreign)
    return match


@njit(cache=True, nogil=True)
def matches(n, catalogue, people, interest, viewers, videos):  # type: ignore[no-untyped-def]
    """The match of pairs."""
    found = np.empty(len(viewers), np.float32)
    for i in range(len(viewers)):
        found[i] = match_of(n, catalogue, people, interest, viewers[i], videos[i])
    return found


@njit(cache=True, nogil=True)
def _meet(n, catalogue, people, state, seed, v, video):  # type: ignore[no-untyped-def]
    satiation, novelty = 0.0, 0.0
    for t in range(state.satiation.shape[1]):
        of = catalogue.content[video, t]
        if of > 0.0:
            had = state.satiation[v, t]
            satiation += of * had
            novelty += of * max(state.taste[v, t] - had, 0.0)
    original, again = catalogue.copy_of[video], _has(state.seen, v, video)
    known = again or (original >= 0 and _has(state.seen, v, original))
    key = pair_key(seed, v, video)
    if again:  # other luck than the first time
        key += np.uint64(AGAIN)
    return Meeting(
        key,
        np.float64(match_of(n, catalogue, people, state.interest, v, video)),
        satiation,
        novelty,
        known,
        _has(state.followed, v, catalogue.creator[video]),
        normal(key, QUIRK),
    )


@njit(cache=True, nogil=True)
def _remember(n, catalogue, state, v, video, pressed):  # type: ignore[no-untyped-def]
    """What was shown is satiating, is seen, and whom it made the viewer follow is followed."""
    for t in range(state.satiation.shape[1]):
        state.satiation[v, t] = n.keep * state.satiation[v, t] + (1.0 - n.keep) * catalogue.content[video, t]
    _put(state.seen, v, video)
    original = catalogue.copy_of[video]
    if original >= 0:  # who has seen the copy knows the original
        _put(state.seen, v, original)
    if pressed & (1 << FOLLOW):
        _put(state.followed, v, catalogue.creator[video])


@njit(cache=True, nogil=True)
def _scripted(catalogue, people, state, v, video, at):  # type: ignore[no-untyped-def]
    """Whether a scripted viewer presses "not interested" on this one, and does nothing else."""
    if state.presses[v] <= 0 or catalogue.leaf[video] != people.script_topic[v] or at < people.script_from[v]:
        return False
    state.presses[v] -= 1
    return True


@njit(cache=True, nogil=True)
def expose(n, films, catalogue, people, state, seed, v, video, at, rows, i):  # type: ignore[no-untyped-def]
    """One exposure, written to row `i`; what was pressed, and when the next video begins."""
    meeting = _meet(n, catalogue, people, state, seed, v, video)
    seconds, pressed, pleasure = react(n, films, video, meeting, people.offsets[v])
    if _scripted(catalogue, people, state, v, video, at):
        seconds, pressed, pleasure = 1.0, 1 << REFUSE, 0.0
    duration = np.float64(films.duration[video])
    rows.viewer[i], rows.video[i], rows.at[i] = v, video, at
    rows.seconds[i], rows.furthest[i] = seconds, min(seconds, duration)
    rows.replays[i] = starts_again(seconds, duration)
    rows.match[i], rows.pleasure[i] = meeting.match, pleasure
    took = seconds + n.pace_s
    for act in range(ACTS):
        rows.acts[i, act] = pressed & (1 << act) != 0
        took += n.act_s[act] if rows.acts[i, act] else 0.0
    _remember(n, catalogue, state, v, video, pressed)
    return pressed, at + np.int64(took * 1000.0)


@njit(cache=True, nogil=True)
def _send(n, people, seed, v, video, at, sent, count):  # type: ignore[no-untyped-def]
    """A shared video goes to one friend, who may look at it later."""
    key = pair_key(seed, v, LUCK * 2 + video)
    friend = people.friends[v, int(uniform(key, FRIEND) * FRIENDS)]
    if friend < 0 or uniform(key, OPEN) >= n.sent_open:
        return count
    sent.viewer[count], sent.video[count], sent.sender[count] = friend, video, v
    sent.at[count] = at + np.int64(exponential(key, LATER) * n.sent_h * HOUR)
    return count + 1


@njit(cache=True, nogil=True)
def watch_slates(n, films, catalogue, people, state, seed, viewers, at, slates, rows, sent):  # type: ignore[no-untyped-def]
    """Everyone watches their slate; how many rows and how many sent videos were written."""
    count, passed = 0, 0
    for i in range(len(viewers)):
        v, now = viewers[i], at[i]
        if not state.inside[v]:
            begin(n, people, state, seed, v, now)
        left, shown = False, 0
        for place in range(slates.shape[1]):
            video = slates[i, place]
            if video < 0:
                continue
            shown += 1
            pressed, now = expose(n, films, catalogue, people, state, seed, v, video, now, rows, count)
            rows.session[count], rows.position[count], rows.surface[count] = state.visit[v], place, 0
            if pressed & (1 << SHARE):
                passed = _send(n, people, seed, v, video, now, sent, passed)
            _feel(n, films, state, v, rows, count)
            count += 1
            if tired(n, state, v, now):
                left = True
                break
        state.next_at[v], state.last_at[v] = now, now
        if left or shown == 0:
            end(n, people, state, seed, v, now)
    return count, passed


@njit(cache=True, nogil=True)
def _feel(n, films, state, v, rows, i):  # type: ignore[no-untyped-def]
    """The mood of the visit follows what the video gave."""
    state.mood[v] = n.mood_keep * state.mood[v] + (1.0 - n.mood_keep) * rows.pleasure[i]
    state.gave[v] += rows.pleasure[i]
    state.watched[v] += 1
    skipped = rows.seconds[i] < FIRST_S and rows.seconds[i] < films.duration[rows.video[i]]
    state.streak[v] = state.streak[v] + 1 if skipped else 0


@njit(cache=True, nogil=True)
def watch_sent(n, films, catalogue, people, state, seed, viewers, videos, at, rows, sent):  # type: ignore[no-untyped-def]
    """Friends look at what they were sent, outside the feed; how many rows and how many sent on."""
    passed = 0
    for i in range(len(viewers)):
        pressed, now = expose(n, films, catalogue, people, state, seed, viewers[i], videos[i], at[i], rows, i)
        rows.session[i], rows.position[i], rows.surface[i] = -1, 0, 1
        if pressed & (1 << SHARE):
            passed = _send(n, people, seed, viewers[i], videos[i], now, sent, passed)
    return len(viewers), passed


@njit(cache=True, nogil=True)
def interests(n, similarity, taste, interest):  # type: ignore[no-untyped-def]
    """Write how much each viewer cares for each topic, 0 to 1: the root of its share of the taste against the largest
    share, or what a related topic lends it."""
    for v in range(taste.shape[0]):
        most = np.float32(0.0)
        for t in range(taste.shape[1]):
            interest[v, t] = 0.0
            most = max(most, taste[v, t])
        for u in range(taste.shape[1]):
            if taste[v, u] <= 0.0:
                continue
            liked = np.sqrt(taste[v, u] / most)
            for t in range(taste.shape[1]):
                lent = liked if t == u else liked * n.kin * similarity[u, t]
                interest[v, t] = max(interest[v, t], lent)
