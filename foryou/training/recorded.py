"""Examples that were made once and kept, so that many models can learn the same rows without folding the log again.

The columns are those that a learner was given, to the bit; only the empty places of histories take no room. Nothing
here knows where the rows came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.inputs import HISTORY, HISTORY_COLUMNS
from foryou.core.ports import Model, Pairs
from foryou.training.examples import Examples

Change = Callable[[Pairs], Pairs]
"""What is done to rows before a model sees them: leaving inputs out, say."""
Progressed = Callable[[int], None]
"""Told how many rows were done since it was last told."""


def unchanged(pairs: Pairs) -> Pairs:
    """The rows as they are."""
    return pairs


@dataclass(frozen=True)
class Recorded:
    """Examples in an order, cut into batches that end at `ends`; the last end is the number of rows."""

    viewers: Batch
    """All viewer columns but the history's."""
    past: Batch
    """The history columns, one row for each entry that is there: the entries of viewer row i are `first[i]` to
    `first[i + 1]`."""
    first: Column
    items: Batch
    of: Column
    outcomes: Batch
    ends: Column

    def __len__(self) -> int:
        return len(self.of)

    def take(self, rows: Column) -> Examples:
        """Some rows, as they were."""
        kept, of = np.unique(self.of[rows], return_inverse=True)
        count = self.first[kept + 1] - self.first[kept]
        start = np.cumsum(count) - count
        entries = np.arange(count.sum()) + np.repeat(self.first[kept] - start, count)
        there = np.arange(HISTORY) < count[:, None]
        columns = dict(self.viewers.take(kept).columns)
        for name, values in self.past.columns.items():
            full = np.zeros((len(kept), HISTORY, values.shape[1]), values.dtype)
            full[there] = values[entries]
            columns[name] = full.reshape(len(kept), -1)
        return Examples(
            Pairs(Batch(columns), self.items.take(rows), of.reshape(-1).astype(np.int64)), self.outcomes.take(rows)
        )

    def batches(self, where: Column | None = None) -> Iterator[Examples]:
        """The batches in order, with only the rows under the mask `where` `[rows]`; empty ones are left out."""
        start = 0
        for end in self.ends.tolist():
            rows = np.arange(start, end)
            start = end
            if where is not None:
                rows = rows[where[rows]]
            if len(rows):
                yield self.take(rows)

    def save(self, path: Path) -> None:
        """Keep the rows in an `.npz` file."""
        parts = {"viewers": self.viewers, "past": self.past, "items": self.items, "outcomes": self.outcomes}
        columns = {f"{part}.{name}": values for part, rows in parts.items() for name, values in rows.columns.items()}
        columns |= {"first": self.first, "of": self.of, "ends": self.ends}
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **columns)

    @staticmethod
    def load(path: Path) -> Recorded:
        """The rows of `save`."""
        with np.load(path) as kept:
            held = {name: kept[name] for name in kept.files}

        def part(prefix: str) -> Batch:
            return Batch({name.removeprefix(prefix): held[name] for name in held if name.startswith(prefix)})

        return Recorded(
            part("viewers."),
            part("past."),
            held["first"],
            part("items."),
            held["of"],
            part("outcomes."),
            held["ends"],
        )


@dataclass
class Recording:
    """Collects batches of examples; `add` is a `Listener` of a learner."""

    parts: list[Recorded] = field(default_factory=list)
    rows: int = 0
    """Rows so far."""

    def __len__(self) -> int:
        """Batches so far."""
        return len(self.parts)

    def add(self, examples: Examples, predicted: Batch | None = None) -> None:
        """One more batch."""
        self.rows += len(examples)
        viewers = examples.pairs.viewers
        past = viewers["history_item"] != 0
        count = np.where(past.any(axis=1), HISTORY - np.argmax(past[:, ::-1], axis=1), 0)
        there = np.arange(HISTORY) < count[:, None]
        self.parts.append(
            Recorded(
                viewers.select([name for name in viewers if name not in HISTORY_COLUMNS]),
                Batch({name: viewers[name].reshape(len(viewers), HISTORY, -1)[there] for name in HISTORY_COLUMNS}),
                np.concatenate([np.zeros(1, np.int64), np.cumsum(count)]),
                examples.pairs.items,
                examples.pairs.of,
                examples.outcomes,
                np.array([len(examples)]),
            )
        )

    def done(self) -> Recorded:
        """All batches together. ValueError if there is none."""
        parts = self.parts
        if not parts:
            raise ValueError("nothing was recorded")
        viewers = np.cumsum([0, *(len(part.viewers) for part in parts[:-1])])
        entries = np.cumsum([0, *(len(part.past) for part in parts[:-1])])
        starts = [part.first[:-1] + begin for part, begin in zip(parts, entries, strict=True)]
        return Recorded(
            Batch.concat([part.viewers for part in parts]),
            Batch.concat([part.past for part in parts]),
            np.concatenate([*starts, [entries[-1] + len(parts[-1].past)]]).astype(np.int64),
            Batch.concat([part.items for part in parts]),
            np.concatenate([part.of + begin for part, begin in zip(parts, viewers, strict=True)]),
            Batch.concat([part.outcomes for part in parts]),
            np.cumsum([len(part) for part in parts]),
        )


def learn(
    model: Model,
    rows: Recorded,
    change: Change = unchanged,
    where: Column | None = None,
    progressed: Progressed = lambda rows: None,
) -> None:
    """Learn recorded batches in order (those rows of them that are under `where`)."""
    for examples in rows.batches(where):
        model.learn(change(examples.pairs), examples.outcomes)
        progressed(len(examples))


def predict(model: Model, rows: Recorded, change: Change = unchanged) -> Batch:
    """The heads of recorded rows, by a model that stays as it is."""
    return Batch.concat([model.predict(change(examples.pairs)) for examples in rows.batches()])
