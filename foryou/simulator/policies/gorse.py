"""A feed of lists that are made in the background, as gorse makes them: lists each minute, models each hour.

Not gorse itself: its schedule and its parts (gorse-io/gorse, `config.toml` and `logics/`, 2026). Candidates are
popular videos, the latest, neighbours of what the viewer liked, and the nearest by matrix factors; a factorisation
machine ranks them (Rendle, 2010); a list is kept, and what was seen is taken out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import HOUR, MINUTE
from foryou.simulator.policies.ials import Factors
from foryou.simulator.policies.item_knn import Neighbours
from foryou.simulator.policies.likings import Likings
from foryou.simulator.policies.machine import Machine
from foryou.simulator.policies.policy import Numbers, Times, good
from foryou.simulator.policies.popular import Popular
from foryou.simulator.public import Public

CACHED = 100
"""Videos of a list, and candidates of each kind (`cache_size`)."""
CONTEXT = 100
"""How many of the viewer's latest likings are looked at (`context_size`)."""
LIST_EVERY, MODEL_EVERY = MINUTE, HOUR
"""The worker's tick and `fit_period`, as they are by default."""


class GorseLike:
    """Lists for each viewer, refreshed when the viewer was active since and a minute has passed."""

    name = "gorse-like"

    def start(self, public: Public) -> None:
        self.popular = Popular()
        self.popular.start(public)
        self.likings = Likings(public.viewers, public.videos)
        self.neighbours = Neighbours(public.videos)
        self.factors = Factors(public.viewers, public.videos, public.seed)
        self.machine = Machine(public)
        self.lists = np.full((public.viewers, CACHED), -1, np.int32)
        self.listed = np.zeros(public.viewers, np.int64)
        self.active = np.ones(public.viewers, np.int64)
        self.fitted = public.start

    def join(self, viewers: Numbers, at: int) -> None:
        """They have no list yet."""

    def publish(self, videos: Numbers, at: int) -> None:
        self.popular.publish(videos, at)

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        if len(at) and at[-1] - self.fitted >= MODEL_EVERY:
            self.neighbours.update(self.likings)
            self.factors.fit(self.likings)
            self.machine.fit()
            self.fitted = int(at[-1])
        stale = (at - self.listed[viewers] >= LIST_EVERY) & (self.active[viewers] > self.listed[viewers])
        for viewer in viewers[stale].tolist():
            found = self._list(viewer)
            self.lists[viewer] = -1
            self.lists[viewer, : len(found)] = found
        self.listed[viewers[stale]] = at[stale]
        slates = np.full((len(viewers), n), -1, np.int32)
        for row, viewer in enumerate(viewers.tolist()):
            mine = self.lists[viewer]
            mine = mine[mine >= 0]
            new = mine[~self.popular.shelf.seen[viewer, mine]][:n]
            slates[row, : len(new)] = new
        return self.popular.shelf.fill(slates, self.popular.shelf.out[::-1], viewers)  # `fallback`: the latest

    def _list(self, viewer: int) -> Numbers:
        shelf, liked = self.popular.shelf, self.likings.of(viewer)[-CONTEXT:]
        some = [self.popular.order[:CACHED], shelf.out[: -CACHED - 1 : -1]]
        if len(liked):
            near = self.neighbours.of(liked)
            some.append(shelf.best(viewer, np.flatnonzero(near).astype(np.int32), near[near > 0], CACHED))
            vector, known = self.factors.viewers[viewer], np.flatnonzero(self.factors.known).astype(np.int32)
            if vector.any():  # of the last fit: who came since has none
                some.append(shelf.best(viewer, known, self.factors.videos[known] @ vector, CACHED))
        candidates = np.unique(np.concatenate(some))
        return shelf.best(viewer, candidates, self.machine.scores(viewer, candidates), CACHED)

    def observe(self, rows: Batch) -> None:
        self.popular.observe(rows)
        self.likings.observe(rows)
        self.machine.take(rows["viewer"], rows["video"], good(rows))
        np.maximum.at(self.active, rows["viewer"], rows["at"])

    def finish(self) -> Mapping[str, object]:
        return {}
