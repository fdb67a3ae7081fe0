"""Videos that answer: for each that somebody linked from a comment of theirs, which comment, and what that answers.

Only what the video's own creator linked is shown with it: anybody may link any video, and none of that is the video's.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ids import id_of, pair_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.accounts import account_of
from foryou.features.comments import COMMENT, comment_id

ANSWER = Table(
    "answer",
    (
        Field("viewer", "int64"),
        Field("comment", "int64", help="the viewer's latest with the video"),
        Field("parent", "int64", help="the comment that it answers; 0: the video that it stands under"),
    ),
)
"""Under `pair_of(viewer, video)`."""


class _Said(Struct):
    text: str | None = None
    comment: str | None = None
    parent: str | None = None
    reply_video: str | None = None


_decode = msgspec.msgpack.Decoder(_Said).decode


def fold(store: Store, rows: Batch) -> None:
    """Fold comments `[rows]` in log order, once they are among the comments."""
    written = rows.take(rows["kind"] == Kind.COMMENT)
    found: dict[int, tuple[int, int, int]] = {}
    columns = (written[name].tolist() for name in ("raw", "id", "viewer", "at"))
    for raw, event, viewer, at in zip(*columns, strict=True):
        if b"reply_video" not in raw:
            continue
        said = _decode(raw)
        if not said.text or not said.reply_video:
            continue
        comment = comment_id(said.comment) if said.comment else event
        row = store.columns(COMMENT.name, np.array([comment], np.int64), ("viewer", "at"))
        if row["viewer"][0] != viewer or row["at"][0] != at:
            continue  # there was a comment of this name before
        key = int(pair_of(np.array([viewer]), np.array([id_of("video", said.reply_video)]))[0])
        found[key] = viewer, comment, comment_id(said.parent or "")
    if found:
        keys = np.array(list(found), np.int64)
        viewers, comments, parents = np.array(list(found.values()), np.int64).T
        columns_ = {"viewer": viewers.copy(), "comment": comments.copy(), "parent": parents.copy()}
        store.write(ANSWER.name, keys, Batch(columns_))


def answers(store: Store, video: Keys) -> Batch:
    """What videos answer, as their creators said: `video` (the one that answers), `comment` (the one that was answered,
    where it stands, else 0) and `under` (the video that both stand under). Videos that answer nothing have no row."""
    creator = account_of(store, store.columns("video", video, ("author",))["author"])
    keys = pair_of(creator, video)
    there = np.flatnonzero((creator != 0) & store.has(ANSWER.name, keys))
    linked = store.columns(ANSWER.name, keys[there], ("comment", "parent"))
    said = store.columns(COMMENT.name, linked["comment"], ("video", "removed", "viewer"))
    source = store.columns("video", said["video"], ("known", "removed"))
    stands = (said["removed"] == 0) & (said["viewer"] != 0) & (said["video"] != video[there])
    stands &= (source["known"] == 1) & (source["removed"] == 0)
    parent = store.columns(COMMENT.name, linked["parent"], ("video", "removed", "viewer"))
    readable = (parent["removed"] == 0) & (parent["viewer"] != 0) & (parent["video"] == said["video"])
    found = {
        "video": video[there],
        "comment": np.where(readable, linked["parent"], 0),
        "under": said["video"],
    }
    return Batch(found).take(stands)


def rows_of(store: Store, viewer: int) -> Keys:
    """The keys of the answers of a viewer."""
    key, rows = store.scan(ANSWER.name, ("viewer",))
    return np.asarray(key[rows["viewer"] == viewer])
