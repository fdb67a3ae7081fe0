"""Whether a newer version may take an older one's place: a paired trial on the same rows."""

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.heads import NAMES
from foryou.models.registry import Trial, losses


def heads(values: np.ndarray) -> Batch:
    return Batch({name: np.asarray(values, np.float32) for name in NAMES})


def tried(newer: float, older: float, rows: int, seed: int = 0) -> Trial:
    """Models that are off the true chances by so many logits at random."""
    rng, trial = np.random.default_rng(seed), Trial()
    for _ in range(rows // 10):
        truth = rng.normal(-1, 1, 10)
        was = heads((rng.random(10) < 1 / (1 + np.exp(-truth))).astype(np.float32))
        said = [heads(1 / (1 + np.exp(-truth - rng.normal(0, off, 10)))) for off in (newer, older)]
        trial.add(said[0], said[1], was)
    return trial


@pytest.mark.parametrize(("newer", "older", "worse"), [(0.3, 0.3, False), (0.0, 1.0, False), (1.0, 0.0, True)])
def test_only_a_newer_version_that_is_worse_for_certain_is_worse(newer: float, older: float, worse: bool) -> None:
    assert [tried(newer, older, 2000, seed).worse for seed in range(5)] == [worse] * 5


def test_few_rows_do_not_tell() -> None:
    assert not tried(1.0, 0.0, 100).worse


def test_what_is_no_number_is_worse_at_once() -> None:
    trial = tried(0.0, 0.0, 10)
    trial.add(heads(np.array([np.nan])), heads(np.array([0.5])), heads(np.array([1.0])))
    assert trial.worse
    other = Trial()
    other.restore(trial.state())
    assert other.worse


def test_outcomes_that_are_not_known_have_no_loss() -> None:
    assert losses(heads(np.array([0.5, 0.5])), heads(np.array([np.nan, 1.0]))).tolist() == pytest.approx(
        [0.0, 11 * np.log(2)]
    )
