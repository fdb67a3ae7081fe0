"""What a viewer made of the latest videos whose texts are like a candidate's: more or less than they usually make of
what they are shown.

Kernel regression over the viewer's history (Nadaraya, 1964; Watson, 1964): each exposure speaks by the square of the
cosine of the two texts, so that one on the same theme outweighs many that share a word. Unlike a mean of what was liked
it knows what was passed over, and holds several themes apart.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Keys, Store
from foryou.features.content import CONTENT

PRIOR = 3.0
"""Exposures alike in every word at which what they say counts half."""
WORTH = {
    "long_view": 1.0, "finish": 1.0, "skip": -1.0, "like": 2.0, "comment": 2.0, "share": 2.0, "save": 2.0,
    "follow": 2.0, "not_interested": -3.0, "report": -3.0,
}  # fmt: skip
"""What each outcome of an exposure says of it."""
_BITS = np.array([OUTCOME_BITS[name] for name in WORTH], np.int64)
_WORTH = np.array(list(WORTH.values()), np.float32)
_SHOWN = OUTCOME_BITS["measured"] | sum(OUTCOME_BITS[name] for name in WORTH)
"""An exposure of which none of these is known says nothing."""


@njit(cache=True, nogil=True)
def _responses(flags, item, bits, worth, shown, out):  # type: ignore[no-untyped-def]
    """What each exposure `[viewers, history]` was to its viewer, less the mean of theirs; NaN where nothing is
    known."""
    for v in range(flags.shape[0]):
        total, number = np.float32(0.0), np.float32(0.0)
        for h in range(flags.shape[1]):
            out[v, h] = np.nan
            if item[v, h] != 0 and flags[v, h] & shown:
                out[v, h] = 0.0
                for b in range(len(bits)):
                    if flags[v, h] & bits[b]:
                        out[v, h] += worth[b]
                total += out[v, h]
                number += np.float32(1.0)
        for h in range(flags.shape[1]):
            out[v, h] -= total / max(number, np.float32(1.0))


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _cosine(one, other):  # type: ignore[no-untyped-def]
    total = np.float32(0.0)
    for d in range(len(one)):
        total += one[d] * other[d]
    return total


@njit(cache=True, nogil=True)
def _regress(vectors, text, past, past_text, response, of, prior, out, at):  # type: ignore[no-untyped-def]
    size = response.shape[1]
    for i in range(len(of)):
        value, weight = np.float32(0.0), np.float32(0.0)
        if text[i] != 0:
            v = of[i]
            for h in range(size):
                if past_text[v * size + h] == 0 or np.isnan(response[v, h]):
                    continue
                alike = _cosine(vectors[i], past[v * size + h])
                if alike > 0:
                    weight += alike * alike
                    value += alike * alike * response[v, h]
        out[i, at] = value / (weight + prior)


def put_response(store: Store, viewers: Batch, of: Rows, item: Keys, out: Column, at: int) -> None:
    """Into column `at` of `out` `[items, ...]`: what is expected of each item `[items]` beside viewer row `of[i]` of
    `viewers`, whose history columns are read; 0 where either has no text."""
    past_item = viewers["history_item"]
    response = np.empty(past_item.shape, np.float32)
    _responses(viewers["history_flags"], past_item, _BITS, _WORTH, _SHOWN, response)
    held = store.columns(CONTENT.name, item, ("vector", "text"))
    past = store.columns(CONTENT.name, past_item.ravel(), ("vector", "text"))
    _regress(held["vector"], held["text"], past["vector"], past["text"], response, of, np.float32(PRIOR), out, at)
