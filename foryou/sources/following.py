"""The latest videos of the authors that the viewer follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import HOUR
from foryou.core.event import Kind
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.lists import UPLOADS, older, standing

_AUTHORS = 4
"""So many times `most` authors are looked at, those with the newest videos: the others have none that is among them."""


@dataclass(frozen=True)
class Following:
    """The `most` latest. The score is the age: minus the hours since upload.

    It reads the lists of the followed authors from their newest end, and goes on in those that may have more among the
    latest: an author's videos are taken to have been described about in the order of their upload.
    """

    store: Store
    most: int = 100

    def __call__(self, request: Request) -> Candidates:
        author = standing(self.store, request.viewer_id, Kind.FOLLOW)
        lists = self.store.columns(UPLOADS.name, author, ("value", "count", "latest"))
        newest = np.argsort(-lists["latest"], kind="stable")[: _AUTHORS * self.most]
        author, count, value = author[newest], lists["count"][newest], lists["value"][newest]
        found, of = value.ravel(), np.repeat(np.arange(len(author)), value.shape[1])
        item, uploaded = np.zeros(0, np.int64), np.zeros(0, np.int64)
        first, chunks = 0, 1
        while len(found):
            video = self.store.columns("video", found, ("author", "uploaded", "removed"))
            when = video["uploaded"]
            out = (found != 0) & (video["author"] == author[of]) & (when <= request.at) & (video["removed"] == 0)
            item, uploaded = np.concatenate([item, found[out]]), np.concatenate([uploaded, when[out]])
            bound = np.partition(uploaded, -self.most)[-self.most] if len(uploaded) > self.most else 0
            oldest = np.full(len(author), np.iinfo(np.int64).max)
            np.minimum.at(oldest, of[found != 0], when[found != 0])
            on = np.flatnonzero((np.maximum(count - 1, 0) // value.shape[1] > first) & (oldest >= bound))
            author, count = author[on], count[on]
            found, of = older(self.store, UPLOADS, author, count, first, chunks)
            first, chunks = first + chunks, 4 * chunks
        item, row = np.unique(item, return_index=True)
        uploaded = uploaded[row]
        latest = np.lexsort((item, -uploaded))[: self.most]
        hours = (request.at - uploaded[latest]) / HOUR
        return Batch({"item": item[latest], "source_score": (-hours).astype(np.float32)})
