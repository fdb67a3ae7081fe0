"""Calibration: how far each output's logits are to be stretched and shifted, so that a tenth means one in ten.

For each output p = sigmoid(scale * logit + shift) (Platt, 1999), learned from rows that were predicted before they were
learned: a step of Newton's method on each batch, with a curvature that fades, so that it follows the log. Both stay
close to 1 and 0 until there is evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]

MEMORY = 50_000.0
"""Rows after which half of the evidence has faded."""
HELD = (50.0, 2.0)
"""How strongly scale and shift are held at 1 and 0: the curvature that stands against the evidence."""
SCALES, SHIFTS = (0.3, 3.0), (-4.0, 4.0)
"""Beyond these something else is wrong."""


class Calibration:
    """Scale and shift of each output `[outputs, 2]`."""

    def __init__(self, outputs: int) -> None:
        self.values = np.tile(np.array([1.0, 0.0]), (outputs, 1))
        self._curvature = np.zeros((outputs, 2, 2))

    def __call__(self, logits: Numbers) -> Numbers:
        """Calibrated logits `[rows, outputs]`."""
        scale, shift = self.values.T.astype(np.float32)
        out: Numbers = logits * scale
        out += shift
        return out

    def see(self, logits: Numbers, truth: Numbers, weight: Numbers, learned: Numbers | None = None) -> None:
        """Rows that were predicted with these logits, and what came of them, `[rows, outputs]` (NaN: not known);
        `weight` `[rows, 1]` says what each counts. With `learned`, they were seen before, and turned out otherwise."""
        known = np.isfinite(truth)
        chance = 1.0 / (1.0 + np.exp(-self(logits).astype(np.float64)))
        off = np.where(known, truth - chance, 0.0)
        heavy = np.where(known, chance * (1.0 - chance), 0.0)
        if learned is not None:
            before = np.isfinite(learned)
            off -= np.where(before, learned - chance, 0.0)
            heavy -= np.where(before, chance * (1.0 - chance), 0.0)
        off, heavy, z = off * weight, heavy * weight, logits.astype(np.float64)
        zh = z * heavy
        curvature = np.stack([(z * zh).sum(axis=0), zh.sum(axis=0), zh.sum(axis=0), heavy.sum(axis=0)], axis=1)
        rows = 0 if learned is not None else len(logits)
        self._curvature *= 2.0 ** (-rows / MEMORY)
        self._curvature += curvature.reshape(-1, 2, 2)
        slope = np.stack([(z * off).sum(axis=0), off.sum(axis=0)], axis=1)
        # The prior pulls back by its share of what this batch adds, so that many small batches equal a large one.
        share = 1.0 - 2.0 ** (-rows / MEMORY)
        slope += share * np.array(HELD) * (np.array([1.0, 0.0]) - self.values)
        held = self._curvature + np.diag(HELD)
        step = np.linalg.solve(held, slope[:, :, None])[:, :, 0]
        scale = np.clip(self.values[:, 0] + step[:, 0], *SCALES)
        # Where the scale is cut, the shift is the best one beside what is left of it.
        shift = (slope[:, 1] - held[:, 0, 1] * (scale - self.values[:, 0])) / held[:, 1, 1]
        self.values = np.stack([scale, np.clip(self.values[:, 1] + shift, *SHIFTS)], axis=1)

    def copy(self) -> Calibration:
        """A copy that no longer changes when this one learns."""
        other = Calibration(len(self.values))
        other.values, other._curvature = self.values.copy(), self._curvature.copy()
        return other

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Everything needed to continue."""
        return {"values": self.values.copy(), "curvature": self._curvature.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue from a state."""
        self.values, self._curvature = np.array(state["values"]), np.array(state["curvature"])
