"""The videos by whose texts a viewer's taste is known: the latest that they liked or watched at length, and the latest
that they turned down.

The videos are kept, not a sum of their vectors: a text that is embedded later, or changed, or taken out, counts as it
is when the taste is read, and what the view holds depends on what viewers did alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY
from foryou.core.event import KINDS, REACTIONS, Kind, of_kinds
from foryou.core.inputs import NEGATIVE_BITS, OUTCOME_BITS, POSITIVE_BITS
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.content import CONTENT, has_text, vectors_of
from foryou.features.enrich import OUTCOME_OF
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
        for name, dtype in (("item", "int64"), ("flags", "int32"), ("at", "int64"))
    ),
)
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
        mine = np.flatnonzero(meant & (events["video"] != 0))
        _keep(
            *(held[f"{which}_{name}"] for name in ("item", "flags", "at")),
            row[mine],
            events["video"][mine],
            (bits[mine] & wanted).astype(np.int32),
            undo[mine],
            events["at"][mine],
        )
    return Batch(held)


VIEWS = (View(TASTE, "viewer", REACTIONS, _taste, ("amount", "kind", "base", "flags", "video", "at")),)


def tastes(store: Store, viewer: Keys, at: Column) -> Batch:
    """What the texts of each viewer's `[viewers]` positives and negatives have in common, as of `at` (ms).

    `good` and `bad` `[viewers, DIM]`: the mean direction, at length n / (n + PRIOR) for n faded videos with a text (the
    inner product with a video's vector is then their cosine, shrunk); `latest` `[viewers, LATEST, DIM]`: the latest
    positives one by one.
    """
    rows = store.read(TASTE.name, viewer)
    good, latest = _centroid(store, rows, "good", at)
    bad, _ = _centroid(store, rows, "bad", at)
    return Batch({"good": good, "bad": bad, "latest": latest}, len(viewer))


def _centroid(store: Store, rows: Batch, which: str, at: Column) -> tuple[Column, Column]:
    """The shrunk mean direction `[viewers, DIM]`, and the vectors one by one (zero where there are none)."""
    item, flags, when = (rows[f"{which}_{name}"] for name in ("item", "flags", "at"))
    held = store.columns(CONTENT.name, item.ravel(), ("vector", "text"))
    vectors = held["vector"].reshape(*item.shape, DIM)
    counts = (item != 0) & (flags != 0) & (held["text"] != 0).reshape(item.shape)
    faded = (counts * np.exp2(-np.maximum(at[:, None] - when, 0) / HALF_LIFE)).astype(np.float32)
    total = np.matmul(faded[:, None, :], vectors)[:, 0]
    length = np.maximum(np.linalg.norm(total, axis=1), 1e-9)
    number = faded.sum(axis=1)
    latest = vectors[:, :LATEST] * counts[:, :LATEST, None]
    return np.asarray(total * (number / (number + PRIOR) / length)[:, None], np.float32), latest


def text_columns(store: Store, viewers: Batch, of: Rows, item: Keys, at: Column) -> dict[str, Column]:
    """The inputs about text `[items]`, each item beside viewer row `of[i]`, as of `at` `[items]` (ms).

    `text_fit` `[items, 3]`: cosine with the viewer's positives and with their negatives, both shrunk, and the highest
    cosine with one of the latest positives; 0 where either has no text. `has_text`: 1 or 0.
    """
    there = np.flatnonzero(has_text(store, item))
    fit, has = np.zeros((len(item), 3), np.float32), np.zeros(len(item), np.float32)
    if len(there):
        has[there] = 1.0
        needed, row = np.unique(of[there], return_inverse=True)
        latest = np.zeros(len(needed), np.int64)
        np.maximum.at(latest, row, at[there])
        taste = tastes(store, viewers["viewer"][needed], latest)
        vectors = vectors_of(store, item[there])
        fit[there, 0] = np.einsum("id,id->i", vectors, taste["good"][row])
        fit[there, 1] = np.einsum("id,id->i", vectors, taste["bad"][row])
        fit[there, 2] = _closest(vectors, taste["latest"], row)
    return {"text_fit": fit, "has_text": has}


@njit(cache=True, nogil=True)
def _highest(vectors, latest, row, out):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        for p in range(latest.shape[1]):
            total = np.float32(0)
            for d in range(vectors.shape[1]):
                total += vectors[i, d] * latest[row[i], p, d]
            out[i] = max(out[i], total)


def _closest(vectors: Column, latest: Column, row: Rows) -> Column:
    """The highest inner product of each vector `[items, DIM]` with any of `latest[row[i]]`, at least 0."""
    out = np.zeros(len(vectors), np.float32)
    _highest(vectors, np.ascontiguousarray(latest), row, out)
    return out
