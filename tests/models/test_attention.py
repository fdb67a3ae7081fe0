"""Attention is a softmax of each kind, for one viewer as for many."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.models.attention import KINDS, attend


def plain(
    query: np.ndarray, keys: np.ndarray, kind: np.ndarray, of: np.ndarray, sharp: np.ndarray, recency: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Row by row, kind by kind, in doubles."""
    weights = np.zeros((len(query), keys.shape[1]))
    pooled = np.zeros((len(query), KINDS, keys.shape[2]))
    for row, viewer in enumerate(of):
        for which in range(KINDS):
            mine = np.flatnonzero(kind[viewer] == which)
            if len(mine):
                score = sharp[which] * (keys[viewer, mine].astype(np.float64) @ query[row]) + recency[which, mine]
                share = np.exp(score - score.max())
                weights[row, mine] = share / share.sum()
                pooled[row, which] = weights[row, mine] @ keys[viewer, mine]
    return weights, pooled


@pytest.mark.parametrize("viewers", [1, 4])
@pytest.mark.parametrize("kinds", [(-1, 0, 1), (-1, 1), (-1,)])
def test_weights_and_pools_are_those_of_a_softmax_of_each_kind(viewers: int, kinds: tuple[int, ...]) -> None:
    rng = np.random.default_rng(viewers)
    query, keys = (rng.normal(0, 0.3, shape).astype(np.float32) for shape in ((30, 16), (viewers, 50, 16)))
    kind, of = rng.choice(np.array(kinds, np.int8), (viewers, 50)), rng.integers(0, viewers, 30)
    sharp, recency = np.array([4.0, 3.0], np.float32), rng.normal(0, 1, (KINDS, 50)).astype(np.float32)
    for found, law in zip(
        attend(query, keys, kind, of, sharp, recency), plain(query, keys, kind, of, sharp, recency), strict=True
    ):
        np.testing.assert_allclose(found, law, rtol=1e-4, atol=1e-5)
