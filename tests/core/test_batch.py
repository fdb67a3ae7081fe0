"""Columns of equal length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.batch import Batch

rows = st.lists(st.integers(-5, 5), max_size=12).map(lambda values: Batch({"x": np.array(values, np.int64)}))


def test_a_missing_column_is_named_beside_those_there_are() -> None:
    with pytest.raises(KeyError, match="no column 'z'; there are x, y"):
        Batch({"x": np.zeros(2), "y": np.zeros(2)})["z"]


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="column 'y' has 3 rows where the others have 2"):
        Batch({"x": np.zeros(2), "y": np.zeros(3)})


def test_nobody_can_change_a_batch_and_the_giver_still_can_change_their_own() -> None:
    mine = np.zeros(3)
    batch = Batch({"x": mine})
    with pytest.raises(ValueError, match="read-only"):
        batch["x"][0] = 1
    mine[0] = 1
    assert mine[0] == 1


@given(rows, st.data())
def test_taking_by_mask_and_by_places_is_the_same(batch: Batch, data: st.DataObject) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(batch), max_size=len(batch))), np.bool_)
    assert batch.take(mask)["x"].tolist() == batch.take(np.flatnonzero(mask))["x"].tolist()
    assert len(batch.take(mask)) == mask.sum()


@given(st.lists(rows, min_size=1, max_size=4))
def test_parts_put_together_are_as_long_as_all_and_come_apart_again(parts: list[Batch]) -> None:
    whole = Batch.concat(parts)
    assert whole["x"].tolist() == [value for part in parts for value in part["x"].tolist()]
    assert whole.take(np.arange(len(parts[0])))["x"].tolist() == parts[0]["x"].tolist()


def test_columns_can_be_added_replaced_and_chosen() -> None:
    batch = Batch({"x": np.arange(2)}).extend({"y": np.ones((2, 3))}).extend({"x": np.arange(2) + 5})
    assert list(batch) == ["x", "y"]
    assert batch["x"].tolist() == [5, 6]
    assert batch.take(np.array([1]))["y"].shape == (1, 3)
    assert list(batch.select(["y"])) == ["y"]
    assert "z" not in batch
    assert repr(batch) == "Batch(2 rows: x, y)"


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12), st.data())
def test_a_deferred_batch_ends_as_one_whose_columns_were_moved_each_time(
    values: list[int], data: st.DataObject
) -> None:
    whole = Batch({"x": np.array(values), "y": np.array([values, values]).T})
    one, other = whole, whole.deferred()
    for turn in range(3):
        order = np.array(data.draw(st.lists(st.integers(0, len(one) - 1), min_size=1, max_size=12)))
        more = {"x" if turn == 1 else f"z{turn}": np.arange(len(order)) + turn}
        one, other = one.take(order).extend(more), other.take(order).extend(more)
        mask = one["y"][:, 0] >= 0
        if turn == 2 and mask.any():
            one, other = one.take(mask), other.take(mask)
    assert "y" in other and "w" not in other
    assert len(one) == len(other)
    assert list(one) == list(other) == list(other.gathered())
    for name in one:
        assert one[name].tolist() == other[name].tolist() == other.gathered()[name].tolist()
        assert not other.gathered()[name].flags.writeable


def test_a_mask_of_another_length_is_refused() -> None:
    with pytest.raises(IndexError, match="a mask of 3 rows for a batch of 2"):
        Batch({"x": np.arange(2)}).take(np.ones(3, np.bool_))


def test_a_batch_may_have_rows_and_no_columns() -> None:
    assert len(Batch({}, 4)) == 4
    assert len(Batch({}, 4).take(np.array([True, False, True, False]))) == 2
    assert len(Batch.concat([])) == 0
