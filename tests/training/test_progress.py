"""Running measures: those of the latest rows, of every head, corrected by late labels."""

from itertools import pairwise

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.heads import HEADS, NAMES
from foryou.evaluation.ranking import auc
from foryou.training.progress import Progress

BINARY = [head.name for head in HEADS if head.kind == "binary"]


def batch(values: np.ndarray) -> Batch:
    columns = {name: np.asarray(values, np.float32) for name in NAMES}
    return Batch({**columns, "weight": np.ones(len(values), np.float32)})


def add(progress: Progress, said: np.ndarray, was: np.ndarray, viewer: np.ndarray | None = None) -> np.ndarray:
    number = progress.rows + np.arange(len(was))
    progress.add(number, np.ones(len(was), np.int64) if viewer is None else viewer, batch(said), batch(was))
    return number


def test_progress_follows_the_latest_rows() -> None:
    progress = Progress()
    for chance, rows in ((0.9, 5000), (0.1, 50_000)):
        add(progress, np.full(rows, 0.1), np.arange(rows) % 10 < 10 * chance)
    like = progress.measures()["like"]
    assert like["predicted"] == pytest.approx(0.1)
    assert like["observed"] == pytest.approx(0.1, abs=0.01)
    assert like["loss"] == pytest.approx(-0.1 * np.log(0.1) - 0.9 * np.log(0.9), rel=0.02)
    other = Progress()
    other.restore(progress.state())
    assert other.measures() == progress.measures()
    assert Progress().measures() == Progress().reliability() == {}


@pytest.mark.mission("NL-20")
def test_auc_ece_and_the_reliability_curve_are_those_of_the_rows() -> None:
    rng, progress = np.random.default_rng(0), Progress()
    said = rng.beta(1, 8, 4000)
    was = (rng.random(4000) < np.minimum(2 * said, 1)).astype(np.float32)
    for part in np.array_split(np.arange(4000), 37):
        add(progress, said[part], was[part])
    measures = progress.measures()
    assert measures["like"]["auc"] == pytest.approx(auc(was, said), abs=0.02)
    assert measures["like"]["ece"] == pytest.approx(
        measures["like"]["observed"] - measures["like"]["predicted"], abs=0.01
    )
    curves = progress.reliability()
    assert list(curves) == [head.name for head in HEADS if head.kind != "survival"]
    points = curves["like"]
    assert 8 <= len(points) <= 12
    assert sum(point["rows"] for point in points) == pytest.approx(1 / 0.0002 * (1 - 0.9998**4000), rel=0.01)
    assert all(a["predicted"] < b["predicted"] for a, b in pairwise(points))
    for point in points[3:-2]:
        assert point["observed"] == pytest.approx(2 * point["predicted"], abs=0.08)


def test_the_area_within_viewers_does_not_reward_knowing_which_viewers_like_much() -> None:
    rng, progress = np.random.default_rng(0), Progress()
    viewer = rng.integers(1, 50, 5000)
    was = (rng.random(5000) < np.where(viewer < 25, 0.1, 0.8)).astype(np.float32)
    add(progress, np.where(viewer < 25, 0.1, 0.8), was, viewer)
    like = progress.measures()["like"]
    assert like["auc"] > 0.8
    assert like["auc_within"] == 0.5
    better = Progress()
    add(better, np.clip(0.3 + 0.2 * was + rng.normal(0, 0.2, 5000), 0.01, 0.99), was, viewer)
    assert 0.7 < better.measures()["like"]["auc_within"] < 0.8


def test_a_correction_leaves_what_the_right_label_would_have_given() -> None:
    rng = np.random.default_rng(0)
    said, was = rng.uniform(0.05, 0.6, 300), (rng.random(300) < 0.3).astype(np.float32)
    right, corrected = Progress(), Progress()
    add(right, said, was)
    number = add(corrected, said, np.zeros(300))
    late = was == 1
    corrected.correct(number[late], batch(np.zeros(late.sum())), batch(np.ones(late.sum())))
    for name in BINARY:
        here, there = right.measures()[name], corrected.measures()[name]
        for key in ("loss", "predicted", "observed", "ece", "auc"):
            assert there[key] == pytest.approx(here[key], rel=1e-6), (name, key)


def test_a_correction_of_a_row_that_nobody_remembers_is_left() -> None:
    progress = Progress()
    add(progress, np.full(10, 0.2), np.zeros(10))
    before = progress.measures()
    progress.correct(np.array([10_000_000]), batch(np.zeros(1)), batch(np.ones(1)))
    assert progress.measures() == before
