"""Seconds: how far off, and in which order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foryou.evaluation.ranking import auc
from foryou.evaluation.watch import mae, xauc

ROWS = st.integers(1, 30)


@st.composite
def two(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions with many ties."""
    size = draw(ROWS)
    one = arrays(np.float64, size, elements=st.integers(0, 6).map(float))
    return draw(one), draw(one)


def by_hand(labels: np.ndarray, scores: np.ndarray) -> float:
    """Every pair looked at."""
    right, pairs = 0.0, 0
    for i in range(len(labels)):
        for j in range(len(labels)):
            if labels[i] > labels[j]:
                pairs += 1
                right += 1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0
    return right / pairs if pairs else float("nan")


@given(two())
def test_xauc_is_the_share_of_pairs_in_the_right_order(rows: tuple[np.ndarray, np.ndarray]) -> None:
    assert xauc(*rows) == pytest.approx(by_hand(*rows), nan_ok=True)


@given(two())
def test_xauc_of_zeros_and_ones_is_the_auc(rows: tuple[np.ndarray, np.ndarray]) -> None:
    labels = (rows[0] > 3).astype(float)
    assert xauc(labels, rows[1]) == pytest.approx(auc(labels, rows[1]), nan_ok=True)


@given(two())
def test_xauc_depends_on_the_order_alone_and_turns_with_it(rows: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = rows
    same = xauc(np.exp(labels), 3 * scores + 1)
    assert same == pytest.approx(xauc(labels, scores), nan_ok=True)
    assert xauc(labels, -scores) == pytest.approx(1 - same, nan_ok=True)


def test_rows_without_a_label_do_not_count() -> None:
    labels, scores = np.array([1.0, np.nan, 4.0]), np.array([2.0, 100.0, 3.0])
    assert mae(labels, scores) == 1.0
    assert xauc(labels, scores) == 1.0
    assert np.isnan(mae(labels[1:2], scores[1:2])) and np.isnan(xauc(labels[1:2], scores[1:2]))


@given(two())
def test_nobody_is_less_off_than_the_median(rows: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = rows
    assert mae(labels, np.full(len(labels), np.median(labels))) <= mae(labels, np.full(len(labels), scores[0])) + 1e-12
