"""The log folded once: the same rows, in the same order, as the protocols that fold it themselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from foryou.core.errors import NotFound
from foryou.datasets.kuairand import KuaiRand
from foryou.models.ranker import Ranker
from foryou.protocols.examples import RankExamples, fold_log
from foryou.protocols.rank import open_engine
from foryou.training import recorded
from foryou.training.validate import learn_all, predict_frozen
from tests.protocols.cut import TWO_DAYS, cut

DAY = date(2022, 5, 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cut(tmp_path_factory.mktemp("cut"), {**TWO_DAYS, "sequences": "user_id < 60"})


@pytest.fixture(scope="module")
def folded(small: Path) -> RankExamples:
    return fold_log(small, DAY, DAY, ongoing=True)


def test_the_frozen_rows_are_predicted_as_the_protocol_predicts_them(small: Path, folded: RankExamples) -> None:
    engine, data = open_engine(1), KuaiRand(small)
    learn_all(engine.learner, engine.backend.store, data.events(DAY))
    expected = predict_frozen(engine.learner, engine.backend.store, data.exposures(folded.rows))
    model = Ranker(1)
    recorded.learn(model, folded.learned)
    found = recorded.predict(model, folded.frozen)
    assert len(found) == len(expected) == len(folded.rows["user_id"])
    for head in found:
        assert np.allclose(found[head], expected[head], rtol=1e-4, atol=1e-7), head


def test_rows_before_the_test_days_are_learned_and_the_test_rows_are_shown_before_they_are(
    folded: RankExamples,
) -> None:
    assert folded.ongoing is not None and folded.later is not None
    measured, train = np.isfinite(folded.learned.outcomes["watch"]).sum(), len(folded.train["user_id"])
    assert 0.99 * train < measured <= train, "a video shown twice within the window is learned once"
    assert len(folded.frozen) == len(folded.ongoing) == len(folded.rows["user_id"])
    assert len(folded.later) <= len(folded.ongoing)
    shown, learned = folded.ongoing.ends, np.concatenate([[0], folded.later.ends])
    before = np.concatenate([[0], shown[:-1]])
    assert (learned[folded.after] <= before).all(), "no row is learned before it was shown"
    assert learned[folded.after[-1]] > 0
    first = slice(0, int(folded.ongoing.ends[0]))
    for name in ("item", "completion_rates", "interest_topic", "age_h"):
        assert np.allclose(folded.frozen.items[name][first], folded.ongoing.items[name][first], atol=1e-5), name


def test_the_outcomes_are_those_of_the_learned_rows(folded: RankExamples) -> None:
    assert folded.ongoing is not None and folded.later is not None
    rows = folded.rows
    assert folded.frozen.outcomes["long_view"].tolist() == rows["long_view"].tolist()
    for head in ("watch", "finish", "skip", "like", "visit"):
        shown, learned = folded.ongoing.outcomes[head], folded.later.outcomes[head].astype(np.float64)
        assert np.isfinite(shown).all()
        assert learned.sum() == pytest.approx(shown.sum(), rel=0.02), head
    assert (folded.frozen.outcomes["watch"] <= 300).all()


def test_days_without_rows_are_refused(small: Path) -> None:
    with pytest.raises(NotFound, match="no impressions from 2023"):
        fold_log(small, date(2023, 1, 1), date(2023, 1, 2))
