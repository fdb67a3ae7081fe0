"""Learning while serving: the log in, better models out, each row predicted before it is learned.

It follows the log one batch at a time and is deterministic: the same log and seed give the same models. What it
publishes is a copy that no longer changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.core.errors import ModelError, SettingsError
from foryou.core.heads import HEADS
from foryou.core.ids import id_of
from foryou.core.inputs import INPUTS
from foryou.core.ports import Model, Pairs, Store
from foryou.features.fold import fold_events
from foryou.features.hydrate import without_demographics
from foryou.training.examples import ITEM_COLUMNS, VIEWER_COLUMNS, Examples, Join, as_of_now
from foryou.training.progress import Progress

SCHEMA = id_of("schema", repr((INPUTS, HEADS, ITEM_COLUMNS, VIEWER_COLUMNS)))
"""Changes whenever what a learner keeps would no longer fit."""
Listener = Callable[[Examples, Batch], None]
"""Told of every learned batch: the examples, and what was predicted before learning them."""


@dataclass(frozen=True)
class LearningSettings:
    """How the model learns while serving."""

    seed: int = field(default=1, metadata={"help": "start of the model's random numbers"})
    window_s: float = field(
        default=120.0, metadata={"help": "seconds after an exposure in which outcomes may still join it"}
    )
    batch: int = field(
        default=512, metadata={"help": "rows learned in one step; fewer once they have waited for window_s"}
    )
    publish_every: int = field(default=2048, metadata={"help": "learned rows after which a new version is swapped in"})

    def __post_init__(self) -> None:
        if self.window_s < 0 or self.batch < 1 or self.publish_every < 1:
            raise SettingsError(
                "learning.window_s must be at least 0; learning.batch and learning.publish_every at least 1"
            )


@dataclass
class Learner:
    """The learning side: rows that wait for outcomes, rows that wait to be learned, and the model that learns them."""

    model: Model
    settings: LearningSettings
    listener: Listener | None = None
    demographics: bool = True
    """Whether age band, gender and country may be learned from."""
    learned: int = 0
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self._join = Join(self.settings.window_s)
        self._queue: deque[Examples] = deque()
        self._open: list[Examples] = []
        self._open_since = 0

    def fold(self, store: Store, rows: Batch) -> None:
        """Fold a batch of events into the tables, keeping what there is to learn from it."""
        strangers = self._join.strangers(rows)
        pairs = as_of_now(store, strangers) if len(strangers) else None
        if pairs is not None and not self.demographics:
            pairs = replace(pairs, viewers=without_demographics(pairs.viewers))
        reactions = fold_events(store, rows)
        if pairs is not None:
            self._join.expect(strangers["viewer"], strangers["video"], strangers["at"], pairs)
        self._join.observe(reactions)
        self._seal(self._join.ripe())

    def serve(self, rows: Batch) -> None:
        """A slate was logged: its rows wait for their outcomes."""
        if "rejected" in rows:
            pairs = Pairs(
                rows.take(np.zeros(1, np.int64)).select(VIEWER_COLUMNS),
                rows.select(ITEM_COLUMNS),
                np.zeros(len(rows), np.int64),
            )
            self._join.expect(rows["viewer"], rows["item"], rows["at"], pairs)

    @property
    def waiting(self) -> int:
        """Rows ready to be learned."""
        return sum(len(examples) for examples in list(self._queue))

    def flush(self) -> None:
        """Wait for no more outcomes, nor for a batch to fill: every row that was shown may be learned now."""
        self._seal(self._join.ripe(everything=True), everything=True)

    def _seal(self, ripe: list[Examples], everything: bool = False) -> None:
        """Put what is ripe into batches of the settings' size; what is left waits for more, but not longer than the
        window.

        Batches are cut here and not where they are learned, so that they depend on the log alone.
        """
        now = self._join.now
        if not self._open:
            self._open_since = now
        self._open += ripe
        total, size = sum(len(examples) for examples in self._open), self.settings.batch
        everything |= now - self._open_since > self.settings.window_s * SECOND
        ready = total if everything else total - total % size
        if ready == 0:
            return
        rows = Examples.concat(self._open)
        for start in range(0, ready, size):
            self._queue.append(rows.take(np.arange(start, min(start + size, ready))))
        self._open = [rows.take(np.arange(ready, total))] if ready < total else []
        self._open_since = now

    def step(self, most: int | None = None) -> int:
        """Learn the batches that are ready, at least one and until `most` rows; how many rows.

        May run while another thread folds: that one only adds to the end of the queue.
        """
        learned = 0
        while self._queue and (most is None or learned < most):
            examples = self._queue.popleft()
            self._learn(examples)
            learned += len(examples)
        return learned

    def _learn(self, examples: Examples) -> None:
        predicted = self.model.predict(examples.pairs)
        self.model.learn(examples.pairs, examples.outcomes)
        self.learned += len(examples)
        self.progress.add(predicted, examples.outcomes)
        if self.listener is not None:
            self.listener(examples, predicted)

    def state(self) -> Mapping[str, Column]:
        """Everything needed to continue after a restart, as arrays."""
        units = [*self._queue, *self._open]
        held: dict[str, Column] = {
            "schema": np.array([SCHEMA]),
            "learned": np.array([self.learned]),
            "units": np.array([len(unit) for unit in units], np.int64),
            "open": np.array([len(self._open), self._open_since]),
        }
        if units:
            rows = Examples.concat(units)
            held["queue.of"] = rows.pairs.of
            for part, batch in (
                ("viewers", rows.pairs.viewers),
                ("items", rows.pairs.items),
                ("outcomes", rows.outcomes),
            ):
                held |= {f"queue.{part}.{name}": values for name, values in batch.columns.items()}
        for prefix, state in (
            ("model", self.model.state()),
            ("join", self._join.state()),
            ("progress", self.progress.state()),
        ):
            held |= {f"{prefix}.{name}": values for name, values in state.items()}
        return held

    def restore(self, state: Mapping[str, Column]) -> None:
        """Continue from `state`. ModelError if it was kept by a version with other inputs, heads or parameters."""

        def under(prefix: str) -> dict[str, Column]:
            return {name.removeprefix(prefix): values for name, values in state.items() if name.startswith(prefix)}

        if "schema" not in state or int(state["schema"][0]) != SCHEMA:
            raise ModelError("the learner's state was kept by a version with other inputs or heads")
        self.learned = int(state["learned"][0])
        self.model.restore(under("model."))
        self._join.restore(under("join."))
        self.progress.restore(under("progress."))
        units = state["units"].tolist()
        opened, self._open_since = state["open"].tolist()
        parts: list[Examples] = []
        if units:
            pairs = Pairs(Batch(under("queue.viewers.")), Batch(under("queue.items.")), state["queue.of"])
            rows, end = Examples(pairs, Batch(under("queue.outcomes."))), np.cumsum(units)
            parts = [rows.take(np.arange(stop - size, stop)) for stop, size in zip(end, units, strict=True)]
        sealed = len(parts) - opened
        self._queue, self._open = deque(parts[:sealed]), parts[sealed:]
