"""What serves: the model version in use, the index of video vectors that follows it a little at a time, and the
clusters among them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.core.event import CATALOG, of_kinds
from foryou.core.memory import HEAP, Arrays, Memory
from foryou.core.ports import Index, Keys, Model, Store
from foryou.models.clusters import Codebook
from foryou.models.ranker import Ranker
from foryou.sources.clusters import clusters_of
from foryou.training.stream import LearningSettings

VERSION, VECTORS = "version", "vectors"
"""Under which others find the version in use, and the index of its vectors."""
SLICE = 1024
"""Videos whose vectors are computed at a time."""
_GROWN = 2
_SHOWN = ("known", "removed")
_DESCRIBED = ("author", "sound", "topics", "language", "length", "format", *_SHOWN)


@dataclass(frozen=True, slots=True)
class Version:
    """A model that no longer changes, the index of video vectors and the clusters among them. `steps` counts the rows
    and corrections in it."""

    model: Model
    index: Index
    codebook: Codebook
    steps: int = 0

    @property
    def outgrown(self) -> bool:
        """Whether so many videos came that the clusters say little of them."""
        return len(self.index) > _GROWN * self.codebook.videos


class Versions:
    """Swaps versions in, at most every `publish_every_s`, and keeps the vectors close to the version in use.

    A swap is one assignment. Vectors of the videos that were learned from follow at once; all others when their turn
    comes in a round through all videos, which starts every `refresh_s` if anything was learned.
    """

    def __init__(
        self,
        store: Store,
        index: Callable[[], Index],
        lock: threading.RLock,
        settings: LearningSettings,
        seed: int = 0,
        memory: Memory = HEAP,
    ) -> None:
        """`lock` is that of whoever changes the tables; `seed` is that of the clusters; in `memory` others find the
        version in use."""
        self._store, self._new_index, self._lock, self._settings, self._seed = store, index, lock, settings, seed
        self._memory = memory
        self._before: deque[Version] = deque(maxlen=0 if memory is HEAP else 2)
        """Where others read along: what a request may still be using in another process must not be used again."""
        self._at = self._round_at = 0
        self._round_steps = 0
        self._line: object = None
        self._moved: deque[Keys] = deque()
        self._round: deque[Keys] = deque()
        self.in_use: Version

    def due(self, steps: int, now: int) -> bool:
        """Whether there is something new to swap in, and it is time (ms)."""
        waited = now - self._at
        return steps != self.in_use.steps and not 0 <= waited < self._settings.publish_every_s * SECOND

    def swap(self, model: Model, steps: int, line: object, moved: Keys, now: int) -> None:
        """Use this version from now on. `moved`: the videos whose own rows were learned since the last one. `line`: a
        version of another line did not come from the last one by learning, and a round through all videos starts."""
        self._use(Version(model, self.in_use.index, self.in_use.codebook, steps))
        self._at = now
        self._moved.extend(_slices(moved))
        if line != self._line:
            self._line = line
            self._start_round(now)

    def replace(self, model: Model, steps: int, line: object, now: int) -> None:
        """Use this version with a new index of all videos, made while the tables stand still."""
        index = self._new_index()
        with self._lock:
            self._use(Version(model, index, clusters_of(self._store, model, self._seed), steps))
            self._at = self._round_at = now
            self._round_steps, self._line = steps, line
            self._moved.clear()
            self._round.clear()
            for videos in _slices(self._store.scan("video", ("known",))[0]):
                self._update(videos)
            index.publish(VECTORS)

    def _use(self, version: Version) -> None:
        self.in_use = version
        self._before.append(version)
        self._memory.publish(VERSION, packed(version))

    def follow(self, now: int) -> bool:
        """Compute the vectors of some videos again: first those that were learned from. Whether any are left."""
        if self.in_use.outgrown:
            self._start_round(now)
        elif self._moved:
            self._update(self._moved.popleft())
        elif self._round:
            self._update(self._round.popleft())
        elif self.in_use.steps != self._round_steps and (
            not 0 <= now - self._round_at < self._settings.refresh_s * SECOND
        ):
            self._start_round(now)
        return bool(self._moved or self._round)

    def _start_round(self, now: int) -> None:
        self._round_at, self._round_steps = now, self.in_use.steps
        self._round = deque(_slices(self._store.scan("video", ("known",))[0].copy()))
        self._use(replace(self.in_use, codebook=clusters_of(self._store, self.in_use.model, self._seed)))

    def describe(self, rows: Batch) -> None:
        """Videos can be found as soon as they are described, and no longer once they are removed."""
        if hasattr(self, "in_use"):
            for videos in _slices(np.unique(rows["video"][of_kinds(rows, CATALOG)])):
                self._update(videos)

    def _update(self, videos: Keys) -> None:
        """Put the vectors of those videos that can be shown, take out the others."""
        version = self.in_use
        state = self._store.columns("video", videos, _DESCRIBED)
        shown = _shown(state)
        vectors = version.model.vectors(state.take(shown).extend({"item": videos[shown]}))
        with self._lock:
            # What was removed in the meantime must not come back.
            still = _shown(self._store.columns("video", videos, _SHOWN))
            version.index.remove(videos[~still])
            stays = still[shown]
            if stays.any():
                version.index.add(videos[shown][stays], vectors[stays])


def packed(version: Version) -> Arrays:
    """A version as arrays; see `unpacked`."""
    book = version.codebook
    codebook = {"centroids": book.centroids, "nearer": book.nearer, "counts": np.array([book.videos, version.steps])}
    return {**codebook, **{f"model.{name}": values for name, values in version.model.parts().items()}}


def unpacked(arrays: Arrays, index: Index) -> Version:
    """The version that was packed, over its arrays. `index` follows it by itself."""
    parts = {name.removeprefix("model."): values for name, values in arrays.items() if name.startswith("model.")}
    videos, steps = arrays["counts"].tolist()
    return Version(Ranker.attached(parts), index, Codebook(arrays["centroids"], arrays["nearer"], videos), steps)


def _shown(videos: Batch) -> Column:
    return np.asarray((videos["known"] == 1) & (videos["removed"] == 0))


def _slices(videos: Keys) -> list[Keys]:
    return [videos[start : start + SLICE] for start in range(0, len(videos), SLICE)]
