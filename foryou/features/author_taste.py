"""What an author's own account likes, as a guess of who may care for what they post (NO-24): whoever engages with cars
is shown to those who like cars first. It fades with the views that a video has, as they tell more."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.ports import Keys, Store
from foryou.features.accounts import account_of
from foryou.features.content import CONTENT
from foryou.features.reach import REACH
from foryou.features.response import put_response
from foryou.features.taste import PRIOR, liked_by
from foryou.grouping import group


def author_taste(store: Store, viewer: Batch, item: Keys, author: Keys, at: int, views: float) -> Column:
    """What a viewer (one row of `viewer_columns`) is expected to make of what the authors of videos like, as of `at`
    (ms) `[items]`: the mean over the texts of an author's latest positives, times n / (n + PRIOR) for n of them. All of
    that counts before anybody saw the video, and nothing after so many `views`. 0 for who likes nothing."""
    seen = store.columns(REACH.name, item, ("total",))["total"].max(axis=1)
    fade = left_of_taste(seen, views)
    account, out = account_of(store, author), np.zeros(len(item))
    left = np.flatnonzero((fade > 0) & (account != 0))
    if len(left):
        accounts, of = group(account[left])
        liked, row = group(liked_by(store, accounts).ravel())
        made, there = np.zeros((len(liked), 1), np.float32), store.columns(CONTENT.name, liked, ("text",))["text"] != 0
        put_response(store, viewer, np.zeros(len(liked), np.int64), liked, made, 0)
        row = row.reshape(len(accounts), -1)
        alike = made[row, 0].sum(axis=1) / (there[row].sum(axis=1) + PRIOR)
        out[left] = fade[left] * alike[of]
    return out


def left_of_taste(seen: Column | float, views: float) -> Column:
    """How much of it counts when a video was seen so often: 1 before anybody saw it, 0 after so many `views`."""
    return np.maximum(1.0 - np.asarray(seen) / views, 0.0) if views > 0 else np.zeros(np.shape(seen))
