"""Every system is measured in the same way, on the heads that it has."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.protocols.measures import head_measures, measures, over_seeds
from foryou.protocols.peers import best_peer
from foryou.protocols.rank import shrunk_mean

USERS = np.array([1, 1, 2, 2, 2])
TRUTH = Batch(
    {
        "long_view": np.array([1.0, 0, 1, 0, 0]),
        "like": np.array([0.0, 1, 0, 0, np.nan]),
        "watch": np.array([30.0, 2, 20, 4, 6]),
    }
)


def test_a_perfect_ranking_is_one_and_heads_that_are_not_predicted_are_not_measured() -> None:
    report = measures(USERS, TRUTH, Batch({"long_view": TRUTH["long_view"]}), seed=0)
    assert report["gauc"] == report["ndcg5"] == report["primary"] == 1
    assert set(report["heads"]) == {"long_view"} and "watch" not in report
    seconds = measures(USERS, TRUTH, Batch({"watch": TRUTH["watch"] + 2}), seed=0)
    assert seconds == {"heads": {}, "watch": {"mae": 2.0, "xauc": 1.0}}
    with_median = Batch({"watch": TRUTH["watch"] + 2, "watch_median": TRUTH["watch"] + 1})
    assert measures(USERS, TRUTH, with_median, seed=0)["watch"]["mae"] == 1.0


def test_rows_without_an_outcome_do_not_count_and_areas_are_measured_where_users_are_known() -> None:
    predicted = Batch({"like": np.array([0.1, 0.2, 0.1, 0.3, 0.9])})
    assert head_measures(predicted, TRUTH)["like"]["positives"] == 1
    assert "auc" not in head_measures(predicted, TRUTH)["like"]
    with_users = head_measures(predicted, TRUTH, USERS)["like"]
    assert with_users["auc"] == pytest.approx(2 / 3) and with_users["gauc"] == 1.0


def test_numbers_are_averaged_over_seeds_with_their_deviation() -> None:
    report = over_seeds(
        [{"gauc": 0.6, "heads": {"like": {"ece": 0.1}}}, {"gauc": 0.8, "heads": {"like": {"ece": 0.3}}}]
    )
    assert report["gauc"] == pytest.approx(0.7) and report["heads"]["like"]["ece"] == pytest.approx(0.2)
    assert report["deviation"]["gauc"] == pytest.approx(0.141421) and report["runs"] == 2


def test_means_are_shrunk_to_the_mean_of_all_and_unknown_keys_have_just_that() -> None:
    found = shrunk_mean(np.array([5, 5, 9]), np.array([1.0, 1.0, 0.0]), np.array([9, 5, 7]), shrink=1.0)
    assert found == pytest.approx([(0 + 2 / 3) / 2, (2 + 2 / 3) / 3, 2 / 3])
    assert shrunk_mean(np.zeros(0, int), np.zeros(0), np.array([1, 2])).tolist() == [0, 0]


def test_the_best_peer_is_neither_ours_nor_the_oracle() -> None:
    rows = {"oracle": 1.0, "foryou": 0.9, "trees": 0.7, "means": 0.6}
    report = {"systems": {name: {"primary": value} for name, value in rows.items()} | {"median": {}}}
    assert best_peer(report) == "trees"
    assert best_peer({"systems": {"foryou": {"primary": 1.0}}}) == ""
