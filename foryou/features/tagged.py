"""The latest videos of each hashtag: where a viewer's wish for a hashtag that nothing is known of yet begins."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.grouping import group

LATEST = 64
"""Videos of a hashtag that are known by it."""
TAGGED = Table(
    "tagged",
    (
        Field("video", "int64", LATEST, help="in a ring"),
        Field("next", "int32", help="the place of the next one"),
    ),
)


def describe(store: Store, rows: Batch) -> None:
    """Fold what was said about videos `[rows]`: each is among the latest of its hashtags."""
    named = rows.take(rows["kind"] == Kind.VIDEO)
    at, slot = np.nonzero(named["topics"])
    if len(at) == 0:
        return
    topics, row = group(named["topics"][at, slot])
    held = store.read(TAGGED.name, topics)
    video, place = held["video"].copy(), held["next"].copy()
    for one, k in zip(named["video"][at].tolist(), row.tolist(), strict=True):
        if one not in video[k]:
            video[k, place[k]] = one
            place[k] = (place[k] + 1) % LATEST
    store.write(TAGGED.name, topics, Batch({"video": video, "next": place}))


def latest_of(store: Store, topics: Keys) -> Keys:
    """The latest videos of some hashtags, each once; whether they still have it stands elsewhere."""
    found = np.unique(store.columns(TAGGED.name, topics, ("video",))["video"])
    return np.asarray(found[found != 0], np.int64)
