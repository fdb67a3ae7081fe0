"""New videos that need a first audience: the ones that fewest people have seen yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, types

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Store
from foryou.features.hydrate import newness
from foryou.features.young import YOUNG


@dataclass(frozen=True)
class Fresh:
    """Up to `most` videos younger than `age_days` with fewer than `audience` exposures, the least seen first.

    For a new viewer only in the language of the app; the better a viewer is known, the more of the others too. Which of
    the equally unseen come first is drawn for each request, so that all get their turn. It looks at the newest uploads
    only, however many there are (`features/young.py`).
    """

    store: Store
    most: int = 50
    age_days: float = 3.0
    audience: float = 100.0

    def __call__(self, request: Request) -> Candidates:
        _, young = self.store.scan(YOUNG.name, ("item", "uploaded", "language", "shown"))
        rows, turn = _take_turns(
            young["item"], young["uploaded"], young["language"], young["shown"],
            request.at, int(self.age_days * DAY), self.audience, request.language,
            float(newness(request.viewer["viewer_known"])[0]),
            *request.rng("fresh").integers(0, 1 << 62, 2),
        )  # fmt: skip
        if len(rows) > self.most:
            first = np.flatnonzero(turn <= np.partition(turn, self.most)[self.most])
            rows, turn = rows[first], turn[first]
        best = rows[np.argsort(turn, kind="stable")[: self.most]]
        return Batch({"item": young["item"][best], "source_score": (-young["shown"][best]).astype(np.float32)})


def _drawn(item: int, seed: int) -> float:
    """A uniform number for each item and request (SplitMix64's finaliser; Steele et al., 2014)."""
    mixed = np.uint64(item) ^ np.uint64(seed)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return float((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / float(1 << 53)


_draw = njit(types.float64(types.int64, types.int64), cache=True)(_drawn)


@njit(cache=True, nogil=True)
def _take_turns(item, uploaded, language, shown, now, young, audience, spoken, new, seed, other):  # type: ignore[no-untyped-def]
    """The rows of the videos that are new and may come, and the turn of each: whole exposures first, then chance."""
    rows, turn, count = np.empty(len(item), np.int64), np.empty(len(item)), 0
    for i in range(len(item)):
        age = now - uploaded[i]
        if item[i] == 0 or age < 0 or age >= young or shown[i] >= audience:
            continue
        if spoken != 0 and language[i] != 0 and language[i] != spoken and _draw(item[i], other) < new:
            continue
        rows[count], turn[count] = i, np.floor(shown[i]) + _draw(item[i], seed)
        count += 1
    return rows[:count], turn[:count]
