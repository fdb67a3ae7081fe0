"""Signals of histories joined by a blend: what is learned from later days, and what a history may not bring back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from foryou.models import blend, content
from foryou.models.engagements import Engagements
from foryou.models.graph import walk
from foryou.models.retriever import Signal, candidates, constant, join, stack
from foryou.models.signals import SignalSettings, Sources, by_content

HIDDEN = (0, 5)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_gradients_of_the_blend_are_those_of_its_loss(hidden: int) -> None:
    chance = np.random.default_rng(2)
    normal, hits = chance.normal(0, 1, (4, 6, 3)), chance.random((4, 6)) < 0.3
    hits[:, 0] = True
    parts = [chance.normal(0, 1, shape) for shape in ((3,), (3, hidden), (hidden,), (hidden,))]

    def loss() -> float:
        return blend.loss(normal, hits, blend.Blend(np.zeros(3), np.ones(3), *parts))

    for part, change in zip(parts, blend._gradients(normal, hits, parts), strict=True):
        flat, found = part.reshape(-1), np.asarray(change).reshape(-1)
        for place in range(len(flat)):
            kept, step = flat[place], 1e-2
            flat[place] = kept + step
            above = loss()
            flat[place] = kept - step
            below = loss()
            flat[place] = kept
            assert found[place] == pytest.approx((above - below) / (2 * step), abs=2e-3)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_blend_finds_the_signal_that_tells_and_ignores_noise(hidden: int) -> None:
    chance = np.random.default_rng(4)
    signals = chance.normal(0, 1, (300, 20, 3)).astype(np.float32)
    hits = np.zeros((300, 20), bool)
    np.put_along_axis(hits, (2 * signals[:, :, 1] + chance.gumbel(0, 1, (300, 20))).argmax(1)[:, None], True, 1)
    fitted = blend.fit(signals, hits, 1, hidden)
    assert blend.loss(signals, hits, fitted) < 0.6 * np.log(20)
    if not hidden:
        assert fitted.linear[1] > 5 * np.abs(fitted.linear[[0, 2]]).max()


def world() -> tuple[sparse.csr_array, sparse.csr_array]:
    """What viewers of two kinds had, and what they had next."""
    chance = np.random.default_rng(6)
    kind = np.arange(120) % 2
    likely = np.where(kind[:, None] == np.arange(30)[None, :] % 2, 0.4, 0.02)
    had, later = chance.random((2, 120, 30)) < likely
    return sparse.csr_array(had.astype(np.float32)), sparse.csr_array((later & ~had).astype(np.float32))


def test_a_retriever_ranks_by_taste_and_never_brings_back_what_was_had() -> None:
    had, later = world()
    reach = walk(had, 0.8, 0.0)
    counts = np.asarray(had.sum(axis=0)).ravel()
    signals = [constant("popular", had, counts), Signal("walk", had, lambda rows: rows @ reach)]
    retriever = join(signals, had, np.arange(120), later, 1, most=20)
    scores = retriever(np.arange(120))
    assert (np.isinf(scores) == (had.toarray() > 0)).all()
    best = scores.argmax(axis=1)
    assert ((best % 2) == np.arange(120) % 2).mean() > 0.9
    assert retriever.blend.linear[1] > 0


def test_candidates_are_what_the_signals_bring_without_what_was_had() -> None:
    had, _ = world()
    signals = [
        constant("low numbers", had, np.arange(30, 0, -1.0)),
        constant("high numbers", had, np.arange(1.0, 31.0)),
    ]
    beside = stack(signals, had, np.arange(4))
    chosen = candidates(beside, had[np.arange(4)], 8)
    for viewer, items in enumerate(chosen):
        free = np.flatnonzero(had.toarray()[viewer] == 0)
        assert set(free[:2]) | set(free[-2:]) <= set(items.tolist())


def test_an_unseen_item_is_reached_by_what_it_looks_like() -> None:
    kind = np.eye(2)[np.arange(30) % 2].astype(np.float32) + np.random.default_rng(1).normal(0, 0.1, (30, 2))
    had, _ = world()
    dense = had.toarray()
    dense[:, 28:] = 0
    viewer, item = np.nonzero(dense)
    rows = Engagements(viewer, item, np.ones(len(item), np.float32), np.zeros(len(item)), 120, 30)
    mine, reached = by_content(Sources(rows, {"image": kind.astype(np.float32)}), SignalSettings())
    for signal in (mine, reached):
        even = signal(np.arange(0, 120, 2)).mean(axis=0)
        assert even[28] > even[29]


def test_neighbours_by_content_are_of_the_pool_and_never_the_item_itself() -> None:
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], np.float32)
    near = content.alike(vectors, 1, 10.0, np.array([True, False, True, True])).toarray()
    assert near.argmax(axis=1).tolist()[1:] == [0, 3, 2]
    assert near[:, 1].max() == 0
    assert near.sum(axis=1) == pytest.approx(1.0)
    assert content.compressed(np.random.default_rng(0).normal(size=(20, 10)).astype(np.float32), 3).shape == (20, 3)
