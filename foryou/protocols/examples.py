"""KuaiRand folded once into examples, for protocols in which many models learn and rank the same rows.

What is learned before the test days, in the order and the batches in which the learner learns it; and the test rows in
the order of the log, twice: with tables frozen before the test days, and with tables that go on from row to row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.datasets.kuairand import KuaiRand
from foryou.models.linear import Linear
from foryou.protocols.rank import Rows, open_engine, split, truth
from foryou.training.examples import Examples, as_of_now
from foryou.training.recorded import Recorded, Recording
from foryou.training.stream import Learner, LearningSettings
from foryou.training.validate import Progressed, learn_all

CHUNK = 512
"""Events of the test days that are shown together and then folded: about 250 rows, 20 minutes of the log."""


@dataclass(frozen=True)
class RankExamples:
    """One fold of the log, cut at the first test day."""

    learned: Recorded
    """Exposures before the test days; `watch` is known where the log has a time (`impressions`), else NaN."""
    frozen: Recorded
    """The test rows, in the order of `rows`, with columns from the tables before the test days."""
    ongoing: Recorded | None
    """The same rows with columns as of their own time; a batch is shown, then what happened is folded."""
    later: Recorded | None
    """The test days' exposures as the learner learns them."""
    after: Column
    """For each batch of `ongoing`, how many batches of `later` have been learned when it is shown."""
    train: Rows
    """The `impressions` before the test days, as the log has them."""
    rows: Rows
    """The `impressions` of the test days."""


def fold_log(
    directory: Path,
    test_from: date,
    test_to: date,
    ongoing: bool = False,
    progressed: Progressed = lambda rows: None,
) -> RankExamples:
    """Fold everything before `test_from`, and with `ongoing` the test days too. NotFound if there are no test rows."""
    data = KuaiRand(directory)
    train, rows = split(data, test_from, test_to)
    store = open_engine(0).backend.store
    before, frozen = Recording(), Recording()
    learner = Learner(Linear(), LearningSettings(), listener=before.add)
    learn_all(learner, store, data.events(test_from), progressed)
    for batch in data.exposures(rows):
        _show(store, batch, rows, frozen)
    if not ongoing:
        return RankExamples(before.done(), frozen.done(), None, None, np.zeros(0, np.int64), train, rows)
    later, shown, after = Recording(), Recording(), []
    learner.listener = later.add
    for batch in replace(data, chunk=CHUNK).exposures(rows):
        if _show(store, batch, rows, shown):
            after.append(len(later))
        learner.fold(store, batch)
        learner.step()
        progressed(len(batch))
    learner.flush()
    learner.step()
    return RankExamples(before.done(), frozen.done(), shown.done(), later.done(), np.array(after), train, rows)


def _show(store: Store, batch: Batch, rows: Rows, into: Recording) -> bool:
    """Record the impressions of a batch with columns from the tables as they are; whether there were any."""
    shown = batch.take(batch["kind"] == Kind.IMPRESSION)
    if len(shown) == 0:
        return False
    pairs, start = as_of_now(store, shown), into.rows
    some = {name: values[start : start + len(shown)] for name, values in rows.items()}
    into.add(Examples(pairs, truth(some, pairs.items["seconds_long"])))
    return True
