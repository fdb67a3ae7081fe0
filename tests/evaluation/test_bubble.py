"""How narrow a feed is, on feeds whose narrowness is known."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.evaluation.bubble import (
    coverage,
    gini,
    jaccard,
    largest_share,
    mean_overlap,
    share_where,
    topic_entropy,
    topics_per,
)


def test_entropy_counts_topics_as_if_they_were_equally_common() -> None:
    viewer = np.repeat([1, 2], 4)
    topic = np.array([5, 5, 5, 5, 1, 2, 3, 4])
    assert topic_entropy(viewer, topic).tolist() == [0.0, 2.0]
    assert largest_share(viewer, topic).tolist() == [1.0, 0.25]


def test_a_view_of_two_topics_is_half_a_view_of_each_and_one_of_none_is_none() -> None:
    viewer, topic = np.array([1, 1, 1]), np.array([[5, 6], [5, 0], [0, 0]])
    assert largest_share(viewer, topic).tolist() == [0.75]
    assert topic_entropy(viewer, topic)[0] == pytest.approx(-0.75 * np.log2(0.75) - 0.25 * np.log2(0.25))
    assert topic_entropy(np.array([3]), np.array([0])).tolist() == []
    assert largest_share(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_topics_per_hundred_views_leaves_short_visits_out() -> None:
    viewer = np.array([1, 2, 1, 1, 2, 1, 1])
    topic = np.array([[4, 0], [9, 0], [5, 6], [4, 0], [8, 0], [7, 0], [8, 0]])
    assert topics_per(viewer, topic, views=4).tolist() == [4.0]
    assert topics_per(viewer, topic, views=2).tolist() == [3.0, 2.0]
    assert topics_per(np.array([1, 1]), np.array([0, 0]), views=2).tolist() == [0.0]
    assert topics_per(viewer, topic, views=9).tolist() == []


def test_gini_is_nothing_for_all_alike_and_nearly_one_where_one_has_it_all() -> None:
    assert gini(np.full(10, 3)) == pytest.approx(0)
    assert gini(np.r_[np.zeros(99), 50]) == pytest.approx(0.99)
    assert np.isnan(gini(np.zeros(3)))
    assert coverage(np.array([1, 1, 4]), 8) == 0.25


def test_shares_count_only_what_is_known() -> None:
    assert share_where(np.array([True, False, True]), np.array([True, True, False])) == 0.5
    assert np.isnan(share_where(np.zeros(0, np.bool_)))


@pytest.mark.mission("NL-22")
def test_the_feed_difference_meter_is_one_for_the_same_feeds_and_nothing_for_other_ones() -> None:
    assert jaccard(np.array([1, 2, 3]), np.array([2, 3, 4])) == 0.5
    viewer = np.repeat([1, 2, 3], 4)
    assert mean_overlap(viewer, np.tile([1, 2, 3, 4], 3)) == 1.0
    assert mean_overlap(viewer, np.arange(12)) == 0.0
    two_alike = np.r_[[1, 2, 3, 4], [4, 3, 2, 1], [5, 6, 7, 8]]
    assert mean_overlap(viewer, two_alike) == pytest.approx(1 / 3)
    assert mean_overlap(viewer, two_alike, pairs=2, seed=1) in (0.0, 0.5, 1.0)
    assert mean_overlap(viewer, two_alike, first=2) == pytest.approx(0)
    assert np.isnan(mean_overlap(np.ones(3), np.arange(3)))
