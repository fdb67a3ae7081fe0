"""Videos that look for an audience, shown first to those who are likely to care."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, types

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, MINUTE
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Keys, Store
from foryou.features.author_taste import author_taste
from foryou.features.content import CONTENT
from foryou.features.history import unserved
from foryou.features.hydrate import newness
from foryou.features.interests import TOPIC, strengths
from foryou.features.reach_settings import DEFAULT, ReachSettings
from foryou.features.seen import unseen
from foryou.features.similar import COMPANIONS, positives, put_likeness
from foryou.features.taste import fondness
from foryou.features.young import YOUNG

_READ = ("item", "uploaded", "language", "topics", "stage", "room", "awaited", "lacks", "shown", "entered", "promise")
_EACH = 3
"""So many times `most` videos are looked at closely: those that are due and on topics that the viewer likes."""
_LOOK, _DUE, _PROMISE, _CHANCE = 0.6, 0.6, 1.0, 0.2
_TOPIC, _TEXT, _AUTHOR, _LIKED = 1.0, 1.0, 6.0, 1.5
"""What each reason to show a video to this viewer counts at most: that nobody has seen it, that it is behind its time,
good so far, drawn; its hashtags, its text, those who liked it. Of its author's own taste, which is told in what an
exposure is worth beyond what is usual, a tenth is much."""
_SOON = 6.0
"""A video should have its audience within this part of the time that it has for it."""
_LOST = 15 * MINUTE
"""After the latest impression of a video watches that have not come by then never will: the app was closed, or the
events got lost. Until then they are waited for, so that it is not shown to more than it asks for."""


@dataclass(frozen=True)
class Trial:
    """The `most` videos whose stage has room left that this viewer is likeliest to care for, or that are most behind;
    those that hardly anybody has seen first.

    Likely by hashtags and text that the viewer likes; by what the author's own account likes, which fades to nothing
    within `author_views` views; and by those who liked or shared it so far. For a new viewer only in the language of
    the app; the better a viewer is known, the more of the others too. It looks at the newest uploads only, however many
    there are (`features/young.py`).
    """

    store: Store
    most: int = 50
    reach: ReachSettings = DEFAULT
    seen_days: float = 30.0

    def __call__(self, request: Request) -> Candidates:
        _, young = self.store.scan(YOUNG.name, _READ)
        key, what, strength = strengths(self.store, np.array([request.viewer_id], np.int64), request.at)
        sizes = np.array([*self.reach.audiences, self.reach.audiences[-1]], np.float64)
        rows, score = _waiting(
            *(young[name] for name in _READ), request.at, self.reach.life, sizes, request.language,
            float(newness(request.viewer["viewer_known"])[0]), np.where(what[0] == TOPIC, key[0], 0), strength[0],
            *request.rng("fresh").integers(0, 1 << 62, 2),
        )  # fmt: skip
        rows, score = _best(rows, score, _EACH * self.most)
        item = young["item"][rows]
        new = unseen(self.store, request.viewer_id, item, int(request.at - self.seen_days * DAY))
        new &= unserved(self.store, request.viewer_id, request.session, item)
        item, score = item[new], score[new]
        if len(item) and request.viewer_id:
            score = score + self._cares(request, item)
        best, score = _best(np.arange(len(item)), score, self.most)
        return Batch({"item": item[best], "source_score": score.astype(np.float32)})

    def _cares(self, request: Request, item: Keys) -> Column:
        """How much this viewer is likely to care for each video, beyond its hashtags."""
        viewer, at = request.viewer, request.at
        taste = fondness(self.store, np.array([request.viewer_id], np.int64), np.array([at]))[0]
        text = self.store.columns(CONTENT.name, item, ("vector",))["vector"] @ taste
        mine = positives(viewer["history_item"], viewer["history_flags"], COMPANIONS)
        liked = np.empty((len(item), 2), np.float32)
        put_likeness(self.store, item, mine, np.zeros(len(item), np.int64), liked, 0)
        author = self.store.columns("video", item, ("author",))["author"]
        alike = author_taste(self.store, viewer, item, author, at, self.reach.author_views)
        return np.asarray(_TEXT * text + _LIKED * liked[:, 0] + _AUTHOR * alike)


def _best(rows: Keys, score: Column, most: int) -> tuple[Keys, Column]:
    """The rows with the highest scores, the best first, and these."""
    if len(rows) > most:
        first = np.argpartition(-score, most)[:most]
        rows, score = rows[first], score[first]
    order = np.argsort(-score, kind="stable")
    return rows[order], score[order]


def _drawn(item: int, seed: int) -> float:
    """A uniform number for each item and request (SplitMix64's finaliser; Steele et al., 2014)."""
    mixed = np.uint64(item) ^ np.uint64(seed)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return float((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / float(1 << 53)


_draw = njit(types.float64(types.int64, types.int64), cache=True)(_drawn)


@njit(cache=True, nogil=True)
def _waiting(  # type: ignore[no-untyped-def]
    item, uploaded, language, topics, stage, room, awaited, lacks, shown, entered, promise, now, life, sizes, spoken,
    new, key, strength, seed, other,
):  # fmt: skip
    """The rows of the videos that look for an audience now and may come, and what speaks for each."""
    slots = 2 * len(key)
    index = np.zeros(slots, np.int8)
    for s in range(len(key)):
        if key[s] != 0:
            place = (key[s] ^ (key[s] >> 17)) & (slots - 1)
            while index[place] != 0:
                place = (place + 1) & (slots - 1)
            index[place] = s + 1
    rows, score, count = np.empty(len(item), np.int64), np.empty(len(item)), 0
    for i in range(len(item)):
        age, left = now - entered[i], room[i]
        if now - shown[i] < _LOST:
            left -= awaited[i]
        if item[i] == 0 or left <= 0.0 or uploaded[i] == 0 or uploaded[i] > now or age >= life:
            continue
        if spoken != 0 and language[i] != 0 and language[i] != spoken and _draw(item[i], other) < new:
            continue
        late = min(max(age / life * _SOON, 0.0), 1.0) - (1.0 - left / sizes[stage[i]])
        total, highest, number = 0.0, -1.0, 0
        for t in range(topics.shape[1]):
            if topics[i, t] == 0:
                break
            number += 1
            place, how = (topics[i, t] ^ (topics[i, t] >> 17)) & (slots - 1), 0.0
            while index[place] != 0:
                if key[index[place] - 1] == topics[i, t]:
                    how = strength[index[place] - 1]
                    break
                place = (place + 1) & (slots - 1)
            total += how
            highest = max(highest, how)
        match = 0.5 * (total / number + highest) if number > 0 else 0.0
        rows[count] = i
        due = _LOOK * lacks[i] + _DUE * late
        score[count] = _TOPIC * match + due + _PROMISE * promise[i] + _CHANCE * _draw(item[i], seed)
        count += 1
    return rows[:count], score[:count]
