"""The retriever: signals that are functions of a viewer's history, joined by a blend that was fitted on later days.

Every item gets a score; what a viewer has had already is out. A signal that the viewer's last item moves, moves the
score at once: nothing is trained again for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.models.blend import Blend, Scores, Signals, fit
from foryou.models.graph import Histories

Viewers = NDArray[np.int64]
FLOOR = 0.1
"""Added to a signal over its mean before the logarithm: how little a zero says."""
CHUNK = 256
"""Viewers whose signals are held at once."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One opinion on all items: the histories it looks at, and the scores `[viewers, items]` that it makes of them.

    Scores are amounts, not negative, of which the logarithm over the mean is taken; or, if `log`, they are on such a
    scale already.
    """

    name: str
    history: Histories
    through: Callable[[Histories], Scores]
    log: bool = False

    def __call__(self, viewers: Viewers) -> Scores:
        """On the scale that the blend takes."""
        found = self.through(self.history[viewers])
        score = np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float32)
        if self.log:
            return np.asarray(score - score.mean(axis=1, keepdims=True), np.float32)
        amount = np.maximum(score, 0)
        return np.asarray(np.log(amount / np.maximum(amount.mean(axis=1, keepdims=True), 1e-12) + FLOOR), np.float32)


def constant(name: str, history: Histories, amount: NDArray[np.float64], log: bool = False) -> Signal:
    """A signal that is the same for all viewers: how popular, how old, how long."""
    row = np.asarray(amount, np.float32)[None, :]
    return Signal(name, history, lambda rows: np.broadcast_to(row, (rows.shape[0], row.shape[1])), log)


def stack(signals: Sequence[Signal], seen: Histories, viewers: Viewers) -> Signals:
    """The signals side by side, and last the log of how many items the viewer has had.

    `[viewers, items, signals + 1]`.
    """
    known = np.log1p(np.diff(seen.indptr)[viewers]).astype(np.float32)
    each = [signal(viewers) for signal in signals]
    return np.stack([*each, np.broadcast_to(known[:, None], each[0].shape)], axis=-1)


def candidates(signals: Signals, had: Histories, most: int) -> NDArray[np.int64]:
    """The `most` items of each viewer that are high in most signals `[viewers, most]`: a merge of what each brings.

    The last column (how much is known) has no say.
    """
    votes = np.zeros(signals.shape[:2], np.float32)
    own = max(most // 4, 1)
    out = had.tocoo()
    for of in range(signals.shape[2] - 1):
        score = signals[:, :, of].copy()
        score[out.row, out.col] = -np.inf
        best = np.argpartition(-score, own - 1, axis=1)[:, :own]
        np.put_along_axis(votes, best, np.take_along_axis(votes, best, 1) + 1, 1)
    votes[out.row, out.col] = -1
    return np.argpartition(-votes, most - 1, axis=1)[:, :most]


@dataclass(frozen=True, slots=True)
class Retriever:
    """Signals, what each viewer has had, and how the signals are joined."""

    signals: tuple[Signal, ...]
    seen: Histories
    blend: Blend

    def __call__(self, viewers: Viewers) -> Scores:
        """Scores of all items `[viewers, items]`; -inf for what the viewer has had."""
        parts = []
        for start in range(0, len(viewers), CHUNK):
            some = viewers[start : start + CHUNK]
            score = self.blend(stack(self.signals, self.seen, some))
            had = self.seen[some].tocoo()
            score[had.row, had.col] = -np.inf
            parts.append(score)
        return np.concatenate(parts) if parts else np.zeros((0, self.seen.shape[1]), np.float32)


def examples(
    signals: Sequence[Signal], seen: Histories, viewers: Viewers, wanted: Histories, most: int
) -> tuple[Signals, NDArray[np.bool_]]:
    """What the blend is fitted to: the signals of each viewer's candidates, and which were engaged with later."""
    each: list[Signals] = []
    hit: list[NDArray[np.bool_]] = []
    for start in range(0, len(viewers), CHUNK):
        some = viewers[start : start + CHUNK]
        beside = stack(signals, seen, some)
        chosen = candidates(beside, seen[some], min(most, seen.shape[1]))
        each.append(np.take_along_axis(beside, chosen[:, :, None], 1))
        hit.append(np.take_along_axis(wanted[some].toarray() > 0, chosen, 1))
    return np.concatenate(each), np.concatenate(hit)


def join(
    signals: Sequence[Signal],
    seen: Histories,
    viewers: Viewers,
    wanted: Histories,
    seed: int,
    hidden: int = 0,
    most: int = 500,
    passes: int = 12,
) -> Retriever:
    """Fit the blend to what `viewers` engaged with later (`wanted` `[viewers of all, items]`)."""
    rows, hit = examples(signals, seen, viewers, wanted, most)
    return Retriever(tuple(signals), seen, fit(rows, hit, seed, hidden, passes))
