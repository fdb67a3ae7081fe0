"""The label that is fair to length: a watch beside the watches of videos of like length."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.features.catalog import LENGTH_IDS
from foryou.training.fair import PSEUDO, WatchRanks

SHORT, LONG = LENGTH_IDS[2], LENGTH_IDS[5]


def taught(rng: np.random.Generator) -> WatchRanks:
    """Short videos are watched for about 6 s, long ones for about 20."""
    ranks = WatchRanks()
    for _ in range(40):
        ranks.see(np.full(100, SHORT), rng.gamma(4.0, 1.5, 100))
        ranks.see(np.full(100, LONG), rng.gamma(2.0, 10.0, 100))
    return ranks


@pytest.mark.mission("NO-14")
def test_a_long_video_that_is_watched_as_long_ones_are_ranks_as_a_short_one_watched_as_short_ones_are() -> None:
    ranks = taught(np.random.default_rng(0))
    short, long = ranks.rank(np.array([SHORT, LONG]), np.array([5.5, 16.8]))
    assert short == pytest.approx(0.5, abs=0.06) and long == pytest.approx(0.5, abs=0.06)
    assert ranks.rank(np.array([SHORT]), np.array([16.8]))[0] > 0.95
    assert ranks.rank(np.array([LONG]), np.array([5.5]))[0] < 0.2


def test_longer_watches_rank_higher_and_what_was_not_measured_has_no_rank() -> None:
    ranks = taught(np.random.default_rng(1))
    seconds = np.array([0.0, 1.0, 4.0, 8.0, 30.0, 1000.0])
    found = ranks.rank(np.full(6, SHORT), seconds)
    assert (np.diff(found) > 0).sum() >= 4 and (np.diff(found) >= 0).all()
    assert found[0] > 0 and found[-1] < 1
    assert np.isnan(ranks.rank(np.array([SHORT]), np.array([np.nan]))[0])


def test_with_nothing_seen_every_watch_is_in_the_middle_and_few_say_little() -> None:
    ranks = WatchRanks()
    assert ranks.rank(np.array([SHORT, 0, 12345]), np.array([1.0, 50.0, 3.0])).tolist() == [0.5, 0.5, 0.5]
    ranks.see(np.array([SHORT, SHORT]), np.array([2.0, np.nan]))
    assert ranks.rank(np.array([SHORT]), np.array([60.0]))[0] == pytest.approx((1 + PSEUDO / 2) / (1 + PSEUDO))
    assert ranks.counts.sum() == 1, "NaN is no watch"


def test_a_state_brings_it_back() -> None:
    ranks, again = taught(np.random.default_rng(2)), WatchRanks()
    again.restore(ranks.state())
    assert again.rank(np.array([LONG]), np.array([12.0])) == ranks.rank(np.array([LONG]), np.array([12.0]))
