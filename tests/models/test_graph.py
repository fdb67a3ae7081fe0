"""Item matrices of small histories whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from foryou.models.engagements import Engagements
from foryou.models.graph import Regression, cosine, low_pass, strongest, walk

CHECKS = sparse.csr_array(np.array([[row % 2 == column % 2 for column in range(8)] for row in range(12)], np.float32))
"""Even viewers have even items, odd ones odd items."""


def scores_of_a_newcomer(matrix: object) -> np.ndarray:
    """What somebody with item 0 alone is told."""
    found = sparse.csr_array(np.eye(8, dtype=np.float32)[:1]) @ matrix
    return np.asarray(found.toarray() if sparse.issparse(found) else found)[0]


def closed_forms() -> dict[str, object]:
    into, out = low_pass(CHECKS, 2)
    return {
        "walk": walk(CHECKS, 0.8, 0.1),
        "cosine": cosine(CHECKS, 1.0, 5),
        "regression": Regression(CHECKS, 1.0, 0.5).itself(),
        "smooth": into @ out,
    }


@pytest.mark.parametrize("name", list(closed_forms()))
def test_one_item_is_enough_to_be_told_its_kind(name: str) -> None:
    told = scores_of_a_newcomer(closed_forms()[name])
    assert told[[2, 4, 6]].min() > told[[1, 3, 5, 7]].max() + 0.01


def test_a_walk_of_power_one_is_a_chance_and_popular_ends_can_be_made_rarer() -> None:
    history = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 1]], np.float32))
    plain = walk(history, 1.0, 0.0).toarray()
    assert plain[0].tolist() == pytest.approx([0, 1 / 2 * 1 / 2 + 1 / 2 * 1 / 3, 1 / 2 * 1 / 3])
    assert walk(history, 1.0, 1.0).toarray()[0, 1] == pytest.approx(plain[0, 1] / 2)


def test_the_regression_is_the_ridge_solution_with_a_zero_diagonal() -> None:
    chance = np.random.default_rng(1)
    dense = (chance.random((30, 6)) < 0.4).astype(np.float32)
    weights = Regression(sparse.csr_array(dense), 2.0).itself()
    for item in range(6):
        others = np.delete(dense, item, axis=1)
        solved = np.linalg.solve(others.T @ others + 2.0 * np.eye(5), others.T @ dense[:, item])
        assert np.delete(weights[:, item], item) == pytest.approx(solved, abs=1e-4)
        assert weights[item, item] == 0


def test_a_regression_to_recent_items_forgets_what_is_no_longer_shown() -> None:
    recent = CHECKS.toarray()
    recent[:, 2] = 0
    told = scores_of_a_newcomer(Regression(CHECKS, 1.0).telling(sparse.csr_array(recent)))
    assert told[4] > 10 * abs(told[2])


def test_only_the_strongest_neighbours_are_kept() -> None:
    kept = strongest(sparse.csr_array(np.array([[0.1, 0.5, 0.3], [0.2, 0.0, 0.0]], np.float32)), 2).toarray()
    assert (kept > 0).tolist() == [[False, True, True], [True, False, False]]


def test_a_pair_counts_once_in_a_history_at_its_freshest_and_each_time_in_the_counts() -> None:
    rows = Engagements(
        np.array([0, 0, 1]), np.array([1, 1, 0]), np.ones(3, np.float32), np.array([2.0, 1.0, 0.0]), 2, 2
    )
    assert rows.histories().toarray().tolist() == [[0, 1], [1, 0]]
    assert rows.histories(1.0).toarray().tolist() == [[0, 0.5], [1, 0]]
    assert rows.counts(1.0).tolist() == [1.0, 0.75]
    assert rows.where(rows.item == 1).counts().tolist() == [0, 2]
