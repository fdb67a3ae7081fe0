"""Counters fade: each is the sum of 2^(-age / half-life) over its events, in whatever order they were told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from foryou.core.batch import Batch
from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.core.event import Kind
from foryou.core.ids import pair_of
from foryou.core.inputs import RATES
from foryou.core.ports import Store
from foryou.features.counters import HALF_LIVES
from foryou.features.enrich import OUTCOMES
from foryou.features.popular import HALF_LIFE, POPULAR
from foryou.features.rates import EVERYONE, PRIORS, overall, rates
from tests.features.plain import counts_at
from tests.streams import FULL, LATER, SOUNDS, START, TAGS, VIDEOS, Row, catalogue, log, reactions, store_of

VIDEO = VIDEOS[4]  # 21 s, author 201, sound 300, tag 400
_OUTCOME = {
    Kind.IMPRESSION: "impression", Kind.SHARE: "share", Kind.VISIT: "visit", Kind.WATCH: "watch",
}  # fmt: skip


@given(reactions(most=30))
@settings(max_examples=100)
def test_a_count_is_the_sum_over_its_events_of_what_is_left_of_each(batch: Batch) -> None:
    kept = batch.take(np.isin(batch["kind"], [int(kind) for kind in _OUTCOME]))
    store = store_of(catalogue(), kept, trust=FULL)
    for video in VIDEOS:
        held = counts_at(store.read("count_video", np.array([video])), np.array([LATER]))[0]
        for kind, name in _OUTCOME.items():
            when = kept["at"][(kept["kind"] == kind) & (kept["video"] == video)]
            brute = [np.exp2(-(LATER - when) / half_life).sum() for half_life in HALF_LIVES]
            assert held[OUTCOMES.index(name)] == pytest.approx(brute, rel=1e-6)


def test_a_count_read_at_its_own_time_is_whole_and_halves_every_half_life() -> None:
    store = store_of(catalogue(), log({"kind": Kind.SHARE, "viewer": 10, "video": VIDEO, "at": 0}), trust=FULL)
    row = store.read("count_video", np.array([VIDEO]))
    share = OUTCOMES.index("share")
    assert counts_at(row, np.array([START]))[0, share].tolist() == [1, 1, 1]
    assert counts_at(row, np.array([START + HOUR]))[0, share, 0] == 0.5
    assert counts_at(row, np.array([START + DAY]))[0, share, 1] == 0.5
    assert counts_at(row, np.array([START + 60 * DAY]))[0, share, 2] == 0.25


def test_what_happens_to_a_video_counts_for_its_author_sound_hashtags_viewer_and_everything() -> None:
    store = store_of(catalogue(), log({"kind": Kind.SHARE, "viewer": 10, "video": VIDEO, "at": 0}), trust=FULL)
    for table, key in (
        ("count_video", VIDEO), ("count_author", 201), ("count_sound", SOUNDS[0]), ("count_topic", TAGS[0]),
        ("count_viewer", 10), ("count_all", 1),
    ):  # fmt: skip
        row = store.read(table, np.array([key]))
        assert counts_at(row, row["at"])[0, OUTCOMES.index("share"), 1] == 1, table


@pytest.mark.parametrize(
    ("done", "undone", "outcome"),
    [
        (Kind.LIKE, Kind.UNLIKE, "like"),
        (Kind.SAVE, Kind.UNSAVE, "save"),
        (Kind.COMMENT, Kind.UNCOMMENT, "comment"),
        (Kind.NOT_INTERESTED, Kind.INTERESTED, "not_interested"),
    ],
)
def test_taking_an_act_back_takes_back_what_it_had_added_as_of_its_own_time(
    done: Kind, undone: Kind, outcome: str
) -> None:
    about: Row = {"viewer": 10, "video": VIDEO}
    store = store_of(
        catalogue(), log({"kind": done, **about, "at": 0}, {"kind": undone, **about, "at": 3 * 1440}), trust=FULL
    )
    for table, key in (("count_video", VIDEO), ("count_author", 201), ("count_viewer", 10)):
        held = counts_at(store.read(table, np.array([key])), np.array([START + 4 * DAY]))[0]
        assert held[OUTCOMES.index(outcome)] == pytest.approx([0, 0, 0], abs=1e-12)
    popular = store.read(POPULAR.name, pair_of(np.array([VIDEO]), np.array([0])))
    assert popular["positives"][0] == pytest.approx(0, abs=1e-12)


def test_a_second_like_of_the_same_video_changes_nothing() -> None:
    about: Row = {"kind": Kind.LIKE, "viewer": 10, "video": VIDEO}
    one = store_of(catalogue(), log({**about, "at": 0}), trust=FULL)
    two = store_of(catalogue(), log({**about, "at": 0}, {**about, "at": 5}), trust=FULL)
    when = np.array([START + DAY])
    for store in (one, two):
        like = counts_at(store.read("count_video", np.array([VIDEO])), when)[0, OUTCOMES.index("like")]
        assert like == pytest.approx(np.exp2(-DAY / np.array(HALF_LIVES)))


def test_popularity_is_kept_by_country_and_everywhere() -> None:
    rows = [{"kind": Kind.LIKE, "viewer": viewer, "video": VIDEO, "at": 0} for viewer in (10, 11, 12)]
    store = store_of(catalogue(), log(*rows), trust=FULL)  # viewers 10 and 12 are in country 1, 11 in country 2
    held = store.read(POPULAR.name, pair_of(np.full(3, VIDEO), np.array([1, 2, 0])))
    assert held["positives"].tolist() == [2, 1, 3]
    faded = held["positives"][0] * np.exp2(-HALF_LIFE / HALF_LIFE)
    assert faded == 1


def counted(table: str, key: np.ndarray, counts: dict[str, float]) -> Store:
    """A store in which one key has these counts, whatever the half-life, as of the start."""
    store = store_of()
    values = np.zeros((1, len(OUTCOMES), len(HALF_LIVES)))
    for name, count in counts.items():
        values[0, OUTCOMES.index(name)] = count
    store.write(table, key, Batch({"values": values.reshape(1, -1), "at": np.array([START])}))
    return store


def said(counts: dict[str, float], prior: np.ndarray) -> tuple[np.ndarray, float]:
    """The rates of a video with these counts, and how often it was shown."""
    video = np.array([VIDEO])
    found, seen = rates(counted("count_video", video, counts), "count_video", video, np.array([START]), prior)
    return found[0], float(seen[0])


def test_rates_are_zero_where_nothing_is_known_and_near_the_truth_where_much_is() -> None:
    nothing, shown = said({}, PRIORS)
    assert not nothing.any()
    assert shown == 0
    much = {"impression": 1e6, "watch": 1e6, "measured": 1e6, "long_view": 5e5, "like": 1e5}
    found, shown = said(much, PRIORS)
    for name, rate in (("long_view", 0.5), ("like", 0.1)):
        place = RATES.index(name)
        assert found[place] == pytest.approx(np.log(rate / PRIORS[place]), rel=1e-3)
    assert (np.abs(found) <= 3).all()
    assert shown == 1e6
    assert overall(counted("count_all", EVERYONE, much))[RATES.index("long_view")] == pytest.approx(0.5, rel=1e-3)


def test_three_likes_of_three_viewers_say_less_than_three_hundred_of_a_thousand() -> None:
    prior = np.full(len(RATES), 0.02)
    like = RATES.index("like")
    few, many = (said({"impression": seen, "like": likes}, prior)[0] for seen, likes in ((3, 3), (1000, 300)))
    assert 0 < few[like] < many[like]


def test_an_event_from_before_the_latest_adds_what_is_left_of_it() -> None:
    late = log(
        {"kind": Kind.SHARE, "viewer": 10, "video": VIDEO, "at": 60},
        {"kind": Kind.SHARE, "viewer": 11, "video": VIDEO, "at": 0},
    )
    row = store_of(catalogue(), late, trust=FULL).read("count_video", np.array([VIDEO]))
    assert row["at"][0] == START + 60 * MINUTE
    assert counts_at(row, row["at"])[0, OUTCOMES.index("share"), 0] == pytest.approx(1.5)
