"""Lists drawn from all items: which are first, and how much of what was wanted they hold."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.evaluation.lists import coverage, first, hits, ndcg_at, recall_at

SCORES = np.array([[0.1, 0.9, 0.5, 0.5], [3.0, np.nan, -np.inf, 4.0]])
WANTED = np.array([[True, False, True, False], [False, False, False, True]])


def test_the_first_are_the_highest_ties_by_column_and_what_is_not_a_number_last() -> None:
    assert first(SCORES, 2).tolist() == [[1, 2], [3, 0]]
    assert first(SCORES, 9)[1].tolist() == [3, 0, 1, 2]


def test_ties_for_the_last_place_go_to_the_first_columns() -> None:
    assert first(np.zeros((1, 50)), 3).tolist() == [[0, 1, 2]]


def test_recall_is_the_share_of_each_viewers_items_and_viewers_without_any_do_not_count() -> None:
    hit, count = hits(first(SCORES, 2), WANTED), WANTED.sum(axis=1)
    assert recall_at(hit, count, 1) == pytest.approx((0 + 1) / 2)
    assert recall_at(hit, count, 2) == pytest.approx((1 / 2 + 1) / 2)
    assert recall_at(hit, np.array([2, 0]), 2) == pytest.approx(1 / 2)
    assert np.isnan(recall_at(hit, np.zeros(2), 2))


def test_ndcg_is_one_for_the_best_list_and_discounts_the_second_place() -> None:
    hit, count = hits(first(SCORES, 2), WANTED), WANTED.sum(axis=1)
    second = 1 / np.log2(3)
    assert ndcg_at(hit, count, 2) == pytest.approx((second / (1 + second) + 1) / 2)
    assert ndcg_at(np.array([[True, True, False]]), np.array([2]), 3) == pytest.approx(1.0)


def test_coverage_counts_an_item_once() -> None:
    assert coverage(np.array([[0, 1], [1, 2]]), 4) == 0.75
