"""What viewers did that can stand or be taken back: likes, saves, follows, hides, blocks, not-interesteds.

A second like of the same video changes nothing; taking a like back takes back exactly what it had added, as of its own
time. This view therefore also tells the views after it how much an event counts (`amount`: 1, 0 or -1) and since when.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.event import ABOUT, KINDS, Kind
from foryou.core.ids import pair_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.catalog import paused
from foryou.features.pairs import pairs, pairs_with
from foryou.grouping import group

ACTS = Table(
    "act",
    (
        Field("active", "int8"),
        Field("since", "int64"),
        Field("at", "int64"),
        Field("weight", "float32", help="how much it counts, if it stands (`trust`)"),
        Field("quiet", "int8", help="1: nothing was learned of it, if it stands"),
    ),
)

_ON_AUTHOR = (Kind.FOLLOW, Kind.BLOCK)
_STANDING = (
    Kind.LIKE,
    Kind.COMMENT,
    Kind.SAVE,
    Kind.FOLLOW,
    Kind.NOT_INTERESTED,
    Kind.HIDE,
    Kind.REPORT,
    Kind.BLOCK,
    Kind.SEEN,
)
ABOUT_STEP = 64
"""Added to the kind in the key of an act, times what it is `about`: each is an act of its own."""
DISLIKES = tuple(int(Kind.NOT_INTERESTED) + ABOUT_STEP * about for about in range(len(ABOUT)))
"""What stands for the kind in the keys of not_interesteds."""
_UNDOES = {kind: rule.undoes for kind, rule in KINDS.items() if rule.undoes is not None}
_BASE = np.zeros(int(max(Kind)) + 1, np.int64)
for _kind in _STANDING:
    _BASE[_kind] = _kind
for _kind, _undone in _UNDOES.items():
    _BASE[_kind] = _undone
_UNDO = np.zeros(len(_BASE), np.bool_)
_UNDO[list(_UNDOES)] = True


def act_key(viewer: Keys, target: Keys, kind: int) -> Keys:
    """The key of "this viewer did `kind` to this video, author, sound or hashtag"."""
    return pairs_with(pairs(viewer, target), int(kind))


def stands(store: Store, viewer: Keys, target: Keys, kind: int) -> NDArray[np.bool_]:
    """Whether the act stands, for each pair; False for target 0."""
    found = store.columns("act", act_key(viewer, target, kind), ("active",))["active"] == 1
    return np.asarray(found & (target != 0))


@njit(cache=True, nogil=True)
def toggle(active, since, last, quiet, row, at, undo, paused, amount, effective, silent):  # type: ignore[no-untyped-def]
    """Does or takes back (`undo`) acts `[rows]` one by one, each of state row `row`; what is older than the `last` of
    its state changes nothing."""
    for i in range(len(row)):
        k = row[i]
        amount[i] = 0.0
        effective[i] = at[i]
        silent[i] = paused[i]
        if at[i] < last[k]:
            continue
        last[k] = at[i]
        if undo[i] and active[k] == 1:
            active[k] = 0
            amount[i] = -1.0
            effective[i] = since[k]
            silent[i] = quiet[k]
        elif not undo[i] and active[k] == 0:
            active[k] = 1
            since[k] = at[i]
            amount[i] = 1.0
            quiet[k] = paused[i]


def fold_acts(store: Store, rows: Batch) -> Batch:
    """Fold the acts of a batch into their table; the batch with `amount`, `effective` (ms), `base` (the act that is
    done or taken back, else the kind), `target` (of an act), `act` (its key; 0: none) and `quiet` for every row.

    Quiet is what its viewer did while they had paused learning, and what takes such an act back: an act is a fact then,
    and no more. What takes back an act of before the pause takes back what it had taught.
    """
    kind = rows["kind"]
    quiet = paused(store, rows["viewer"], rows["at"])
    dislike = rows["dislike"] if "dislike" in rows else np.zeros(len(rows), np.int8)  # events had none once
    base = _BASE[kind]
    amount = np.ones(len(rows))
    effective = rows["at"].copy()
    aim, act = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    if "stays" in rows:  # it takes back a part of what stands
        base = np.where(rows["stays"], 0, base)
    acting = np.flatnonzero(base)
    if len(acting):
        some = rows.take(acting)
        acted = base[acting]
        target = some["video"].copy()
        on_author = np.isin(acted, np.array(_ON_AUTHOR))
        target[on_author] = some["author"][on_author]
        hide = acted == Kind.HIDE
        hidden = np.where(
            some["author"] != 0, some["author"], np.where(some["sound"] != 0, some["sound"], some["topics"][:, 0])
        )
        target[hide] = hidden[hide]
        of = np.where(acted == Kind.NOT_INTERESTED, ABOUT_STEP * dislike[acting].astype(np.int64), 0)
        keys = pair_of(pair_of(some["viewer"], target), acted + of)
        unique, row = group(keys)
        state = store.read("act", unique)
        active, since, at, silent = (state[name].copy() for name in ("active", "since", "at", "quiet"))
        counts, since_when = np.ones(len(acting)), np.zeros(len(acting), np.int64)
        told = np.zeros(len(acting), np.bool_)
        undo = _UNDO[some["kind"]]
        toggle(active, since, at, silent, row, some["at"], undo, quiet[acting], counts, since_when, told)
        store.write("act", unique, Batch({"active": active, "since": since, "at": at, "quiet": silent}))
        amount[acting], effective[acting], quiet[acting] = counts, since_when, told
        aim[acting], act[acting] = target, keys
    return rows.extend(
        {
            "amount": amount,
            "effective": effective,
            "base": np.where(base > 0, base, kind),
            "target": aim,
            "act": act,
            "quiet": quiet,
            "dislike": dislike,
        }
    )
