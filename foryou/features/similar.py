"""Which videos the same viewers like: for each video, the 32 that most often shared a positive viewer with it
lately."""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY, MINUTE
from foryou.core.event import REACTIONS
from foryou.core.inputs import POSITIVE_BITS
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.grouping import group

NEIGHBOURS = 32
COMPANIONS = 10
"""How many of a viewer's latest positives a new one is paired with."""
HALF_LIFE = 30 * DAY
STEP = MINUTE
"""ms after which weights fade, as in `counters`."""
SMOOTH = 3.0
"""Added to each video's count of positives: two videos that shared their only viewer are not yet alike."""

SIMILAR = Table(
    "similar",
    (
        Field("neighbour", "int64", NEIGHBOURS),
        Field("weight", "float32", NEIGHBOURS),
        Field("total", "float64"),
        Field("at", "int64"),
    ),
)
COMPANION = Table(
    "companion", (Field("recent", "int64", COMPANIONS, help="the viewer's latest positives, newest first"),)
)


@njit(cache=True, nogil=True)
def _companions(recent, row, video, out):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k, v = row[i], video[i]
        known = False
        for c in range(recent.shape[1]):
            if recent[k, c] == v:
                known = True
        if known:
            continue
        for c in range(recent.shape[1]):
            out[i, c] = recent[k, c]
        for c in range(recent.shape[1] - 1, 0, -1):
            recent[k, c] = recent[k, c - 1]
        recent[k, 0] = v
        out[i, recent.shape[1]] = 1


def positives(item: Column, flags: Column, most: int) -> Column:
    """The `most` latest positive videos of histories `[viewers, HISTORY]`; 0 where there are fewer."""
    out = np.zeros((len(item), most), np.int64)
    _positives(item, flags, POSITIVE_BITS, out)
    return out


@njit(cache=True, nogil=True)
def _positives(item, flags, bits, out):  # type: ignore[no-untyped-def]
    for v in range(len(item)):
        count = 0
        for j in range(item.shape[1]):
            if flags[v, j] & bits != 0 and count < out.shape[1]:
                out[v, count] = item[v, j]
                count += 1


def pair_up(store: Store, rows: Batch) -> Batch:
    """Folds the viewers' latest positives, and pairs each new one with them; the batch with `pair` and `mate`.

    `[rows, 1 + 2 * COMPANIONS]`: the new positive itself beside nobody (it only counts), then each companion beside it,
    then it beside each companion. A positive of a video that is already among the viewer's latest makes no new pair.
    """
    mine = np.flatnonzero(rows["positive"] & (rows["video"] != 0))
    out = np.zeros((len(rows), COMPANIONS + 1), np.int64)
    if len(mine):
        viewers, row = group(rows["viewer"][mine])
        recent = store.read(COMPANION.name, viewers)["recent"].copy()
        found = np.zeros((len(mine), COMPANIONS + 1), np.int64)
        _companions(recent, row, rows["video"][mine], found)
        store.write(COMPANION.name, viewers, Batch({"recent": recent}))
        out[mine] = found
    mates, video = out[:, :-1], rows["video"][:, None]
    both = mates != 0
    beside, alone = np.where(both, video, 0), np.where(out[:, -1:] == 1, video, 0)
    return rows.extend(
        {
            "pair": np.concatenate([alone, mates, beside], axis=1),
            "mate": np.concatenate([np.zeros_like(alone), beside, mates], axis=1),
        }
    )


@njit(cache=True, nogil=True)
def _fade(weight, total, at, k, when, half, step):  # type: ignore[no-untyped-def]
    if when >= at[k] + step:
        if at[k] > 0:
            factor = 2.0 ** (-(when - at[k]) / half)
            total[k] *= factor
            for s in range(weight.shape[1]):
                weight[k, s] *= factor
        at[k] = when
    return 2.0 ** (-(at[k] - when) / half)


@njit(cache=True, nogil=True)
def _join(neighbour, weight, total, at, row, mate, when, trust, half, step):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k, m = row[i], mate[i]
        amount = _fade(weight, total, at, k, when[i], half, step) * trust[i]
        if m == 0:
            total[k] += amount
            continue
        weakest = 0
        found = -1
        for s in range(neighbour.shape[1]):
            if neighbour[k, s] == m:
                found = s
                break
            if weight[k, s] < weight[k, weakest]:
                weakest = s
        if found >= 0:
            weight[k, found] += amount
        elif weight[k, weakest] < amount:
            neighbour[k, weakest] = m
            weight[k, weakest] = amount


def _neighbours(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    mate = events["mate"][np.arange(len(events)), events["slot"]]
    _join(
        *(held[name] for name in SIMILAR.names),
        row,
        mate,
        events["effective"],
        events["trust"],
        float(HALF_LIFE),
        STEP,
    )
    return Batch(held)


VIEWS = (View(SIMILAR, "pair", REACTIONS, _neighbours, ("mate", "effective", "trust")),)


@njit(cache=True, nogil=True)
def _put_likeness(neighbour, weight, total, of, mine, totals, smooth, out, start):  # type: ignore[no-untyped-def]
    viewers, positives = mine.shape
    # One bit of 64 for each positive of a viewer: most neighbours are none of them, and need no comparing.
    bits, count = np.zeros(viewers, np.uint64), np.zeros(viewers, np.int64)
    for v in range(viewers):
        for p in range(positives):
            if mine[v, p] != 0:
                count[v] += 1
                bits[v] |= np.uint64(1) << np.uint64(mine[v, p] & 63)
    for i in range(len(of)):
        v = of[i]
        highest, sum_ = 0.0, 0.0
        if count[v] > 0:
            for s in range(neighbour.shape[1]):
                other = neighbour[i, s]
                if other == 0 or not (bits[v] >> np.uint64(other & 63)) & np.uint64(1):
                    continue
                for p in range(positives):
                    if mine[v, p] == other:
                        alike = weight[i, s] / np.sqrt((total[i] + smooth) * (totals[v, p] + smooth))
                        highest = max(highest, alike)
                        sum_ += alike
                        break
            sum_ /= count[v]
        out[i, start] = min(highest, 1.0)
        out[i, start + 1] = min(sum_, 1.0)


def put_likeness(store: Store, item: Keys, mine: Column, of: Rows, out: Column, start: int) -> None:
    """How alike each item is to the positives `mine` `[viewers, positives]` of viewer row `of[i]`: highest and mean,
    into two columns of `out` from `start` on.

    The cosine of the two videos' sets of positive viewers, shrunk by SMOOTH; in [0, 1].
    """
    held = store.columns(SIMILAR.name, item, ("neighbour", "weight", "total"))
    totals = store.columns(SIMILAR.name, mine.ravel(), ("total",))["total"].reshape(mine.shape)
    _put_likeness(held["neighbour"], held["weight"], held["total"], of, mine, totals, SMOOTH, out, start)
