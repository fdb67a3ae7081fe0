"""What a viewer will make of a video, by what they made of those with texts like its own.

Regression by a Gaussian process (Rasmussen and Williams, 2006, 2.2) over all exposures that are remembered of a viewer:
what they made of each, beyond what everybody makes of that video and what they usually make of videos, is a function of
its text, alike for two texts by the square of their cosine, and noise. So one exposure on the same theme says more than
many that share a word, themes are held apart, what was passed over counts as well, and of a theme that was shown often
no more is made than of what was seen.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.inputs import OUTCOME_BITS, RATES
from foryou.core.ports import Keys, Store
from foryou.features.content import CONTENT
from foryou.features.rates import overall, rates
from foryou.grouping import group

RIDGE = 20.0
"""The variance of the noise against that of what texts say: so many exposures of one text count half."""
WORTH = {
    "long_view": 1.0, "finish": 1.0, "skip": -1.0, "like": 2.0, "comment": 2.0, "share": 2.0, "save": 2.0,
    "follow": 2.0, "not_interested": -3.0, "report": -3.0,
}  # fmt: skip
"""What each outcome of an exposure says of it."""
_BITS = np.array([OUTCOME_BITS[name] for name in WORTH], np.int64)
_WORTH = np.array(list(WORTH.values()), np.float32)
_RATED = np.array([RATES.index(name) for name in WORTH])
_SHOWN = OUTCOME_BITS["measured"] | sum(OUTCOME_BITS[name] for name in WORTH)
"""An exposure of which none of these is known says nothing."""
_STEPS, _NEAR = 30, 1e-5
"""Conjugate gradients (Hestenes and Stiefel, 1952) stop after so many steps, or so near; with a ridge it is a few."""


def usual_worth(store: Store, video: Keys) -> Column:
    """What everybody makes of each video `[videos]` beyond what they make of all, smoothed."""
    prior = overall(store)
    found, _ = rates(store, "count_video", video, np.zeros(len(video), np.int64), prior, _RATED)
    return np.asarray((np.exp(found) - 1.0) @ (prior[_RATED] * _WORTH), np.float32)


@njit(cache=True, nogil=True)
def _responses(flags, place, usual, bits, worth, out):  # type: ignore[no-untyped-def]
    """What each exposure `[viewers, past]` was to its viewer beyond what is usual, less the mean of theirs; NaN where
    it has no place among the videos with texts `[videos]`."""
    for v in range(flags.shape[0]):
        total, number = np.float32(0.0), np.float32(0.0)
        for h in range(flags.shape[1]):
            out[v, h] = np.nan
            if place[v, h] >= 0:
                out[v, h] = -usual[place[v, h]]
                for b in range(len(bits)):
                    if flags[v, h] & bits[b]:
                        out[v, h] += worth[b]
                total += out[v, h]
                number += np.float32(1.0)
        for h in range(flags.shape[1]):
            out[v, h] -= total / max(number, np.float32(1.0))


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _dot(one, other, size):  # type: ignore[no-untyped-def]
    total = np.float32(0.0)
    for d in range(size):
        total += one[d] * other[d]
    return total


@njit(cache=True, nogil=True)
def _alike(one, other):  # type: ignore[no-untyped-def]
    cosine = max(_dot(one, other, len(one)), np.float32(0.0))
    return cosine * cosine


@njit(cache=True, nogil=True)
def _solve(matrix, wanted, size, steps, near, out):  # type: ignore[no-untyped-def]
    """`out` such that `matrix` times it is `wanted`, of both the first `size`: conjugate gradients."""
    rest, way, turned = wanted.copy(), wanted.copy(), np.empty_like(wanted)
    left = _dot(rest, rest, size)
    enough = near * near * left
    for s in range(size):
        out[s] = np.float32(0.0)
    for _ in range(steps):
        if left <= enough:
            break
        for s in range(size):
            turned[s] = _dot(matrix[s], way, size)
        far = left / _dot(way, turned, size)
        for s in range(size):
            out[s] += far * way[s]
            rest[s] -= far * turned[s]
        before, left = left, _dot(rest, rest, size)
        for s in range(size):
            way[s] = rest[s] + left / before * way[s]


@njit(cache=True, nogil=True)
def _weigh(vectors, place, response, ridge, steps, near, out):  # type: ignore[no-untyped-def]
    size = response.shape[1]
    matrix, wanted = np.empty((size, size), np.float32), np.empty(size, np.float32)
    known, weight = np.empty(size, np.int64), np.empty(size, np.float32)
    for v in range(len(response)):
        count = 0
        for h in range(size):
            if place[v, h] >= 0:
                known[count], wanted[count] = h, response[v, h]
                one = vectors[place[v, h]]
                for k in range(count):
                    matrix[count, k] = _alike(one, vectors[place[v, known[k]]])
                    matrix[k, count] = matrix[count, k]
                matrix[count, count] = _alike(one, one) + ridge
                count += 1
        _solve(matrix, wanted, count, steps, near, weight)
        for k in range(count):
            out[v, known[k]] = weight[k]


def past_weights(store: Store, item: Keys, flags: Column) -> Column:
    """What each remembered exposure `[viewers, past]`, of an item with outcomes in the bits of `flags`, weighs in what
    is expected of others, times how alike their texts are; 0 where nothing is known of it, or it has no text."""
    out, told = np.zeros(item.shape, np.float32), (item != 0) & (flags & _SHOWN != 0)
    videos, place = _among(item, told)
    about = store.columns(CONTENT.name, videos, ("vector", "text"))
    if about["text"].any():
        place[told] = np.where(about["text"] != 0, np.arange(len(videos)), -1)[place[told]]
        response = np.empty(item.shape, np.float32)
        _responses(flags, place, usual_worth(store, videos), _BITS, _WORTH, response)
        _weigh(about["vector"], place, response, np.float32(RIDGE), _STEPS, np.float32(_NEAR), out)
    return out


def _among(item: Keys, which: Column) -> tuple[Keys, Rows]:
    """The different items of those, and the place of each among them; -1 for the others."""
    videos, row = group(item[which])
    place = np.full(item.shape, -1)
    place[which] = row
    return videos, place


@njit(cache=True, nogil=True)
def _expect(vectors, text, past, place, weight, of, out, at):  # type: ignore[no-untyped-def]
    for i in range(len(of)):
        v, value = of[i], np.float32(0.0)
        if text[i] != 0:
            for h in range(weight.shape[1]):
                if place[v, h] >= 0:
                    value += weight[v, h] * _alike(vectors[i], past[place[v, h]])
        out[i, at] = value


def put_response(store: Store, viewers: Batch, of: Rows, item: Keys, out: Column, at: int) -> None:
    """Into column `at` of `out` `[items, ...]`: what is expected of each item `[items]` beside viewer row `of[i]` of
    `viewers`, whose columns of the past are read; 0 where either has no text."""
    weight = viewers["past_weight"]
    videos, place = _among(viewers["past_item"], weight != 0)
    if len(videos) == 0:
        out[:, at] = 0.0
        return
    held, past = (store.columns(CONTENT.name, keys, ("vector", "text")) for keys in (item, videos))
    _expect(held["vector"], held["text"], past["vector"], place, weight, of, out, at)
