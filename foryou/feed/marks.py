"""What a viewer marked, wherever they did: so every device of theirs shows the same hearts and bookmarks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from foryou.core.event import Kind
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.features import lists
from foryou.features.acts import DISLIKES, act_key
from foryou.features.documents import cards

MOST = 1_000
"""The latest marks of a kind that are told."""
_ACTS: Mapping[Kind, tuple[int, ...]] = {
    Kind.LIKE: (int(Kind.LIKE),),
    Kind.SAVE: (int(Kind.SAVE),),
    Kind.FOLLOW: (int(Kind.FOLLOW),),
    Kind.NOT_INTERESTED: DISLIKES,
}
"""What is a mark, and as which acts it may stand."""


def marks(store: Store, documents: Documents, viewer: str) -> dict[str, list[str]]:
    """The videos that a viewer likes, saved and turned down, and the authors that they follow, by the name of the act;
    the latest last."""
    number = id_of("viewer", viewer)
    told = {}
    for kind in _ACTS:
        target = _standing(store, number, kind).tolist()
        if kind == Kind.FOLLOW:
            told[kind.wire] = [found.decode() for found in documents.get("author", target) if found]
        else:
            told[kind.wire] = [str(card["video"]) for card in cards(documents, target) if "video" in card]
    return told


def _standing(store: Store, viewer: int, kind: Kind) -> Keys:
    """The targets of a viewer's acts of a kind that stand in any form, the latest last."""
    target = lists.acted_on(store, viewer, kind)
    since = np.zeros(len(target), np.int64)
    for form in _ACTS[kind]:
        act = store.columns("act", act_key(np.full(len(target), viewer), target, form), ("active", "since"))
        since = np.maximum(since, np.where(act["active"] == 1, act["since"], 0))
    latest = np.argsort(since, kind="stable")
    return np.asarray(target[latest[since[latest] > 0]][-MOST:])
