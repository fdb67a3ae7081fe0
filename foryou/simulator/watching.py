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


class Minds(NamedTuple):
    """What viewers like and remember, and what videos are about: everything with a number for each topic or video."""

    content: Column  # [videos, topics] float32, sums to 1
    taste: Column  # [viewers, topics] float32, sums to 1
    interest: Column  # [viewers, topics] float32, 0 to 1
    satiation: Column  # [viewers, topics] float32, sums to at most 1
    seen: Column  # [viewers, videos / 8] bits
    followed: Column  # [viewers, creators / 8] bits


@njit(cache=True, nogil=True)
def _has(bits, row, thing):  # type: ignore[no-untyped-def]
    return (bits[row, thing >> 3] >> np.uint8(thing & 7)) & np.uint8(1) != 0


@njit(cache=True, nogil=True)
def _put(bits, row, thing):  # type: ignore[no-untyped-def]
    bits[row, thing >> 3] |= np.uint8(1) << np.uint8(thing & 7)


@njit(cache=True, nogil=True)
def match_of(n, films, people, content, interest, v, video):  # type: ignore[no-untyped-def]
    """How well a video fits a viewer's taste and language, 0 to 1."""
    match = np.float32(0.0)
    for t in range(interest.shape[1]):
        match += interest[v, t] * content[video, t]
    spoken = films[video].language
    if spoken != people[v].language:
        match *= np.float32(n.english if spoken == 0 else n.foreign)
    return match


@njit(cache=True, nogil=True)
def matches(n, films, people, content, interest, viewers, videos):  # type: ignore[no-untyped-def]
    """The match of pairs."""
    found = np.empty(len(viewers), np.float32)
    for i in range(len(viewers)):
        found[i] = match_of(n, films, people, content, interest, viewers[i], videos[i])
    return found


@njit(cache=True, nogil=True)
def _meet(n, films, people, minds, seed, v, video):  # type: ignore[no-untyped-def]
    satiation, novelty = 0.0, 0.0
    for t in range(minds.satiation.shape[1]):
        of = minds.content[video, t]
        if of > 0.0:
            had = minds.satiation[v, t]
            satiation += of * had
            novelty += of * max(minds.taste[v, t] - had, 0.0)
    original, again = films[video].copy_of, _has(minds.seen, v, video)
    known = again or (original >= 0 and _has(minds.seen, v, original))
    key = pair_key(seed, v, video)
    if again:  # other luck than the first time
        key += np.uint64(AGAIN)
    return Meeting(
        key,
        np.float64(match_of(n, films, people, minds.content, minds.interest, v, video)),
        satiation,
        novelty,
        known,
        _has(minds.followed, v, films[video].creator),
        normal(key, QUIRK),
    )


@njit(cache=True, nogil=True)
def _remember(n, films, minds, v, video, pressed):  # type: ignore[no-untyped-def]
    """What was shown is satiating, is seen, and whom it made the viewer follow is followed."""
    for t in range(minds.satiation.shape[1]):
        minds.satiation[v, t] = n.keep * minds.satiation[v, t] + (1.0 - n.keep) * minds.content[video, t]
    _put(minds.seen, v, video)
    original = films[video].copy_of
    if original >= 0:  # who has seen the copy knows the original
        _put(minds.seen, v, original)
    if pressed & (1 << FOLLOW):
        _put(minds.followed, v, films[video].creator)


@njit(cache=True, nogil=True)
def _scripted(films, people, state, v, video, at):  # type: ignore[no-untyped-def]
    """Whether a scripted viewer presses "not interested" on this one, and does nothing else."""
    if state[v].presses <= 0 or films[video].leaf != people[v].script_topic or at < people[v].script_from:
        return False
    state[v].presses -= 1
    return True


