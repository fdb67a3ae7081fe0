"""As much comes as was asked for, however far the others are behind in the score."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.batch import Batch
from foryou.core.pipeline import Candidates, Request
from foryou.scorers.wishes import HARDLY, LEAST, Wishes

N = 10
scores = st.lists(st.floats(-50, 50), min_size=30, max_size=30)


def asking(strength: float, seed: int = 1, **more: float) -> Request:
    levels = {name: np.array([value]) for name, value in more.items()}
    viewer = Batch({"prefer_target": np.array([[7, 0]]), "prefer_strength": np.array([[strength, 1.0]]), **levels}, 1)
    return Request(1, 0, 1, N, 0, 0, 0, 0, viewer, seed)


def candidates(score: list[float]) -> Candidates:
    """Half of them, the even ones, have hashtag 7."""
    none, rows = np.zeros(len(score), np.int64), np.arange(len(score))
    topics = np.where(rows % 2 == 0, 7, 8)[:, None]
    return Batch({"item": rows, "author": none, "sound": none, "topics": topics, "score": np.array(score)})


def first(score: Candidates) -> int:
    """How many of the first N by score have hashtag 7."""
    order = np.lexsort((score["item"], -score["score"]))[:N]
    return int(np.count_nonzero(order % 2 == 0))


def wished(score: list[float], asked: Request) -> tuple[int, int]:
    rows = candidates(score)
    return first(rows), first(rows.extend(Wishes(0.3)(asked, rows)))


@given(score=scores, strength=st.floats(0.01, 1.0), seed=st.integers(0, 1 << 30))
def test_of_what_is_wanted_less_no_more_than_that_part_of_its_places_comes(
    score: list[float], strength: float, seed: int
) -> None:
    before, after = wished(score, asking(strength, seed))
    assert after <= min(before, int(np.ceil(strength * before)))


@given(score=scores, strength=st.floats(1.0, 2.0), seed=st.integers(0, 1 << 30))
def test_of_what_is_wanted_more_as_many_times_as_much_comes_and_never_hardly_any(
    score: list[float], strength: float, seed: int
) -> None:
    before, after = wished(score, asking(strength, seed))
    assert after >= min(N, int(np.floor(max(strength * before, (strength - 1) * LEAST * N))))


def test_a_part_of_a_place_comes_by_chance() -> None:
    score = [30.0 - n for n in range(30)]  # five of ten
    found = [wished(score, asking(0.3, seed))[1] for seed in range(400)]
    assert set(found) == {1, 2}
    assert abs(np.mean(found) - 1.5) < 0.1


def test_a_slider_at_its_end_counts_as_much_as_what_the_best_are_apart() -> None:
    rows = candidates([30.0 - n for n in range(30)]).extend({"seconds_long": 1.0 + np.arange(30.0) * 7 % 30})
    found = []
    for wish in (-1.0, 0.0, 1.0):
        told = Wishes(0.3)(asking(1.0, length_wish=wish), rows)
        assert (told["score"] == rows["score"] + told["wishes"]).all()
        found.append(float(rows["seconds_long"][np.argsort(-told["score"], kind="stable")[:N]].mean()))
    assert found[0] < found[1] - 3 and found[1] + 3 < found[2], found


def test_who_asks_for_nothing_or_where_wishes_count_for_nothing_everything_stays() -> None:
    rows = candidates([float(n) for n in range(30)])
    for told in (Wishes(0.3)(asking(1.0), rows), Wishes(0.0)(asking(0.1), rows)):
        assert not told["wishes"].any()
    assert HARDLY < 0
