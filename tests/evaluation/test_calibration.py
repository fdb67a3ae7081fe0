"""Calibration measures: what they say of forecasts that are right, wrong, or too sure of themselves."""

import numpy as np
import pytest

from foryou.evaluation.calibration import ece, log_loss, reliability


def test_log_loss_by_hand() -> None:
    assert log_loss(np.array([1, 0]), np.array([0.8, 0.4])) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)


def test_a_certain_mistake_is_dear_but_finite() -> None:
    assert 15 < log_loss(np.array([1]), np.array([0.0])) < 17


def test_rows_with_unknown_labels_do_not_count() -> None:
    assert log_loss(np.array([1, np.nan]), np.array([0.5, 0.001])) == pytest.approx(np.log(2))
    assert np.isnan(log_loss(np.array([np.nan]), np.array([0.5])))
    assert np.isnan(ece(np.array([np.nan]), np.array([0.5])))


def test_ece_by_hand() -> None:
    labels, said = np.array([1, 0, 0, 0]), np.array([0.2, 0.2, 0.6, 0.6])
    assert ece(labels, said, bins=2) == pytest.approx((abs(0.2 - 0.5) + abs(0.6 - 0.0)) / 2)


def test_honest_forecasts_have_almost_none() -> None:
    rng = np.random.default_rng(0)
    said = rng.beta(2, 5, 200_000)
    happened = rng.random(200_000) < said
    assert ece(happened, said) < 0.005
    assert ece(happened, np.clip(said + 0.1, 0, 1)) == pytest.approx(0.1, abs=0.005)


def test_bins_hold_equal_numbers_of_rows_from_low_to_high() -> None:
    said = np.random.default_rng(0).random(1500)
    curve = reliability(np.ones(1500), said)
    assert len(curve.rows) == 15
    assert curve.rows.sum() == 1500
    assert np.ptp(curve.rows) <= 2
    assert (np.diff(curve.predicted) > 0).all()


def test_equal_forecasts_share_a_bin() -> None:
    curve = reliability(np.array([1, 0, 0, 0]), np.full(4, 0.3))
    assert curve.rows.tolist() == [4]
    assert curve.observed.tolist() == [0.25]
