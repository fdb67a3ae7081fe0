"""Watch time as a survival curve: it falls, its area is the mean, and the end of a video is no stop."""

import numpy as np
import pytest

from foryou.core.heads import WATCH_CUTS
from foryou.models.survival import REPLAYS, curve, expected_seconds, targets, weibull_logits

CUTS = np.array(WATCH_CUTS)
NEVER, AT_ONCE = -30.0, 30.0


def test_the_curve_only_falls() -> None:
    survival = curve(np.random.default_rng(0).normal(0, 3, (20, len(CUTS))))
    assert (np.diff(survival, axis=1) <= 0).all()
    assert (survival > 0).all()
    assert (survival < 1).all()


def test_who_never_stops_watches_to_the_limit() -> None:
    stays = np.full((3, len(CUTS)), NEVER)
    assert expected_seconds(stays, np.array([0, 20, 1000])) == pytest.approx([300, 20 * REPLAYS, 300], rel=1e-4)


def test_who_stops_in_a_bin_watches_into_it() -> None:
    stops = np.full((1, len(CUTS)), NEVER)
    stops[0, 4] = 2.0
    stops[0, 5:] = AT_ONCE
    assert 7 < expected_seconds(stops, np.array([0]))[0] < 10


def test_expected_seconds_is_the_area_under_the_curve() -> None:
    logits = np.random.default_rng(1).normal(0, 1, (1, len(CUTS)))
    limit = 33.0
    fine = np.linspace(0, limit, 200_001)
    heights = np.exp(np.interp(fine, np.r_[0, CUTS], np.r_[0, np.log(curve(logits)[0])]))
    area = np.sum((heights[1:] + heights[:-1]) / 2 * np.diff(fine))
    assert expected_seconds(logits, np.array([limit / REPLAYS])) == pytest.approx([area], rel=1e-4)


def test_a_stop_is_a_one_and_what_came_after_is_not_known() -> None:
    row = targets(np.array([4.0]), np.array([False]))[0]
    assert row[:3].tolist() == [0, 0, 1]
    assert np.isnan(row[3:]).all()


def test_the_end_of_a_video_is_not_a_stop() -> None:
    row = targets(np.array([12.0]), np.array([True]))[0]
    assert row[:5].tolist() == [0] * 5
    assert np.isnan(row[5:]).all()


def test_unknown_seconds_teach_nothing() -> None:
    assert np.isnan(targets(np.array([np.nan]), np.array([False]))).all()


def test_the_untrained_curve_has_the_mean_it_was_asked_for() -> None:
    assert expected_seconds(weibull_logits(15.0)[None], np.array([0])) == pytest.approx([15], rel=0.1)


def test_fitted_hazards_give_back_the_mean_of_the_data() -> None:
    """Rates of ones and zeros per cut, as a log loss would find them, restore the mean of a sample."""
    seconds = np.minimum(np.random.default_rng(2).exponential(20, 200_000), 300)
    rate = np.nanmean(targets(seconds, np.zeros(len(seconds), np.bool_)), axis=0)
    rate = np.clip(rate, 1e-6, 1 - 1e-6)
    assert expected_seconds(np.log(rate / (1 - rate))[None], np.array([0])) == pytest.approx([seconds.mean()], rel=0.03)
