"""What others did that a viewer wants to hear of: answers to and likes of their comments; to one who posts videos also
comments on these and new followers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from foryou.core.clock import DAY, SECOND
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.features import comments, fans
from foryou.features.accounts import authors_of
from foryou.features.comments import COMMENT, LIKED
from foryou.features.documents import called, cards, comments_of, people
from foryou.feed import cursor
from foryou.feed.cursor import Order
from foryou.feed.threads import Reader, reader

MOST = 1_000
"""The latest things that an inbox goes back to."""
NAMED = 3
"""Names that are given of those who did the same."""


def inbox(store: Store, documents: Documents, viewer: str, n: int, after: str) -> dict[str, object]:
    """The latest first; likes of one comment are one thing, and followers of one day (UTC) are."""
    number, who = id_of("viewer", viewer), reader(store, documents, viewer)
    author = np.unique(np.append(authors_of(store, number), id_of("author", viewer)))
    answers, own, times = _written(store, number, author, who)
    found = [*answers, *_likes(store, number, who), *_follows(store, author, who)]
    found.sort(key=lambda each: each.order)
    found = found[:MOST]
    read = fans.read_until(store, number)
    places, following = cursor.page([each.order for each in found], n, after)
    return {
        "unread": sum(each.at > read for each in found),
        "read": read,
        "unanswered": own,
        "reply_time_s": times,
        "items": [_told(documents, found[place], read) for place in places],
        "next": following,
    }


@dataclass(frozen=True, slots=True)
class _Thing:
    """One thing of an inbox: who did it, the latest first, to which comment or video."""

    kind: str
    at: int
    viewers: Keys
    comment: int = 0
    video: int = 0
    answered: bool | None = None

    @property
    def order(self) -> Order:
        """The latest first."""
        return -self.at, self.comment or int(self.viewers[0])


def _written(store: Store, viewer: int, author: Keys, who: Reader) -> tuple[list[_Thing], int, float | None]:
    """Answers to the viewer and comments on their videos; of those on their videos how many wait for an answer, and the
    median time (s) to the first one."""
    comment, rows = store.scan(COMMENT.name, ("video", "viewer", "root", "to", "at", "removed", "answered"))
    by_others = (rows["viewer"] != viewer) & (rows["removed"] == 0) & (rows["viewer"] != 0)
    by_others &= ~np.isin(rows["viewer"], who.blocked)
    places = np.flatnonzero(by_others)
    of = store.columns("video", rows["video"][places], ("author",))["author"]
    mine = np.zeros(len(comment), np.bool_)
    mine[places] = np.isin(of, author)
    to_me = by_others & (rows["to"] == viewer)
    threads = mine & (rows["root"] == 0)
    answered = rows["answered"][threads]
    spent = (answered - rows["at"][threads])[answered > 0]
    latest = np.flatnonzero(to_me | mine)
    latest = latest[np.argsort(-rows["at"][latest], kind="stable")][:MOST]
    found = [
        _Thing(
            "reply" if to_me[place] else "comment",
            int(rows["at"][place]),
            rows["viewer"][place : place + 1],
            int(comment[place]),
            int(rows["video"][place]),
            bool(rows["answered"][place] > 0) if threads[place] else None,
        )
        for place in latest.tolist()
    ]
    return found, int((answered == 0).sum()), float(np.median(spent)) / SECOND if len(spent) else None


def _likes(store: Store, viewer: int, who: Reader) -> list[_Thing]:
    own = comments.written_by(store, viewer)
    _, rows = store.scan(LIKED.name, ("comment", "viewer", "active", "at"))
    mine = (rows["active"] == 1) & (rows["viewer"] != viewer) & np.isin(rows["comment"], own)
    likes = rows.take(mine & ~np.isin(rows["viewer"], who.blocked))
    likes = likes.take(np.argsort(-likes["at"], kind="stable"))
    about = store.columns(COMMENT.name, likes["comment"], ("video", "removed"))
    found = []
    for comment in dict.fromkeys(likes["comment"][about["removed"] == 0].tolist()):
        some = np.flatnonzero(likes["comment"] == comment)
        latest = int(some[0])
        found.append(
            _Thing(
                "comment_like", int(likes["at"][latest]), likes["viewer"][some], comment, int(about["video"][latest])
            )
        )
    return found


def _follows(store: Store, author: Keys, who: Reader) -> list[_Thing]:
    fresh = fans.followers(store, author)
    fresh = fresh.take(~np.isin(fresh["viewer"], who.blocked)).take(np.arange(min(MOST, len(fresh))))
    day = fresh["at"] // DAY
    return [
        _Thing("follow", int(fresh["at"][day == each][0]), fresh["viewer"][day == each])
        for each in np.unique(day).tolist()
    ]


def _told(documents: Documents, thing: _Thing, read: int) -> dict[str, object]:
    names = [called(person) for person in people(documents, thing.viewers[:NAMED].tolist())]
    said: Mapping[str, object] = comments_of(documents, [thing.comment])[0] if thing.comment else {}
    video = cards(documents, [thing.video])[0].get("video") if thing.video else None
    told: dict[str, object] = {
        "kind": thing.kind,
        "at": thing.at,
        "unread": thing.at > read,
        "from": [name for name in names if name],
        "count": len(thing.viewers),
        "video": video or said.get("video"),
        "comment": said.get("id"),
        "text": said.get("text"),
    }
    return told if thing.answered is None else {**told, "answered": thing.answered}
