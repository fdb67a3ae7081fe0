"""What each viewer likes more and less than they usually do: topics, authors, sounds, formats, lengths, languages and
surfaces.

Interest is signed. A slot holds faded evidence for and against; strength = (for - against) / (for + against + 2) lies
in (-1, 1). Beside it stands what `effects` left unexplained of this viewer's long views of it: lift, in log-odds. A
viewer keeps the 64 slots with the most evidence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY
from foryou.core.event import ABOUT, REACTIONS, Kind
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.catalog import FORMAT_IDS, LENGTH_IDS
from foryou.features.enrich import OUTCOMES

SLOTS = 64
HALF_LIFE = 30 * DAY
REJECTED_HALF_LIFE = 90 * DAY
PRIOR = 2.0
RIDGE = 8.0
"""How strongly a lift is held at zero: the ridge of one more effect, that of a viewer with a target."""
TOPIC, AUTHOR, SOUND, FORMAT, LENGTH, LANGUAGE, SURFACE = range(7)
KINDS_OF_INTEREST: tuple[str, ...] = ("topic", "author", "sound", "format", "length", "language", "surface")

INTERESTS = Table(
    "interest",
    (
        Field("key", "int64", SLOTS),
        Field("what", "int8", SLOTS, help="position in KINDS_OF_INTEREST"),
        Field("for", "float32", SLOTS),
        Field("against", "float32", SLOTS),
        Field("rejected", "float16", SLOTS, help="not-interesteds and reports"),
        Field("unexplained", "float16", SLOTS, help="sum of y - p of long views"),
        Field("weight", "float16", SLOTS, help="sum of p (1 - p)"),
        Field("begun", "uint16", SLOTS, help="day of the first event of this slot, days since 1970"),
        Field("latest", "uint16", SLOTS, help="day of its latest event"),
        Field("since", "int64", help="the time that all evidence is written as of, ms"),
        Field("last", "int64", help="latest event, ms"),
    ),
)
"""All evidence of a viewer is written as of one time, before most of it: what comes later is written larger instead of
making what is there smaller (forward decay; Cormode et al., 2009). So little numbers do not fade away in rounding."""
_AHEAD = REJECTED_HALF_LIFE
"""ms that evidence may be ahead of the time it is written as of, before that moves on. A multiple of both half-lives:
moving then changes no digit."""

FOR = {"long_view": 1.0, "like": 1.0, "comment": 1.0, "share": 1.5, "save": 1.5, "follow": 1.0, "visit": 0.3}
AGAINST = {"not_interested": 2.0, "report": 2.0}
UNWATCHED = 0.5
"""Evidence against, of a watch that was no long view: balances a long-view rate of a third."""
SKIPPED = 0.2
_COLUMN = {name: position for position, name in enumerate(OUTCOMES)}


@njit(cache=True, nogil=True)
def _half(value):  # type: ignore[no-untyped-def]
    """The nearest number of half precision: after each event, so that it does not matter how the log was cut."""
    if abs(value) < 2.0**-14:
        return np.round(value * 2.0**24) * 2.0**-24
    value = min(max(value, -65504.0), 65504.0)
    split = value * (2.0**42 + 1.0)  # leaves 11 of the 53 bits of a double (Veltkamp, 1968)
    return split - (split - value)


@njit(cache=True, nogil=True)
def _weakest(pro, con, rejected, k, fade, reject_fade):  # type: ignore[no-untyped-def]
    weakest, least = 0, np.inf
    for s in range(pro.shape[1]):
        mass = (pro[k, s] + con[k, s]) * fade + 4.0 * rejected[k, s] * reject_fade
        if mass < least:
            weakest, least = s, mass
    return weakest


@njit(cache=True, nogil=True)
def _move_on(pro, con, rejected, left, heavy, since, k, when, half, reject_half, ahead):  # type: ignore[no-untyped-def]
    """Evidence of viewer `k` becomes as of a later time, where `when` is too far ahead."""
    steps = (when - since[k]) // ahead
    since[k] += steps * ahead
    fade, reject_fade = 2.0 ** (-(steps * ahead / half)), 2.0 ** (-(steps * ahead / reject_half))
    for s in range(pro.shape[1]):
        pro[k, s] *= fade
        con[k, s] *= fade
        rejected[k, s] = _half(rejected[k, s] * reject_fade)
        left[k, s], heavy[k, s] = _half(left[k, s] * fade), _half(heavy[k, s] * fade)


@njit(cache=True, nogil=True)
def _learn(  # type: ignore[no-untyped-def]
    key,
    what,
    pro,
    con,
    rejected,
    left,
    heavy,
    begun,
    latest,
    since,
    last,
    row,
    targets,
    whats,
    plus,
    minus,
    reject,
    residual,
    weight,
    when,
    half,
    reject_half,
    ahead,
):
    slots = key.shape[1]
    for i in range(len(row)):
        k = row[i]
        if key[k, 0] == 0:
            since[k] = when[i]
        elif when[i] - since[k] >= ahead:
            _move_on(pro, con, rejected, left, heavy, since, k, when[i], half, reject_half, ahead)
        grown = 2.0 ** ((when[i] - since[k]) / half)
        reject_grown = 2.0 ** ((when[i] - since[k]) / reject_half)
        for t in range(targets.shape[1]):
            target = targets[i, t]
            if target == 0:
                continue
            last[k] = max(last[k], when[i])
            found, empty = -1, -1
            for s in range(slots):
                if key[k, s] == target:
                    found = s
                    break
                if key[k, s] == 0:
                    empty = s
                    break
            if found < 0:
                found = empty if empty >= 0 else _weakest(pro, con, rejected, k, 1.0 / grown, 1.0 / reject_grown)
                key[k, found], what[k, found] = target, whats[t]
                pro[k, found], con[k, found], rejected[k, found] = 0.0, 0.0, 0.0
                left[k, found], heavy[k, found] = 0.0, 0.0
                begun[k, found], latest[k, found] = when[i] // DAY, 0
            begun[k, found] = min(begun[k, found], when[i] // DAY)
            latest[k, found] = max(latest[k, found], when[i] // DAY)
            pro[k, found] = max(pro[k, found] + plus[i] * grown, 0.0)
            con[k, found] = max(con[k, found] + minus[i] * grown, 0.0)
            left[k, found] = _half(left[k, found] + residual[i] * grown)
            heavy[k, found] = _half(heavy[k, found] + weight[i] * grown)
            if whats[t] <= 1:
                rejected[k, found] = _half(max(rejected[k, found] + _half(reject[i] * reject_grown), 0.0))


def _interests(state: Batch, events: Batch, row: Rows) -> Batch:
    held = _single(state)
    counts = events["counts"]
    plus = sum(counts[:, _COLUMN[name]] * weight for name, weight in FOR.items())
    minus = sum(counts[:, _COLUMN[name]] * weight for name, weight in AGAINST.items())
    watched = counts[:, _COLUMN["watch"]] * (1 - counts[:, _COLUMN["long_view"]])
    minus = minus + UNWATCHED * watched + SKIPPED * counts[:, _COLUMN["skip"]]
    reject = counts[:, _COLUMN["not_interested"]] + counts[:, _COLUMN["report"]]
    topics = events["topics"].copy()
    topics[np.isin(events["base"], (Kind.FOLLOW, Kind.VISIT, Kind.BLOCK))] = 0
    targets = np.concatenate(
        [
            topics,
            np.stack(
                [
                    events["author"],
                    events["sound"],
                    FORMAT_IDS[events["format"]],
                    LENGTH_IDS[events["length"]],
                    events["video_language"],
                    events["surface"],
                ],
                axis=1,
            ),
        ],
        axis=1,
    )
    targets[(plus == 0) & (minus == 0)] = 0
    of_topics, of_author = (events["dislike"] == ABOUT.index(name) for name in ("topic", "author"))
    targets[of_topics, topics.shape[1] :] = 0
    targets[np.ix_(of_author, np.arange(targets.shape[1]) != topics.shape[1])] = 0
    whats = np.array([TOPIC] * topics.shape[1] + [AUTHOR, SOUND, FORMAT, LENGTH, LANGUAGE, SURFACE], np.int8)
    _learn(
        held["key"],
        held["what"],
        held["for"],
        held["against"],
        held["rejected"],
        held["unexplained"],
        held["weight"],
        held["begun"],
        held["latest"],
        held["since"],
        held["last"],
        row,
        targets,
        whats,
        np.asarray(plus),
        np.asarray(minus),
        reject,
        events["residual"],
        events["weight"],
        events["effective"],
        float(HALF_LIFE),
        float(REJECTED_HALF_LIFE),
        _AHEAD,
    )
    return Batch(held)


def _single(rows: Batch) -> dict[str, Column]:
    """Columns to write to, those of half precision in single: compiled code has no other."""
    return {
        name: rows[name].astype(np.float32 if rows[name].dtype == np.float16 else rows[name].dtype) for name in rows
    }


_READS = (
    "counts",
    "topics",
    "base",
    "author",
    "sound",
    "format",
    "length",
    "video_language",
    "surface",
    "residual",
    "weight",
    "effective",
    "dislike",
)
VIEWS = (View(INTERESTS, "viewer", REACTIONS, _interests, _READS),)


_INDEX = 2 * SLOTS
"""Places in a viewer's index of slots: a power of two."""


