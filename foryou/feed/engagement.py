"""What a viewer takes part in beside what they post about, by hashtag: for creators, who mostly are both."""

from __future__ import annotations

import numpy as np

from foryou.core.event import Kind
from foryou.core.ids import NONE, id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.features import comments, lists
from foryou.features.accounts import authors_of
from foryou.feed.named import named

MOST = 10
"""Hashtags of each side that are told."""


def engagement(store: Store, documents: Documents, viewer: str) -> dict[str, object]:
    """`engages`: the hashtags of the videos of others that a viewer likes, saved and commented, and `posts`: those of
    their own; the most frequent first, each with `count` and `share` of the videos. `engaged` and `posted` are how many
    videos there are, with a hashtag or without."""
    number = id_of("viewer", viewer)
    author = np.unique(np.append(authors_of(store, number), id_of("author", viewer)))
    own = _there(store, np.concatenate([lists.whole(store, lists.UPLOADS, each) for each in author.tolist() if each]))
    own = own[np.isin(store.columns("video", own, ("author",))["author"], author)]
    written = store.columns(comments.COMMENT.name, comments.written_by(store, number), ("video", "removed"))
    acted = [lists.standing(store, number, kind) for kind in (Kind.LIKE, Kind.SAVE)]
    engaged = _there(store, np.concatenate([*acted, written["video"][written["removed"] == 0]]))
    engaged = engaged[~np.isin(store.columns("video", engaged, ("author",))["author"], author)]
    return {
        "engaged": len(engaged),
        "posted": len(own),
        "engages": _topics(store, documents, engaged),
        "posts": _topics(store, documents, own),
    }


def _there(store: Store, video: Keys) -> Keys:
    video = np.unique(video)
    rows = store.columns("video", video, ("known", "removed"))
    return np.asarray(video[(rows["known"] == 1) & (rows["removed"] == 0)])


def _topics(store: Store, documents: Documents, video: Keys) -> list[dict[str, object]]:
    topics = store.columns("video", video, ("topics",))["topics"]  # [videos, TOPICS]
    topic, count = np.unique(topics[topics != NONE], return_counts=True)
    most = np.lexsort((topic, -count))[:MOST]
    return [
        {
            "hashtag": named(documents, "hashtag", int(topic[place])),
            "count": int(count[place]),
            "share": round(int(count[place]) / len(video), 6),
        }
        for place in most.tolist()
    ]
