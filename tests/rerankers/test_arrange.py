"""The order of what is shown: chances that are known exactly, room between equals, places for the new."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.backends.dense import DenseIndex
from foryou.core.batch import Batch
from foryou.core.clock import MINUTE
from foryou.core.pipeline import Candidates, Request
from foryou.rerankers.arrange import SPARED, Arrange
from foryou.rerankers.score import by_score
from foryou.rerankers.slots import PRECISION, PROBE, TRIAL, USUAL, fill

NOW = 1_700_000_000_000
PLAIN = Arrange(temperature=0.0, diversity=0.0, fatigue=0.0, author_gap=0, sound_gap=0)


def watching(shown: list[tuple[int, int]] = (), minutes: float = 1.0, **more: float) -> Batch:  # type: ignore[assignment]
    """A viewer who was shown some (topic, author) so many minutes ago."""
    count = max(len(shown), 1)
    topic, author = np.array(shown or [(0, 0)], np.int64).T
    return Batch(
        {
            "history_item": np.arange(1, count + 1)[None] * (len(shown) > 0),
            "history_at": np.full((1, count), NOW - int(minutes * MINUTE)),
            "history_author": author[None],
            "history_topics": np.stack([topic, 0 * topic, 0 * topic], axis=1).reshape(1, -1),
            **{name: np.array([value], np.float32) for name, value in more.items()},
        }
    )


NOBODY = Batch({}, 1)
SETTLED = {"depth": np.log1p(30), "viewer_known": 4.0}
"""In the middle of a visit, and well known."""


def asking(n: int = 10, seed: int = 1, viewer: Batch = NOBODY) -> Request:
    return Request(1, NOW, 1, n, 0, 0, 0, 0, viewer, seed * 0x9E3779B97F4A7C15 % (1 << 62))


def rows(count: int, **columns: Any) -> Candidates:
    given_ = {name: np.array(values) for name, values in columns.items()}
    return Batch(
        {
            "item": np.arange(count),
            "score": np.linspace(1, 0, count),
            "sources": np.ones(count, np.int64),
            "topics": np.zeros((count, 2), np.int64),
            "author": np.zeros(count, np.int64),
            "sound": np.zeros(count, np.int64),
            **given_,
        }
    )


def items(after: Candidates) -> list[int]:
    return [int(item) for item in after["item"]]


# --- chance ---------------------------------------------------------------------------------------------------------


@st.composite
def pools(draw: st.DrawFn) -> dict[str, Any]:
    """What `fill` may be given."""
    count, slots = draw(st.integers(1, 15)), draw(st.integers(1, 15))
    few = st.integers(0, 3)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    trial = np.flatnonzero(rng.random(count) < draw(st.sampled_from((0.0, 0.4, 1.0))))
    share = st.sampled_from((0.0, 0.07, 0.5))
    return {
        "value": np.sort(rng.normal(0, draw(st.sampled_from((0.01, 1.0, 30.0))), count))[::-1].copy(),
        "shift": rng.normal(0, 0.1, count),
        "topics": np.array(draw(st.lists(st.tuples(few, few), min_size=count, max_size=count)), np.int64),
        "author": np.array(draw(st.lists(few, min_size=count, max_size=count)), np.int64),
        "sound": np.array(draw(st.lists(few, min_size=count, max_size=count)), np.int64),
        "familiar": rng.random(count),
        "vectors": (vectors := rng.normal(0, 0.3, (count, draw(st.sampled_from((0, 3))))).astype(np.float32)),
        "inverse": np.eye(vectors.shape[1]) / PRECISION,
        "trial": trial,
        "draws": rng.normal(0, 1, (8, len(trial))),
        "gaps": (draw(st.integers(0, 5)), draw(st.integers(0, 3))),
        "window": 6,
        "strength": draw(st.sampled_from((0.0, 0.1, 3.0))),
        "temperature": draw(st.sampled_from((0.0, 0.03, 1.0))),
        "shares": np.tile([draw(share), draw(share)], (min(slots, count), 1)),
        "coins": rng.random((min(slots, count), 3)),
        "given": np.full(min(slots, count), -1),
        "size": count,
    }


@given(pools())
@settings(max_examples=80)
def test_the_propensities_at_every_slot_add_up_to_one_and_what_is_drawn_had_a_chance(pool: dict[str, Any]) -> None:
    row, noise, _, how, chance = fill(*pool.values())
    assert chance.sum(axis=1) == pytest.approx(1, abs=1e-9)
    assert (chance >= 0).all()
    assert len(set(row.tolist())) == len(row)
    assert (chance[np.arange(len(row)), row] > 0).all()
    assert (noise[how != USUAL] == 0).all()
    for slot in range(len(row)):
        assert (chance[slot, row[:slot]] == 0).all()


def test_a_video_comes_to_a_slot_as_often_as_its_logged_propensity_says() -> None:
    """Chi-square of how often each video came against the sum of its propensities, by score, on trial and as a probe,
    at the first slot and at the third, whose chances differ each time."""
    reranker = Arrange(0.3, 0.3, exploration=0.3, probes=0.3, trial=1, author_gap=1)
    topics, author = [[1, 0], [1, 2], [2, 0], [3, 0], [3, 1], [0, 0]], [1, 1, 2, 2, 3, 3]
    some = rows(6, sources=[1, 3, 1, 3, 3, 1], topics=topics, author=author)
    viewer = watching([(1, 1)], depth=5.0, viewer_known=0.0)
    expected, seen = np.zeros((2, 3, 6))
    spread, weighed, reward = np.zeros((3, 6)), [], np.array([0.1, 0.9, 0.3, 0.5, 0.2, 0.4])
    for seed in range(2500):
        row, *_, chance = reranker._fill(asking(3, seed, viewer), some, 3)
        expected += chance
        spread += chance * (1 - chance)
        seen[np.arange(3), row] += 1
        weighed.append(reward[row[0]] / chance[0, row[0]] / 6)
    off = ((seen - expected) ** 2 / spread).sum(axis=1)
    assert (off < 22.5).all(), "chi-square with 6 degrees of freedom, p = .001"
    error = np.std(weighed) / np.sqrt(len(weighed))
    assert np.mean(weighed) == pytest.approx(reward.mean(), abs=3.3 * error), "what a feed by chance alone would get"
    assert error < 0.02


def chances(reranker: Arrange, request: Request, some: Candidates) -> tuple[np.ndarray, np.ndarray]:
    """The chance of every row at every slot `[slots, rows]`, and the rows drawn."""
    row, *_, chance = reranker._fill(request, some, request.n)
    after = reranker(request, some)
    assert after["propensity"][: request.n] == pytest.approx(chance[np.arange(request.n), row])
    return chance, row


def test_the_first_is_drawn_by_softmax_of_the_score() -> None:
    score, temperature = np.array([0.06, 0.03, 0.0]), 0.03
    firsts = [int(Arrange(temperature)(asking(seed=seed), rows(3, score=score))["item"][0]) for seed in range(3000)]
    share = np.bincount(firsts, minlength=3) / len(firsts)
    softmax = np.exp(score / temperature) / np.exp(score / temperature).sum()
    assert share == pytest.approx(softmax, abs=0.03)
    after = Arrange(temperature)(asking(), rows(3, score=score))
    assert after["propensity"][0] == pytest.approx(softmax[int(after["item"][0])])
    assert after["propensity"][-1] == pytest.approx(1)


@given(st.integers(0, 2**40))
def test_a_score_is_the_value_plus_variety_plus_what_chance_added(seed: int) -> None:
    after = Arrange(0.05, exploration=0.4)(asking(seed=seed), rows(20, topics=[[1 + i % 3, 0] for i in range(20)]))
    assert after["score"] == pytest.approx(after["value"] + after["variety"] + after["explore"], abs=1e-12)
    assert ((after["propensity"][:10] > 0) & (after["propensity"][:10] <= 1)).all()
    assert (after["propensity"][10:] == 0).all(), "was not shown"
    assert after["value"].tolist() == [float(np.linspace(1, 0, 20)[item]) for item in items(after)]


def test_without_chance_the_order_is_the_score_then_the_item() -> None:
    some = rows(4, score=[0.5, np.nan, 0.9, 0.5])
    for after in (by_score(asking(), some), PLAIN(asking(), some)):
        assert items(after) == [2, 0, 3, 1]
        assert after["propensity"].tolist() == [1] * 4
        assert after["explored"].tolist() == after["explore"].tolist() == after["variety"].tolist() == [0] * 4


# --- room -----------------------------------------------------------------------------------------------------------


def spaced(author: int = 0, sound: int = 0) -> Arrange:
    return Arrange(temperature=0.0, diversity=0.0, author_gap=author, sound_gap=sound)


def test_two_of_an_author_keep_their_distance() -> None:
    assert items(spaced(2)(asking(6), rows(6, author=[1, 1, 1, 2, 3, 4]))) == [0, 3, 4, 1, 5, 2]


def test_spacing_relaxes_before_it_drops() -> None:
    assert items(spaced(5)(asking(4), rows(4, author=[1, 1, 1, 2]))) == [0, 3, 1, 2]


def test_no_author_needs_no_room() -> None:
    assert items(spaced(5)(asking(4), rows(4))) == [0, 1, 2, 3]


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=12, max_size=40),
    st.integers(0, 99),
    st.sampled_from((0.0, 0.5)),
)
@settings(max_examples=60)
def test_both_distances_hold_wherever_one_video_keeps_both_and_the_author_s_wherever_one_keeps_it(
    pairs: list[tuple[int, int]], seed: int, exploration: float
) -> None:
    authors, sounds = zip(*pairs, strict=True)
    after = Arrange(exploration=exploration, probes=exploration)(
        asking(len(pairs), seed, watching(depth=5.0, viewer_known=0.0)),
        rows(len(pairs), author=list(authors), sound=list(sounds)),
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


# --- variety --------------------------------------------------------------------------------------------------------


def test_diversity_breaks_up_a_row_of_the_same_hashtag_and_keeps_the_best_first() -> None:
    some = rows(6, topics=[[1, 0]] * 4 + [[2, 0]] * 2, score=[1.0, 0.99, 0.98, 0.97, 0.96, 0.95])
    mixed = Arrange(0.0, diversity=0.5, window=2)(asking(6), some)
    assert items(mixed)[:3] == [0, 4, 1]
    assert mixed["variety"][:3] == pytest.approx([0, 0, -0.25])
    assert items(PLAIN(asking(6), some)) == list(range(6))


def test_what_the_last_request_showed_comes_later_in_the_next_and_sooner_again_as_hours_pass() -> None:
    some = rows(4, topics=[[1, 0], [2, 0], [3, 0], [4, 0]], author=[1, 2, 3, 4], score=[1.0, 0.99, 0.98, 0.97])
    reranker = Arrange(0.0, 0.0, fatigue=0.1)

    def first(minutes: float) -> Candidates:
        return reranker(asking(4, viewer=watching([(1, 1)] * 5 + [(2, 9)] * 5, minutes)), some)

    assert items(first(1)) == [2, 3, 1, 0]
    assert items(first(60 * 24)) == [0, 1, 2, 3]
    taken = [float(first(minutes)["variety"][items(first(minutes)).index(0)]) for minutes in (1, 60, 600)]
    assert taken == sorted(taken)
    assert -0.1 <= taken[0] < taken[-1] < 0


def test_the_more_adventurous_a_viewer_the_more_of_what_they_were_never_shown() -> None:
    some = rows(40, topics=[[1 + i % 2, 0] for i in range(40)], score=np.linspace(1, 0.9, 40))

    def unknown(novelty: float) -> int:
        viewer = watching([(1, 0)] * 9, novelty=novelty)
        slates = [Arrange()(asking(10, seed, viewer), some)["topics"][:10, 0] for seed in range(60)]
        return int((np.array(slates) == 2).sum())

    counts = [unknown(novelty) for novelty in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    assert counts == sorted(counts)
    assert counts[0] < 0.8 * counts[2] < 0.64 * counts[4] * 1.5


def test_the_more_adventurous_a_viewer_the_more_chance_and_the_more_variety() -> None:
    some = rows(20, topics=[[1, 0]] * 10 + [[2, 0]] * 10, score=np.linspace(1, 0.8, 20))

    def slate(novelty: float, seed: int = 1) -> Candidates:
        return Arrange()(asking(10, seed, watching([(1, 0), (2, 0)] * 9, novelty=novelty)), some)

    first = [np.mean([slate(novelty, seed)["propensity"][0] for seed in range(50)]) for novelty in (-1, 0, 1)]
    assert first[0] > first[1] > first[2]


# --- exploration ----------------------------------------------------------------------------------------------------

ON_TRIAL = {"sources": np.where(np.arange(60) % 6 == 5, 16, 1)}


def explored(reranker: Arrange, viewer: Batch, some: Candidates, slates: int = 400) -> np.ndarray:
    """How the slots of many slates were filled `[slates, 10]`."""
    return np.stack([reranker(asking(10, seed, viewer), some)["explored"][:10] for seed in range(slates)])


@pytest.mark.mission("NO-08")
def test_five_to_eight_in_a_hundred_slots_are_trials_and_the_first_of_a_visit_never() -> None:
    reranker = Arrange(exploration=0.07, probes=0.3, trial=4)
    middle = explored(reranker, watching(**SETTLED), rows(60, **ON_TRIAL))
    assert 0.05 < (middle == TRIAL).mean() < 0.08
    start = explored(reranker, watching(depth=0.0, viewer_known=4.0), rows(60, **ON_TRIAL))
    assert 0.05 < (start == TRIAL).mean() < 0.08
    assert (start[:, :SPARED] == USUAL).all()


def test_a_slot_on_trial_shows_a_video_on_trial_and_where_there_is_none_there_are_no_trials() -> None:
    reranker, viewer = Arrange(exploration=0.5, trial=4), watching(**SETTLED)
    for seed in range(40):
        after = reranker(asking(10, seed, viewer), rows(60, **ON_TRIAL))
        tried = after["explored"] == TRIAL
        assert (after["sources"][tried] == 16).all()
        assert (after["explore"][tried] == 0).all()
    assert (explored(reranker, viewer, rows(60), 20) == USUAL).all()
    none_left = explored(reranker, viewer, rows(12, sources=[16] + [1] * 11), 50)
    assert ((none_left == TRIAL).sum(axis=1) <= 1).all()


def test_trials_take_the_promising_and_the_uncertain_more_often() -> None:
    def share(**columns: Any) -> np.ndarray:
        some = rows(4, sources=[1, 3, 3, 3], **columns)
        chance = [
            chances(Arrange(exploration=0.5, trial=1), asking(1, seed, watching(**SETTLED)), some)[0][0]
            for seed in range(200)
        ]
        return np.asarray(np.mean(chance, axis=0))

    promising = share(score=[9.0, 1.0, 0.5, 0.0], effect_evidence=[0.0, 0.0, 0.0, 0.0])
    assert promising[1] > promising[2] > promising[3] > 0
    known = np.log1p(1000) / 2
    uncertain = share(score=[2.0, 1.0, 0.9, 0.9], effect_evidence=[0.0, known, known, 0.0])
    assert uncertain[3] > 3 * uncertain[2]


@pytest.mark.mission("NL-03")
def test_of_equal_videos_on_trial_the_one_that_nobody_saw_yet_comes_first() -> None:
    """How much that is worth is a setting."""

    def share(first_look: float, lacks: list[float], score: list[float]) -> np.ndarray:
        known = np.full(4, np.log1p(20) / 2)
        some, lack = rows(4, sources=[1, 3, 3, 3], score=score, effect_evidence=known), np.array(lacks)
        reranker = Arrange(exploration=0.5, trial=1, first_look=first_look, lacking=lambda items: lack[items])
        chance = [chances(reranker, asking(1, seed, watching(**SETTLED)), some)[0][0] for seed in range(200)]
        return np.asarray(np.mean(chance, axis=0))

    equal = share(0.3, [0.0, 1.0, 0.5, 0.0], [2.0, 1.0, 1.0, 1.0])
    assert equal[1] > 1.5 * equal[2] > 1.5 * equal[3] > 0
    assert np.ptp(share(0.0, [0.0, 1.0, 0.5, 0.0], [2.0, 1.0, 1.0, 1.0])[1:]) < 0.05
    worse = share(0.3, [0.0, 0.0, 0.5, 1.0], [2.0, 1.0, 0.5, 0.0])
    assert worse[1] > worse[3], "what this viewer would not like is not forced upon them"


@pytest.mark.mission("NO-24")
def test_a_first_look_is_had_by_those_whom_a_video_fits_not_by_chance() -> None:
    """A video that has been seen is drawn by how much is not known of it, whoever asks."""

    def share(lacks: float) -> np.ndarray:
        doubts = {"doubt": np.zeros((3, 1), np.float32), "own_doubt": [0.4] * 3}
        some = rows(3, sources=[1, 3, 3], score=[2.0, 1.0, 1.0], affinity=[0.0, 0.05, 0.0], **doubts)
        lack = np.full(3, lacks)
        reranker = Arrange(exploration=0.5, trial=1, first_look=1.0, first_fit=8.0, lacking=lambda items: lack[items])
        chance = [chances(reranker, asking(1, seed, watching(**SETTLED)), some)[0][0] for seed in range(100)]
        return np.asarray(np.mean(chance, axis=0))

    nobody, everybody = share(1.0), share(0.0)
    assert nobody[1] > 10 * nobody[2] > 0, "it may still come to others now and then"
    assert everybody[1] < 1.5 * everybody[2]


def test_trials_follow_the_doubts_of_the_model_where_it_has_any() -> None:
    doubt = np.zeros((4, 3), np.float32)
    doubt[3] = 1.0
    some = rows(4, sources=[1, 3, 3, 3], score=[2.0, 1.0, 0.9, 0.8], doubt=doubt, own_doubt=[0.1] * 4)
    reranker, viewer = Arrange(exploration=0.5, trial=1), watching(**SETTLED)
    share = np.mean([chances(reranker, asking(1, seed, viewer), some)[0][0] for seed in range(200)], axis=0)
    assert share[1] > share[2], "as sure, and better"
    assert share[3] > 1.5 * share[2], "worse, but not sure at all"


def test_probes_of_a_new_viewer_spread_over_themes_and_fade_as_they_get_known() -> None:
    themes = [[1 + i // 5, 0] for i in range(60)]  # the best all of one theme
    reranker = Arrange(probes=0.5)
    some = rows(60, topics=themes, score=np.linspace(1, 0.5, 60))

    def covered(viewer: Batch) -> float:
        slates = [reranker(asking(10, seed, viewer), some)["topics"][:10, 0] for seed in range(60)]
        return float(np.mean([len(set(slate.tolist())) for slate in slates]))

    new, known = watching(depth=5.0, viewer_known=0.0), watching(**SETTLED)
    assert covered(new) > covered(known) + 0.9
    probes = [
        (explored(reranker, watching(depth=5.0, viewer_known=np.log1p(seen) / 2), some, 60) == PROBE).mean()
        for seen in (0, 10, 100, 10_000)
    ]
    assert probes == sorted(probes, reverse=True)
    assert probes[0] > 0.4
    assert probes[-1] == 0


def test_nobody_is_probed_whom_nothing_can_be_learned_of() -> None:
    reranker, nobody = Arrange(probes=0.5), Request(1, NOW, 0, 10, 0, 0, 0, 0, watching(depth=5.0, viewer_known=0.0), 3)
    assert (reranker(nobody, rows(60))["explored"] == USUAL).all()


def test_probes_go_where_least_is_known_by_vectors_too() -> None:
    index = DenseIndex()
    corner = np.repeat(np.eye(4, dtype=np.float32), 15, axis=0)[np.argsort(np.arange(60) % 15, kind="stable")]
    index.add(np.arange(1, 61), corner)
    some = rows(60, item=np.arange(1, 61), score=np.linspace(1, 0.9, 60))
    viewer = watching([(0, 0)] * 3, depth=5.0, viewer_known=0.0)  # items 1 to 3: the first three of four directions
    probed = []
    for seed in range(100):
        after = Arrange(probes=0.5, index=lambda: index)(asking(10, seed, viewer), some)
        probed += after["item"][np.flatnonzero(after["explored"] == PROBE)[:1]].tolist()
    share = np.bincount([(item - 1) % 4 for item in probed], minlength=4) / len(probed)
    assert share[3] > 2 * share[:3].max()


def test_slots_after_all_that_could_be_drawn_have_chances_of_zero() -> None:
    few = rows(12, score=np.where(np.arange(12) < 5, np.linspace(1, 0, 12), np.nan))
    for temperature in (0.0, 0.03):
        _, chance = Arrange(temperature).chances(asking(), few, 10, np.arange(10))
        assert chance[:5].sum(axis=1) == pytest.approx(1)
        assert (chance[5:] == 0).all()
