"""Comments: threads of one level under a video, who likes them, which one is pinned, and when the creator answered.

What changes stands in tables; what was written lies with the documents (`features.documents`). A comment without a text
is a sign of interest like a like, and nothing that anybody could read: it is not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.event import Kind, of_kinds
from foryou.core.ids import id_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features import lists
from foryou.features.accounts import account_of
from foryou.features.acts import act_key

COMMENT = Table(
    "comment",
    (
        Field("video", "int64"),
        Field("viewer", "int64"),
        Field("root", "int64", help="the comment that its thread hangs under; 0: it is one"),
        Field("to", "int64", help="the viewer whose comment it answers; 0: nobody's"),
        Field("at", "int64"),
        Field("removed", "int8"),
        Field("likes", "int32"),
        Field("replies", "int32", help="of those that stand"),
        Field("answered", "int64", help="ms of the creator's first answer; 0: none yet"),
    ),
)
COMMENTED = Table("commented", lists.FIELDS)
"""The comments of a video (answers too), and the answers under a comment, each by its owner."""
DISCUSSED = Table(
    "discussed",
    (
        Field("count", "int32", help="comments of the video that stand, answers too"),
        Field("pinned", "int64", help="the comment above all others"),
        Field("at", "int64", help="ms since when"),
    ),
)
LIKED = Table(
    "comment_like", (Field("comment", "int64"), Field("viewer", "int64"), Field("active", "int8"), Field("at", "int64"))
)
TABLES = (COMMENT, COMMENTED, DISCUSSED, LIKED)

_KINDS = (Kind.COMMENT, Kind.UNCOMMENT, Kind.LIKE_COMMENT, Kind.UNLIKE_COMMENT, Kind.PIN, Kind.UNPIN)


class _Said(Struct):
    text: str | None = None
    comment: str | None = None
    parent: str | None = None


_decode = msgspec.msgpack.Decoder(_Said).decode
_NOTHING = _Said()


def comment_id(name: str) -> int:
    """The id of a comment: that of the event that brought it, unless it has a name of its own."""
    return id_of("event", name)


def fold(store: Store, rows: Batch) -> NDArray[np.bool_]:
    """Fold events `[rows]` in log order. True for each `uncomment` after which its viewer still stands by a comment on
    the video: then that they commented stands too."""
    stays = np.zeros(len(rows), np.bool_)
    mine = np.flatnonzero(of_kinds(rows, _KINDS))
    if len(mine) == 0:
        return stays
    some = rows.take(mine)
    said = [_decode(raw) if raw else _NOTHING for raw in some["raw"].tolist()]
    threads = _Threads(store)
    columns = (some[name].tolist() for name in ("id", "kind", "viewer", "video", "at"))
    for place, (told, event, kind, viewer, video, at) in enumerate(zip(said, *columns, strict=True)):
        comment = comment_id(told.comment) if told.comment else event
        if kind == Kind.COMMENT:
            if told.text:
                threads.add(comment, comment_id(told.parent or ""), viewer, video, at)
        elif kind == Kind.UNCOMMENT:
            stays[mine[place]] = threads.take_back(comment if told.comment else 0, viewer, video)
        elif kind in (Kind.PIN, Kind.UNPIN):
            threads.pin(comment, video, at, kind == Kind.PIN)
        else:
            threads.like(comment, viewer, at, kind == Kind.LIKE_COMMENT)
    threads.write()
    return stays


@dataclass(slots=True)
class _Row:
    """A row of COMMENT while a batch is folded."""

    video: int
    viewer: int
    root: int
    to: int
    at: int
    removed: int = 0
    likes: int = 0
    replies: int = 0
    answered: int = 0


@dataclass(slots=True)
class _Threads:
    """The comments that a batch touches, one by one in log order; `write` puts them back."""

    store: Store
    held: dict[int, _Row | None] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    """What is to be added to the count of a video."""
    added: list[tuple[int, int, int]] = field(default_factory=list)
    """(owner, comment, ms)."""

    def add(self, comment: int, parent: int, viewer: int, video: int, at: int) -> None:
        """A new comment; the first of its id stays. One that answers a comment elsewhere, or none, starts a thread."""
        if self.row(comment) is not None:
            return
        above = self.row(parent) if parent else None
        if above is not None and above.video != video:
            above = None
        root = 0 if above is None else above.root or parent
        self.held[comment] = _Row(video, viewer, root, above.viewer if above else 0, at)
        self.added.append((video, comment, at))
        thread = self.row(root) if root else None
        if thread is not None:
            self.added.append((root, comment, at))
            thread.replies += 1
            if not thread.answered and viewer != thread.viewer and viewer == creator_of(self.store, video):
                thread.answered = at
        self._count(video, 1 if not root or (thread is not None and not thread.removed) else 0)

    def take_back(self, comment: int, viewer: int, video: int) -> bool:
        """Take back a comment (0: the viewer's latest on the video) for its viewer or the creator; whether the viewer
        still stands by one."""
        self.write()
        there = lists.whole(self.store, COMMENTED, video)
        rows = self.store.columns(COMMENT.name, there, ("viewer", "removed", "at"))
        own = there[(rows["viewer"] == viewer) & (rows["removed"] == 0)]
        if not comment and len(own):
            at = self.store.columns(COMMENT.name, own, ("at",))["at"]
            comment = int(own[len(own) - 1 - int(np.argmax(at[::-1]))])
        row = self.row(comment) if comment else None
        if row is None or row.removed or row.video != video:
            return len(own) > 0
        if row.viewer != viewer and viewer != creator_of(self.store, video):
            return True
        self.remove(row)
        return row.viewer != viewer or len(own) > 1

    def remove(self, row: _Row) -> None:
        """Take back a comment that stands, with what hangs under it."""
        row.removed = 1
        thread = self.row(row.root) if row.root else None
        if thread is not None:
            thread.replies -= 1
        if not row.root:
            self._count(row.video, -1 - row.replies)
        elif thread is not None and not thread.removed:
            self._count(row.video, -1)

    def pin(self, comment: int, video: int, at: int, on: bool) -> None:
        """Put a comment of a video above all others, or no longer."""
        row = self.row(comment)
        if row is None or row.video != video or row.root:
            return
        key = np.array([video], np.int64)
        before = self.store.read(DISCUSSED.name, key)
        if at < before["at"][0] or (not on and before["pinned"][0] != comment):
            return
        pinned = np.array([comment if on else 0], np.int64)
        self.store.write(DISCUSSED.name, key, Batch({"pinned": pinned, "at": np.array([at], np.int64)}))

    def like(self, comment: int, viewer: int, at: int, on: bool) -> None:
        """A viewer likes a comment, or no longer."""
        row = self.row(comment)
        if row is None or row.removed:
            return
        key = like_keys(viewer, np.array([comment], np.int64))
        before = self.store.read(LIKED.name, key)
        if at < before["at"][0]:
            return
        row.likes += int(on) - int(before["active"][0])
        now = {"comment": [comment], "viewer": [viewer], "active": [int(on)], "at": [at]}
        self.store.write(LIKED.name, key, Batch({name: np.array(value, np.int64) for name, value in now.items()}))

    def write(self) -> None:
        """Put everything back."""
        rows = {key: row for key, row in self.held.items() if row is not None}
        if rows:
            columns = {each.name: np.array([getattr(row, each.name) for row in rows.values()]) for each in fields(_Row)}
            self.store.write(COMMENT.name, np.array(list(rows), np.int64), Batch(columns))
        if self.added:
            owner, comment, at = np.array(self.added, np.int64).T
            lists.append(self.store, COMMENTED, owner.copy(), comment.copy(), at.copy())
        if self.counted:
            videos = np.array(list(self.counted), np.int64)
            before = self.store.columns(DISCUSSED.name, videos, ("count",))["count"]
            self.store.write(
                DISCUSSED.name, videos, Batch({"count": before + np.array(list(self.counted.values()), np.int32)})
            )
        self.held, self.counted, self.added = {}, {}, []

    def _count(self, video: int, more: int) -> None:
        self.counted[video] = self.counted.get(video, 0) + more

    def row(self, comment: int) -> _Row | None:
        """A comment as it is by now; None if there is none."""
        if comment not in self.held:
            key = np.array([comment], np.int64)
            found = self.store.has(COMMENT.name, key)[0]
            row = self.store.read(COMMENT.name, key)
            self.held[comment] = _Row(**{each.name: int(row[each.name][0]) for each in fields(_Row)}) if found else None
        return self.held[comment]


def like_keys(viewer: int, comment: Keys) -> Keys:
    """The keys of a viewer's likes of comments."""
    return act_key(np.full(len(comment), viewer, np.int64), comment, Kind.LIKE_COMMENT)


def creator_of(store: Store, video: int) -> int:
    """The viewer that the author of a video is; 0 where that is not known."""
    author = store.columns("video", np.array([video], np.int64), ("author",))["author"]
    return int(account_of(store, author)[0]) if author[0] else 0


def threads(store: Store, video: int) -> Keys:
    """The comments on a video that start a thread and stand, oldest first."""
    there = lists.whole(store, COMMENTED, video)
    rows = store.columns(COMMENT.name, there, ("root", "removed", "viewer", "at"))
    kept = (rows["root"] == 0) & (rows["removed"] == 0) & (rows["viewer"] != 0)
    return np.asarray(there[kept][np.argsort(rows["at"][kept], kind="stable")])


def replies(store: Store, comment: int) -> Keys:
    """The answers under a comment that stand, oldest first."""
    there = lists.whole(store, COMMENTED, comment)
    rows = store.columns(COMMENT.name, there, ("removed", "viewer", "at"))
    kept = (rows["removed"] == 0) & (rows["viewer"] != 0)
    return np.asarray(there[kept][np.argsort(rows["at"][kept], kind="stable")])


def written_by(store: Store, viewer: int) -> Keys:
    """The comments of a viewer, those that were taken back too."""
    comment, rows = store.scan(COMMENT.name, ("viewer",))
    return np.asarray(comment[rows["viewer"] == viewer])


def likes_of(store: Store, viewer: int) -> Keys:
    """The keys of a viewer's likes of comments, as far as there are any."""
    key, rows = store.scan(LIKED.name, ("viewer",))
    return np.asarray(key[rows["viewer"] == viewer])


def withdraw(store: Store, viewer: int) -> None:
    """Take back everything that a viewer wrote and liked, and their name from what others answered them: before their
    rows go."""
    held = _Threads(store)
    for comment in written_by(store, viewer).tolist():
        row = held.row(comment)
        if row is not None and not row.removed:
            held.remove(row)
    liked = store.read(LIKED.name, likes_of(store, viewer))
    for comment in liked["comment"][liked["active"] == 1].tolist():
        row = held.row(comment)
        if row is not None:
            row.likes -= 1
    held.write()
    comment, rows = store.scan(COMMENT.name, ("to",))
    answers = comment[rows["to"] == viewer]
    if len(answers):
        store.write(COMMENT.name, answers, Batch({"to": np.zeros(len(answers), np.int64)}))
