"""The gradients are those of the loss, and the two halves are one network."""

import numpy as np
import pytest
from worlds import chance

from foryou.core.ports import Pairs
from foryou.models import network
from foryou.models.deep import Depth
from foryou.models.ranker import Learning, Ranker, d_loss, targets

GROUPS = ("viewer", "item", "bias", *Depth().start(np.random.default_rng(0)), "sharp", "recency")


def _taught(rng: np.random.Generator) -> tuple[Ranker, Pairs, np.ndarray]:
    pairs, outcomes = chance(rng, viewers=6, items=40)
    ranker = Ranker(learning=Learning(batch=10, rate=0.02, embedding_rate=0.3))
    for _ in range(5):
        ranker.learn(pairs, outcomes)
    return ranker, pairs, outcomes


@pytest.mark.parametrize("group", [*GROUPS, "embeddings"])
def test_the_gradient_is_the_slope_of_the_loss(group: str) -> None:
    ranker, pairs, outcomes = _taught(np.random.default_rng(1))
    known = network.look_up(ranker.table, pairs, admit=True)
    run = network.forward(ranker.shape, ranker.table, ranker.params, pairs, known)
    sums = ranker.table.gradient()
    weights = ranker.learning.of_outputs()
    flat = network.backward(ranker.shape, ranker.params, run, d_loss(run.logits, targets(outcomes), weights), sums)
    if group == "embeddings":
        at, slope = ranker.table.vectors, sums.values[: len(ranker.table) + 1].copy() / len(pairs)
    else:
        at, slope = ranker.params[group], ranker.params.views(flat)[group] / len(pairs)
    length = float(np.linalg.norm(slope))
    assert length > 0
    direction, step = slope / length, min(max(0.005, 1e-4 / length), 0.5)
    at += step * direction
    above = ranker.loss(pairs, outcomes)
    at -= 2 * step * direction
    below = ranker.loss(pairs, outcomes)
    assert (above - below) / (2 * step) == pytest.approx(length, rel=0.02)


def test_one_wrong_component_of_the_gradient_is_found() -> None:
    """Every single component of the smaller groups, one by one."""
    ranker, pairs, outcomes = _taught(np.random.default_rng(2))
    known = network.look_up(ranker.table, pairs, admit=True)
    run = network.forward(ranker.shape, ranker.table, ranker.params, pairs, known)
    sums = ranker.table.gradient()
    weights = ranker.learning.of_outputs()
    flat = network.backward(ranker.shape, ranker.params, run, d_loss(run.logits, targets(outcomes), weights), sums)
    for values, slopes in (
        (ranker.params["sharp"], ranker.params.views(flat)["sharp"]),
        (ranker.params["out"], ranker.params.views(flat)["out"]),
        (ranker.table.vectors, sums.values),
    ):
        rows = np.flatnonzero(np.abs(slopes.reshape(-1)) > 0.2 * np.abs(slopes).max())[:20]
        for row in rows:
            place = np.unravel_index(row, slopes.shape)
            before, step = values[place], 0.02
            values[place] = before + step
            above = ranker.loss(pairs, outcomes)
            values[place] = before - step
            below = ranker.loss(pairs, outcomes)
            values[place] = before
            assert (above - below) / (2 * step) == pytest.approx(slopes[place] / len(pairs), rel=0.05, abs=2e-4)
