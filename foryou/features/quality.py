"""The quality of a video: how much better than its peers it holds people, how far it is watched, how it is answered.

Peers are videos of its length and format. The quality is a weighted sum of how much better than theirs each part is, in
standard deviations of one exposure: so a minute is not held to what ten seconds reach. Numbers and kernels only.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Column
from foryou.core.heads import HEADS

IMPRESSIONS, WATCHES, MEASURED, HOOKED, HELD, HELD2, ENGAGED, ENGAGED2, REFUSED, REFUSED2 = range(10)
"""What is summed of a video in a stage, and of peers; the last of each two is a sum of squares. `HELD` is the share of
the video that was watched: of a long one hardly anybody sees the end, and that says nothing of who saw a half."""
SUMS = 10
PARTS = ("hook", "completion", "engagement", "refusal")
WEIGHTS = np.array([0.15, 0.45, 0.25, -0.15])
"""What each part counts in the quality."""
PEERS = 8 * 4
"""Groups of videos that are compared: length buckets times formats."""
PEERS_MOST = 20_000.0
"""Exposures after which a group of peers forgets as much as it learns."""
_HELD = ((0.4, 0.3), (0.69, 0.57), (0.52, 0.41), (0.41, 0.32), (0.34, 0.26), (0.30, 0.22), (0.17, 0.11), (0.08, 0.04))
"""By length bucket the mean share that is watched, and the mean of its square: in worlds fitted to KuaiRand-Pure, under
a feed that shows anything."""
_PSEUDO = 50.0


ENGAGING = ("like", "comment", "share", "save")
REFUSING = ("not_interested", "report")
_HEAD = {head.name: head for head in HEADS}


def _usual(names: tuple[str, ...]) -> tuple[float, float]:
    """What an exposure usually comes to in these acts, by the weights of the heads, and the mean of its square."""
    heads = [_HEAD[name] for name in names]
    return sum(abs(h.weight) * h.prior for h in heads), sum(h.weight**2 * h.prior for h in heads)


def first_peers() -> Column:
    """What is believed of each group `[PEERS, SUMS]` before anything was seen, worth `_PSEUDO` exposures."""
    rows = np.empty((PEERS, SUMS))
    for group in range(PEERS):
        rows[group] = (1.0, 1.0, 1.0, 0.65, *_HELD[group // 4], *_usual(ENGAGING), *_usual(REFUSING))
    return rows * _PSEUDO


FIRST_PEERS = first_peers()
POOLED = 20.0
"""Exposures that the spread among peers is worth beside a video's own."""
AUTHOR_PSEUDO, TOPIC_PSEUDO = 3.0, 6.0
"""Videos of average quality that an author and a hashtag start with."""
KEYS = 4
"""The author and so many hashtags less one that a video's quality is expected from."""


@njit(cache=True, nogil=True)
def shown(sums):  # type: ignore[no-untyped-def]
    """Exposures: impressions, or watches where those are more."""
    return max(sums[IMPRESSIONS], sums[WATCHES])


@njit(cache=True, nogil=True)
def looked(sums):  # type: ignore[no-untyped-def]
    """Exposures whose outcome is known: watches, where there are any."""
    return sums[WATCHES] if sums[WATCHES] > 0.0 else sums[IMPRESSIONS]


@njit(cache=True, nogil=True)
def rates(sums, out):  # type: ignore[no-untyped-def]
    """The mean of each part in one exposure `[PARTS]`, and how many exposures there were."""
    n, measured = max(looked(sums), 1e-9), max(sums[MEASURED], 1e-9)
    out[0] = min(max(sums[HOOKED] / measured, 0.0), 1.0)
    out[1] = min(max(sums[HELD] / measured, 0.0), 1.0)
    out[2] = sums[ENGAGED] / n
    out[3] = sums[REFUSED] / n
    return n


@njit(cache=True, nogil=True)
def spreads(sums, mean, out):  # type: ignore[no-untyped-def]
    """The variance of each part in one exposure `[PARTS]`."""
    n, measured = max(looked(sums), 1e-9), max(sums[MEASURED], 1e-9)
    out[0] = mean[0] * (1.0 - mean[0])
    out[1] = max(sums[HELD2] / measured - mean[1] * mean[1], 0.0)
    out[2] = max(sums[ENGAGED2] / n - mean[2] * mean[2], 0.0)
    out[3] = max(sums[REFUSED2] / n - mean[3] * mean[3], 0.0)


@njit(cache=True, nogil=True)
def _spread(mean, variance, scale, weights):  # type: ignore[no-untyped-def]
    """The variance of the quality of one exposure. Who watched far also stayed at the beginning."""
    together = weights[0] * weights[1] * mean[1] * (1.0 - mean[0]) / (scale[0] * scale[1])
    total = 2.0 * together
    for p in range(len(variance)):
        total += weights[p] * weights[p] * variance[p] / (scale[p] * scale[p])
    return total


@njit(cache=True, nogil=True)
def judge(sums, peers, first, weights, parts):  # type: ignore[no-untyped-def]
    """The quality against peers, the variance of one exposure's, and how many exposures; `parts` `[PARTS]`: what each
    part is better than its peers', in standard deviations of one exposure (a refusal is worse)."""
    usual, own = np.empty(4), np.empty(4)
    variance, scale, mine = np.empty(4), np.empty(4), np.empty(4)
    both = peers + first
    rates(both, usual)
    spreads(both, usual, variance)
    for p in range(4):
        scale[p] = max(np.sqrt(variance[p]), 1e-3)
    pooled = _spread(usual, variance, scale, weights)
    n = looked(sums)
    rates(sums, own)
    spreads(sums, own, mine)
    quality = 0.0
    for p in range(4):
        known = sums[MEASURED] if p < 2 else n
        parts[p] = (own[p] - usual[p]) / scale[p] if known > 0.0 else 0.0
        quality += weights[p] * parts[p]
    spread = (n * _spread(own, mine, scale, weights) + POOLED * pooled) / (n + POOLED)
    return quality, spread, n


@njit(cache=True, nogil=True)
def expected(weight, value, of, given, given_value):  # type: ignore[no-untyped-def]
    """What is expected of a video from what its author and its hashtags did with other videos."""
    topics, number = 0.0, 0
    for j in range(1, len(of)):
        if of[j] >= 0:
            others = max(weight[of[j]] - given, 0.0)
            topics += (value[of[j]] - given_value) / (others + TOPIC_PSEUDO)
            number += 1
    usual = topics / number if number > 0 else 0.0
    if of[0] < 0:
        return usual
    others = max(weight[of[0]] - given, 0.0)
    return (value[of[0]] - given_value + AUTHOR_PSEUDO * usual) / (others + AUTHOR_PSEUDO)
