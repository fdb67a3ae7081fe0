"""Ranking measures against cases worked out by hand, and against the plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.evaluation.ranking import auc, gauc, ndcg_at, primary

ROWS = st.lists(
    st.tuples(st.integers(1, 4), st.booleans(), st.sampled_from([0.0, 0.1, 0.1, 0.5, 0.9])), min_size=1, max_size=40
)


def _pairs_won(labels: np.ndarray, scores: np.ndarray) -> float:
    good, bad = scores[labels > 0][:, None], scores[labels == 0][None, :]
    return float(((good > bad) + 0.5 * (good == bad)).mean())


def test_auc_by_hand() -> None:
    assert auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx(3 / 4)


def test_a_tie_is_half_won() -> None:
    assert auc(np.array([1, 0]), np.array([0.3, 0.3])) == pytest.approx(0.5)


def test_auc_of_one_kind_of_label_is_not_known() -> None:
    assert np.isnan(auc(np.array([1, 1]), np.array([0.1, 0.2])))
    assert np.isnan(auc(np.zeros(0), np.zeros(0)))


def test_gauc_weighs_users_by_their_positives_and_leaves_out_one_sided_ones() -> None:
    users = np.array([1, 1, 2, 2, 2, 3, 3])
    labels = np.array([1, 0, 1, 1, 0, 1, 1])
    scores = np.array([0.9, 0.1, 0.1, 0.2, 0.9, 0.5, 0.6])
    assert gauc(users, labels, scores) == pytest.approx((1 * 1.0 + 2 * 0.0) / 3)


def test_ndcg_by_hand() -> None:
    users = np.array([7, 7, 7, 8, 8])
    labels = np.array([0, 1, 1, 0, 0])
    scores = np.array([0.9, 0.8, 0.1, 0.5, 0.4])
    reached = 1 / np.log2(3) + 1 / np.log2(4)
    best = 1 + 1 / np.log2(3)
    assert ndcg_at(users, labels, scores, 5) == pytest.approx(reached / best / 2)
    assert ndcg_at(users, labels, scores, 1) == pytest.approx(0)


def test_the_order_of_rows_breaks_no_ties_in_favour_of_anyone() -> None:
    """With equal scores, nDCG is that of chance, wherever the positives lie."""
    users, labels = np.repeat(np.arange(4000), 10), np.tile([1] + [0] * 9, 4000)
    by_chance = np.mean(1 / np.log2(np.arange(2, 7))) * 5 / 10
    assert ndcg_at(users, labels, np.zeros(40000)) == pytest.approx(by_chance, rel=0.03)
    assert ndcg_at(users, labels, np.zeros(40000), seed=1) == ndcg_at(users, labels, np.zeros(40000), seed=1)


def test_primary_is_the_mean_of_both() -> None:
    rng = np.random.default_rng(0)
    users, labels, scores = rng.integers(0, 9, 60), rng.integers(0, 2, 60), rng.random(60)
    assert primary(users, labels, scores) == (gauc(users, labels, scores) + ndcg_at(users, labels, scores, 5)) / 2


def test_a_score_that_is_not_finite_sinks() -> None:
    assert auc(np.array([1, 0, 0]), np.array([0.1, np.nan, -np.inf])) == 1


@given(ROWS)
def test_gauc_is_the_share_of_pairs_won(rows: list[tuple[int, bool, float]]) -> None:
    users, labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    won, weights = [], []
    for user in np.unique(users):
        mine, his = labels[users == user], scores[users == user]
        if 0 < mine.sum() < len(mine):
            won.append(_pairs_won(mine, his))
            weights.append(mine.sum())
    if won:
        assert gauc(users, labels, scores) == pytest.approx(np.average(won, weights=weights))
    else:
        assert np.isnan(gauc(users, labels, scores))


@given(ROWS, st.integers(1, 6))
def test_ndcg_is_what_its_definition_says(rows: list[tuple[int, bool, float]], k: int) -> None:
    users, labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    scores = scores + np.arange(len(scores)) * 1e-6
    values = []
    for user in np.unique(users):
        mine = labels[users == user][np.argsort(-scores[users == user])]
        discount = 1 / np.log2(np.arange(len(mine)) + 2)
        best = np.sum(np.sort(mine)[::-1][:k] * discount[:k])
        values.append(np.sum(mine[:k] * discount[:k]) / best if best > 0 else 0.0)
    assert ndcg_at(users, labels, scores, k) == pytest.approx(np.mean(values))
