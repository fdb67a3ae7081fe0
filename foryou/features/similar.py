"""Which videos the same viewers like: for each video, the 32 that most often shared a positive viewer with it
lately."""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY
from foryou.core.event import REACTIONS
from foryou.core.ports import Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.inputs import POSITIVE_BITS

NEIGHBOURS = 32
COMPANIONS = 10
"""How many of a viewer's latest positives a new one is paired with."""
HALF_LIFE = 30 * DAY
SMOOTH = 3.0
"""Added to each video's count of positives: two videos that shared their only viewer are not yet alike."""

SIMILAR = Table(
    "similar",
    (
        Field("neighbour", "int64", NEIGHBOURS),
        Field("weight", "float64", NEIGHBOURS),
        Field("total", "float64"),
        Field("at", "int64"),
    ),
)


@njit(cache=True)
def _companions(recent, row, video, positive, out):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        if not positive[i]:
            continue
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
    good = (flags & POSITIVE_BITS) != 0
    order = np.argsort(~good, axis=1, kind="stable")[:, :most]
    return np.where(np.take_along_axis(good, order, 1), np.take_along_axis(item, order, 1), 0)


def pair_up(store: Store, rows: Batch) -> Batch:
    """The batch with `pair` and `mate` `[rows, 2 * COMPANIONS]`: each new positive beside the viewer's latest, both
    ways.

    A positive of a video that is already among the viewer's latest makes no new pair.
    """
    viewers, row = np.unique(rows["viewer"], return_inverse=True)
    history = store.columns("history", viewers, ("item", "flags"))
    recent = positives(history["item"], history["flags"], COMPANIONS)
    out = np.zeros((len(rows), COMPANIONS + 1), np.int64)
    _companions(recent, row, rows["video"], rows["positive"] & (rows["video"] != 0), out)
    mates, video = out[:, :-1], np.broadcast_to(rows["video"][:, None], (len(rows), COMPANIONS))
    both = mates != 0
    return rows.extend(
        {
            "pair": np.where(np.concatenate([both, both], 1), np.concatenate([mates, video], 1), 0),
            "mate": np.where(np.concatenate([both, both], 1), np.concatenate([video, mates], 1), 0),
            "first_positive": np.where(out[:, -1] == 1, rows["video"], 0),
        }
    )


@njit(cache=True)
def _fade(weight, total, at, k, when, half):  # type: ignore[no-untyped-def]
    if when > at[k]:
        if at[k] > 0:
            factor = 2.0 ** (-(when - at[k]) / half)
            total[k] *= factor
            for s in range(weight.shape[1]):
                weight[k, s] *= factor
        at[k] = when
        return 1.0
    return 2.0 ** (-(at[k] - when) / half)


@njit(cache=True)
def _join(neighbour, weight, total, at, row, mate, when, half):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k, m = row[i], mate[i]
        amount = _fade(weight, total, at, k, when[i], half)
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


@njit(cache=True)
def _total(weight, total, at, row, when, half):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        total[row[i]] += _fade(weight, total, at, row[i], when[i], half)


def _neighbours(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    mate = events["mate"][np.arange(len(events)), events["slot"]]
    _join(
        held["neighbour"], held["weight"], held["total"], held["at"], row, mate, events["effective"], float(HALF_LIFE)
    )
    return Batch(held)


def _totals(state: Batch, events: Batch, row: Rows) -> Batch:
    weight, total, at = state["weight"].copy(), state["total"].copy(), state["at"].copy()
    _total(weight, total, at, row, events["effective"], float(HALF_LIFE))
    return Batch({"neighbour": state["neighbour"], "weight": weight, "total": total, "at": at})


VIEWS = (View(SIMILAR, "first_positive", REACTIONS, _totals), View(SIMILAR, "pair", REACTIONS, _neighbours))


@njit(cache=True)
def _likeness(neighbour, weight, total, of, mine, totals, smooth, highest, mean):  # type: ignore[no-untyped-def]
    for i in range(neighbour.shape[0]):
        k = of[i]
        count = 0
        for p in range(mine.shape[1]):
            if mine[k, p] == 0:
                continue
            count += 1
            for s in range(neighbour.shape[1]):
                if neighbour[i, s] == mine[k, p]:
                    alike = weight[i, s] / np.sqrt((total[i] + smooth) * (totals[k, p] + smooth))
                    highest[i] = max(highest[i], alike)
                    mean[i] += alike
                    break
        if count > 0:
            mean[i] /= count


def likeness(store: Store, item: Column, mine: Column, of: Rows) -> Column:
    """How alike each item is to the positives `mine` `[viewers, positives]` of viewer row `of[i]`: highest and mean,
    `[rows, 2]`.

    The cosine of the two videos' sets of positive viewers, shrunk by SMOOTH; in [0, 1].
    """
    rows = store.read("similar", item)
    totals = store.columns("similar", mine.ravel(), ("total",))["total"].reshape(mine.shape)
    highest, mean = np.zeros(len(item)), np.zeros(len(item))
    _likeness(rows["neighbour"], rows["weight"], rows["total"], of, mine, totals, SMOOTH, highest, mean)
    return np.stack([np.minimum(highest, 1.0), np.minimum(mean, 1.0)], axis=1)
