"""What a profile, a sound, a hashtag, a series and a viewer's own shelves show: which videos, and some numbers."""

from __future__ import annotations

import numpy as np

from foryou.core.errors import NotFound
from foryou.core.event import Kind
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.features import lists, saved
from foryou.features.accounts import account_of, authors_of
from foryou.features.acts import act_key
from foryou.features.documents import called, people, topic_name
from foryou.feed import cursor
from foryou.feed.cards import episodes, shown, standing_of
from foryou.feed.cursor import Order

MOST_SERIES = 100
"""Series of an author that a profile names."""


def author(store: Store, documents: Documents, name: str, n: int, after: str) -> dict[str, object]:
    """An author's profile. NotFound for one who has no videos, no followers and no name."""
    number = id_of("author", name)
    there = _of(store, "author", number)
    standing = standing_of(store, number)
    account = int(account_of(store, np.array([number], np.int64))[0]) or id_of("viewer", name)
    person = people(documents, [account])[0]
    if not len(there) and not standing["followers"] and not person.get("name"):
        raise NotFound(f"there is no author {name[:100]!r}")
    series = np.unique(store.columns("video", there, ("series",))["series"])
    return {
        "author": name,
        "name": called({"viewer": name, **({"name": person["name"]} if person.get("name") else {})}),
        "posts": len(there),
        "liked_by": person.get("viewer") if person.get("liked_public") is True else None,
        **standing,
        "series": _series(store, documents, series[series != 0][:MOST_SERIES]),
        **_page(store, documents, _newest(store, there), n, after),
    }


def sound(store: Store, documents: Documents, name: str, n: int, after: str) -> dict[str, object]:
    """The videos with a sound, newest first. NotFound if there are none."""
    return _group(store, documents, "sound", "sound", name, id_of("sound", name), n, after)


def hashtag(store: Store, documents: Documents, name: str, n: int, after: str) -> dict[str, object]:
    """The videos with a hashtag (with or without #, in any case), newest first. NotFound if there are none."""
    tag = topic_name(name)
    return _group(store, documents, "hashtag", "topics", tag, id_of("topic", tag), n, after)


def series(store: Store, documents: Documents, name: str, episode: int, n: int, after: str) -> dict[str, object]:
    """The videos of a series by episode, those after `episode`. NotFound if there is no such series."""
    there = episodes(store, id_of("series", name))
    if not len(there):
        raise NotFound(f"there is no series {name[:100]!r}")
    rows = store.columns("video", there, ("episode", "uploaded"))
    columns = (rows["episode"], rows["uploaded"], there)
    orders = sorted(order for order in zip(*(each.tolist() for each in columns), strict=True) if order[0] > episode)
    return {"series": name, "posts": len(there), **_page(store, documents, orders, n, after)}


def liked(store: Store, documents: Documents, viewer: str, n: int, after: str) -> dict[str, object]:
    """The videos that a viewer likes, the latest like first."""
    number = id_of("viewer", viewer)
    there = _there(store, lists.standing(store, number, Kind.LIKE))
    since = store.columns("act", act_key(np.full(len(there), number), there, Kind.LIKE), ("since",))["since"]
    return {"count": len(there), **_page(store, documents, _latest(since, there), n, after)}


def saves(
    store: Store, documents: Documents, viewer: str, collection: str | None, n: int, after: str
) -> dict[str, object]:
    """The videos that a viewer saved, the latest first; of one collection where it is named ("": what is in none)."""
    number = id_of("viewer", viewer)
    there = _there(store, lists.standing(store, number, Kind.SAVE))
    since = store.columns("act", act_key(np.full(len(there), number), there, Kind.SAVE), ("since",))["since"]
    if collection is not None:
        within, when = saved.saved_in(store, number, saved.collection_id(number, collection), there)
        there, since = there[within], when[within]
    return {"count": len(there), **_page(store, documents, _latest(since, there), n, after)}


def collections(store: Store, documents: Documents, viewer: str) -> dict[str, object]:
    """The collections of a viewer that have videos in them, with how many and the latest of them."""
    number = id_of("viewer", viewer)
    there = _there(store, lists.standing(store, number, Kind.SAVE))
    held = saved.collections_of(store, number)
    told = []
    for collection, name in zip(held.tolist(), documents.get("collection", held.tolist()), strict=True):
        within, since = saved.saved_in(store, number, collection, there)
        if within.any():
            latest = there[within][np.argmax(since[within])]
            cover = shown(store, documents, np.array([latest]))[0]
            told.append({"name": name.decode() if name else "", "count": int(within.sum()), "cover": cover})
    return {"collections": told}


def is_liked_public(documents: Documents, viewer: str) -> bool:
    """Whether a viewer lets others see what they like."""
    return people(documents, [id_of("viewer", viewer)])[0].get("liked_public") is True


def author_of(store: Store, documents: Documents, viewer: str) -> tuple[str, int]:
    """As which author a viewer posts (the one that they were said to be, else the one of their own name), and how many
    videos they have."""
    own = id_of("author", viewer)
    said = [author for author in authors_of(store, id_of("viewer", viewer)).tolist() if author != own]
    author = said[0] if said else own
    name = documents.get("author", [author])[0]
    return name.decode() if name and said else viewer, len(_of(store, "author", author))


def _group(
    store: Store, documents: Documents, word: str, column: str, name: str, number: int, n: int, after: str
) -> dict[str, object]:
    there = _of(store, column, number) if number else np.zeros(0, np.int64)
    if not len(there):
        raise NotFound(f"no video has the {word} {name[:100]!r}")
    return {word: name, "posts": len(there), **_page(store, documents, _newest(store, there), n, after)}


def _of(store: Store, column: str, value: int) -> Keys:
    """The videos whose column says this."""
    videos, rows = store.scan("video", (column, "known", "removed"))
    said = rows[column] == value
    mine = (said if said.ndim == 1 else said.any(axis=1)) & (rows["known"] == 1) & (rows["removed"] == 0)
    return np.asarray(videos[mine])


def _there(store: Store, video: Keys) -> Keys:
    rows = store.columns("video", video, ("known", "removed"))
    return np.asarray(video[(rows["known"] == 1) & (rows["removed"] == 0)])


def _newest(store: Store, video: Keys) -> list[Order]:
    return _latest(store.columns("video", video, ("uploaded",))["uploaded"], video)


def _latest(at: Keys, video: Keys) -> list[Order]:
    return sorted(zip((-at).tolist(), video.tolist(), strict=True))


def _page(store: Store, documents: Documents, orders: list[Order], n: int, after: str) -> dict[str, object]:
    places, following = cursor.page(orders, n, after)
    page = np.array([orders[place][-1] for place in places], np.int64)
    return {"videos": shown(store, documents, page), "next": following}


def _series(store: Store, documents: Documents, numbers: Keys) -> list[dict[str, object]]:
    told = []
    for number in numbers.tolist():
        there = episodes(store, number)
        first = there[np.argmin(store.columns("video", there, ("episode",))["episode"])]
        card = shown(store, documents, np.array([first]))[0]
        told.append({"series": card.get("series"), "episodes": len(there), "first": card.get("video")})
    return told