@njit(cache=True, nogil=True)
def _index(key, index):  # type: ignore[no-untyped-def]
    """For each viewer where the slot of a target is: 1 + slot in `index` `[viewers, _INDEX]`, 0 where none is."""
    mask = index.shape[1] - 1
    for v in range(len(key)):
        for s in range(key.shape[1]):
            target = key[v, s]
            if target == 0:
                continue
            at = (target ^ (target >> 17)) & mask
            while index[v, at] != 0:
                at = (at + 1) & mask
            index[v, at] = s + 1


@njit(cache=True, nogil=True)
def _read(  # type: ignore[no-untyped-def]
    key, pro, con, rejected, left, heavy, since, last, index, of, targets, when, half, reject_half, ridge, asked, said,
    found,
):  # fmt: skip
    """Fills `found` `[4, rows, targets]`. What a slot says is kept in `said` while it is `asked` as of the same time,
    as it always is in one request."""
    mask = index.shape[1] - 1
    for i in range(targets.shape[0]):
        v = of[i]
        for t in range(targets.shape[1]):
            target, s = targets[i, t], -1
            if target != 0:
                where = (target ^ (target >> 17)) & mask
                while index[v, where] != 0:
                    if key[v, index[v, where] - 1] == target:
                        s = index[v, where] - 1
                        break
                    where = (where + 1) & mask
            if s < 0:
                for n in range(4):
                    found[n, i, t] = 0.0
                continue
            if asked[v, s] != when[i]:
                asked[v, s] = when[i]
                age = max(when[i], last[v]) - since[v]
                fade = np.exp2(-age / half)
                a, b = pro[v, s] * fade, con[v, s] * fade
                said[v, s, 0] = (a - b) / (a + b + 2.0)
                said[v, s, 1] = a + b
                said[v, s, 2] = rejected[v, s] * np.exp2(-age / reject_half)
                said[v, s, 3] = left[v, s] * fade / (heavy[v, s] * fade + ridge)
            for n in range(4):
                found[n, i, t] = said[v, s, n]


