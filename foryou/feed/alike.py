"""Whom people like a viewer follow: creators to follow, each with how many of these do.

Nobody's list is told: what is named here is followed by several, and by whom is not said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Column
from foryou.core.event import Kind
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.features import lists
from foryou.features.accounts import account_of, authors_of
from foryou.features.documents import called, people
from foryou.features.fans import FAN
from foryou.features.taste import fondness
from foryou.feed.cards import standing_of

FEWEST = 3
"""Followers that a creator has to have among those who are looked at: of fewer one might guess who they are."""
_LOOKED_AT = 2_000
"""Viewers who are held against the viewer: those who follow most of whom they follow."""
_NEAREST = 100
"""So many of them count, the most alike."""
_LEAST = 0.1
"""How alike somebody has to be."""
_USUAL = 10.0
"""Followers at which a creator counts half as well known: what everybody follows says little of a taste."""


@dataclass(frozen=True, slots=True)
class _Follows:
    """Follows that stand, one a row."""

    viewer: Keys
    author: Keys


def suggestions(store: Store, documents: Documents, viewer: str, n: int, at: int) -> list[dict[str, object]]:
    """Up to `n` creators whom the viewer does not follow, best first: `author`, `name`, `followers`, `posts` and why:
    `because` is "alike" where `count` people of a similar taste follow them, else "many" (`count` of all)."""
    number = id_of("viewer", viewer)
    follows = _follows(store)
    mine = follows.author[follows.viewer == number]
    alike = _alike(store, number, mine, follows, at)
    known = [lists.standing(store, number, kind) for kind in (Kind.FOLLOW, Kind.HIDE, Kind.BLOCK)]
    out = np.concatenate([*known, authors_of(store, number), np.array([id_of("author", viewer)])])
    author, of = np.unique(follows.author, return_inverse=True)
    all_of_them = np.bincount(of, minlength=len(author))
    near = alike > 0
    count = np.bincount(of[near], minlength=len(author))
    weight = np.bincount(of, weights=alike, minlength=len(author)) / np.sqrt(all_of_them + _USUAL)
    posts = store.columns(lists.UPLOADS.name, author, ("count",))["count"]
    fit = ~np.isin(author, out) & (posts > 0) & (all_of_them >= FEWEST)
    close = fit & (count >= FEWEST)
    order = np.lexsort((author, -all_of_them, -np.where(close, weight, 0.0)))
    return [
        {
            **_creator(store, documents, int(author[place])),
            "because": "alike" if close[place] else "many",
            "count": int(count[place] if close[place] else all_of_them[place]),
        }
        for place in order[fit[order]][:n].tolist()
    ]


def _follows(store: Store) -> _Follows:
    keys, rows = store.scan(FAN.name, ("author", "viewer"))
    stands = store.columns("act", keys, ("active",))["active"] == 1
    return _Follows(rows["viewer"][stands], rows["author"][stands])


def _alike(store: Store, viewer: int, mine: Keys, follows: _Follows, at: int) -> Column:
    """How alike the viewer of each follow is `[follows]`, 0 for those who are not among the nearest.

    The cosine of whom they follow plus that of what the texts of what they liked are about, which is shrunk where there
    are few (`taste`).
    """
    other, of = np.unique(follows.viewer, return_inverse=True)
    theirs = np.bincount(of, minlength=len(other))
    shared = np.bincount(of[np.isin(follows.author, mine)], minlength=len(other))
    some = np.lexsort((other, -shared))[:_LOOKED_AT]
    some = some[other[some] != viewer]
    together = np.concatenate([np.array([viewer], np.int64), other[some]])
    taste = fondness(store, together, np.full(len(together), at, np.int64))
    near = np.zeros(len(other))
    near[some] = np.maximum(taste[1:] @ taste[0], 0.0)
    near[some] += shared[some] / np.sqrt(np.maximum(len(mine), 1) * np.maximum(theirs[some], 1))
    far = np.argsort(-near, kind="stable")[_NEAREST:]
    near[far] = 0.0
    near[near < _LEAST] = 0.0
    return np.asarray(near[of])


def _creator(store: Store, documents: Documents, author: int) -> dict[str, object]:
    found = documents.get("author", [author])[0]
    name = found.decode() if found else str(author)
    account = int(account_of(store, np.array([author], np.int64))[0]) or id_of("viewer", name)
    person = people(documents, [account])[0]
    posts = store.columns(lists.UPLOADS.name, np.array([author], np.int64), ("count",))["count"]
    return {
        "author": name,
        "name": called({"viewer": name, **({"name": person["name"]} if person.get("name") else {})}),
        "followers": standing_of(store, author)["followers"],
        "posts": int(posts[0]),
    }
