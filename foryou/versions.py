"""What serving uses, made from a model: its own copy, the index of its video vectors, and the clusters among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Batch
from foryou.core.ports import Index, Keys, Model, Store
from foryou.models.clusters import Codebook
from foryou.sources.clusters import clusters_of

_READ = ("author", "sound", "topics", "language", "length", "format", "known", "removed")
"""Of a video, what a vector is made from, and whether it can be shown."""
_GROWN = 2


@dataclass(frozen=True, slots=True)
class Version:
    """A model that no longer changes, and what goes with it: vectors of one version mean nothing to another."""

    model: Model
    index: Index
    codebook: Codebook

    @property
    def outgrown(self) -> bool:
        """Whether so many videos came that the clusters say little of them."""
        return len(self.index) > _GROWN * self.codebook.videos


def make(model: Model, index: Index, store: Store, seed: int) -> Version:
    """A version of all videos that can be shown, in an empty index. Takes no lock: what is described meanwhile has to
    be brought up (`bring_up`) before it is used."""
    item, videos = store.scan("video", _READ)
    item, vectors = _shown(model, item, videos)
    if len(item):
        index.add(item, vectors)
    return Version(model, index, clusters_of(store, model, seed))


def bring_up(version: Version, store: Store, videos: Keys) -> None:
    """Videos can be found as soon as they are described, and no longer once they are removed."""
    touched = np.unique(videos)
    if len(touched) == 0:
        return
    item, vectors = _shown(version.model, touched, store.columns("video", touched, _READ))
    version.index.remove(np.setdiff1d(touched, item))
    if len(item):
        version.index.add(item, vectors)


def _shown(model: Model, item: Keys, videos: Batch) -> tuple[Keys, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """The videos that can be shown, and their vectors `[videos, dim]`."""
    shown = np.flatnonzero((videos["known"] == 1) & (videos["removed"] == 0))
    return item[shown], model.vectors(videos.take(shown).extend({"item": item[shown]}))
