"""What people in the viewer's country watch to the end and like these days, in the viewer's language first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Keys, Store
from foryou.features.history import unserved
from foryou.features.hydrate import newness
from foryou.features.popular import (
    ANY_LANGUAGE,
    CHUNK,
    EVERYWHERE,
    HALF_LIFE,
    SORTED,
    board_key,
    faded,
    read_boards,
)  # fmt: skip
from foryou.features.seen import unseen

_SCANNED = 8
"""All videos are looked at once the boards bring less than such a part of what is asked for."""


@dataclass(frozen=True)
class Popular:
    """The `most` popular: faded positives in the country and, at a tenth, everywhere.

    Other languages than the app's count a tenth, and hardly less once the viewer is known. What the viewer has seen or
    the session was given makes room for the next popular. It looks at the boards of the viewer's country and of all
    (`features/popular.py`), and at all videos only for somebody who has had nearly everything that stands there: so it
    runs dry only with the catalogue. For viewer 0 it uses nothing of the request but language, country, session and
    time.
    """

    store: Store
    most: int = 200
    elsewhere: float = 0.1
    other_language: float = 0.1
    seen_days: float = 30.0

    def __call__(self, request: Request) -> Candidates:
        for depth in (2 * self.most // CHUNK + 1, SORTED):
            item, score = self._on_boards(request, depth)
            best = self._new_among_the_best(request, item, score)
            if len(best) >= self.most:
                break
        every, videos = self.store.scan("video", ("known",))
        if len(item) < len(every) and _SCANNED * len(best) < self.most:
            return self.among(request, every[videos["known"] == 1])
        return self._ordered(request, best)

    def among(self, request: Request, item: Keys) -> Candidates:
        """The `most` popular among these videos that this viewer and session have not had."""
        best = self._new_among_the_best(request, item, self._scored(request, item))
        return self._ordered(request, best)

    def _ordered(self, request: Request, best: Keys) -> Candidates:
        score = self._scored(request, best)
        there = np.flatnonzero(score > 0)
        order = there[np.lexsort((best[there], -score[there]))][: self.most]
        return Batch({"item": best[order], "source_score": score[order].astype(np.float32)})

    def _on_boards(self, request: Request, depth: int) -> tuple[Keys, Column]:
        """What stands on the boards that matter to this request, and about what it scores."""
        spoken = [request.language, 0] if request.language else []
        languages = [*spoken, ANY_LANGUAGE]
        native = np.array([*[True] * len(spoken), request.language == 0])
        boards = [board_key(np.full(len(languages), EVERYWHERE), np.array(languages))]
        if request.country:
            boards.insert(0, board_key(np.full(len(languages), request.country), np.array(languages)))
        item, number, which = read_boards(self.store, np.concatenate(boards), depth)
        local = (which < len(languages)) & (request.country != 0)
        found, here, there, speaks = _joined(
            item, number, local, native[which % len(languages)], 1 << int(4 * item.size).bit_length()
        )
        now = request.at / HALF_LIFE
        score = np.exp2(np.minimum(there - now, 60))
        if request.country:
            alone = np.flatnonzero(there == 0)
            score[alone] = faded(self.store, found[alone], (EVERYWHERE,), request.at)[0]
            score = self.elsewhere * score + np.exp2(np.minimum(here - now, 60))
        return found, score * np.where(speaks, 1.0, self._foreign(request))

    def _new_among_the_best(self, request: Request, item: Keys, score: Column) -> Keys:
        """At least the `most` best that this viewer and session have not had: looks only as far down as it has to."""
        since = int(request.at - self.seen_days * DAY)
        size = self.most + self.most // 2 + 16
        while True:
            best = item
            if size < len(item):
                best = item[score >= np.partition(score, -size)[-size]]
            best = best[unseen(self.store, request.viewer_id, best, since)]
            best = best[unserved(self.store, request.viewer_id, request.session, best)]
            if len(best) >= self.most or size >= len(item):
                return best
            size *= 4

    def _scored(self, request: Request, item: Keys) -> NDArray[np.float64]:
        """What each video `[items]` scores now; below 0 for one that must not be shown."""
        videos = self.store.columns("video", item, ("language", "removed", "known", "uploaded"))
        if request.country:
            here, everywhere = faded(self.store, item, (request.country, EVERYWHERE), request.at)
            score = here + self.elsewhere * everywhere
        else:
            score = faded(self.store, item, (EVERYWHERE,), request.at)[0]
        foreign = (videos["language"] != request.language) & (videos["language"] != 0) & (request.language != 0)
        days = np.maximum(request.at - videos["uploaded"], 0) / HALF_LIFE
        score = (score + 0.01 * np.exp2(-days)) * np.where(foreign, self._foreign(request), 1.0)
        return np.where((videos["known"] == 0) | (videos["removed"] == 1), -1.0, score)

    def _foreign(self, request: Request) -> float:
        """What a video in another language counts to this viewer, of 1."""
        return float(self.other_language ** float(newness(request.viewer["viewer_known"])[0]))


@njit(cache=True, nogil=True)
def _joined(item, number, local, native, slots):  # type: ignore[no-untyped-def]
    """Each video of these rows once, with its latest number in the country and everywhere, 0 where it has none."""
    taken = np.full(slots, -1, np.int32)
    most = item.size
    found, here, there, speaks = np.empty(most, np.int64), np.zeros(most), np.zeros(most), np.zeros(most, np.bool_)
    count = 0
    for row in range(item.shape[0]):
        for place in range(item.shape[1]):
            video = item[row, place]
            if video == 0:
                continue
            slot = (np.uint64(video) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & np.uint64(slots - 1)
            at = taken[slot]
            while at >= 0 and found[at] != video:
                slot = (slot + np.uint64(1)) & np.uint64(slots - 1)
                at = taken[slot]
            if at < 0:
                at = count
                taken[slot] = at
                found[at] = video
                count += 1
            if local[row]:
                here[at] = number[row, place]
            else:
                there[at] = number[row, place]
            speaks[at] |= native[row]
    return found[:count], here[:count], there[:count], speaks[:count]
