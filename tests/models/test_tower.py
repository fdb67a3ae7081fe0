"""The towers: exact gradients, a like that counts at once, and content that stands for what nobody has seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from foryou.models import tower
from foryou.models.tower import TowerSettings, train

CHECKS = sparse.csr_array(np.array([[row % 2 == column % 2 for column in range(20)] for row in range(200)], np.float32))
NO_CONTENT = np.zeros((20, 0), np.float32)
QUICK = TowerSettings(dim=4, passes=60, rate=0.05)


def test_gradients_are_those_of_the_loss() -> None:
    chance = np.random.default_rng(3)
    shapes = ((6, 3), (6, 3), (2, 3), (2, 3), (2, 1), (6,))
    parts = [chance.normal(0, 0.5, shape) for shape in shapes]
    content = chance.normal(0, 1, (6, 2))
    warm, known = np.array([0, 1, 2, 4, 5]), np.array([True, True, False, True, True, True])
    given = sparse.csr_array(np.array([[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0]], float))
    wanted = sparse.csr_array(np.array([[0, 0, 1, 0, 0, 1], [1, 0, 0, 0, 0, 0]], float))[:, warm]

    def loss() -> float:
        past, item, past_content, item_content, popular_content, popular = parts
        pooled = tower._pooled(given).toarray()
        viewer = pooled @ past + (pooled @ content) @ past_content
        candidate = item[warm] * known[warm][:, None] + content[warm] @ item_content
        score = viewer @ candidate.T + popular[warm] + (content[warm] @ popular_content)[:, 0]
        score[given[:, warm].toarray() > 0] = -1e4
        told = score - np.log(np.exp(score).sum(axis=1, keepdims=True))
        return float(-(told * wanted.toarray()).sum() / wanted.sum())

    changes = tower._gradients(parts, given, wanted, content, warm, known)
    for part, change in zip(parts, changes, strict=True):
        flat, found = part.reshape(-1), np.asarray(change).reshape(-1)
        for place in range(len(flat)):
            kept = flat[place]
            flat[place] = kept + 1e-5
            above = loss()
            flat[place] = kept - 1e-5
            below = loss()
            flat[place] = kept
            assert found[place] == pytest.approx((above - below) / 2e-5, abs=1e-4)


def test_a_new_like_moves_the_viewer_without_any_training() -> None:
    trained = train(CHECKS, NO_CONTENT, QUICK, 1)
    odd = sparse.csr_array(np.eye(20, dtype=np.float32)[[3]])
    score = trained(odd)[0]
    assert score[5::2].min() > score[0::2].max()
    nobody = sparse.csr_array((1, 20), dtype=np.float32)
    assert trained.viewer(nobody).tolist() == [[0.0] * 4]


def test_content_stands_for_an_item_that_nobody_has_seen() -> None:
    kind = np.array([[item % 2 == 0, item % 2 == 1] for item in range(20)], np.float32)
    unseen = CHECKS.toarray()
    unseen[:, [18, 19]] = 0
    trained = train(sparse.csr_array(unseen), kind, QUICK, 1)
    even, odd = trained(CHECKS[[0, 1]])
    assert even[18] > even[19]
    assert odd[19] > odd[18]


def test_a_seed_gives_the_same_towers_and_training_stops_when_told() -> None:
    quick = TowerSettings(dim=4, passes=2)
    assert (train(CHECKS, NO_CONTENT, quick, 5).item == train(CHECKS, NO_CONTENT, quick, 5).item).all()
    asked: list[int] = []

    def more() -> bool:
        asked.append(1)
        return len(asked) < 2

    train(CHECKS, NO_CONTENT, QUICK, 1, more)
    assert len(asked) == 2
