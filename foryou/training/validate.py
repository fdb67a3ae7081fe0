"""Test-then-train, and frozen tests: how good the predictions are on rows that were not learned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.event import Kind
from foryou.core.heads import NAMES
from foryou.core.ports import Store
from foryou.training.examples import Examples, as_of_now
from foryou.training.stream import Learner

Progressed = Callable[[int], None]
"""Told how many events were read since it was last told."""


@dataclass
class Tested:
    """Rows that were predicted before they were learned, in the order in which they were learned."""

    viewer: list[Column] = field(default_factory=list)
    predicted: list[Batch] = field(default_factory=list)
    outcomes: list[Batch] = field(default_factory=list)

    def add(self, examples: Examples, predicted: Batch) -> None:
        """A `Listener` of the learner."""
        self.viewer.append(examples.pairs.viewers["viewer"][examples.pairs.of])
        self.predicted.append(predicted)
        self.outcomes.append(examples.outcomes)

    def rows(self) -> tuple[Column, Batch, Batch]:
        """Viewers, predictions and outcomes, of all rows together."""
        if not self.viewer:
            nothing = Batch({name: np.zeros(0, np.float32) for name in NAMES})
            return np.zeros(0, np.int64), nothing, nothing
        return np.concatenate(self.viewer), Batch.concat(self.predicted), Batch.concat(self.outcomes)


def learn_all(
    learner: Learner, store: Store, batches: Iterable[Batch], progressed: Progressed = lambda rows: None
) -> None:
    """Fold events and learn what is ripe, batch by batch; at the end everything that waits."""
    for batch in batches:
        learner.fold(store, batch)
        learner.step()
        progressed(len(batch))
    learner.flush()
    learner.step()


def predict_frozen(learner: Learner, store: Store, batches: Iterable[Batch]) -> Batch:
    """Predictions for the impressions in these events with tables and model as they are: nothing is folded or learned.

    One row for each impression, with `viewer`, `video`, `at` and the heads.
    """
    out: list[Batch] = []
    for batch in batches:
        shown = batch.take(batch["kind"] == Kind.IMPRESSION)
        heads = learner.model.predict(as_of_now(store, shown))
        out.append(shown.select(("viewer", "video", "at")).extend(heads.columns))
    return Batch.concat(out)
