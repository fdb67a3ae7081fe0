"""A row for each id, whatever the order of arrival, and none for what was never learned from."""

import numpy as np
import pytest

from foryou.core.clock import DAY, HOUR
from foryou.core.errors import ModelError
from foryou.models.embedding import Admission, Embeddings


def test_unknown_ids_read_a_zero_row_and_are_not_kept() -> None:
    table = Embeddings(4)
    assert table.find(0, np.array([7, 8])).tolist() == [0, 0]
    assert len(table) == 0
    assert not table.vectors[0].any()


def test_none_never_gets_a_row() -> None:
    table = Embeddings(4)
    assert table.admit(0, np.array([0, 5, 0])).tolist() == [0, 1, 0]
    assert len(table) == 1


def first_of(table: Embeddings, slot: int, ids: np.ndarray) -> np.ndarray:
    """What ids are in a table with the same seed that has learned nothing."""
    fresh = Embeddings(table.dim, table.seed)
    return fresh.means(np.array([slot]), np.array([1]), ids[:, None])[:, 0]


def test_the_order_of_arrival_does_not_matter() -> None:
    ids = np.arange(1, 400)
    one, other = Embeddings(8, seed=3), Embeddings(8, seed=3)
    one.admit(2, ids)
    for some in np.array_split(ids[::-1], 7):
        other.admit(2, some)
    assert np.array_equal(one.vectors[one.find(2, ids)], other.vectors[other.find(2, ids)])
    assert np.array_equal(first_of(one, 2, ids), one.vectors[one.find(2, ids)])


def test_another_seed_starts_elsewhere() -> None:
    assert not np.allclose(
        first_of(Embeddings(8, seed=1), 0, np.array([5])), first_of(Embeddings(8, seed=2), 0, np.array([5]))
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


def test_a_copy_neither_sees_what_comes_later_nor_misses_what_goes() -> None:
    table, ids = Embeddings(2, admission=Admission(days=1)), np.arange(1, 3000)
    table.admit(0, ids[:1500])
    first = table.copy()
    before = first.vectors[first.find(0, ids)].copy()
    table.admit(0, ids[1500:1600])
    second = table.copy()
    table.tend(2 * DAY)
    assert len(table) == 0
    table.admit(0, ids[::-1][:700])
    third = table.copy()
    table.admit(0, ids)
    for kept, there in ((first, 1500), (second, 1600)):
        rows = kept.find(0, ids)
        assert (rows[:there] > 0).all() and (rows[there:] == 0).all()
    assert np.array_equal(first.vectors[first.find(0, ids)], before)
    assert np.array_equal(third.find(0, ids) > 0, ids >= 2300)
    assert np.array_equal(third.vectors[third.find(0, ids[2299:])], first_of(table, 0, ids[2299:]))
    for wrong in (lambda: first.admit(0, ids), first.state):
        with pytest.raises(ModelError):
            wrong()


def test_an_id_gets_its_row_when_it_came_often_enough() -> None:
    table = Embeddings(4, admission=Admission(after=3))
    assert table.admit(0, np.array([5, 6, 5])).tolist() == [0, 0, 0]
    assert table.admit(0, np.array([5, 6])).tolist() == [1, 0]
    assert table.find(0, np.array([5, 6])).tolist() == [1, 0]
    assert table.admit(1, np.array([6])).tolist() == [0], "another slot is another id"


def test_memory_stays_flat_under_a_stream_of_ever_new_ids() -> None:
    rng = np.random.default_rng(0)
    for admission in (Admission(after=2, days=1), Admission(most=5000), Admission(days=0.05)):
        table, sizes = Embeddings(4, admission=admission), []
        for step in range(300):
            table.tend(step * HOUR // 4)
            table.admit(0, rng.integers(1, 1 << 62, 1000))
            sizes.append(table.nbytes)
        assert len(table) <= 10_000
        assert max(sizes[150:]) <= 1.05 * max(sizes[:150])


def test_what_often_comes_keeps_its_row_when_there_are_too_many() -> None:
    table, often = Embeddings(4, admission=Admission(most=1000)), np.arange(1, 101)
    rows = table.admit(0, often)
    for step in range(50):
        table.tend(step)
        table.admit(0, np.arange(1000 + 100 * step, 1100 + 100 * step))
        table.admit(0, often)
    assert np.array_equal(table.find(0, often), rows)
    assert (table.find(0, np.arange(1000, 3000)) == 0).all()


def test_an_id_that_was_not_used_for_long_starts_afresh() -> None:
    table = Embeddings(2, admission=Admission(days=7))
    row = table.admit(0, np.array([1]))
    table.vectors[row] += 1
    table._squares[row] = 9
    table.tend(6 * DAY)
    table.admit(0, np.array([2]))
    assert table.tend(8 * DAY).tolist() == row.tolist()
    assert (table.find(0, np.array([1, 2])) > 0).tolist() == [False, True]
    again = table.admit(0, np.array([1]))
    assert np.array_equal(table.vectors[again], first_of(table, 0, np.array([1])))
    assert table._squares[again] == 0


def test_a_restored_table_goes_on_as_if_nothing_had_happened() -> None:
    admission, rng = Admission(after=2, days=2, most=400), np.random.default_rng(0)
    one, other = Embeddings(4, admission=admission), Embeddings(4, admission=admission)
    for step in range(60):
        ids = rng.zipf(1.3, 60)
        for table in (one, other):
            table.tend(step * 3 * HOUR)
            table.admit(0, ids)
        if step % 9 == 4:
            restored = Embeddings(4, admission=admission)
            restored.restore(other.state())
            other = restored
    left, right = one.state(), other.state()
    assert all(np.array_equal(left[name], right[name]) for name in left)
    assert len(one) == len(other) > 20


def test_a_state_of_another_width_is_refused() -> None:
    with pytest.raises(ModelError, match="4 components where this table has 2"):
        Embeddings(2).restore(Embeddings(4).state())
