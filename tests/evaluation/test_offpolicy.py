"""Off-policy estimates: right where they can be, and silent where they cannot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from foryou.evaluation.intervals import Ratios, bootstrap, normal
from foryou.evaluation.offpolicy import (
    by_slot,
    cascaded,
    chosen_cut,
    clipped,
    direct,
    doubly_robust,
    effective,
    ips,
    overlap,
    self_normalised_doubly_robust,
    snips,
    switch,
    weights,
)

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Bandit:
    """Rows of a log of five things in two contexts, and the truth about another policy."""

    reward: Numbers
    weight: Numbers
    rates: Numbers
    """`[rows, things]`"""
    shown: NDArray[np.int64]
    target: Numbers
    """`[rows, things]`"""
    truth: float

    def model(self, rates: Numbers) -> tuple[Numbers, Numbers]:
        """What a model of these rates predicts of what was shown, and expects of the other policy."""
        return rates[np.arange(len(self.shown)), self.shown], (rates * self.target).sum(axis=1)


def bandit(rows: int, seed: int = 1) -> Bandit:
    chance = np.random.default_rng(seed)
    rates = np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.5, 0.1, 0.3, 0.2, 0.4]])
    logged = np.array([[0.4, 0.3, 0.1, 0.1, 0.1], [0.2, 0.2, 0.2, 0.2, 0.2]])
    target = np.array([[0.1, 0.1, 0.1, 0.2, 0.5], [0.6, 0.1, 0.1, 0.1, 0.1]])
    context = chance.integers(0, 2, rows)
    shown = (chance.random(rows)[:, None] > logged[context].cumsum(axis=1)).sum(axis=1).clip(max=4)
    reward = (chance.random(rows) < rates[context, shown]).astype(np.float64)
    weight = weights(target[context, shown], logged[context, shown])
    return Bandit(reward, weight, rates[context], shown, target[context], float((rates * target).sum(axis=1).mean()))


def test_every_estimator_finds_what_the_other_policy_would_have_got() -> None:
    log = bandit(40_000)
    predicted, expected = log.model(log.rates)
    for estimate in (
        ips(log.reward, log.weight),
        snips(log.reward, log.weight),
        direct(expected),
        doubly_robust(log.reward, log.weight, predicted, expected),
        self_normalised_doubly_robust(log.reward, log.weight, predicted, expected),
        switch(log.reward, log.weight, predicted, expected),
    ):
        assert estimate.value == pytest.approx(log.truth, rel=0.02)
    assert abs(log.reward.mean() - log.truth) > 0.05  # it is not what the log itself got


def test_doubly_robust_is_right_where_either_the_model_or_the_propensities_are() -> None:
    log = bandit(40_000)
    wrong_model, wrong_weights = log.model(1 - log.rates), np.ones(len(log.weight))
    assert abs(direct(wrong_model[1]).value - log.truth) > 0.2
    assert doubly_robust(log.reward, log.weight, *wrong_model).value == pytest.approx(log.truth, rel=0.05)
    assert doubly_robust(log.reward, wrong_weights, *log.model(log.rates)).value == pytest.approx(log.truth, rel=0.05)
    right = normal(doubly_robust(log.reward, log.weight, *log.model(log.rates)))
    assert right.error < normal(ips(log.reward, log.weight)).error


def test_of_two_hundred_logs_the_intervals_hold_the_truth_in_about_nineteen_of_twenty() -> None:
    held = {"normal": 0, "bootstrap": 0}
    for seed in range(200):
        log = bandit(400, seed)
        told, truth = snips(log.reward, log.weight), 0.395
        held["normal"] += normal(told).holds(truth)
        held["bootstrap"] += bootstrap(told, seed=seed, resamples=200).holds(truth)
    assert all(180 <= times <= 199 for times in held.values()), held


def test_a_few_rows_of_unequal_weight_get_bounds_that_are_wide_enough() -> None:
    held = 0
    for seed in range(400):
        chance = np.random.default_rng(seed)
        weight, reward = chance.lognormal(0.0, 1.0, 60), chance.normal(1.0, 1.0, 60)
        held += normal(snips(reward, weight)).holds(1.0)
    assert 372 <= held <= 395, held  # 356 with bounds of the normal distribution around first-order errors


def test_rows_of_one_viewer_that_say_the_same_are_one_piece_of_evidence() -> None:
    log = bandit(500)
    once = snips(log.reward, log.weight)
    ten = snips(np.repeat(log.reward, 10), np.repeat(log.weight, 10))
    viewer = np.repeat(np.arange(500), 10)
    assert normal(ten, viewer).error == pytest.approx(normal(once).error)
    assert normal(ten).error < 0.4 * normal(once).error
    assert bootstrap(ten, viewer).error == pytest.approx(normal(once).error, rel=0.15)


def test_the_difference_of_two_numbers_from_the_same_rows_is_surer_than_either() -> None:
    log = bandit(5_000)
    now, other = Ratios.of(log.reward), snips(log.reward, log.weight)
    gap = normal(other - now)
    assert gap.value == pytest.approx(other.value - now.value)
    assert normal(other - other).error == pytest.approx(0, abs=1e-12)
    assert normal(snips(log.reward, log.weight**0.1) - now).error < normal(now).error


def test_a_cut_is_as_low_as_it_can_be_before_its_bias_shows() -> None:
    log = bandit(20_000)
    cut = chosen_cut(lambda most: ips(log.reward, clipped(log.weight, most)), cuts=(np.inf, 5.0, 3.0, 1.0, 0.2))
    assert cut in (5.0, 3.0)
    few = bandit(60)
    assert chosen_cut(lambda most: ips(few.reward, clipped(few.weight, most)), cuts=(np.inf, 5.0, 3.0)) == 3.0


def test_a_log_that_cannot_answer_says_so() -> None:
    log = bandit(5_000)
    assert overlap(log.weight).verdict == "the log can answer"
    assert effective(np.ones(7)) == 7
    few = overlap(np.r_[np.full(1000, 1e-3), 999.0])
    assert few.effective < 2
    assert "worth 1" in few.verdict
    assert few.share_clipped == pytest.approx(1 / 1001)
    never = overlap(np.where(log.shown == 4, 0.0, log.weight))
    assert "the mean weight is" in never.verdict
    assert never.unseen == pytest.approx((log.shown == 4).mean())
    assert "no rows" in overlap(np.zeros(0)).verdict
    with pytest.raises(ValueError, match="propensity of 0"):
        weights(np.array([0.5]), np.array([0.0]))


def test_who_leaves_a_slate_makes_lower_slots_depend_on_those_above() -> None:
    """Two slots, two things; a viewer who gets the bad one first leaves. The cascade knows, single slots do not."""
    chance, slates = np.random.default_rng(3), 40_000
    logged, target = 0.5, 0.9  # of the good one, in each slot
    good = chance.random((slates, 2)) < logged
    stays = np.c_[np.ones(slates, np.bool_), good[:, 0]]
    reward = ((chance.random((slates, 2)) < np.where(good, 0.6, 0.1)) & stays).astype(np.float64).ravel()
    weight = weights(np.where(good, target, 1 - target), np.where(good, logged, 1 - logged)).ravel()
    slate, slot = np.repeat(np.arange(slates), 2), np.tile([0, 1], slates)
    each = 0.9 * 0.6 + 0.1 * 0.1
    whole = by_slot(reward, cascaded(weight, slate), slot, slates)
    assert whole.value == pytest.approx(each + 0.9 * each, rel=0.02)
    alone = by_slot(reward, weight, slot, slates)
    assert alone.value == pytest.approx(each + 0.5 * each, rel=0.02)
    assert normal(whole, slate).error > normal(alone, slate).error


def test_the_weights_of_a_cascade_are_products_from_the_top_of_each_slate() -> None:
    slate = np.array([7, 7, 7, 9, 9])
    assert cascaded(np.array([2.0, 3.0, 0.5, 0.0, 4.0]), slate).tolist() == [2.0, 6.0, 3.0, 0.0, 0.0]
    assert cascaded(np.zeros(0), np.zeros(0)).tolist() == []
