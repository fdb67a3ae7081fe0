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
from foryou.core.event import REACTIONS, Kind
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
        Field("for", "float64", SLOTS),
        Field("against", "float64", SLOTS),
        Field("rejected", "float64", SLOTS, help="not-interesteds and reports"),
        Field("unexplained", "float32", SLOTS, help="sum of y - p of long views"),
        Field("weight", "float32", SLOTS, help="sum of p (1 - p)"),
        Field("at", "int64", SLOTS),
    ),
)

_FOR = {"long_view": 1.0, "like": 1.0, "comment": 1.0, "share": 1.5, "save": 1.5, "follow": 1.0, "visit": 0.3}
_AGAINST = {"not_interested": 2.0, "report": 2.0}
_UNWATCHED = 0.5
"""Evidence against, of a watch that was no long view: balances a long-view rate of a third."""
_SKIPPED = 0.2
_COLUMN = {name: position for position, name in enumerate(OUTCOMES)}


@njit(cache=True, nogil=True)
def _weakest(pro, con, rejected, at, k, when, half):  # type: ignore[no-untyped-def]
    weakest, least = 0, np.inf
    for s in range(pro.shape[1]):
        mass = (pro[k, s] + con[k, s]) * 2.0 ** (-(when - at[k, s]) / half) + 4.0 * rejected[k, s]
        if mass < least:
            weakest, least = s, mass
    return weakest


@njit(cache=True, nogil=True)
def _learn(  # type: ignore[no-untyped-def]
    key,
    what,
    pro,
    con,
    rejected,
    left,
    heavy,
    at,
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
):
    slots = key.shape[1]
    for i in range(len(row)):
        k = row[i]
        for t in range(targets.shape[1]):
            target = targets[i, t]
            if target == 0:
                continue
            found, empty = -1, -1
            for s in range(slots):
                if key[k, s] == target:
                    found = s
                    break
                if key[k, s] == 0:
                    empty = s
                    break
            if found < 0:
                found = empty if empty >= 0 else _weakest(pro, con, rejected, at, k, when[i], half)
                key[k, found], what[k, found], at[k, found] = target, whats[t], when[i]
                pro[k, found], con[k, found], rejected[k, found] = 0.0, 0.0, 0.0
                left[k, found], heavy[k, found] = 0.0, 0.0
            late = 0.0
            if when[i] > at[k, found]:
                fade = 2.0 ** (-(when[i] - at[k, found]) / half)
                pro[k, found] *= fade
                con[k, found] *= fade
                left[k, found] *= fade
                heavy[k, found] *= fade
                rejected[k, found] *= 2.0 ** (-(when[i] - at[k, found]) / reject_half)
                at[k, found] = when[i]
            else:
                late = float(at[k, found] - when[i])
            fade = 2.0 ** (-late / half)
            pro[k, found] = max(pro[k, found] + plus[i] * fade, 0.0)
            con[k, found] = max(con[k, found] + minus[i] * fade, 0.0)
            left[k, found] += residual[i] * fade
            heavy[k, found] += weight[i] * fade
            if whats[t] <= 1:
                rejected[k, found] = max(rejected[k, found] + reject[i] * 2.0 ** (-late / reject_half), 0.0)


def _interests(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    counts = events["counts"]
    plus = sum(counts[:, _COLUMN[name]] * weight for name, weight in _FOR.items())
    minus = sum(counts[:, _COLUMN[name]] * weight for name, weight in _AGAINST.items())
    watched = counts[:, _COLUMN["watch"]] * (1 - counts[:, _COLUMN["long_view"]])
    minus = minus + _UNWATCHED * watched + _SKIPPED * counts[:, _COLUMN["skip"]]
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
    whats = np.array([TOPIC] * topics.shape[1] + [AUTHOR, SOUND, FORMAT, LENGTH, LANGUAGE, SURFACE], np.int8)
    _learn(
        held["key"],
        held["what"],
        held["for"],
        held["against"],
        held["rejected"],
        held["unexplained"],
        held["weight"],
        held["at"],
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
    )
    return Batch(held)


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
)
VIEWS = (View(INTERESTS, "viewer", REACTIONS, _interests, _READS),)


@njit(cache=True, nogil=True)
def _look_up(  # type: ignore[no-untyped-def]
    key,
    pro,
    con,
    rejected,
    left,
    heavy,
    at,
    of,
    targets,
    when,
    half,
    reject_half,
    ridge,
    strength,
    evidence,
    refused,
    lift,
):
    for i in range(targets.shape[0]):
        k = of[i]
        for t in range(targets.shape[1]):
            target = targets[i, t]
            if target == 0:
                continue
            for s in range(key.shape[1]):
                if key[k, s] == target:
                    age = max(when[i] - at[k, s], 0)
                    fade = 2.0 ** (-age / half)
                    a, b = pro[k, s] * fade, con[k, s] * fade
                    strength[i, t] = (a - b) / (a + b + 2.0)
                    evidence[i, t] = a + b
                    refused[i, t] = rejected[k, s] * 2.0 ** (-age / reject_half)
                    lift[i, t] = left[k, s] * fade / (heavy[k, s] * fade + ridge)
                    break


class Found(NamedTuple):
    """What the viewer's record says of some targets, each `[rows, targets]`."""

    strength: Column
    """In (-1, 1)."""
    evidence: Column
    refused: Column
    """Not-interesteds and reports."""
    lift: Column
    """Log-odds of a long view beyond what the effects of all that took part explain."""


def look_up(interests: Batch, of: Rows, targets: Column, at: Column) -> Found:
    """What viewer row `of[i]` thinks of what each row is about, `targets` `[rows, targets]`, at `at` (ms)."""
    found = Found(*(np.zeros(targets.shape) for _ in Found._fields))
    _look_up(
        interests["key"],
        interests["for"],
        interests["against"],
        interests["rejected"],
        interests["unexplained"],
        interests["weight"],
        interests["at"],
        of,
        np.ascontiguousarray(targets),
        at,
        float(HALF_LIFE),
        float(REJECTED_HALF_LIFE),
        RIDGE,
        *found,
    )
    return found
