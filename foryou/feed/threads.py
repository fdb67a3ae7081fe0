"""The comments of a video as a viewer reads them: in which order, by whom, and without those who are blocked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from foryou.core.ids import NONE, id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.features import comments
from foryou.features.accounts import ACCOUNT
from foryou.features.comments import COMMENT, DISCUSSED, LIKED, like_keys
from foryou.features.documents import GUEST, called, comments_of, people, shown_id
from foryou.feed import cursor
from foryou.feed.cards import blocked
from foryou.feed.cursor import Order

Sort: TypeAlias = Literal["top", "new", "creator"]
"""`top`: what most like and answer; `new`: the latest; `creator`: what the creator wrote or answered."""
FIRST = 3
"""Answers that come with a thread."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a viewer's id (0: nobody), and the viewers of whom they want to see nothing."""

    viewer: int
    blocked: Keys


def reader(store: Store, documents: Documents, viewer: str) -> Reader:
    """A viewer as one who reads comments."""
    number = id_of("viewer", viewer)
    return Reader(number, blocked(store, documents, number))


def threads(
    store: Store, documents: Documents, video: int, who: Reader, sort: Sort, about: str, n: int, after: str
) -> dict[str, object]:
    """A page of the threads of a video, each with its first answers; the one that the comment `about` is in comes
    first, with all answers up to it, then the pinned one."""
    there = _readable(store, comments.threads(store, video), who)
    sought = comments.comment_id(about)
    thread = int(store.columns(COMMENT.name, np.array([sought], np.int64), ("root",))["root"][0]) or sought
    discussed = store.read(DISCUSSED.name, np.array([video], np.int64))
    creator, pinned = comments.creator_of(store, video), int(discussed["pinned"][0])
    orders = sorted(_orders(store, there, sort, creator, pinned, thread))
    places, following = cursor.page(orders, n, after)
    page = np.array([orders[place][-1] for place in places], np.int64)
    told = tell(store, documents, page, who, creator, pinned)
    for comment, each in zip(page.tolist(), told, strict=True):
        answers = _readable(store, comments.replies(store, comment), who)
        upto = max(FIRST, 1 + int(np.argmax(answers == sought)) if comment == thread and sought in answers else 0)
        each["replies"] = tell(store, documents, answers[:upto], who, creator, 0)
        each["reply_count"] = len(answers)
    return {"count": int(discussed["count"][0]), "comments": told, "next": following}


def answers(
    store: Store, documents: Documents, video: int, parent: str, who: Reader, n: int, after: str
) -> dict[str, object]:
    """A page of the answers under a comment, oldest first."""
    there = _readable(store, comments.replies(store, comments.comment_id(parent)), who)
    at = store.columns(COMMENT.name, there, ("at", "video"))
    there = there[at["video"] == video]
    orders = sorted(zip(at["at"][at["video"] == video].tolist(), there.tolist(), strict=True))
    places, following = cursor.page(orders, n, after)
    page = np.array([orders[place][-1] for place in places], np.int64)
    told = tell(store, documents, page, who, comments.creator_of(store, video), 0)
    return {"count": len(there), "comments": told, "next": following}


def tell(
    store: Store, documents: Documents, comment: Keys, who: Reader, creator: int, pinned: int
) -> list[dict[str, object]]:
    """Comments in words, as they were sent."""
    rows = store.columns(COMMENT.name, comment, ("viewer", "likes", "at"))
    liked = store.columns(LIKED.name, like_keys(who.viewer, comment), ("active",))["active"] == 1
    written = comments_of(documents, comment.tolist())
    by = people(documents, rows["viewer"].tolist())
    pages = _pages(store, documents, rows["viewer"])
    return [
        {
            "id": said.get("id"),
            **_writer(said, person, mine=int(rows["viewer"][place]) == who.viewer),
            "author": pages.get(int(rows["viewer"][place])) or _own_page(said, person),
            "text": said.get("text"),
            "at": int(rows["at"][place]),
            "likes": max(int(rows["likes"][place]), 0),
            "liked": bool(liked[place]) and who.viewer != NONE,
            "pinned": int(comment[place]) == pinned,
            "creator": int(rows["viewer"][place]) == creator,
            "video": said.get("reply_video"),
        }
        for place, (said, person) in enumerate(_pairs(written, by))
    ]


def _writer(said: Mapping[str, object], person: Mapping[str, object], mine: bool) -> dict[str, object]:
    viewer = str(said.get("viewer") or "")
    if mine:
        return {"viewer": viewer, "name": str(person.get("name") or viewer)}
    return {"viewer": shown_id(viewer), "name": called({**said, **person})}


def _pages(store: Store, documents: Documents, viewer: Keys) -> dict[int, str]:
    """As which authors the viewers post who said so."""
    author, rows = store.scan(ACCOUNT.name, ("viewer",))
    there = np.flatnonzero(np.isin(rows["viewer"], viewer))
    names = documents.get("author", author[there].tolist())
    return {
        int(rows["viewer"][place]): name.decode()
        for place, name in zip(there, names, strict=True)
        if name and not name.startswith(GUEST.encode())
    }


def _own_page(said: Mapping[str, object], person: Mapping[str, object]) -> str | None:
    """The page of a viewer's own name: of who has told a name there is one. That of a guest, or of an account that was
    one, would have their whole id in its address."""
    viewer = str(said.get("viewer") or "")
    return viewer if person.get("name") and not viewer.startswith(GUEST) else None


def _pairs(
    written: list[dict[str, object]], by: list[dict[str, object]]
) -> zip[tuple[Mapping[str, object], Mapping[str, object]]]:
    return zip(written, by, strict=True)


def _readable(store: Store, comment: Keys, who: Reader) -> Keys:
    if len(who.blocked) == 0 or len(comment) == 0:
        return comment
    by = store.columns(COMMENT.name, comment, ("viewer",))["viewer"]
    return np.asarray(comment[~np.isin(by, who.blocked)])


def _orders(store: Store, comment: Keys, sort: Sort, creator: int, pinned: int, first: int) -> list[Order]:
    """By what each thread is ordered; its id is the last."""
    rows = store.columns(COMMENT.name, comment, ("viewer", "at", "likes", "replies", "answered"))
    above = np.where(comment == first, 0, np.where(comment == pinned, 1, 2))
    theirs = np.where((rows["viewer"] == creator) | (rows["answered"] > 0), 0, 1) if sort == "creator" else above * 0
    liked = -(rows["likes"].astype(np.int64) + rows["replies"]) if sort != "new" else above * 0
    columns = (above, theirs, liked, -rows["at"], comment)
    return list(zip(*(column.tolist() for column in columns), strict=True))
