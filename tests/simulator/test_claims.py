"""What planted twins show, on rows made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.simulator import claims
from foryou.simulator.plants import engaged, likes
from foryou.simulator.world import Sizes, World, make
from tests.simulator.by_hand import outcome


@pytest.fixture(scope="module")
def world() -> World:
    return make(Sizes(120, 10, 40, 5), 1)


def twins(world: World) -> tuple[int, int]:
    """The videos of the first pair: arm 0, arm 1."""
    first = np.flatnonzero(world.videos["pair"] == world.planted[0].first)
    one, other = first[np.argsort(world.videos["arm"][first])].tolist()
    return one, other


@pytest.mark.mission("NO-24")
def test_of_a_first_audience_those_count_who_have_the_topic_among_their_tastes(world: World) -> None:
    made = engaged(world, 1)
    one, other = twins(made)
    fans = np.flatnonzero(made.viewers["taste"][:120, made.videos["leaf"][one]] > 0).tolist()
    rest = sorted(set(range(120)) - set(fans))
    first = [*fans[:2], *rest[: claims.FIRST - 2]]
    mostly = [*fans[:4], *rest[: claims.FIRST - 4]]
    late = [(viewer, one, 2.0) for viewer in fans[4:7]]  # after the first audience
    rows = [*((v, one, 1.0) for v in first), *((v, other, 1.1) for v in mostly), *late]
    assert claims.caring(outcome(made, rows)).tolist() == [2 / 6, 4 / 6]
    fewer = rows[: claims.FIRST + 4]  # only the four who care came to the other: of the first as many count
    assert claims.caring(outcome(made, fewer)).tolist() == [2 / 4, 4 / 4]
    assert np.isnan(claims.caring(outcome(made, rows[: claims.FIRST]))).all(), "nobody came to one of them"


@pytest.mark.mission("NL-05")
def test_who_comes_after_a_like_is_held_against_those_who_liked_before(world: World) -> None:
    made = likes(world, 1)
    one, other = sorted(twins(made))
    taste = made.viewers["taste"] / np.linalg.norm(made.viewers["taste"], axis=1, keepdims=True)
    alike = int(np.argsort(-(taste[:120] @ taste[7]))[1])
    found = claims.nearer(outcome(made, [(3, one, 1.0), (7, one, 1.1), (alike, one, 1.2)], like=[0.0, 1.0, 1.0]))
    assert found[0] == pytest.approx([taste[alike] @ taste[7], taste.mean(0) @ taste[7]], rel=1e-5)
    assert np.isnan(found[1]).all(), f"nobody saw {other}"
    assert np.isnan(claims.nearer(outcome(made, [(7, one, 1.0)], like=[1.0]))).all(), "nobody came after the like"
