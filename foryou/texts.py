"""Keeps the text vectors of videos up to date: what waits is embedded in the background, and can then be found.

It computes outside of any lock. What it made becomes a record of the log, and only folding that record changes
anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import CATALOG, of_kinds
from foryou.core.ports import Documents, Index, Keys, Store
from foryou.features import content
from foryou.features.content import CONTENT, Waiting
from foryou.text.embedder import Embedder
from foryou.text.learned import FEWEST, MOST, Learned
from foryou.text.open import embedder_id, embedder_name

TEXTS_STREAM = "texts"
TEXTS = "texts"
"""Under which others find the index."""
_LOG = logging.getLogger("foryou")


@dataclass
class Texts:
    """The embedder of a deployment, what waits for it, and the index of what it made."""

    store: Store
    documents: Documents
    embedder: Embedder
    new_index: Callable[[], Index]
    _index: Index = field(init=False)
    _waiting: Waiting = field(init=False, default_factory=Waiting)
    _again: list[Keys] = field(init=False, default_factory=list)
    """Videos whose texts are to be read anew, by an embedder that has learned since."""
    _said: int = field(init=False, default=0)
    """Texts that there are, about: what was removed is not taken off."""

    def __post_init__(self) -> None:
        self._who = embedder_id(self.embedder)
        self._index = self.new_index()

    def open(self) -> None:
        """Begin with the tables as they were loaded. Vectors of another embedder are forgotten, and that is said."""
        self._index, self._waiting = self.new_index(), Waiting()
        count, whose = content.forget_others(self.store, self._who)
        if count:
            _LOG.warning(
                "the text vectors of %d videos were made by %s, and the settings now say %s: they are made anew in the "
                "background, and until then these videos count as without text",
                count, embedder_name(whose), self.embedder.name,
            )  # fmt: skip
        video, held = self.store.scan(CONTENT.name, ("said",))
        self._said, self._again = int(np.count_nonzero(held["said"])), []
        self._show(video)
        self._index.publish(TEXTS)

    def hear(self, rows: Batch) -> None:
        """Events were folded, documents too: what they say waits; what they removed is found no more."""
        said = content.hear(self.store, self.documents, rows)
        self._said += len(said)
        self._waiting.add(said)
        self._show(np.unique(rows["video"][of_kinds(rows, CATALOG)]))

    def fold(self, rows: Batch) -> None:
        """Fold what `step` made."""
        self._show(content.fold_vectors(self.store, rows, self._who))

    def step(self, lock: AbstractContextManager[object]) -> Batch:
        """Vectors for the texts that waited longest, as many as the embedder takes at once: rows for `fold`. Where
        none waits, for some that are to be read anew.

        The texts are read under the lock; the computing needs none.
        """
        if isinstance(self.embedder, Learned) and self.embedder.due(self._said):
            self._learn(self.embedder, lock)
        with lock:
            video = self._waiting.next(self.store, self.embedder.at_once)
            if len(video) == 0 and self._again:
                video = self._again.pop()
            texts = self._texts(video)
        return content.embedded(video, texts, self.embedder(texts), self._who)

    def _learn(self, embedder: Learned, lock: AbstractContextManager[object]) -> None:
        """Let an embedder learn from the latest texts; after that all that were read before are read anew. After a
        restart it only learns again what it knew."""
        with lock:
            video, held = self.store.scan(CONTENT.name, ("said", "text"))
            video, read = video[held["said"] != 0], held["text"][held["said"] != 0] != 0
            uploaded = self.store.columns("video", video, ("uploaded",))["uploaded"]
            order = np.lexsort((video, -uploaded))
            video, read = video[order], read[order]
        latest, texts = video[:MOST], list[str]()
        for start in range(0, len(latest), embedder.at_once):
            with lock:
                texts += self._texts(latest[start : start + embedder.at_once])
        with lock:
            vectors = self.store.columns(CONTENT.name, latest, ("vector",))["vector"]
        knew = embedder.learn(texts, vectors, len(video))
        self._said = len(video)
        if knew or len(video) < 2 * FEWEST:  # else only a restart made it learn again
            old = video[read][::-1]
            self._again = [old[start : start + embedder.at_once] for start in range(0, len(old), embedder.at_once)]

    def _texts(self, video: Keys) -> list[str]:
        return [content.text_of(each) for each in self.documents.get("video", video.tolist())]

    def current(self) -> Index:
        """The vectors of all videos that may be shown and have a text."""
        return self._index

    @property
    def waiting(self) -> int:
        """Texts still to be embedded."""
        return content.waiting(self.store) + sum(map(len, self._again))

    def _show(self, video: Keys) -> None:
        """Bring the index to what the tables say of these videos."""
        if len(video) == 0:
            return
        there = self.store.columns("video", video, ("known", "removed"))
        held = self.store.columns(CONTENT.name, video, ("text", "vector"))
        shown = (there["known"] == 1) & (there["removed"] == 0) & (held["text"] != 0)
        self._index.remove(video[~shown])
        self._index.add(video[shown], held["vector"][shown])
