"""How often each outcome happened to a video, author, sound, hashtag or viewer, fading with time.

A count is the sum of 2^(-age / half-life) over its events, kept for several half-lives (forward decay; Cormode et al.,
2009). A late event adds what it would have added had it come in time. What is not trusted to be real adds less
(`trust`); beside the faded, trusted counts stand plain totals of everything that was told.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.core.event import REACTIONS
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Store
from foryou.core.table import Field, Table
from foryou.core.view import Update, View
from foryou.features.enrich import OUTCOMES
from foryou.features.judge import EVERYONE

HALF_LIVES: tuple[int, ...] = (HOUR, DAY, 30 * DAY)
"""ms: what is bursting, what is going on today, what is so in general."""

_WIDTH = len(OUTCOMES) * len(HALF_LIVES)
COUNTED: tuple[tuple[str, str], ...] = (
    ("count_video", "video"),
    ("count_author", "author"),
    ("count_sound", "sound"),
    ("count_topic", "topics"),
    ("count_viewer", "viewer"),
    ("count_all", "everyone"),
)
"""The counter tables, and the event column that each is keyed by. A viewer's own counts are as they are; of all others
an event adds as much as it is trusted."""
SINGLE = ("count_video", "count_viewer")
"""Those of which there are many are in single precision; sums over everybody would stand still in it."""
STEP = MINUTE
"""ms after which counts fade. What comes sooner is written larger instead: by so little, single precision could not
fade."""
ACTIVE = ("like", "comment", "share", "save", "follow")
TOTALLED = len(OUTCOME_BITS)
TOTAL = Table(
    "total",
    (
        Field("raw", "int32", TOTALLED, help="how often each outcome happened, whoever did it"),
        Field("doubted", "float32", TOTALLED, help="how much of that does not count for others"),
    ),
)
"""Of videos, authors, and (key 1) all together, from the beginning."""


@njit(cache=True, nogil=True)
def _add(values, at, row, when, amounts, half_lives, step):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k = row[i]
        if when[i] >= at[k] + step:
            if at[k] > 0:
                for h in range(len(half_lives)):
                    factor = 2.0 ** (-(when[i] - at[k]) / half_lives[h])
                    for o in range(amounts.shape[1]):
                        values[k, o * len(half_lives) + h] *= factor
            at[k] = when[i]
        late = float(at[k] - when[i])
        for h in range(len(half_lives)):
            factor = 1.0 if late == 0.0 else 2.0 ** (-late / half_lives[h])
            for o in range(amounts.shape[1]):
                if amounts[i, o] != 0.0:
                    values[k, o * len(half_lives) + h] += amounts[i, o] * factor


def _count(column: str) -> Update:
    """Adds one of the event columns `counts` and `trusted`."""

    def add(state: Batch, events: Batch, row: Rows) -> Batch:
        values, at = state["values"].copy(), state["at"].copy()
        _add(values, at, row, events["effective"], events[column], np.array(HALF_LIVES, np.float64), STEP)
        return Batch({"values": values, "at": at})

    return add


def _total(state: Batch, events: Batch, row: Rows) -> Batch:
    raw, doubted = state["raw"].copy(), state["doubted"].copy()
    _add_totals(raw, doubted, row, events["viewer"], events["counts"], events["trusted"])
    return Batch({"raw": raw, "doubted": doubted})


@njit(cache=True, nogil=True)
def _add_totals(raw, doubted, row, viewer, counts, trusted):  # type: ignore[no-untyped-def]
    """What nobody did (viewer 0) takes back trust, and is no outcome."""
    for i in range(len(row)):
        k = row[i]
        for o in range(raw.shape[1]):
            count = counts[i, o] if viewer[i] != 0 else 0.0
            if count != 0.0 or trusted[i, o] != 0.0:
                raw[k, o] += np.int32(count)
                doubted[k, o] += count - trusted[i, o]


VIEWS = (
    *(
        View(
            Table(name, (Field("values", "float32" if name in SINGLE else "float64", _WIDTH), Field("at", "int64"))),
            key,
            REACTIONS,
            _count(column),
            ("effective", column),
        )
        for name, key in COUNTED
        for column in ("counts" if key == "viewer" else "trusted",)
    ),
    View(TOTAL, "totalled", REACTIONS, _total, ("viewer", "counts", "trusted")),
)


def totals(store: Store, key: int) -> dict[str, dict[str, float]]:
    """How often each outcome happened to a video or author (or, key 1, in all) since the beginning: `raw`, and how much
    of that counts for others, `trusted`. Outcomes that never happened are left out."""
    row = store.read(TOTAL.name, np.array([key], np.int64))
    raw, doubted = row["raw"][0].tolist(), row["doubted"][0].tolist()
    return {
        name: {"raw": told, "trusted": round(max(told - off, 0.0), 3)}
        for name, told, off in zip(OUTCOME_BITS, raw, doubted, strict=True)
        if told
    }


def doubted_share(store: Store) -> float:
    """The share of all likes, comments, shares, saves and follows that does not count for others."""
    acts = [each for name, each in totals(store, EVERYONE).items() if name in ACTIVE]
    told = sum(each["raw"] for each in acts)
    return round(1.0 - sum(each["trusted"] for each in acts) / told, 6) if told > 0 else 0.0


def counts_at(rows: Batch, at: Column) -> Column:
    """The counts `[rows, outcomes, half-lives]` of counter rows, faded to `at` (ms; a time before the row's is its
    own)."""
    values = np.maximum(rows["values"].reshape(len(rows), len(OUTCOMES), len(HALF_LIVES)), 0.0)
    age = np.maximum(at - rows["at"], 0)
    return np.asarray(values * np.exp2(-age[:, None, None] / np.array(HALF_LIVES, np.float64)))
