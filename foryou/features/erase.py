"""Everything in the tables that is about one viewer: which rows these are, and taking them out.

Counters of videos, authors, sounds and hashtags keep what the viewer added to them: sums that say nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ids import pair_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Table
from foryou.features import answers, comments, fans, lists, mentions, saved, seen, snapshots
from foryou.features.accounts import authors_of
from foryou.features.acts import DISLIKES, act_key
from foryou.features.chains import came_keys
from foryou.features.history import served_key
from foryou.features.pairs import pairs_of
from foryou.features.reach import KINDS_SEEN, REACH, seen_as

_ON_VIDEO = (Kind.LIKE, Kind.COMMENT, Kind.SAVE, *DISLIKES, Kind.REPORT, Kind.SEEN)
_ON_AUTHOR = (Kind.FOLLOW, Kind.BLOCK, Kind.HIDE)
_ON_ANY = (Kind.HIDE,)

Of = Callable[[Store, int, Keys], Keys]
"""(store, viewer, sessions of the viewer) -> keys that a table may have a row under for this viewer."""


def _self(store: Store, viewer: int, sessions: Keys) -> Keys:
    return np.array([viewer], np.int64)


def _videos(store: Store) -> Keys:
    return np.union1d(store.scan("video", ("known",))[0], store.scan("count_video", ("at",))[0])


def _known(store: Store, counter: str, column: str) -> Keys:
    """Authors, sounds or hashtags: those that were counted, and those of the catalogue."""
    described = store.scan("video", (column,))[1][column]
    return np.union1d(store.scan(counter, ("at",))[0], described.ravel())


def _seen(store: Store, viewer: int, sessions: Keys) -> Keys:
    return seen.rows_of(store, viewer)


def _acts(store: Store, viewer: int, sessions: Keys) -> Keys:
    targets = (
        (_videos(store), _ON_VIDEO),
        (_known(store, "count_author", "author"), _ON_AUTHOR),
        (_known(store, "count_sound", "sound"), _ON_ANY),
        (_known(store, "count_topic", "topics"), _ON_ANY),
        (_hidden(store, viewer), _ON_ANY),
    )
    found = [act_key(np.full(len(keys), viewer), keys, kind) for keys, kinds in targets for kind in kinds]
    return np.concatenate(found)


def _hidden(store: Store, viewer: int) -> Keys:
    """What the viewer ever hid: words too, which are known nowhere else."""
    return np.concatenate([lists.whole(store, lists.ACTED, owner) for owner in lists.owners(viewer).tolist()])


def _muted(store: Store, viewer: int, sessions: Keys) -> Keys:
    return mentions.muted_keys(viewer, _hidden(store, viewer))


def _snapshots(store: Store, viewer: int, sessions: Keys) -> Keys:
    return snapshots.keys_of(store, viewer)


def _served(store: Store, viewer: int, sessions: Keys) -> Keys:
    videos = _videos(store)
    each = [served_key(np.full(len(videos), viewer), np.full(len(videos), one), videos) for one in sessions.tolist()]
    return np.concatenate([np.zeros(0, np.int64), *each])


def _listed(store: Store, viewer: int, sessions: Keys) -> Keys:
    owners = lists.owners(viewer)
    values = [(owner, lists.whole(store, lists.ACTED, owner)) for owner in owners.tolist()]
    return np.concatenate(
        [saved.listed_of(store, viewer), *(pair_of(np.full(len(held), owner), held) for owner, held in values)]
    )


def _acts_of(store: Store, viewer: int, sessions: Keys) -> Keys:
    return _lists(store, lists.ACTED, lists.owners(viewer))


def _collections(store: Store, viewer: int, sessions: Keys) -> Keys:
    return _lists(store, saved.COLLECTIONS, np.array([viewer], np.int64))


def _lists(store: Store, table: Table, owners: Keys) -> Keys:
    """The rows of the lists of some owners."""
    count = store.columns(table.name, owners, ("count",))["count"]
    full = [
        pair_of(np.full(n, owner), np.arange(1, n + 1)) for owner, n in zip(owners, count // lists.CHUNK, strict=True)
    ]
    return np.concatenate([owners, *full])


def _accounts(store: Store, viewer: int, sessions: Keys) -> Keys:
    return authors_of(store, viewer)


def _comments(store: Store, viewer: int, sessions: Keys) -> Keys:
    return comments.written_by(store, viewer)


def _comment_likes(store: Store, viewer: int, sessions: Keys) -> Keys:
    return comments.likes_of(store, viewer)


def _answers(store: Store, viewer: int, sessions: Keys) -> Keys:
    return answers.rows_of(store, viewer)


def _fans(store: Store, viewer: int, sessions: Keys) -> Keys:
    return fans.rows_of(store, viewer)


def _collected(store: Store, viewer: int, sessions: Keys) -> Keys:
    return saved.rows_of(store, viewer)


def _came(store: Store, viewer: int, sessions: Keys) -> Keys:
    return came_keys(_videos(store), viewer)


KEYED: Mapping[str, Of | None] = {
    **dict.fromkeys(("viewer", "session", "history", "interest", "taste", "companion"), _self),
    **dict.fromkeys(("count_viewer", "effect", "trust", "acted", "prefer", "lesson", "read"), _self),
    **dict.fromkeys((kept.name for kept in snapshots.KEPT), _snapshots),  # before what says which they are
    "snapshot": _self,
    "muted": _muted,  # before the lists that say what was hidden
    "seen": _seen,
    "act": _acts,
    "served": _served,
    "listed": _listed,  # before the lists that say what is in it
    "acts_of": _acts_of,
    "collections": _collections,
    "account": _accounts,
    "came": _came,
    "comment": _comments,
    "comment_like": _comment_likes,
    "answer": _answers,
    "fan": _fans,
    "collected": _collected,
    **dict.fromkeys(
        ("reach", "reach_moves", "reach_peers", "reach_stage", "reach_cohort", "reach_usual", "chain"), None
    ),
    **dict.fromkeys(("accepted", "video", "about", "content", "mention", "tagged", "similar", "popular"), None),
    **dict.fromkeys(("asking", "board", "uploads", "episodes", "young", "turn", "slates"), None),
    **dict.fromkeys(("commented", "discussed"), None),
    **dict.fromkeys(("origin", "trust_all", "crowd", "total"), None),
    **dict.fromkeys(("count_video", "count_author", "count_sound", "count_topic", "count_all"), None),
}
"""How the rows about a viewer are found in each table; None: it has none (`reach` has what stands for them in rows
about videos: see `_unseen`). A table that is not here is an error, so that
none is forgotten. `accepted` holds ids of events, so that one that is sent again still counts once."""


def rows_about(store: Store, viewer: int, sessions: Keys) -> dict[str, Keys]:
    """The keys of the rows that are about a viewer, by table; `sessions` are those in which they were served."""
    found: dict[str, Keys] = {}
    for table, of in KEYED.items():
        if of is not None:
            keys = of(store, viewer, sessions)
            found[table] = np.unique(keys[store.has(table, keys)])
    return found


def forget(store: Store, viewer: int, sessions: Keys) -> dict[str, int]:
    """Take a viewer out of the tables; how many rows of each table went."""
    comments.withdraw(store, viewer)
    gone = rows_about(store, viewer, sessions)
    for table, keys in gone.items():
        if len(keys):
            store.delete(table, keys)
    went = {table: len(keys) for table, keys in gone.items() if len(keys)}
    videos = _unseen(store, viewer)
    return went | {"reach": videos} if videos else went


def _unseen(store: Store, viewer: int) -> int:
    """Take what stands for a viewer out of the latest viewers of videos; of how many videos."""
    video, rows = store.scan(REACH.name, ("latest",))
    mine = seen_as(pairs_of(viewer, video))
    hit = (rows["latest"] & ~KINDS_SEEN) == mine[:, None]
    of = np.flatnonzero(hit.any(axis=1))
    if len(of):
        store.write(REACH.name, video[of], Batch({"latest": np.where(hit[of], np.uint32(0), rows["latest"][of])}))
    return len(of)


def viewers(store: Store) -> Keys:
    """All viewers that the tables know of."""
    tables = ("viewer", "session", "history", "count_viewer", "companion", "interest", "taste", "prefer", "snapshot")
    authors = store.scan("account", ("viewer",))[1]["viewer"]
    named = ("comment", "comment_like", "answer", "fan", "collected")
    others = (store.scan(name, ("viewer",))[1]["viewer"] for name in named)
    return np.unique(np.concatenate([*(store.scan(name)[0] for name in (*tables, "read")), *others, authors]))
