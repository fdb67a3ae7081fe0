"""How well the model predicts what it has not learned yet: running log loss and calibration of every head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS

FADE = 0.9998
"""What each row leaves of the rows before it: the measures are those of about the last 5,000 rows."""


@dataclass
class Progress:
    """Faded sums for each head: rows, loss, predictions and outcomes (test-then-train; Gama et al., 2013)."""

    sums: Column = field(default_factory=lambda: np.zeros((len(HEADS), 4)))

    def add(self, predicted: Batch, outcomes: Batch) -> None:
        """Rows that were predicted, with what came of them; NaN is not counted."""
        for place, head in enumerate(HEADS):
            known = np.isfinite(outcomes[head.name])
            y, p = outcomes[head.name][known].astype(np.float64), predicted[head.name][known].astype(np.float64)
            if head.kind == "survival":
                loss = np.abs(y - p)
            else:
                p = np.clip(p, 1e-7, 1 - 1e-7)
                loss = -(y * np.log(p) + (1 - y) * np.log(1 - p))
            fade = FADE ** np.arange(len(y))[::-1]
            self.sums[place] = self.sums[place] * FADE ** len(y) + np.array(
                [fade.sum(), (fade * loss).sum(), (fade * p).sum(), (fade * y).sum()]
            )

    def measures(self) -> dict[str, dict[str, float]]:
        """For each head that was seen: `loss` (log loss; for seconds the mean absolute error), `predicted` and
        `observed`."""
        return {
            head.name: {"loss": loss / rows, "predicted": predicted / rows, "observed": observed / rows}
            for head, (rows, loss, predicted, observed) in zip(HEADS, self.sums.tolist(), strict=True)
            if rows > 0
        }

    def state(self) -> Mapping[str, Column]:
        """The sums."""
        return {"sums": self.sums.copy()}

    def restore(self, state: Mapping[str, Column]) -> None:
        """Continue from the sums."""
        self.sums = state["sums"].copy()
