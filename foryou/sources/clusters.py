"""Videos near each of several interests of the viewer, small ones and those that were given too little among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.inputs import OUTCOME_BITS, POSITIVE_BITS
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Index, Keys, Model, Store
from foryou.features.history import unserved
from foryou.features.seen import unseen
from foryou.grouping import hashed
from foryou.models.clusters import ENOUGH, Codebook, cluster, clusters_for
from foryou.models.retrieval import unit

_FADES = 20.0
"""Exposures after which an older one counts half."""
_PSEUDO = 2.0
"""Exposures at the viewer's own mean that a theme starts with."""
_SPARE = 10
_REFUSED = OUTCOME_BITS["not_interested"] | OUTCOME_BITS["report"]
_AGAINST = 2.0
"""Positives that one refusal takes away."""


@dataclass(frozen=True)
class Clusters:
    """The `most` nearest to the viewer's `themes` strongest themes: one query for each, and a quota.

    A theme is a cluster with positives in the viewer's history; its query is their mean vector, so that a new like
    moves it at once (a query for each interest: Pal et al., KDD 2020). Its quota grows with the root of its positives,
    which keeps small interests, and with the rate at which its exposures were positive, which brings back what was
    shown too seldom. `codebook` says which clusters there are, and goes with the index and the model in use.
    """

    store: Store
    index: Callable[[], Index]
    codebook: Callable[[], Codebook]
    most: int = 100
    themes: int = 6
    seen_days: float = 30.0

    def __call__(self, request: Request) -> Candidates:
        history, flags = request.viewer["history_item"][0], request.viewer["history_flags"][0]
        index, codebook = self.index(), self.codebook()
        good, refused = (flags & POSITIVE_BITS) != 0, (flags & _REFUSED) != 0
        good &= ~refused & (history != 0)
        if not good.any() or len(codebook) == 0:
            return Batch({"item": np.zeros(0, np.int64), "source_score": np.zeros(0, np.float32)})
        vectors = index.vectors(history)
        shown = np.flatnonzero(vectors.any(axis=1))  # the others were removed since, or nobody described them
        vectors, good, refused = vectors[shown], good[shown], refused[shown]
        which = codebook.assign(vectors)
        faded = np.exp2(-np.arange(len(shown)) / _FADES)
        worth = worths(which, good, refused, faded, len(codebook))
        best = np.argsort(-worth, kind="stable")[: self.themes]
        best = best[worth[best] > 0]
        quotas = self.most * worth[best] / max(float(worth[best].sum()), 1e-12)
        queries = unit((faded * good * (which == best[:, None])).astype(np.float32) @ vectors)
        found = index.searches(queries, (2 * np.ceil(quotas).astype(int) + _SPARE).tolist())
        return self._joined(request, found, quotas)

    def _joined(
        self, request: Request, found: list[tuple[Keys, NDArray[np.float32]]], quotas: NDArray[np.float64]
    ) -> Candidates:
        """What each theme found by quota, the best of each first; an item of two themes once, where it stands higher.

        What this viewer and session have had makes room for the next. As `share` does it, of lists that are sorted.
        """
        item = np.concatenate([each for each, _ in found] or [np.zeros(0, np.int64)])
        score = np.concatenate([each for _, each in found] or [np.zeros(0, np.float32)])
        begins = np.cumsum([0, *(len(each) for each, _ in found)])
        new = unseen(self.store, request.viewer_id, item, int(request.at - self.seen_days * DAY))
        new &= unserved(self.store, request.viewer_id, request.session, item)
        best = _taken(item, new, begins, quotas, self.most, np.zeros(1 << (2 * self.most).bit_length(), np.int64))
        return Batch({"item": item[best], "source_score": score[best]})


def clusters_of(store: Store, model: Model, seed: int) -> Codebook:
    """The clusters among the vectors of the videos that can be shown, from a sample of them: as quick at any size."""
    item, videos = store.scan("video", ("known", "removed"))
    shown = item[(videos["known"] == 1) & (videos["removed"] == 0)]
    chance = np.random.default_rng(seed)
    some = min(len(shown), ENOUGH * clusters_for(len(shown)))
    sample = shown[chance.choice(len(shown), some, replace=False)] if some else shown
    vectors = model.vectors(store.read("video", sample).extend({"item": sample}))
    return cluster(vectors, len(shown), chance)


def worths(
    which: NDArray[np.int64],
    good: NDArray[np.bool_],
    refused: NDArray[np.bool_],
    faded: NDArray[np.float64],
    clusters: int,
) -> NDArray[np.float64]:
    """What each cluster `[clusters]` is worth to a viewer; 0 without positives, or with refusals that outweigh them.

    Of each exposure: its cluster, whether it was positive, whether it was refused, and how much it counts.
    """
    shown = np.bincount(which, faded, clusters)
    liked = np.maximum(np.bincount(which, faded * (good - _AGAINST * refused), clusters), 0.0)
    mean = liked.sum() / max(shown.sum(), 1e-12)
    return np.asarray(np.sqrt(liked) * (liked + _PSEUDO * mean) / (shown + _PSEUDO))


@njit(cache=True, nogil=True)
def _taken(item, new, begins, quotas, most, slots):  # type: ignore[no-untyped-def]
    """The rows that are taken, in order: always the one that stands highest for its quota, by id where equal.

    List t has rows `begins[t]` to `begins[t + 1]`, and only what is `new` counts. `slots` are zeros, more than `most`.
    """
    lists, mask = len(quotas), len(slots) - 1
    at, number = begins[:-1].copy(), np.ones(lists)
    out, count = np.empty(min(most, len(item)), np.int64), 0
    while count < len(out):
        best, least = -1, np.inf
        for t in range(lists):
            while at[t] < begins[t + 1] and not new[at[t]]:
                at[t] += 1
            if at[t] == begins[t + 1]:
                continue
            depth = number[t] / quotas[t]
            if depth < least or (depth == least and item[at[t]] < item[at[best]]):
                best, least = t, depth
        if best < 0:
            break
        row = at[best]
        at[best] += 1
        number[best] += 1
        slot = hashed(item[row]) & mask
        while slots[slot] != 0 and slots[slot] != item[row]:
            slot = (slot + 1) & mask
        if slots[slot] == 0:
            slots[slot] = item[row]
            out[count] = row
            count += 1
    return out[:count]
