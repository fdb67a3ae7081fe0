"""Tastes move on: day by day a share of each is given to a topic that is near what was liked, or to any other."""

from __future__ import annotations

from numba import njit

from foryou.simulator.draws import DRIFT, pair_key, uniform

DAYS = 1 << 43
"""Days are told apart from videos and visits by this."""
NEAR = 0.7
"""So often the new topic is near an old one; else it is any."""


@njit(cache=True, nogil=True)
def _picked(weights, luck):  # type: ignore[no-untyped-def]
    left = luck * weights.sum()
    for t in range(weights.shape[0]):
        left -= weights[t]
        if left < 0.0:
            return t
    return weights.shape[0] - 1


@njit(cache=True, nogil=True)
def drift(taste, similarity, share, seed, day):  # type: ignore[no-untyped-def]
    """Give `share` [viewers] of each taste [viewers, topics] to one topic; the same day is always the same one."""
    topics = taste.shape[1]
    for v in range(taste.shape[0]):
        if share[v] <= 0.0:
            continue
        key = pair_key(seed, v, DAYS + day)
        topic = int(uniform(key, DRIFT) * topics)
        if uniform(key, DRIFT + 1) < NEAR:
            topic = _picked(similarity[_picked(taste[v], uniform(key, DRIFT + 2))], uniform(key, DRIFT + 3))
        for t in range(topics):
            taste[v, t] *= 1.0 - share[v]
        taste[v, topic] += share[v]
