"""Watch time as a survival curve: it falls, its area is the mean, and the end of a video is no stop."""

import numpy as np
import pytest

from foryou.core.heads import WATCH_CUTS
from foryou.models.survival import REPLAYS, curve, expected_seconds, median_seconds, targets, weibull_logits

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


def test_half_are_still_there_at_the_median() -> None:
    logits = np.random.default_rng(3).normal(-1, 1, (200, len(CUTS)))
    median = median_seconds(logits, np.zeros(200))
    for row, seconds in enumerate(median):
        height = np.interp(seconds, np.r_[0, CUTS], np.r_[0, np.log(curve(logits[row : row + 1])[0])])
        assert np.exp(height) == pytest.approx(0.5, rel=1e-4) or (seconds == CUTS[-1] and np.exp(height) > 0.5)


def test_the_median_is_no_longer_than_the_video_or_the_last_threshold() -> None:
    stays = np.full((3, len(CUTS)), NEVER)
    assert median_seconds(stays, np.array([0, 20, 1000])).tolist() == [300, 20, 300]


def test_the_median_rises_when_fewer_stop() -> None:
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 1, (100, len(CUTS)))
    fewer = logits - rng.exponential(1, logits.shape)
    assert (median_seconds(fewer, np.zeros(100)) >= median_seconds(logits, np.zeros(100))).all()


def test_the_median_has_the_lower_absolute_error_and_the_mean_the_right_sum() -> None:
    seconds = np.minimum(np.random.default_rng(5).exponential(20, 100_000), 300)
    rate = np.clip(np.nanmean(targets(seconds, np.zeros(len(seconds), np.bool_)), axis=0), 1e-6, 1 - 1e-6)
    fitted = np.log(rate / (1 - rate))[None]
    median, mean = median_seconds(fitted, np.array([0]))[0], expected_seconds(fitted, np.array([0]))[0]
    assert median == pytest.approx(np.median(seconds), rel=0.03)
    assert np.abs(seconds - median).mean() < np.abs(seconds - mean).mean()
