"""The order of what is shown: a little chance, room between equals, places for the new."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.batch import Batch
from foryou.core.pipeline import Request
from foryou.rerankers.diversity import Diversity
from foryou.rerankers.explore import Explore, by_score, plackett_luce
from foryou.rerankers.quota import Quota
from foryou.rerankers.spacing import Spacing


def asking(n: int = 10, seed: int = 1) -> Request:
    return Request(1, 1, 1, n, 0, 0, 0, 0, Batch({}, 1), seed)


def rows(count: int, **columns: object) -> Batch:
    given_ = {name: np.array(values) for name, values in columns.items()}
    return Batch({"item": np.arange(count), "score": np.linspace(1, 0, count), **given_})


# --- chance ---------------------------------------------------------------------------------------------------------


def test_the_propensities_of_all_orders_add_up_to_one() -> None:
    score = np.array([0.3, -0.2, 0.05, 0.1])
    orders = (np.array(order) for order in permutations(range(4)))
    assert sum(plackett_luce(score, order, 0.2).prod() for order in orders) == pytest.approx(1)


def test_videos_come_first_as_often_as_their_propensity_says() -> None:
    score, temperature = np.array([0.06, 0.03, 0.0]), 0.03
    firsts = [int(Explore(temperature)(asking(seed=seed), rows(3, score=score))["item"][0]) for seed in range(3000)]
    share = np.bincount(firsts, minlength=3) / len(firsts)
    softmax = np.exp(score / temperature) / np.exp(score / temperature).sum()
    assert share == pytest.approx(softmax, abs=0.03)


@given(st.integers(0, 2**40))
def test_a_score_is_the_value_plus_what_chance_added(seed: int) -> None:
    after = Explore(0.05)(asking(seed=seed), rows(20))
    assert after["score"] == pytest.approx(after["value"] + after["explore"], abs=1e-12)
    assert (np.diff(after["score"]) <= 0).all()
    assert ((after["propensity"] > 0) & (after["propensity"] <= 1)).all()
    assert after["propensity"][-1] == pytest.approx(1)


def test_without_chance_the_order_is_the_score_then_the_item() -> None:
    after = by_score(asking(), rows(4, score=[0.5, np.nan, 0.9, 0.5]))
    assert after["item"].tolist() == [2, 0, 3, 1]
    assert after["propensity"].tolist() == [1] * 4


def test_temperature_zero_is_no_chance_at_all() -> None:
    some = rows(4, score=[0.5, np.nan, 0.9, 0.5])
    after, ordered = Explore(0.0)(asking(), some), by_score(asking(), some)
    assert after["item"].tolist() == ordered["item"].tolist()
    assert (after["explore"].tolist(), after["propensity"].tolist()) == ([0] * 4, [1] * 4)


# --- room -----------------------------------------------------------------------------------------------------------


def test_two_of_an_author_keep_their_distance() -> None:
    after = Spacing((("author", 2),))(asking(6), rows(6, author=[1, 1, 1, 2, 3, 4]))
    assert after["item"].tolist() == [0, 3, 4, 1, 5, 2]


def test_spacing_relaxes_before_it_drops() -> None:
    after = Spacing((("author", 5),))(asking(4), rows(4, author=[1, 1, 1, 2]))
    assert after["item"].tolist() == [0, 3, 1, 2]


def test_no_author_needs_no_room() -> None:
    assert Spacing((("author", 5),))(asking(4), rows(4, author=[0, 0, 0, 0]))["item"].tolist() == [0, 1, 2, 3]


@given(st.lists(st.integers(1, 8), min_size=12, max_size=25), st.integers(1, 3))
def test_spacing_holds_wherever_there_is_enough_to_choose_from(authors: list[int], gap: int) -> None:
    count = len(authors)
    after = Spacing((("author", gap),))(asking(count), rows(count, author=authors))["author"].tolist()
    others = Spacing((("author", gap),))(asking(count), rows(count, author=authors))["author"].tolist()
    assert after == others
    for place in range(count):
        recent, ahead = after[max(place - gap, 0) : place], after[place:]
        if any(author not in recent for author in ahead):
            assert after[place] not in recent


@given(st.lists(st.integers(1, 3), min_size=5, max_size=25), st.integers(1, 5))
def test_sounds_never_cost_authors_their_room_nor_the_other_way_round(sounds: list[int], gap: int) -> None:
    count = len(sounds)
    both = Spacing((("author", 5), ("sound", gap)))
    other = list(range(1, count + 1))
    assert both(asking(count), rows(count, author=other, sound=[0] * count))["item"].tolist() == list(range(count))
    by_sound = Spacing((("sound", gap),))(asking(count), rows(count, sound=sounds))["item"].tolist()
    assert both(asking(count), rows(count, author=other, sound=sounds))["item"].tolist() == by_sound


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=30, max_size=60))
def test_both_distances_hold_wherever_one_video_keeps_both_and_the_author_s_wherever_one_keeps_it(
    pairs: list[tuple[int, int]],
) -> None:
    authors, sounds = zip(*pairs, strict=True)
    after = Spacing((("author", 5), ("sound", 3)))(
        asking(len(pairs)), rows(len(pairs), author=list(authors), sound=list(sounds))
    )
    shown = list(zip(after["author"].tolist(), after["sound"].tolist(), strict=True))
    for place, (author, sound) in enumerate(shown):
        near_authors = {a for a, _ in shown[max(place - 5, 0) : place]}
        near_sounds = {s for _, s in shown[max(place - 3, 0) : place]}
        if any(a not in near_authors for a, _ in shown[place:]):
            assert author not in near_authors
        if any(a not in near_authors and s not in near_sounds for a, s in shown[place:]):
            assert author not in near_authors
            assert sound not in near_sounds


def test_diversity_breaks_up_a_row_of_the_same_hashtag_and_keeps_the_best_first() -> None:
    topics = [[1, 0]] * 4 + [[2, 0]] * 2
    some = rows(6, topics=topics, score=[1.0, 0.99, 0.98, 0.97, 0.96, 0.95])
    mixed = Diversity(strength=0.5, window=2)(asking(6), some)
    assert mixed["item"].tolist()[:3] == [0, 4, 1]
    assert Diversity(strength=0.0)(asking(6), some)["item"].tolist() == list(range(6))
    assert mixed["score"].tolist() == [some["score"][item] for item in mixed["item"].tolist()]


# --- places ---------------------------------------------------------------------------------------------------------


def test_a_new_video_gets_the_last_of_ten_places_and_costs_the_best_nothing() -> None:
    sources = [1] * 25
    sources[20] = sources[22] = 0b10001
    after = Quota(4, 1)(asking(20), rows(25, sources=sources))["item"].tolist()
    assert after[:9] == list(range(9))
    assert (after[9], after[19]) == (20, 22)


def test_where_one_is_there_already_nothing_moves_and_where_there_is_none_neither() -> None:
    there = [1, 1, 16, 1, 1, 1, 1, 1, 1, 1, 1, 16]
    assert Quota(4, 1)(asking(10), rows(12, sources=there))["item"].tolist() == list(range(12))
    assert Quota(4, 1)(asking(10), rows(12, sources=[1] * 12))["item"].tolist() == list(range(12))


@given(st.lists(st.sampled_from((1, 16, 17)), min_size=1, max_size=35), st.integers(1, 3), st.integers(1, 30))
def test_every_ten_places_have_their_new_ones_as_far_as_there_are_any(sources: list[int], least: int, n: int) -> None:
    after = Quota(4, least)(asking(n), rows(len(sources), sources=sources))
    new = (after["sources"] >> 4) & 1 == 1
    for start in range(0, min(n, len(sources)) - 9, 10):
        assert int(new[start : start + 10].sum()) >= min(least, int(new[start:].sum()))


def test_several_new_ones_take_the_last_places_and_what_they_displace_comes_right_after() -> None:
    sources = [1] * 14
    sources[8] = sources[11] = sources[13] = 16
    after = Quota(4, 3)(asking(10), rows(14, sources=sources))["item"].tolist()
    assert after == [0, 1, 2, 3, 4, 5, 6, 8, 11, 13, 7, 9, 10, 12]
