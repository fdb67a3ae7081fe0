"""The latest videos of the authors that the viewer follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import HOUR
from foryou.core.event import Kind
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Keys, Store
from foryou.features.acts import stands
from foryou.features.lists import FOLLOWED, UPLOADS, older, whole

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
        author = whole(self.store, FOLLOWED, request.viewer_id) if request.viewer_id else np.zeros(0, np.int64)
        author = author[stands(self.store, np.full(len(author), request.viewer_id), author, Kind.FOLLOW)]
        lists = self.store.columns(UPLOADS.name, author, ("value", "count", "latest"))
        newest = np.argsort(-lists["latest"], kind="stable")[: _AUTHORS * self.most]
        author, count = author[newest], lists["count"][newest]
        value = lists["value"][newest]
        item, uploaded = self._theirs(request, value.ravel(), np.repeat(author, value.shape[1]))
        oldest = self._least(value.ravel(), np.repeat(np.arange(len(author)), value.shape[1]), len(author))
        first, chunks = 0, 1
        while len(author):
            bound = np.partition(uploaded, -self.most)[-self.most] if len(uploaded) > self.most else 0
            on = np.flatnonzero((np.maximum(count - 1, 0) // value.shape[1] > first) & (oldest >= bound))
            author, count = author[on], count[on]
            more, of = older(self.store, UPLOADS, author, count, first, chunks)
            oldest = self._least(more, of, len(author))
            found, when = self._theirs(request, more, author[of])
            item, uploaded = np.concatenate([item, found]), np.concatenate([uploaded, when])
            first, chunks = first + chunks, 2 * chunks
        item, row = np.unique(item, return_index=True)
        uploaded = uploaded[row]
        latest = np.lexsort((item, -uploaded))[: self.most]
        hours = (request.at - uploaded[latest]) / HOUR
        return Batch({"item": item[latest], "source_score": (-hours).astype(np.float32)})

    def _theirs(self, request: Request, item: Keys, author: Keys) -> tuple[Keys, Keys]:
        """Those of the videos that are by these authors now and are out, and when they were uploaded (ms)."""
        video = self.store.columns("video", item, ("author", "uploaded", "removed"))
        out = (item != 0) & (video["author"] == author) & (video["uploaded"] <= request.at) & (video["removed"] == 0)
        return item[out], video["uploaded"][out]

    def _least(self, item: Keys, of: Keys, authors: int) -> Keys:
        """The oldest upload among the videos of each author `[authors]`, ms."""
        oldest = np.full(authors, np.iinfo(np.int64).max)
        some = np.flatnonzero(item)
        np.minimum.at(oldest, of[some], self.store.columns("video", item[some], ("uploaded",))["uploaded"])
        return oldest
