"""Calibration: what is said to happen one time in ten does."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.evaluation.calibration import ece
from foryou.models.calibration import Calibration


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def stream(rng: np.random.Generator, rows: int, scale: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are off, and what came of them: two outputs, of which the first is never off."""
    right = rng.normal(-1, 1.5, (rows, 2))
    truth = (rng.random((rows, 2)) < sigmoid(right)).astype(np.float32)
    said = right.copy()
    said[:, 1] = (right[:, 1] - shift) / scale
    return said.astype(np.float32), truth


def taught(
    rng: np.random.Generator, batch: int, rows: int = 20_000, scale: float = 0.6, shift: float = -0.5
) -> Calibration:
    calibration = Calibration(2)
    for _ in range(rows // batch):
        said, truth = stream(rng, batch, scale, shift)
        calibration.see(said, truth, np.ones((batch, 1), np.float32))
    return calibration


@pytest.mark.mission("NL-20")
@pytest.mark.parametrize("batch", [7, 512])
def test_logits_that_are_too_bold_and_too_low_are_put_right_in_small_batches_and_large_ones(batch: int) -> None:
    rng = np.random.default_rng(0)
    calibration = taught(rng, batch)
    assert calibration.values[1] == pytest.approx([0.6, -0.5], abs=0.08)
    said, truth = stream(rng, 20_000, 0.6, -0.5)
    assert ece(truth[:, 1], sigmoid(said[:, 1])) > 0.05
    assert ece(truth[:, 1], sigmoid(calibration(said)[:, 1])) < 0.015


def test_what_is_right_already_stays_and_no_evidence_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    assert taught(rng, 256).values[0] == pytest.approx([1.0, 0.0], abs=0.06)
    calibration = Calibration(2)
    unknown = np.full((50, 2), np.nan, np.float32)
    calibration.see(rng.normal(size=(50, 2)).astype(np.float32), unknown, np.ones((50, 1), np.float32))
    assert calibration.values.tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_it_follows_when_what_is_said_goes_off_the_other_way() -> None:
    rng = np.random.default_rng(2)
    calibration = taught(rng, 256, rows=50_000, shift=-1.0)
    for _ in range(800):
        said, truth = stream(rng, 256, 0.6, 0.5)
        calibration.see(said, truth, np.ones((256, 1), np.float32))
    assert calibration.values[1, 1] == pytest.approx(0.5, abs=0.15)


def test_a_label_that_comes_late_counts_as_one_that_came_in_time() -> None:
    rng = np.random.default_rng(3)
    timely, late = Calibration(2), Calibration(2)
    one = np.ones((128, 1), np.float32)
    for _ in range(150):
        said, truth = stream(rng, 128, 0.6, -0.5)
        timely.see(said, truth, one)
        none = np.zeros_like(truth)
        late.see(said, none, one)
        turned = truth.any(axis=1)
        late.see(said[turned], truth[turned], one[turned], none[turned])
    assert late.values == pytest.approx(timely.values, abs=0.1)


def test_a_copy_stays_and_a_state_brings_it_back() -> None:
    rng = np.random.default_rng(4)
    calibration = taught(rng, 64, rows=640)
    kept, again = calibration.copy(), Calibration(2)
    again.restore(calibration.state())
    said, truth = stream(rng, 64, 0.6, -0.5)
    calibration.see(said, truth, np.ones((64, 1), np.float32))
    assert kept.values.tolist() == again.values.tolist() != calibration.values.tolist()
