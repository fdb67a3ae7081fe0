"""What each viewer, surface, video, author, sound, length and hashtag adds to the chance of an outcome, the others
being equal.

A video that is shown to patient viewers, or where people watch, is watched for long without being better; a plain rate
cannot tell. So every exposure is explained by the sum of the effects of all that took part in it, in log-odds:
p = sigmoid(base + sum of effects), and each effect moves by (y - p) / (mass + ridge), where mass is the faded sum of
p (1 - p) over its exposures. That is one pass of Newton's method on a logistic model with crossed random effects
(Gelman and Hill, 2007, ch. 14), each with a normal prior of variance 1 / ridge.

It depends on the order of events, as everything that learns does, but not on how the log was cut into batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.core.event import TOPICS, Kind
from foryou.core.heads import HEADS
from foryou.core.ids import id_of, pair_of
from foryou.core.inputs import EFFECTS
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.catalog import LENGTH_IDS
from foryou.features.enrich import OUTCOMES
from foryou.grouping import group

EFFECT = Table(
    "effect",
    (
        Field("effect", "float64", len(EFFECTS), help="log-odds"),
        Field("mass", "float64", len(EFFECTS), help="faded sum of p (1 - p)"),
        Field("at", "int64"),
    ),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of cause: how strongly its effects are held at zero, and after how many ms it has forgotten half."""

    name: str
    ridge: float
    half_life: float
    width: int = 1


PARTS: tuple[Part, ...] = (
    Part("everyone", 1.0, 30 * DAY),
    Part("viewer", 1.5, 30 * DAY),
    Part("surface", 1.0, 30 * DAY),
    Part("video", 8.0, 7 * DAY),
    Part("author", 16.0, 14 * DAY),
    Part("sound", 40.0, 30 * DAY),
    Part("length", 40.0, 30 * DAY),
    Part("placed", 40.0, 14 * DAY),
    Part("topics", 40.0, 30 * DAY, TOPICS),
)
"""Chosen on KuaiRand's 28-30 April. `placed` is a video on a surface."""

VIEWER = 1
"""The place of a viewer's own effect, which is not held back where the viewer is not trusted."""
LIMIT = 4.0
"""Log-odds beyond this are not believed of anyone."""
BASE = np.array([np.log(head.prior / (1 - head.prior)) for name in EFFECTS for head in HEADS if head.name == name])
_RARE = (1.0, 1.0, 1.0, 0.06)
"""What is held less at zero: in log-odds, like rates differ more between videos than the others do."""
_HALF_LIFE = np.repeat([part.half_life for part in PARTS], [part.width for part in PARTS])
_RIDGE = np.outer(np.repeat([part.ridge for part in PARTS], [part.width for part in PARTS]), _RARE)
_EVERYONE = id_of("effect", "everyone")
_ELSEWHERE = id_of("surface", "not told")
_COLUMN = {name: position for position, name in enumerate(OUTCOMES)}


def told(surface: Keys) -> Keys:
    """The key of a surface; one key for all that is not told."""
    return np.where(surface != 0, surface, _ELSEWHERE)


def placed(video: Keys, surface: Keys) -> Keys:
    """The key of a video on a surface; 0 without a video."""
    return np.where(video != 0, pair_of(video, told(surface)), 0)


def _causes(rows: Batch) -> tuple[Column, Column]:
    """The keys of everything that took part in each event `[rows, _WIDTH]` (0: nothing), and how much each counts: a
    hashtag of n is 1 / n."""
    one = (
        np.full(len(rows), _EVERYONE),
        rows["viewer"],
        told(rows["surface"]),
        rows["video"],
        rows["author"],
        rows["sound"],
        LENGTH_IDS[rows["length"]],
        placed(rows["video"], rows["surface"]),
    )
    keys = np.concatenate([np.stack(one, axis=1), rows["topics"]], axis=1)
    share = (keys != 0).astype(np.float64)
    share[:, len(one) :] /= np.maximum(share[:, len(one) :].sum(axis=1), 1.0)[:, None]
    return keys, share


