"""Lessons that wait to be learned, as arrays and back: a part of what a learner keeps over a restart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.ports import Pairs
from foryou.training.examples import Examples
from foryou.training.join import Lesson


def under(state: Mapping[str, Column], prefix: str) -> dict[str, Column]:
    return {name.removeprefix(prefix): values for name, values in state.items() if name.startswith(prefix)}


def packed(lessons: list[Lesson]) -> Mapping[str, Column]:
    """Lessons as arrays."""
    held: dict[str, Column] = {"size": np.array([len(lesson) for lesson in lessons], np.int64)}
    if not lessons:
        return held
    late = [lesson for lesson in lessons if lesson.learned is not None]
    rows = Examples.concat([lesson.examples for lesson in lessons])
    held["late"] = np.array([lesson.learned is not None for lesson in lessons])
    held["number"], held["of"] = np.concatenate([lesson.number for lesson in lessons]), rows.pairs.of
    learned = Batch.concat([lesson.learned for lesson in late if lesson.learned is not None])
    parts = (
        ("viewers", rows.pairs.viewers),
        ("items", rows.pairs.items),
        ("outcomes", rows.outcomes),
        ("learned", learned),
    )
    for part, batch in parts:
        held |= {f"{part}.{name}": values for name, values in batch.columns.items()}
    return held


def unpacked(held: Mapping[str, Column]) -> list[Lesson]:
    """What `packed` made arrays of."""
    if len(held["size"]) == 0:
        return []
    pairs = Pairs(Batch(under(held, "viewers.")), Batch(under(held, "items.")), held["of"])
    rows, learned = Examples(pairs, Batch(under(held, "outcomes."))), Batch(under(held, "learned."))
    lessons, end, taken = [], 0, 0
    for size, late in zip(held["size"].tolist(), held["late"].tolist(), strict=True):
        some = np.arange(end, end + size)
        before = learned.take(np.arange(taken, taken + size)) if late else None
        lessons.append(Lesson(held["number"][some], rows.take(some), before))
        end, taken = end + size, taken + (size if late else 0)
    return lessons