@njit(cache=True, nogil=True)
def expose(n, films, people, state, minds, seed, v, video, at, rows, i):  # type: ignore[no-untyped-def]
    """One exposure, written to row `i`; what was pressed, and when the next video begins."""
    meeting = _meet(n, films, people, minds, seed, v, video)
    seconds, pressed, pleasure = react(n, films, video, meeting, people[v].offsets)
    if _scripted(films, people, state, v, video, at):
        seconds, pressed, pleasure = 1.0, 1 << REFUSE, 0.0
    duration = np.float64(films[video].duration)
    rows[i].viewer, rows[i].video, rows[i].at = v, video, at
    rows[i].seconds, rows[i].furthest = seconds, min(seconds, duration)
    rows[i].acts, rows[i].replays = pressed, starts_again(seconds, duration)
    rows[i].match, rows[i].pleasure = meeting.match, pleasure
    took = seconds + n.pace_s
    for act in range(ACTS):
        if pressed & (1 << act):
            took += n.act_s[act]
    _remember(n, films, minds, v, video, pressed)
    return pressed, at + np.int64(took * 1000.0)


@njit(cache=True, nogil=True)
def _send(n, people, seed, v, video, at, sent, count):  # type: ignore[no-untyped-def]
    """A shared video goes to some friends, who may look at it later; how many rows of `sent` are written now."""
    for place in range(FRIENDS):
        friend = people[v].friends[place]
        key = pair_key(seed, v, LUCK * 2 + video * FRIENDS + place)
        if friend >= 0 and uniform(key, FRIEND) < n.sent_to and uniform(key, OPEN) < n.sent_open:
            sent[count].viewer, sent[count].video, sent[count].sender = friend, video, v
            sent[count].at = at + np.int64(exponential(key, LATER) * n.sent_h * HOUR)
            count += 1
    return count


@njit(cache=True, nogil=True)
def watch_slates(n, films, people, state, minds, seed, viewers, at, slates, rows, sent):  # type: ignore[no-untyped-def]
    """Everyone watches their slate; how many rows and how many sent videos were written."""
    count, passed = 0, 0
    for i in range(len(viewers)):
        v, now = viewers[i], at[i]
        if not state[v].inside:
            begin(n, people, state, minds.satiation, seed, v, now)
        left, shown = False, 0
        for place in range(slates.shape[1]):
            video = slates[i, place]
            if video < 0:
                continue
            shown += 1
            pressed, now = expose(n, films, people, state, minds, seed, v, video, now, rows, count)
            rows[count].session, rows[count].position, rows[count].surface = state[v].visit, place, 0
            if pressed & (1 << SHARE):
                passed = _send(n, people, seed, v, video, now, sent, passed)
            _feel(n, films, state, v, rows, count)
            count += 1
            if tired(n, state, v, now):
                left = True
                break
        state[v].next_at, state[v].last_at = now, now
        if left or shown == 0:
            end(n, people, state, seed, v, now)
    return count, passed


@njit(cache=True, nogil=True)
def _feel(n, films, state, v, rows, i):  # type: ignore[no-untyped-def]
    """The mood of the visit follows what the video gave."""
    state[v].mood = n.mood_keep * state[v].mood + (1.0 - n.mood_keep) * rows[i].pleasure
    state[v].gave += rows[i].pleasure
    state[v].watched += 1
    skipped = rows[i].seconds < FIRST_S and rows[i].seconds < films[rows[i].video].duration
    state[v].streak = state[v].streak + 1 if skipped else 0


@njit(cache=True, nogil=True)
def watch_sent(n, films, people, state, minds, seed, viewers, videos, at, rows, sent):  # type: ignore[no-untyped-def]
    """Friends look at what they were sent, outside the feed; how many are sent on."""
    passed = 0
    for i in range(len(viewers)):
        pressed, now = expose(n, films, people, state, minds, seed, viewers[i], videos[i], at[i], rows, i)
        rows[i].session, rows[i].position, rows[i].surface = -1, 0, 1
        if pressed & (1 << SHARE):
            passed = _send(n, people, seed, viewers[i], videos[i], now, sent, passed)
    return passed


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
