"""What was recorded is what the learner learned, to the bit, and teaches another model the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from foryou.core.batch import Batch
from foryou.models.linear import Linear
from foryou.models.ranker import Ranker
from foryou.training import recorded
from foryou.training.examples import Examples
from foryou.training.recorded import Recorded, Recording
from foryou.training.stream import Learner
from foryou.training.validate import learn_all
from tests.training.test_stream import SETTINGS, empty, habits, learned


def recording(rows: int = 400) -> tuple[Recorded, list[Examples]]:
    """What a learner learns from a log, recorded and as it was."""
    kept, parts = Recording(), []

    def listen(examples: Examples, predicted: Batch) -> None:
        parts.append(examples)
        kept.add(examples, predicted)

    learn_all(Learner(Linear(), SETTINGS, listener=listen), empty(), habits(rows))
    return kept.done(), parts


def same(one: Examples, other: Examples) -> bool:
    """Whether two sets of examples have the same columns, of the same types, for each row."""
    sides = [
        (one.pairs.viewers.take(one.pairs.of), other.pairs.viewers.take(other.pairs.of)),
        (one.pairs.items, other.pairs.items),
        (one.outcomes, other.outcomes),
    ]
    return all(
        set(left) == set(right) and all(left[name].tobytes() == right[name].tobytes() for name in left)
        for left, right in sides
    )


def test_the_batches_come_back_as_they_were() -> None:
    rows, parts = recording()
    assert len(rows) == sum(len(part) for part in parts) == 400
    back = list(rows.batches())
    assert len(back) == len(parts)
    assert all(same(one, other) for one, other in zip(back, parts, strict=True))
    assert any((part.pairs.viewers["history_item"] != 0).any() for part in parts), "there is a history to keep"


def test_a_model_learns_the_same_from_the_recording_as_from_the_log() -> None:
    model = Ranker(seed=1)
    recorded.learn(model, recording()[0])
    expected = learned(seed=1)[0].model.state()
    assert all(np.array_equal(values, expected[name]) for name, values in model.state().items())


def test_some_rows_can_be_left_out_and_all_can_be_changed_on_the_way() -> None:
    rows, _ = recording()
    even = rows.items["item"] % 2 == 0
    seen: list[int] = []
    model = Ranker(seed=1)
    recorded.learn(model, rows, where=even, progressed=seen.append)
    assert model.learned == sum(seen) == even.sum() == 200
    assert recorded.predict(model, rows)["like"].shape == (400,)
    changed = recorded.predict(
        model, rows, lambda pairs: recorded.unchanged(rows.take(np.zeros(len(pairs), int)).pairs)
    )
    assert len(np.unique(changed["like"])) == 1


def test_a_recording_can_be_kept_in_a_file(tmp_path: Path) -> None:
    rows, parts = recording(50)
    rows.save(tmp_path / "rows.npz")
    back = list(Recorded.load(tmp_path / "rows.npz").batches())
    assert all(same(one, other) for one, other in zip(back, parts, strict=True))
