"""A row for each id, whatever the order of arrival, and none for what was never learned from."""

import numpy as np
import pytest

from foryou.core.errors import ModelError
from foryou.models.embedding import Embeddings


def test_unknown_ids_read_a_zero_row_and_are_not_kept() -> None:
    table = Embeddings(4)
    assert table.find(0, np.array([7, 8])).tolist() == [0, 0]
    assert len(table) == 0
    assert not table.vectors[0].any()


def test_none_never_gets_a_row() -> None:
    table = Embeddings(4)
    assert table.admit(0, np.array([0, 5, 0])).tolist() == [0, 1, 0]
    assert len(table) == 1


def test_the_order_of_arrival_does_not_matter() -> None:
    ids = np.arange(1, 400)
    one, other = Embeddings(8, seed=3), Embeddings(8, seed=3)
    one.admit(2, ids)
    for some in np.array_split(ids[::-1], 7):
        other.admit(2, some)
    assert np.array_equal(one.vectors[one.find(2, ids)], other.vectors[other.find(2, ids)])
    assert np.array_equal(one.initial(2, ids), one.vectors[one.find(2, ids)])


def test_another_seed_starts_elsewhere() -> None:
    assert not np.allclose(
        Embeddings(8, seed=1).initial(0, np.array([5])), Embeddings(8, seed=2).initial(0, np.array([5]))
    )


def test_equal_ids_in_two_slots_have_two_rows() -> None:
    table = Embeddings(4)
    assert table.admit(1, np.array([9])) != table.admit(2, np.array([9]))


def test_a_hundred_thousand_ids_each_have_their_own_row() -> None:
    table = Embeddings(2)
    ids = np.random.default_rng(0).integers(1, 1 << 62, 100_000)
    rows = table.admit(0, ids)
    assert len(np.unique(rows)) == len(np.unique(ids)) == len(table)
    assert np.array_equal(table.find(0, ids[::-1]), rows[::-1])


def test_rows_keep_the_shape_of_the_ids() -> None:
    assert Embeddings(4).admit(0, np.array([[1, 2], [0, 1]])).tolist() == [[1, 2], [0, 1]]


def test_a_step_moves_only_the_rows_that_have_a_gradient_by_adagrads_rule() -> None:
    table = Embeddings(2)
    rows = table.admit(0, np.array([1, 2]))
    before = table.vectors.copy()
    sums = table.gradient()
    sums.values[rows[0]] = [3, 4]
    sums.rows[0], sums.count[0], sums.marks[rows[0]] = rows[0], 1, True
    table.descend(sums, rate=0.1)
    step = 0.1 * np.array([3, 4]) / np.sqrt((9 + 16) / 2)
    assert table.vectors[rows[0]] == pytest.approx(before[rows[0]] - step, abs=1e-6)
    assert np.array_equal(table.vectors[rows[1]], before[rows[1]])
    assert not sums.values.any()
    assert len(sums.touched) == 0


def test_a_copy_stays_when_the_original_learns() -> None:
    table = Embeddings(2)
    row = table.admit(0, np.array([1]))
    kept = table.copy()
    table.vectors[row] += 1
    assert np.allclose(kept.vectors[kept.find(0, np.array([1]))] + 1, table.vectors[row])


def test_a_state_of_another_width_is_refused() -> None:
    with pytest.raises(ModelError, match="4 components where this table has 2"):
        Embeddings(2).restore(Embeddings(4).state())
