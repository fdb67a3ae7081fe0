"""What a viewer asked to see less of, and whether it worked: its share of what they were shown before and since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.core.event import Kind
from foryou.core.ports import Documents, Keys, Store
from foryou.features.acts import DISLIKES, act_key
from foryou.features.history import latest_exposures
from foryou.features.lists import standing
from foryou.features.mentions import mentions, muted
from foryou.features.prefers import AS_LEARNED, preferences
from foryou.features.seen import latest_seen
from foryou.feed.named import FIELD_OF, found, named

BEFORE, SINCE = 200, 1000
"""Videos that are looked at, at most, from before it was asked and since."""
MOST_INSTEAD, LEAST_GAIN = 3, 0.01
_HALF = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Ask:
    """Something to be shown less."""

    kind: str
    name: str
    target: int
    """0 for a word."""
    since: int
    """ms"""
    by: str
    """hide, prefer or not_interested."""

    def told(self) -> dict[str, object]:
        """As it is answered."""
        return {"kind": self.kind, "name": self.name, "since": self.since, "by": self.by}


def hidden(store: Store, documents: Documents, viewer: int) -> list[Ask]:
    """What the viewer wants nothing more of, newest first."""
    targets = standing(store, viewer, Kind.HIDE)
    words = muted(store, viewer, targets)
    since = store.columns("act", act_key(np.full(len(targets), viewer), targets, Kind.HIDE), ("since",))["since"]
    each = []
    for target, at in zip(targets.tolist(), since.tolist(), strict=True):
        kind, name = ("word", words[target]) if target in words else found(documents, target)
        each.append(Ask(kind, name, 0 if kind == "word" else target, at, "hide"))
    return sorted(each, key=lambda one: -one.since)


def asked_less(
    store: Store, documents: Documents, viewer: int, disliked: list[tuple[int, int, int]]
) -> list[dict[str, object]]:
    """Everything that was asked to be less, newest first, with its share `before` (of the last 200 shown then) and
    `after`, each beside how many videos that is a share of (`n`), and what came `instead`: hashtags whose share grew
    most, with their shares before and after.

    `disliked`: targets under "less of", each with its kind of interest and when that began at the earliest (ms).
    """
    asks = hidden(store, documents, viewer)
    for target, what, strength, when in _rows(preferences(store, viewer)):
        if strength < AS_LEARNED:
            asks.append(Ask(FIELD_OF[what], named(documents, FIELD_OF[what], target), target, when, "prefer"))
    known = {one.target for one in asks}
    since = _disliked_since(store, viewer) if disliked else {}
    for target, what, begun in disliked:
        if target not in known and what in FIELD_OF:
            name = named(documents, FIELD_OF[what], target)
            asks.append(Ask(FIELD_OF[what], name, target, since.get(target, begun), "not_interested"))
    if not asks:
        return []
    item, shown_at = _shown(store, viewer)
    of = store.columns("video", item, ("author", "sound", "topics"))
    about = np.concatenate([of["author"][:, None], of["sound"][:, None], of["topics"]], axis=1)
    return [
        {
            **one.told(),
            **_shares(_is_of(store, one, item, about), shown_at, one.since),
            "instead": _instead(documents, of["topics"], shown_at, one),
        }
        for one in sorted(asks, key=lambda one: -one.since)
    ]


def _rows(prefers: Batch) -> list[tuple[int, int, float, int]]:
    names = ("target", "what", "strength", "at")
    return list(zip(*(prefers[name].tolist() for name in names), strict=True))


def _disliked_since(store: Store, viewer: int) -> dict[int, int]:
    """When each author and hashtag was first disliked by a not_interested that stands, as far as the history goes."""
    past = latest_exposures(store, np.array([viewer], np.int64))["item"][0]
    past = past[past != 0]
    of = store.columns("video", past, ("author", "topics"))
    first: dict[int, int] = {}
    for about, kind in enumerate(DISLIKES):
        act = store.columns("act", act_key(np.full(len(past), viewer), past, kind), ("active", "since"))
        for row in np.flatnonzero(act["active"] == 1).tolist():
            topics, author = of["topics"][row].tolist(), [int(of["author"][row])]
            for target in (topics + author, topics, author)[about]:
                at = int(act["since"][row])
                first[target] = min(first.get(target, at), at)
    return first


def _shown(store: Store, viewer: int) -> tuple[Keys, Column]:
    """The videos that the viewer was shown, newest first, and when (s); as far as they are still there."""
    half, at = latest_seen(store, viewer)
    videos = store.scan("video", ("known",))[0]
    order = np.argsort(half, kind="stable")
    low = (videos & _HALF).astype(np.uint32)
    place = np.minimum(np.searchsorted(half[order], low), max(len(half) - 1, 0))
    mine = half[order][place] == low if len(half) else np.zeros(len(videos), np.bool_)
    item, when = videos[mine], at[order][place[mine]]
    newest = np.argsort(-when.astype(np.int64), kind="stable")
    return item[newest], when[newest].astype(np.int64)


def _is_of(store: Store, one: Ask, item: Keys, about: Column) -> NDArray[np.bool_]:
    return np.asarray((about == one.target).any(axis=1)) if one.target else mentions(store, item, [one.name])


def _shares(mine: NDArray[np.bool_], at: Column, since: int) -> dict[str, object]:
    later = at > since // SECOND
    return {"before": _share(mine[~later][:BEFORE]), "after": _share(mine[later][:SINCE])}


def _instead(documents: Documents, topics: Column, at: Column, one: Ask) -> list[dict[str, object]]:
    """The hashtags of which more was shown since, by how much."""
    later = at > one.since // SECOND
    shares = [_topic_shares(topics[~later][:BEFORE]), _topic_shares(topics[later][:SINCE])]
    if not all(shares):
        return []
    grown = sorted(
        ((share - shares[0].get(key, 0.0), key) for key, share in shares[1].items() if key != one.target), reverse=True
    )
    return [
        {
            "kind": "hashtag",
            "name": named(documents, "hashtag", key),
            "before": round(shares[0].get(key, 0.0), 4),
            "after": round(shares[1][key], 4),
        }
        for gain, key in grown[:MOST_INSTEAD]
        if gain >= LEAST_GAIN
    ]


def _topic_shares(topics: Column) -> dict[int, float]:
    """The part of some videos that has each hashtag."""
    keys, counts = np.unique(topics[topics != 0], return_counts=True)
    return dict(zip(keys.tolist(), (counts / max(len(topics), 1)).tolist(), strict=True))


def _share(mine: NDArray[np.bool_]) -> dict[str, object]:
    return {"share": round(float(mine.mean()), 4) if len(mine) else 0.0, "n": len(mine)}
