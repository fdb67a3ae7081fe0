"""Not ten of the same: each next video gives up some score for every hashtag it shares with the ones just before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        topics = rows["topics"][:size]
        has = topics != 0
        number = np.maximum(has.sum(axis=1), 1)
        score = np.where(np.isfinite(rows["score"][:size]), rows["score"][:size], -1e9)
        overlap = np.zeros((self.window, size))
        chosen: list[int] = []
        for turn in range(min(request.n, size)):
            best = int(np.argmax(score - self.strength * overlap.mean(axis=0)))
            chosen.append(best)
            score[best] = -np.inf
            mine = topics[best][has[best]]
            overlap[turn % self.window] = (topics[:, :, None] == mine).any(axis=2).sum(axis=1) / number
        rest = np.ones(len(rows), np.bool_)
        rest[chosen] = False
        return rows.take(np.concatenate([np.array(chosen, np.int64), np.flatnonzero(rest)]))
