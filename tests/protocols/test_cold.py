"""New videos are new: nothing that was done with them is known before it is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from foryou.core.ports import Pairs
from foryou.datasets.kuairand import KuaiRand
from foryou.models.ranker import Ranker
from foryou.protocols import cold
from foryou.training.examples import Examples
from tests.protocols.cut import TWO_DAYS, cut

DAY = date(2022, 5, 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cut(tmp_path_factory.mktemp("cut"), {**TWO_DAYS, "sequences": "user_id < 60"})


def test_the_tenth_is_drawn_from_its_seed(small: Path) -> None:
    data = KuaiRand(small)
    one, same, other = (cold.new_videos(data, seed) for seed in (1, 1, 2))
    assert len(one) == len(np.unique(one)) == 758
    assert one.tolist() == same.tolist() != other.tolist()


def test_no_row_history_or_embedding_knows_a_new_video(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learned: list[Examples] = []
    asked: list[Pairs] = []
    learn, predict = Ranker.learn, Ranker.predict

    def listening(self: Ranker, pairs: Pairs, outcomes: object) -> float:
        learned.append(Examples(pairs, outcomes))  # type: ignore[arg-type]
        return learn(self, pairs, outcomes)  # type: ignore[arg-type]

    monkeypatch.setattr(Ranker, "learn", listening)
    monkeypatch.setattr(Ranker, "predict", lambda self, pairs: (asked.append(pairs), predict(self, pairs))[1])
    report = cold.kr_cold(small, DAY, DAY, seeds=(1,))
    new = cold.new_videos(KuaiRand(small), 1)
    assert learned and report["rows"][0] > 0
    for examples in learned:
        assert not np.isin(examples.pairs.items["item"], new).any()
        assert not np.isin(examples.pairs.viewers["history_item"], new).any()
    shown = [pairs for pairs in asked if np.isin(pairs.items["item"], new).any()]
    half = len(shown) // 2
    first, second = shown[:half], shown[half:]

    def told(parts: list[Pairs]) -> float:
        """How much their own counters say of new videos."""
        return sum(
            float(np.abs(pairs.items["completion_rates"][np.isin(pairs.items["item"], new)]).sum()) for pairs in parts
        )

    assert told(first) == 0, "unseen: no counters"
    assert told(second) > 0, "early: counters"
    assert set(report["systems"]) == set(cold.LABELS)
