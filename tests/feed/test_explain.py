"""Why: the parts add up, they are close to Shapley values, and they say the same as a re-scored ranking would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.api.calls import Language, Surface
from foryou.core.clock import DAY
from foryou.core.errors import InvalidEvent, NotFound
from foryou.core.heads import HEADS, NAMES
from foryou.core.inputs import FAMILIES
from foryou.core.ports import Model, Pairs
from foryou.feed.explain import WEIGHTS, arcs, explain, keep, split_value
from foryou.feed.recipe import BESIDE
from foryou.feed.serve import Ask, request_for
from foryou.feed.words import FAMILY_WORDS, LANGUAGES
from foryou.models.linear import Linear
from foryou.models.ranker import Ranker
from foryou.scorers.value import value_of
from tests.loop.conftest import World, make_world
from tests.models.worlds import chance

# --- Shapley values -------------------------------------------------------------------------------------------------

games = st.integers(1, 4).flatmap(
    lambda families: st.tuples(
        st.just(families),
        st.lists(st.floats(-5, 5), min_size=1 << families, max_size=1 << families).map(np.array),
    )
)
"""A number of families, and what each subset of them is worth (bit f: family f is in)."""


def by_hand(families: int, worth: np.ndarray, orders: Sequence[tuple[int, ...]]) -> np.ndarray:
    """The mean of what each family adds when it joins, over some orders."""
    parts = np.zeros(families)
    for order in orders:
        inside = 0
        for family in order:
            parts[family] += worth[inside | 1 << family] - worth[inside]
            inside |= 1 << family
    return parts / len(orders)


def parts_of(families: int, worth: np.ndarray) -> np.ndarray:
    """The parts from what every subset is worth, of which `arcs` needs some."""
    inside, matrix = arcs(families)
    return np.asarray(matrix @ worth[inside @ (1 << np.arange(families))])


@pytest.mark.mission("NL-18")
@given(games)
def test_the_parts_are_the_mean_over_the_orders_around_the_circle_and_add_up(game: tuple[int, np.ndarray]) -> None:
    families, worth = game
    around = [
        order[:: 1 if forward else -1]
        for start in range(families)
        for order in [tuple((start + step) % families for step in range(families))]
        for forward in (True, False)
    ]
    parts = parts_of(families, worth)
    assert parts == pytest.approx(by_hand(families, worth, around), abs=1e-9)
    assert parts.sum() == pytest.approx(worth[-1] - worth[0], abs=1e-9)
    if families <= 3:  # there are no other orders
        assert parts == pytest.approx(by_hand(families, worth, list(permutations(range(families)))), abs=1e-9)


pairwise_games = st.integers(1, 5).flatmap(
    lambda families: st.tuples(
        st.just(families),
        st.lists(st.floats(-5, 5), min_size=families * families, max_size=families * families).map(np.array),
    )
)
"""A number of families, and what each adds alone (on the diagonal) and together with each other one."""


@pytest.mark.mission("NL-18")
@given(pairwise_games)
def test_where_families_interact_in_pairs_the_parts_are_shapley_values(game: tuple[int, np.ndarray]) -> None:
    families, flat = game
    of_pairs = flat.reshape(families, families)
    inside = (np.arange(1 << families)[:, None] >> np.arange(families)) & 1
    worth = np.einsum("sf,fg,sg->s", inside, of_pairs, inside)
    together = of_pairs + of_pairs.T
    shapley = np.diag(of_pairs) + (together.sum(axis=1) - np.diag(together)) / 2
    assert parts_of(families, worth) == pytest.approx(shapley, abs=1e-9)
    assert by_hand(families, worth, list(permutations(range(families)))) == pytest.approx(shapley, abs=1e-9)


@pytest.mark.mission("NL-18")
@given(games, st.data())
def test_a_family_that_never_adds_anything_gets_nothing_and_equal_ones_get_the_same(
    game: tuple[int, np.ndarray], data: st.DataObject
) -> None:
    families, worth = game
    dummy = data.draw(st.integers(0, families - 1))
    subsets = np.arange(1 << families)
    assert parts_of(families, worth[subsets & ~(1 << dummy)])[dummy] == pytest.approx(0, abs=1e-9)
    sizes = worth[np.array([int(subset).bit_count() for subset in subsets])]
    assert np.ptp(parts_of(families, sizes)) == pytest.approx(0, abs=1e-9)


def test_ten_families_take_ninety_two_subsets_the_first_none_and_the_last_all() -> None:
    inside, _ = arcs(len(FAMILIES))
    assert inside.shape == (92, 10)
    assert not inside[0].any()
    assert inside[-1].all()


def trained(rounds: int) -> Ranker:
    ranker = Ranker(seed=4)
    pairs, outcomes = chance(np.random.default_rng(2), viewers=40, items=600)
    for _ in range(rounds):
        ranker.learn(pairs, outcomes)
    return ranker


@pytest.mark.mission("NL-18")
@pytest.mark.parametrize(
    "make", [Linear, lambda: trained(0), lambda: trained(5)], ids=["linear", "untrained", "trained"]
)
def test_neutral_and_the_families_add_up_to_the_value(make: Callable[[], Model]) -> None:
    model = make()
    pairs, _ = chance(np.random.default_rng(5), viewers=1, items=20)
    split = split_value(model.families(pairs))
    assert split.names == tuple(FAMILIES)
    everything = value_of(model.families(pairs).heads(np.ones((1, len(FAMILIES)), np.bool_)), WEIGHTS)
    # Heads are float32: how many rows are computed together shows in the last digits, on some processors.
    assert split.neutral + split.parts.sum(axis=0) == pytest.approx(everything, rel=1e-6, abs=1e-6)
    assert everything == pytest.approx(value_of(model.predict(pairs), WEIGHTS), abs=1e-3)


def why(world: World, request: str, video: object, language: Language = "en") -> Any:
    """The explanation of a video in a slate, as a client gets it."""
    return world.client.explain(request, str(video), language)


# --- what is told ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = make_world()
    made.finish("ada", *made.videos("topic3")[:6])
    for viewer in ("bob", "cleo"):
        made.finish(viewer, *made.videos("topic3")[:8])
        made.act(viewer, "like", *made.videos("topic3")[:8])
    made.send({"kind": "follow", "viewer": "ada", "author": "author-v63"})
    for number in range(4):
        made.upload(f"more{number}", "topic3", author="prolific")
    yield made
    made.engine.close()


@pytest.mark.mission("NL-18")
@pytest.mark.parametrize("learned", [False, True], ids=["untrained", "trained"])
def test_the_bars_of_every_video_of_a_slate_add_up_to_its_score(world: World, learned: bool) -> None:
    if learned:
        world.clock.forward(10 * 60_000)
        world.watch("dirk", "v5", 1.0)
        world.engine.learner.flush()
        world.engine.learner.step()
        world.engine.publish()
        assert world.engine.version.model.version != "r-0"
    slate = world.client.feed("ada", n=20)
    for item in slate.items:
        told = why(world, slate.request, item["video"])
        heads = {row["head"]: row for row in told["heads"]}
        families = {row["family"]: row["part"] for row in told["families"]}
        assert told["score"] == item["score"]
        assert told["model"] == slate.model
        assert set(heads) == set(NAMES)
        assert set(families) == {*FAMILIES, *BESIDE, "variety", "exploration"}
        for head in HEADS:
            assert heads[head.name]["weight"] == head.weight
            assert heads[head.name]["part"] == pytest.approx(head.weight * heads[head.name]["prediction"], abs=1e-12)
        of_heads = sum(row["part"] for row in heads.values())
        beside = sum(families[name] for name in (*BESIDE, "variety", "exploration"))
        assert of_heads + beside == pytest.approx(told["score"], abs=1e-9)
        assert told["neutral"] + sum(families.values()) == pytest.approx(told["score"], abs=1e-9)


@pytest.mark.mission("NL-18")
def test_without_its_strongest_family_a_video_stands_where_ranking_it_anew_would_put_it(world: World) -> None:
    engine = world.engine
    asked = request_for(Ask("ada", 20), engine.backend.store, engine.version.model, 5, world.clock.at, 1, 1, True)
    slate, trace = engine.feeds.recipes["for_you"](asked)
    told: list[Any] = list(explain(keep(asked, slate, trace, engine.version.model, "for_you")))
    candidates, of = trace.candidates, np.zeros(1, np.int64)
    assert len(candidates) > 50
    for row, each in enumerate(told):
        one = slate.take(np.array([row]))
        strongest = max((f for f in each["families"] if f["family"] in FAMILIES), key=lambda f: f["part"])
        assert each["without_strongest"]["family"] == strongest["family"]
        on = np.array([[name != strongest["family"] for name in FAMILIES]])
        alone = value_of(engine.version.model.families(Pairs(asked.viewer, one, of)).heads(on), WEIGHTS)[0]
        alone += sum(one[name][0] for name in BESIDE)
        others = candidates["score"][candidates["item"] != one["item"][0]]
        assert each["without_strongest"]["position"] == int((others > alone).sum())
        assert 0 <= each["without_strongest"]["position"] < each["without_strongest"]["of"] == len(candidates)


def test_neutral_is_the_same_for_every_video_of_a_slate_but_for_its_length(world: World) -> None:
    slate = world.client.feed("ada", n=10)
    neutral = [float(why(world, slate.request, item["video"])["neutral"]) for item in slate.items]
    assert np.ptp(neutral) < 1e-3


def test_what_rerankers_moved_leads_to_the_position(world: World) -> None:
    slate = world.client.feed("ada", n=20)
    moves = 0
    for item in slate.items:
        told = why(world, slate.request, item["video"])
        assert told["position"] == item["position"]
        moved = told["moved"]
        assert isinstance(moved, list)
        for before, after in pairwise(moved):
            assert before["to"] == after["from"]
        if moved:
            assert moved[-1]["to"] == item["position"]
            moves += 1
    assert moves


@pytest.mark.mission("NL-18")
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Because you finished 6 videos on #topic3 this week."),
        ("nl", "Omdat je deze week 6 video's over #topic3 hebt uitgekeken."),
        ("nb", "Fordi du har sett ferdig 6 videoer om #topic3 denne uken."),
    ],
)
def test_the_words_name_the_evidence_in_three_languages(world: World, language: Language, sentence: str) -> None:
    slate = world.client.feed("ada", n=20)
    told = {str(item["video"]): why(world, slate.request, item["video"], language)["words"] for item in slate.items}
    about = [video for video in told if world.topic_of[video] == "topic3"]
    assert about
    for video in about:
        assert told[video][0] == sentence
    for video in set(told) - set(about):
        assert sentence not in told[video]


def test_a_single_video_is_told_as_one_and_a_follow_by_name() -> None:
    world = make_world()
    world.finish("ada", "v3")
    world.send({"kind": "follow", "viewer": "ada", "author": "author-v13"})
    slate = world.client.feed("ada", n=100)
    words = why(world, slate.request, "v13")["words"]
    assert words[:2] == [
        "Because you finished a video on #topic3 this week.",
        "Because you follow author-v13.",
    ]
    world.engine.close()


def test_last_weeks_finishes_are_no_evidence_for_this_week() -> None:
    world = make_world()
    world.finish("ada", "v3", "v13")
    world.clock.forward(8 * DAY)
    slate = world.client.feed("ada", n=100)
    words = why(world, slate.request, "v23")["words"]
    assert not any("this week" in sentence for sentence in words)
    world.engine.close()


def test_nobody_is_told_of_what_they_watched_before_they_watched_anything(world: World) -> None:
    def said(viewer: str) -> set[str]:
        slate = world.client.feed(viewer, n=10)
        return {sentence for item in slate.items for sentence in why(world, slate.request, str(item["video"]))["words"]}

    unknown = "Because it suits people in general: nothing that you watched is known yet."
    claims = {"Because it resembles what you watched lately.", "Because it fits one of the themes that you like."}
    assert not claims & said("a stranger")
    assert unknown in said("another stranger")
    assert unknown not in said("ada")


def test_what_is_put_on_any_video_is_no_reason(world: World) -> None:
    tagged = [
        {"id": f"t{n}", "kind": "video", "video": f"t{n}", "author": f"t{n}", "duration": 9, "hashtags": ["#fyp", tag]}
        for n, tag in enumerate(("#owls", "#owls", "#bees"))
    ]
    world.client.events(tagged)
    world.finish("bo", "t0", "t2")
    slate = world.client.feed("bo", n=100)
    words = why(world, slate.request, "t1")["words"]
    assert words[0] == "Because you finished a video on #owls this week."
    assert "fyp" not in str(words)


def test_every_family_has_words_in_every_language() -> None:
    for language in LANGUAGES:
        beside = {*BESIDE, "variety", "exploration", "version"}
        assert set(FAMILY_WORDS[language]) == {*FAMILIES, *beside}


def test_the_plain_and_the_following_feed_say_why_too(world: World) -> None:
    feeds: tuple[tuple[Surface, str], ...] = (("plain", "Popular and recent"), ("following", "The latest from"))
    for surface, start in feeds:
        slate = world.client.feed("ada", n=3, surface=surface)
        told = why(world, slate.request, slate.items[0]["video"])
        assert str(told["words"][0]).startswith(start)
        assert (told["neutral"], told["families"], told["heads"]) == (told["score"], [], [])


def test_a_language_that_is_not_spoken_and_a_video_that_was_not_shown_are_refused(world: World) -> None:
    slate = world.client.feed("ada", n=3)
    with pytest.raises(InvalidEvent, match="one of en, nl, nb"):
        world.engine.explain(slate.request, str(slate.items[0]["video"]), "de")
    for request, video in ((slate.request, "never-shown"), ("12345", "v1"), ("no-number", "v1")):
        with pytest.raises(NotFound):
            world.engine.explain(request, video)


def test_explanations_are_kept_for_thirty_days_and_then_said_to_be_gone() -> None:
    world = make_world()
    slate = world.client.feed("ada", n=3)
    video = str(slate.items[0]["video"])
    first = world.client.explain(slate.request, video)
    world.clock.forward(30 * DAY)
    world.engine.tidy()
    assert world.client.explain(slate.request, video) == first
    world.clock.forward(1)
    for _ in range(2):
        with pytest.raises(NotFound, match="kept for 30 days") as problem:
            world.client.explain(slate.request, video)
        assert problem.value.gone
        world.clock.forward(DAY)
        world.engine.tidy()
    world.engine.close()
