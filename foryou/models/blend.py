"""One score from many signals: a small network over each item's signals, fitted so that what was engaged with comes
first among a viewer's candidates.

The loss is the listwise softmax (ListNet with hard labels; Cao et al., ICML 2007): only differences within a viewer
count, so signals need no calibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signals = NDArray[np.float32]
"""`[viewers, items, signals]`."""
Scores = NDArray[np.float32]
BATCH = 64
"""Viewers in a step."""
LEAST = 400
"""Steps, however few viewers there are."""


@dataclass(frozen=True, slots=True)
class Blend:
    """A linear part and, where `into` has columns, a hidden layer of rectified units beside it."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    linear: NDArray[np.float32]
    into: NDArray[np.float32]  # [signals, hidden]
    offset: NDArray[np.float32]
    out: NDArray[np.float32]

    def __call__(self, signals: Signals) -> Scores:
        """The scores `[viewers, items]`; higher is better."""
        normal = (signals - self.mean) / self.scale
        score = normal @ self.linear
        if len(self.out):
            score = score + np.maximum(normal @ self.into + self.offset, 0.0) @ self.out
        return np.asarray(score, np.float32)


def fit(
    signals: Signals, hits: NDArray[np.bool_], seed: int, hidden: int = 0, passes: int = 12, ridge: float = 1e-4
) -> Blend:
    """Fit to viewers' candidates `[viewers, candidates, signals]` and which of them were engaged with.

    Viewers without a hit teach nothing and are left out. Adam (Kingma and Ba, 2015), steps fading to zero.
    """
    chance = np.random.default_rng(seed)
    useful = np.flatnonzero(hits.any(axis=1))
    mean = signals.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    scale = np.maximum(signals.std(axis=(0, 1), dtype=np.float64), 1e-6).astype(np.float32)
    width = signals.shape[2]
    parts = [
        np.zeros(width, np.float32),
        chance.normal(0, width**-0.5, (width, hidden)).astype(np.float32),
        np.zeros(hidden, np.float32),
        chance.normal(0, 0.1, hidden).astype(np.float32),
    ]
    first, second = [np.zeros_like(part) for part in parts], [np.zeros_like(part) for part in parts]
    each = max(-(-len(useful) // BATCH), 1)
    passes = max(passes, LEAST // each)
    steps = passes * each
    step = 0
    for _ in range(passes):
        order = chance.permutation(useful)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            step += 1
            rate = (0.05 if not hidden else 0.01) * (1 - step / (steps + 1))
            changes = _gradients((signals[rows] - mean) / scale, hits[rows], parts)
            for place, change in enumerate(changes):
                pulled = change + ridge * parts[place]
                first[place] += 0.1 * (pulled - first[place])
                second[place] += 0.01 * (pulled**2 - second[place])
                moved = first[place] / (1 - 0.9**step) / (np.sqrt(second[place] / (1 - 0.99**step)) + 1e-8)
                parts[place] -= np.float32(rate) * moved
    return Blend(mean, scale, *parts)


def loss(signals: Signals, hits: NDArray[np.bool_], blend: Blend) -> float:
    """Mean negative log likelihood of a viewer's hits among their candidates, over viewers with a hit."""
    scores = blend(signals[hits.any(axis=1)]).astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    told = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    hit = hits[hits.any(axis=1)]
    return float(-((told * hit).sum(axis=1) / hit.sum(axis=1)).mean())


def _gradients(normal: Signals, hits: NDArray[np.bool_], parts: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    linear, into, offset, out = parts
    score = normal @ linear
    if len(out):
        before = normal @ into + offset
        above = np.maximum(before, 0.0)
        score = score + above @ out
    score = score - score.max(axis=1, keepdims=True)
    share = np.exp(score)
    share /= share.sum(axis=1, keepdims=True)
    wrong = (share - hits / np.maximum(hits.sum(axis=1, keepdims=True), 1)).astype(np.float32) / np.float32(len(normal))
    flat, rows = wrong.ravel(), normal.reshape(-1, normal.shape[2])
    changes = [flat @ rows]
    if not len(out):
        return [*changes, np.zeros_like(into), np.zeros_like(offset), np.zeros_like(out)]
    back = np.where(before > 0, wrong[:, :, None] * out, np.float32(0)).reshape(-1, len(out))
    return [*changes, rows.T @ back, back.sum(axis=0), flat @ above.reshape(-1, len(out))]
