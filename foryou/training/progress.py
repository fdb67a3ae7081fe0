"""How well the model predicts what it has not learned yet: running measures and reliability curves of every head.

Each row is tested, then learned (test-then-train; Gama et al., 2013). A late label corrects the measures as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS, NAMES
from foryou.models.kernel import kernel

FADE = 0.9998
"""What each row leaves of the rows before it: the measures are those of about the last 5,000 rows."""
BINS, LOWEST, HIGHEST = 160, -10.0, 6.0
"""Predictions are counted by their logit, a tenth apart."""
CURVE = 12
"""Points of a reliability curve: bins are joined until each has about so many parts of the rows."""
REMEMBERED = 1 << 15
"""Predictions that are kept for late labels; a power of two."""
VIEWERS = 1 << 14
"""Viewers whose latest rows are compared; of two that share a place only the newer is known. A power of two."""
LEAST = 1e-7

SURVIVAL = np.array([head.kind == "survival" for head in HEADS])


@kernel
def _tally(
    p: NDArray[np.float32],
    y: NDArray[np.float32],
    scale: NDArray[np.float64],
    survival: NDArray[np.bool_],
    sums: NDArray[np.float64],
    bins: NDArray[np.float64],
) -> None:
    """Add rows `[rows, heads]`, each times its scale, to `sums` `[heads, 4]` and `bins` `[heads, BINS, 3]`."""
    for i in range(p.shape[0]):
        for h in range(p.shape[1]):
            if np.isnan(y[i, h]):
                continue
            said, was = np.float64(p[i, h]), np.float64(y[i, h])
            if survival[h]:
                loss = abs(was - said)
            else:
                said = np.float64(min(max(said, LEAST), 1 - LEAST))
                loss = -(was * np.log(said) + (1 - was) * np.log(1 - said))
                logit = np.log(said / (1 - said))
                place = int((logit - LOWEST) / (HIGHEST - LOWEST) * BINS)
                place = min(max(place, 0), BINS - 1)
                bins[h, place, 0] += scale[i]
                bins[h, place, 1] += scale[i] * said
                bins[h, place, 2] += scale[i] * was
            sums[h, 0] += scale[i]
            sums[h, 1] += scale[i] * loss
            sums[h, 2] += scale[i] * said
            sums[h, 3] += scale[i] * was


@kernel
def _compare(
    viewer: NDArray[np.int64],
    p: NDArray[np.float32],
    y: NDArray[np.float32],
    fade: float,
    who: NDArray[np.int64],
    last: NDArray[np.float32],
    within: NDArray[np.float64],
) -> None:
    """Compare each row with the same viewer's latest row of the other outcome: `within` `[heads, 2]` adds up how often
    there was one, and how often the row with the outcome had the higher prediction (ties: half)."""
    for i in range(len(viewer)):
        place = viewer[i] & (len(who) - 1)
        if who[place] != viewer[i]:
            who[place] = viewer[i]
            last[place] = -1.0
        for h in range(p.shape[1]):
            if np.isnan(y[i, h]) or viewer[i] == 0:
                continue
            mine = 1 if y[i, h] > 0.5 else 0
            other = last[place, h, 1 - mine]
            if other >= 0:
                good, bad = (p[i, h], other) if mine else (other, p[i, h])
                within[h, 0] = fade * within[h, 0] + 1
                within[h, 1] = fade * within[h, 1] + (1.0 if good > bad else 0.5 if good == bad else 0.0)
            last[place, h, mine] = p[i, h]


@dataclass
class Progress:
    """Faded sums for each head. Rows are known by number, so that late labels find what was predicted of them."""

    rows: int = 0
    sums: Column = field(default_factory=lambda: np.zeros((len(HEADS), 4)))
    """Weight, loss, predictions and outcomes."""
    bins: Column = field(default_factory=lambda: np.zeros((len(HEADS), BINS, 3)))
    """Weight, predictions and outcomes by logit."""
    within: Column = field(default_factory=lambda: np.zeros((len(HEADS), 2)))
    who: Column = field(default_factory=lambda: np.zeros(VIEWERS, np.int64))
    last: Column = field(default_factory=lambda: np.full((VIEWERS, len(HEADS), 2), -1, np.float32))
    number: Column = field(default_factory=lambda: np.full(REMEMBERED, -1, np.int64))
    said: Column = field(default_factory=lambda: np.zeros((REMEMBERED, len(HEADS)), np.float32))
    when: Column = field(default_factory=lambda: np.zeros(REMEMBERED, np.int64))

    def add(self, number: Column, viewer: Column, predicted: Batch, outcomes: Batch) -> None:
        """Rows that were predicted, with what came of them; NaN is not counted."""
        p, y, count = _matrix(predicted), _matrix(outcomes), len(number)
        faded = FADE**count
        self.sums *= faded
        self.bins *= faded
        scale = FADE ** np.arange(count - 1, -1, -1.0) * outcomes["weight"]
        _tally(p, y, scale, SURVIVAL, self.sums, self.bins)
        binary = np.where(SURVIVAL, np.float32(np.nan), y)
        _compare(np.ascontiguousarray(viewer, np.int64), p, binary, FADE, self.who, self.last, self.within)
        place = number & (REMEMBERED - 1)
        self.number[place], self.said[place] = number, p
        self.when[place] = self.rows + 1 + np.arange(count)
        self.rows += count

    def correct(self, number: Column, learned: Batch, outcomes: Batch) -> None:
        """Rows that turned out otherwise than they were added as; those too long ago are left."""
        place = number & (REMEMBERED - 1)
        known = self.number[place] == number
        place = place[known]
        faded = FADE ** (self.rows - self.when[place]).astype(np.float64)
        for batch, sign in ((learned, -1.0), (outcomes, 1.0)):
            scale = sign * faded * batch["weight"][known]
            _tally(self.said[place], _matrix(batch)[known], scale, SURVIVAL, self.sums, self.bins)

    def forget(self, viewers: Column) -> None:
        """Compare nothing with the rows of these viewers any more."""
        gone = np.isin(self.who, viewers[viewers != 0])
        self.who[gone], self.last[gone] = 0, -1

    def measures(self) -> dict[str, dict[str, float]]:
        """For each head that was seen: `loss` (log loss; for seconds the mean absolute error), `predicted` and
        `observed`; for binary heads also `ece`, and once both outcomes were seen `auc` and `auc_within`, the same among
        rows of one viewer."""
        out: dict[str, dict[str, float]] = {}
        for h, head in enumerate(HEADS):
            rows, loss, predicted, observed = self.sums[h].tolist()
            if rows <= 0:
                continue
            out[head.name] = {"loss": loss / rows, "predicted": predicted / rows, "observed": observed / rows}
            if head.kind == "binary":
                out[head.name] |= _binary(self.bins[h], self.within[h])
        return out

    def reliability(self) -> dict[str, list[dict[str, float]]]:
        """For each head but seconds that was seen, a curve: `predicted` beside `observed` and `rows` (faded), in bins
        of about equal mass from the lowest predictions to the highest."""
        return {
            head.name: [
                {"predicted": predicted / rows, "observed": observed / rows, "rows": rows}
                for rows, predicted, observed in _joined(self.bins[h]).tolist()
            ]
            for h, head in enumerate(HEADS)
            if head.kind != "survival" and self.sums[h, 0] > 0
        }

    def state(self) -> Mapping[str, Column]:
        """Everything, as arrays."""
        arrays = {name: getattr(self, name).copy() for name in _ARRAYS}
        return {"rows": np.array([self.rows]), **arrays}

    def restore(self, state: Mapping[str, Column]) -> None:
        """Continue from there."""
        self.rows = int(state["rows"][0])
        for name in _ARRAYS:
            setattr(self, name, state[name].copy())


_ARRAYS = ("sums", "bins", "within", "who", "last", "number", "said", "when")


def _matrix(batch: Batch) -> NDArray[np.float32]:
    """The heads as `[rows, heads]`."""
    return np.stack([batch[name] for name in NAMES], axis=1).astype(np.float32, copy=False)


def _joined(bins: Column) -> Column:
    """Bins joined into at most CURVE + 1 of about equal weight; empty ones left out."""
    total = bins[:, 0].cumsum()
    if total[-1] <= 0:
        return np.zeros((0, 3))
    part = np.minimum((total - bins[:, 0] / 2) / total[-1] * CURVE, CURVE - 1).astype(np.int64)
    out = np.zeros((CURVE, 3))
    np.add.at(out, part, bins)
    return out[out[:, 0] > 1e-9]


def _binary(bins: Column, within: Column) -> dict[str, float]:
    curve = _joined(bins)
    # Corrections may leave a rounding error below zero.
    good, bad = np.maximum(bins[:, 2], 0), np.maximum(bins[:, 0] - bins[:, 2], 0)
    out = {"ece": float(np.abs(curve[:, 1] - curve[:, 2]).sum() / max(curve[:, 0].sum(), 1e-9))}
    if good.sum() > 1e-6 and bad.sum() > 1e-6:
        below = bad.cumsum() - bad / 2
        out["auc"] = float((good * below).sum() / (good.sum() * bad.sum()))
    if within[0] > 0:
        out["auc_within"] = float(within[1] / within[0])
    return out