class Found(NamedTuple):
    """What the viewer's record says of some targets, each `[rows, targets]`."""

    strength: Column
    """In (-1, 1)."""
    evidence: Column
    refused: Column
    """Not-interesteds and reports."""
    lift: Column
    """Log-odds of a long view beyond what the effects of all that took part explain."""


_COLUMNS = ("key", "for", "against", "rejected", "unexplained", "weight", "since", "last")


def look_up(store: Store, viewer: Keys, of: Rows, targets: Column, at: Column) -> Found:
    """What viewer `viewer[of[i]]` thinks of what each row is about, `targets` `[rows, targets]`, at `at` (ms)."""
    held = _single(store.columns(INTERESTS.name, viewer, _COLUMNS))
    index = np.zeros((len(viewer), _INDEX), np.int8)
    _index(held["key"], index)
    asked, said = np.full((len(viewer), SLOTS), -1), np.empty((len(viewer), SLOTS, 4))
    found = np.empty((4, *targets.shape))
    half, reject_half = float(HALF_LIFE), float(REJECTED_HALF_LIFE)
    _read(
        *(held[name] for name in _COLUMNS), index, of, np.ascontiguousarray(targets), at, half, reject_half, RIDGE,
        asked, said, found,
    )  # fmt: skip
    return Found(*found)


@njit(cache=True, nogil=True)
def _strengths(key, pro, con, since, last, when, half, out):  # type: ignore[no-untyped-def]
    for v in range(len(key)):
        fade = np.exp2(-(max(when[v], last[v]) - since[v]) / half)
        for s in range(key.shape[1]):
            a, b = pro[v, s] * fade, con[v, s] * fade
            out[v, s] = (a - b) / (a + b + PRIOR) if key[v, s] != 0 else 0.0


def strengths(store: Store, viewer: Keys, at: int) -> tuple[Column, Column, Column]:
    """What each viewer `[viewers]` likes more and less, as of `at` (ms): the keys, which of KINDS_OF_INTEREST each is
    of, and the strength in (-1, 1), all `[viewers, SLOTS]`."""
    held = store.columns(INTERESTS.name, viewer, ("key", "what", "for", "against", "since", "last"))
    return held["key"], held["what"], strengths_of(held, np.full(len(viewer), at))


def strengths_of(held: Batch, at: Column) -> Column:
    """The strengths `[viewers, SLOTS]` that rows of the table say, as of `at` `[viewers]` (ms)."""
    out = np.empty(held["key"].shape)
    _strengths(held["key"], held["for"], held["against"], held["since"], held["last"], at, float(HALF_LIFE), out)
    return out
