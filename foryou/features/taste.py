"""The videos by whose texts a viewer's taste is known: the latest that they liked or watched at length, and the latest
that they turned down.

The videos are kept, not a sum of their vectors: a text that is embedded later, or changed, or taken out, counts as it
is when the taste is read, and what the view holds depends on what viewers did alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY, SECOND
from foryou.core.event import ABOUT, KINDS, REACTIONS, Kind, of_kinds
from foryou.core.inputs import NEGATIVE_BITS, OUTCOME_BITS, POSITIVE_BITS
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.content import CONTENT
from foryou.features.enrich import OUTCOME_OF
from foryou.features.history import whole_seconds
from foryou.text.embedder import DIM

POSITIVES, NEGATIVES = 32, 16
"""How many are kept of each: skips, of which there are most, never push out what was liked."""
HALF_LIFE = 14 * DAY
PRIOR = 2.0
"""Faded positives (or negatives) at which a fit counts half: one video is no taste yet."""
LATEST = 10
"""How many of the latest positives a video is held against one by one."""

TASTE = Table(
    "taste",
    tuple(
        Field(f"{which}_{name}", dtype, size)
        for which, size in (("good", POSITIVES), ("bad", NEGATIVES))
        for name, dtype in (("item", "int64"), ("flags", "uint16"), ("at", "uint32"))
    ),
)
"""Times are in whole seconds since 1970."""
_UNDOING = tuple(kind for kind, rule in KINDS.items() if rule.undoes is not None)
_MEANT = np.zeros(int(max(Kind)) + 1, np.int64)
for _kind, _name in OUTCOME_OF.items():
    _MEANT[_kind] = OUTCOME_BITS[_name]


@njit(cache=True, nogil=True)
def _keep(item, flags, at, row, video, bits, undo, when):  # type: ignore[no-untyped-def]
    size = item.shape[1]
    for i in range(len(row)):
        k, v = row[i], video[i]
        found = -1
        for j in range(size):
            if item[k, j] == v:
                found = j
                break
        if undo[i]:
            if found >= 0:
                flags[k, found] &= ~bits[i]
            continue
        if found < 0:
            if item[k, size - 1] != 0 and at[k, size - 1] >= when[i]:
                continue
            found = size - 1
            item[k, found], flags[k, found], at[k, found] = v, 0, when[i]
        flags[k, found] |= bits[i]
        at[k, found] = max(at[k, found], when[i])
        while found > 0 and (item[k, found - 1] == 0 or at[k, found - 1] < at[k, found]):
            p = found - 1
            item[k, p], item[k, found] = item[k, found], item[k, p]
            flags[k, p], flags[k, found] = flags[k, found], flags[k, p]
            at[k, p], at[k, found] = at[k, found], at[k, p]
            found = p


def _taste(state: Batch, events: Batch, row: Rows) -> Batch:
    held = {name: state[name].copy() for name in state}
    undo = (events["amount"] < 0) | of_kinds(events, _UNDOING)
    bits = np.where(events["amount"] == 0, 0, events["flags"])
    for which, wanted in (("good", POSITIVE_BITS), ("bad", NEGATIVE_BITS)):
        # An act that changes nothing still says when: so a like and its unlike end the same in either order.
        meant = ((events["flags"] | _MEANT[events["base"]]) & wanted) != 0
        if which == "bad":  # who dislikes an author says nothing of what the video is about
            meant &= events["dislike"] != ABOUT.index("author")
        mine = np.flatnonzero(meant & (events["video"] != 0))
        _keep(
            *(held[f"{which}_{name}"] for name in ("item", "flags", "at")),
            row[mine],
            events["video"][mine],
            (bits[mine] & wanted).astype(np.int32),
            undo[mine],
            whole_seconds(events["at"][mine]),
        )
    return Batch(held)


VIEWS = (View(TASTE, "viewer", REACTIONS, _taste, ("amount", "kind", "base", "flags", "video", "at", "dislike")),)


_SUMS = {"reassoc", "contract", "nsz", "nnan"}


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _centre(vectors, text, item, flags, when, at, half, prior, centre, latest):  # type: ignore[no-untyped-def]
    dim = vectors.shape[1]
    for v in range(item.shape[0]):
        centre[v] = 0.0
        latest[v] = 0.0
        number = np.float32(0.0)
        for p in range(item.shape[1]):
            row = v * item.shape[1] + p
            if item[v, p] == 0 or flags[v, p] == 0 or text[row] == 0:
                continue
            fade = np.float32(np.exp2(-max(at[v] - when[v, p] * SECOND, 0) / half))
            number += fade
            for d in range(dim):
                centre[v, d] += fade * vectors[row, d]
            if p < latest.shape[1]:
                for d in range(dim):
                    latest[v, p, d] = vectors[row, d]
        square = np.float32(0.0)
        for d in range(dim):
            square += centre[v, d] * centre[v, d]
        scale = number / (number + prior) / max(np.sqrt(square), np.float32(1e-9))
        for d in range(dim):
            centre[v, d] *= scale


def tastes(store: Store, viewer: Keys, at: Column) -> Batch:
    """What the texts of each viewer's `[viewers]` positives and negatives have in common, as of `at` (ms).

    `good` and `bad` `[viewers, DIM]`: the mean direction, at length n / (n + PRIOR) for n faded videos with a text (the
    inner product with a video's vector is then their cosine, shrunk); `latest` `[viewers, LATEST, DIM]`: the latest
    positives one by one.
    """
    rows = store.read(TASTE.name, viewer)
    good, latest = _centroid(store, rows, "good", at, LATEST)
    bad, _ = _centroid(store, rows, "bad", at, 0)
    return Batch({"good": good, "bad": bad, "latest": latest}, len(viewer))


def fondness(store: Store, viewer: Keys, at: Column) -> Column:
    """`good` of `tastes` alone: what a search by content asks for."""
    return _centroid(store, store.read(TASTE.name, viewer), "good", at, 0)[0]


def liked_by(store: Store, viewer: Keys) -> Keys:
    """The latest positives of each viewer `[viewers, POSITIVES]`; 0 where there are fewer."""
    rows = store.columns(TASTE.name, viewer, ("good_item", "good_flags"))
    return np.where(rows["good_flags"] != 0, rows["good_item"], 0)


def _centroid(store: Store, rows: Batch, which: str, at: Column, most: int) -> tuple[Column, Column]:
    """The shrunk mean direction `[viewers, DIM]`, and the vectors of the latest `most` one by one (zero where there are
    none)."""
    item, flags, when = (rows[f"{which}_{name}"] for name in ("item", "flags", "at"))
    held = store.columns(CONTENT.name, item.ravel(), ("vector", "text"))
    centre, latest = np.empty((len(item), DIM), np.float32), np.empty((len(item), most, DIM), np.float32)
    _centre(held["vector"], held["text"], item, flags, when, at, float(HALF_LIFE), PRIOR, centre, latest)
    return centre, latest


@njit(cache=True, nogil=True)
def _asked(text, of, at, latest):  # type: ignore[no-untyped-def]
    """The latest time at which each viewer is asked about a video with a text; -1: never."""
    latest[:] = -1
    for i in range(len(text)):
        if text[i] != 0:
            latest[of[i]] = max(latest[of[i]], at[i])


@njit(cache=True, nogil=True, fastmath=_SUMS)
def _products(vectors, tastes, row, out):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        for p in range(tastes.shape[1]):
            near = np.float32(0.0)
            for d in range(vectors.shape[1]):
                near += vectors[i, d] * tastes[row[i], p, d]
            out[i, p] = near


@njit(cache=True, nogil=True)
def _put_fit(near, text, out, fit, has):  # type: ignore[no-untyped-def]
    for i in range(len(text)):
        there = text[i] != 0
        closest = np.float32(0.0)
        for p in range(2, near.shape[1]):
            closest = max(closest, near[i, p])
        out[i, fit] = near[i, 0] if there else 0.0
        out[i, fit + 1] = near[i, 1] if there else 0.0
        out[i, fit + 2] = closest if there else 0.0
        out[i, has] = 1.0 if there else 0.0


def put_text(store: Store, viewer: Keys, of: Rows, item: Keys, at: Column, out: Column, fit: int, has: int) -> None:
    """The inputs about text `[items]`, each item beside viewer `viewer[of[i]]`, as of `at` `[items]` (ms), into `out`.

    From `fit` on: cosine with the viewer's positives and with their negatives, both shrunk, and the highest cosine with
    one of the latest positives, at least 0; 0 where either has no text. At `has`: 1 with a text, else 0.
    """
    held = store.columns(CONTENT.name, item, ("vector", "text"))
    latest = np.empty(len(viewer), np.int64)
    _asked(held["text"], of, at, latest)
    needed = np.flatnonzero(latest >= 0)
    near = np.zeros((len(item), 2 + LATEST), np.float32)
    if len(needed):
        taste = tastes(store, viewer[needed], latest[needed])
        each = np.concatenate([taste["good"][:, None], taste["bad"][:, None], taste["latest"]], axis=1)
        if len(viewer) == 1:
            np.matmul(held["vector"], each[0].T, out=near)
        else:
            row = np.zeros(len(viewer), np.int64)
            row[needed] = np.arange(len(needed))
            _products(held["vector"], each, row[of], near)
    _put_fit(near, held["text"], out, fit, has)
