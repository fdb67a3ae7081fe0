"""How sure the model is: doubts shrink where it has learned, stay where it has not, and are those of a regression."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.heads import HEADS
from foryou.models.posterior import DOUBT, HALF_KNOWN, OWN_DOUBT, PRIOR, Posterior, missed_value
from foryou.models.ranker import Ranker
from tests.models.worlds import chance


def seen(posterior: Posterior, hidden: np.ndarray, noise: float = 1.0) -> None:
    rng = np.random.default_rng(3)
    weight = next(head.weight for head in HEADS if head.name == "like")
    liked = rng.normal(0.5, noise / weight, len(hidden)).astype(np.float32)
    rows = np.ones((len(hidden), 1), np.float32)
    posterior.see(hidden, Batch({"like": np.full(len(hidden), 0.5, np.float32)}), Batch({"like": liked}), rows)


def test_the_covariance_is_that_of_a_bayesian_regression() -> None:
    hidden = np.random.default_rng(1).normal(0, 1, (50, 4)).astype(np.float32)
    posterior = Posterior(4)
    seen(posterior, hidden)
    exact = hidden.astype(float).T @ hidden + PRIOR * np.eye(4)
    assert posterior.precision == pytest.approx(exact, rel=1e-6)
    root = posterior.root().astype(float)
    assert root @ root.T == pytest.approx(posterior.variance * np.linalg.inv(exact), rel=1e-4, abs=1e-7)


def test_doubt_shrinks_where_rows_were_learned_and_stays_where_none_were() -> None:
    posterior, along = Posterior(3), np.array([[1.0, 0, 0]], np.float32)
    here, there = 9 * along, 9 * np.array([[0, 1.0, 0]], np.float32)
    none = np.zeros(1, np.float32)

    def doubt(hidden: np.ndarray) -> float:
        return float(np.linalg.norm(posterior.doubts(hidden, none)[DOUBT]))

    before = doubt(here)
    seen(posterior, np.repeat(here, 400, axis=0))
    assert doubt(here) < 0.1 * before
    assert doubt(there) == pytest.approx(before, rel=0.1)


def test_what_a_video_itself_adds_is_half_known_after_ten_exposures_and_the_noise_is_that_of_the_misses() -> None:
    posterior = Posterior(2)
    seen(posterior, np.ones((5000, 2), np.float32), noise=0.6)
    assert posterior.variance == pytest.approx(0.36, rel=0.1)
    own = posterior.doubts(np.ones((2, 2), np.float32), np.log1p([0, HALF_KNOWN]) / 2)[OWN_DOUBT]
    assert own**2 == pytest.approx([posterior.variance / 10, posterior.variance / 20])


def test_the_value_that_was_missed_is_over_the_heads_that_are_known() -> None:
    weight = {head.name: head.weight for head in HEADS}
    predicted = Batch({name: np.array([0.25, 0.25], np.float32) for name in weight})
    told = {name: np.array([np.nan, np.nan], np.float32) for name in weight}
    outcomes = Batch({**told, "like": np.array([1, np.nan], np.float32), "skip": np.array([0, 1], np.float32)})
    expected = [0.75 * weight["like"] - 0.25 * weight["skip"], 0.75 * weight["skip"]]
    assert missed_value(predicted, outcomes) == pytest.approx(expected)


def test_a_copy_a_state_and_another_process_doubt_the_same_and_an_old_state_begins_anew() -> None:
    ranker = Ranker(seed=4)
    pairs, outcomes = chance(np.random.default_rng(2), viewers=20, items=300)
    ranker.learn(pairs, outcomes)
    expected = ranker.predict_kept(pairs)
    copy, restored, older = ranker.copy(), Ranker(seed=4), Ranker(seed=4)
    restored.restore(ranker.state())
    older.restore({name: each for name, each in ranker.state().items() if not name.startswith("posterior.")})
    for other in (copy, restored, Ranker.attached(copy.parts())):
        kept = other.predict_kept(pairs)
        assert kept[DOUBT] == pytest.approx(expected[DOUBT])
        assert kept[OWN_DOUBT] == pytest.approx(expected[OWN_DOUBT])
    assert np.isfinite(older.predict_kept(pairs)[DOUBT]).all()
    before = copy.predict_kept(pairs)[DOUBT].copy()
    ranker.learn(pairs, outcomes)
    assert (copy.predict_kept(pairs)[DOUBT] == before).all()
