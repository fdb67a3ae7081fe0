"""Not ten of the same: each next video gives up some score for every hashtag it shares with the ones just before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from foryou.core.pipeline import Candidates, Request


@dataclass(frozen=True)
class Diversity:
    """Greedy maximal marginal relevance (Carbonell and Goldstein, 1998) over a sliding window.

    Takes argmax of score - `strength` x (mean share of its hashtags that each of the last `window` chosen has too),
    from
    the `pool` best; what it does not choose follows in the old order. The score itself stays as it is.
    Scores that are not finite sink.
    """

    strength: float = 0.1
    window: int = 6
    pool: int = 100

    def __call__(self, request: Request, rows: Candidates) -> Candidates:
        size = min(self.pool, len(rows))
        score = np.where(np.isfinite(rows["score"][:size]), rows["score"][:size], -1e9)
        chosen = np.empty(min(request.n, size), np.int64)
        _choose(np.ascontiguousarray(rows["topics"][:size]), score, self.strength, self.window, chosen)
        rest = np.ones(len(rows), np.bool_)
        rest[chosen] = False
        return rows.take(np.concatenate([chosen, np.flatnonzero(rest)]))


@njit(cache=True, nogil=True)
def _choose(topics, score, strength, window, chosen):  # type: ignore[no-untyped-def]
    """The rows chosen, in order; their `score` becomes -inf."""
    size, wide = topics.shape
    number, overlap = np.zeros(size, np.int64), np.zeros((window, size))
    for i in range(size):
        for t in range(wide):
            number[i] += topics[i, t] != 0
    for turn in range(len(chosen)):
        best, highest = 0, -np.inf
        for i in range(size):
            total = 0.0
            for w in range(window):
                total += overlap[w, i]
            worth = score[i] - strength * (total / window)
            if worth > highest:
                best, highest = i, worth
        chosen[turn] = best
        score[best] = -np.inf
        for i in range(size):
            shared = 0
            for t in range(wide):
                if topics[i, t] != 0:
                    for u in range(wide):
                        if topics[best, u] == topics[i, t]:
                            shared += 1
                            break
            overlap[turn % window, i] = shared / max(number[i], 1)
