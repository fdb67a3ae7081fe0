"""Rows that roll: they keep their numbers, and the memory is that of the rows that are kept."""

import numpy as np

from foryou.core.batch import Batch
from foryou.training.rolling import Rolling


def some(first: int, count: int) -> Batch:
    number = np.arange(first, first + count)
    return Batch({"number": number, "wide": np.stack([number, -number], axis=1).astype(np.float32)})


def test_rows_keep_their_numbers_whatever_comes_and_goes() -> None:
    rows, rng = Rolling(), np.random.default_rng(0)
    for _ in range(200):
        assert rows.append(some(rows.end, int(rng.integers(0, 300)))) <= rows.end
        rows.drop(rows.first + int(rng.integers(0, 2 + len(rows))))
        assert rows["number"].tolist() == list(range(rows.first, rows.end))
        asked = rng.integers(rows.first, rows.end, 5) if len(rows) else np.zeros(0, np.int64)
        assert np.array_equal(rows.take(asked)["wide"], some(0, rows.end)["wide"][asked])


def test_the_memory_does_not_grow_with_what_was_dropped() -> None:
    rows = Rolling()
    for _ in range(500):
        rows.append(some(rows.end, 100))
        rows.drop(rows.end - 50)
    assert len(rows._columns["number"]) <= 2048


def test_a_column_can_be_written_to_in_place() -> None:
    rows = Rolling()
    rows.append(some(0, 10))
    rows.drop(4)
    rows["number"][0] = 99
    assert rows.take(np.array([4, 5]))["number"].tolist() == [99, 5]


def test_a_state_continues_with_the_same_numbers() -> None:
    one, other = Rolling(), Rolling()
    one.append(some(0, 10))
    one.drop(7)
    other.restore(one.state())
    assert (other.first, other.end) == (7, 10)
    assert other.append(some(10, 1)) == 10
    assert other["number"].tolist() == [7, 8, 9, 10]
    nothing = Rolling()
    nothing.restore(Rolling().state())
    assert len(nothing) == nothing.append(some(0, 1)) == 0