@njit(cache=True, nogil=True)
def _explain(effect, mass, at, row, share, known, happened, late, when, trust, ridge, half, residual, weight):  # type: ignore[no-untyped-def]
    """Goes through the events in order; `residual` and `weight` get y - p and p (1 - p) of the first outcome."""
    parts, outcomes = row.shape[1], effect.shape[1]
    for i in range(len(row)):
        for j in range(parts):
            r = row[i, j]
            if share[i, j] > 0.0 and when[i] > at[r]:
                fade = 2.0 ** (-(when[i] - at[r]) / half[j]) if at[r] > 0 else 1.0
                for k in range(outcomes):
                    mass[r, k] *= fade
                at[r] = when[i]
        for k in range(outcomes):
            off, heavy = late[i, k], 0.0
            if known[i, k]:
                z = BASE[k]
                for j in range(parts):
                    z += share[i, j] * effect[row[i, j], k]
                p = 1.0 / (1.0 + np.exp(-z))
                off, heavy = off + happened[i, k] - p, p * (1.0 - p)
                if k == 0:
                    residual[i], weight[i] = off, heavy
            elif off == 0.0:
                continue
            for j in range(parts):
                r, s = row[i, j], share[i, j]
                if s > 0.0:
                    counts = 1.0 if j == VIEWER else trust[i]
                    mass[r, k] += s * heavy * counts
                    moved = effect[r, k] + s * off * counts / (mass[r, k] + ridge[j, k])
                    effect[r, k] = min(max(moved, -LIMIT), LIMIT)


def explain(store: Store, rows: Batch) -> Batch:
    """Folds enriched events into the effects, and adds what the others left unexplained of each long view: `residual`
    (y - p) and `weight` (p (1 - p)) `[rows]`, 0 where no watch was measured.

    A like counts when its watch comes (as none, unless it was there), and is put right when it comes itself.
    """
    residual, weight = np.zeros(len(rows)), np.zeros(len(rows))
    watched = rows["kind"] == Kind.WATCH
    mine = np.flatnonzero((watched | (rows["base"] == Kind.LIKE)) & (rows["video"] != 0))
    if len(mine):
        some = rows.take(mine)
        keys, share = _causes(some)
        unique, row = group(keys.ravel())
        state = store.read(EFFECT.name, unique)
        held = {name: state[name].copy() for name in EFFECT.names}
        counts, trial = some["counts"], watched[mine]
        known = np.stack(
            [trial, trial & (counts[:, _COLUMN["measured"]] > 0), trial & (counts[:, _COLUMN["measured"]] > 0), trial],
            axis=1,
        )
        happened = np.stack([counts[:, _COLUMN[name]] for name in EFFECTS[:3]] + [np.zeros(len(mine))], axis=1)
        late = np.zeros((len(mine), len(EFFECTS)))
        late[:, -1] = np.where(trial, 0.0, some["amount"])
        found = np.zeros((2, len(mine)))
        _explain(
            held["effect"],
            held["mass"],
            held["at"],
            row.reshape(keys.shape),
            share,
            known,
            happened,
            late,
            some["effective"],
            some["trust"],
            _RIDGE,
            _HALF_LIFE,
            *found,
        )
        real = unique != 0
        store.write(EFFECT.name, unique[real], Batch(held).take(real))
        residual[mine], weight[mine] = found
    return rows.extend({"residual": residual, "weight": weight})


def effects(store: Store, keys: Keys) -> Column:
    """The effects of some causes `[keys, EFFECTS]`, log-odds; 0 where nothing is known."""
    return store.columns(EFFECT.name, keys, ("effect",))["effect"].astype(np.float32)


def evidence(store: Store, keys: Keys) -> Column:
    """How much is known of each cause's effect on long views: the faded mass `[keys]`."""
    return store.columns(EFFECT.name, keys, ("mass",))["mass"][:, 0].astype(np.float32)
