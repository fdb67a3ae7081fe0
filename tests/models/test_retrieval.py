"""The retrieval loss: its gradient, its corrections, and that it brings a viewer near what they like."""

import numpy as np
import pytest

from foryou.models.retrieval import Often, contrast, unit

RNG = np.random.default_rng(0)


def _vectors(rows: int) -> np.ndarray:
    return RNG.normal(0, 1, (rows, 5)).astype(np.float32)


@pytest.mark.parametrize("side", [0, 1])
def test_the_gradient_is_the_slope_of_the_loss(side: int) -> None:
    both = [_vectors(8), _vectors(8)]
    which, often = np.array([1, 2, 3, 1, 4, 5, 6, 7]), np.linspace(0.01, 0.3, 8).astype(np.float32)
    slope = contrast(*both, which, often)[1 + side]
    step = 0.01 * slope / np.linalg.norm(slope)
    ends = []
    for sign in (1, -1):
        moved = list(both)
        moved[side] = both[side] + sign * step
        ends.append(contrast(*moved, which, often)[0])
    assert (ends[0] - ends[1]) / 0.02 == pytest.approx(np.linalg.norm(slope), rel=0.01)


def test_an_item_is_never_its_own_negative() -> None:
    one = _vectors(1)
    loss, d_viewer, d_item = contrast(np.repeat(one, 2, 0), np.repeat(one, 2, 0), np.array([3, 3]), np.full(2, 0.5))
    assert loss == pytest.approx(0)
    assert not d_viewer.any()
    assert not d_item.any()


def test_no_positives_teach_nothing() -> None:
    none = np.zeros((0, 5), np.float32)
    assert contrast(none, none, np.zeros(0, np.int64), np.zeros(0, np.float32))[0] == 0


def test_steps_down_the_loss_bring_viewers_near_their_items() -> None:
    viewer, item, which = _vectors(6), _vectors(6), np.arange(6)
    for _ in range(200):
        _, d_viewer, d_item = contrast(viewer, item, which, np.full(6, 1 / 6, np.float32))
        viewer, item = viewer - 0.05 * d_viewer, item - 0.05 * d_item
    fits = unit(viewer) @ unit(item).T
    assert (fits.argmax(axis=1) == which).all()


def test_shares_are_those_of_all_positives_so_far() -> None:
    often = Often()
    assert often.see(np.array([4, 4, 9, 2])) == pytest.approx([0.5, 0.5, 0.25, 0.25])
    assert often.see(np.array([4])) == pytest.approx([3 / 5])
    assert len(often.see(np.zeros(0, np.int64))) == 0
