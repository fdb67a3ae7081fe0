"""Interests: signed, faded, checkable by hand, and taken back exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.core.clock import DAY
from foryou.core.event import KINDS, Kind
from foryou.core.ports import Store
from foryou.features.interests import HALF_LIFE, REJECTED_HALF_LIFE, SLOTS, look_up
from tests.streams import AUTHORS, LATER, SOUNDS, START, TAGS, VIDEOS, Row, catalogue, log, store_of

TARGETS = np.array([[*TAGS, *AUTHORS, *SOUNDS]])
AT = list(TARGETS[0])


def known(store: Store, at: int = LATER, viewer: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strength, evidence and rejections of all hashtags, authors and sounds for a viewer."""
    strength, evidence, refused, _ = look_up(store, np.array([viewer]), np.zeros(1, np.int64), TARGETS, np.array([at]))
    return strength[0], evidence[0], refused[0]


def on(video: int, kind: Kind, at: float, **more: float) -> Row:
    return {"kind": kind, "viewer": 10, "video": video, "at": at, **more}


def tag(number: int) -> int:
    return AT.index(TAGS[number])


HABITS: list[Row] = [
    on(VIDEOS[0], Kind.WATCH, 0, seconds=5.0),
    on(VIDEOS[1], Kind.WATCH, 1000, seconds=1.0),
    on(VIDEOS[2], Kind.WATCH, 2000, seconds=13.0),
    on(VIDEOS[2], Kind.SHARE, 2001),
    on(VIDEOS[4], Kind.LIKE, 2500),
]


@pytest.mark.mission("NO-34")
@given(st.lists(st.tuples(st.sampled_from(VIDEOS), st.sampled_from((Kind.SHARE, Kind.VISIT)), st.integers(0, 30_000)),
                min_size=1, max_size=15))  # fmt: skip
@settings(max_examples=60)
def test_the_strength_of_an_interest_is_the_sum_of_its_faded_evidence(acts: list[tuple[int, Kind, int]]) -> None:
    rows: list[Row] = []
    for video, kind, at in acts:
        author = AUTHORS[(video - VIDEOS[0]) % 3]
        rows.append({**on(video, kind, at), **({"author": author} if kind == Kind.VISIT else {})})
    strength, evidence, refused = known(store_of(catalogue(), log(*rows)))
    brute = np.zeros(len(AT))
    for video, kind, at in acts:
        number = video - VIDEOS[0]
        left = 2.0 ** (-(LATER - START - at * 60_000) / HALF_LIFE)
        targets = [AUTHORS[number % 3], SOUNDS[number % 2]]
        if kind == Kind.SHARE:
            targets += [TAGS[number % 4], TAGS[(number + 1) % 4]][: 1 + number % 2]
        for target in targets:
            brute[AT.index(target)] += (1.5 if kind == Kind.SHARE else 0.3) * left
    assert evidence == pytest.approx(brute, rel=1e-6)
    assert strength == pytest.approx(brute / (brute + 2.0), rel=1e-6)
    assert (refused == 0).all()


def test_a_skip_counts_against_and_a_finish_for() -> None:
    liked = known(store_of(catalogue(), log(on(VIDEOS[0], Kind.WATCH, 0, seconds=5.0))), START)[0]
    skipped = known(store_of(catalogue(), log(on(VIDEOS[0], Kind.WATCH, 0, seconds=0.4))), START)[0]
    assert liked[tag(0)] > 0 > skipped[tag(0)]
    assert liked[tag(0)] == pytest.approx(1 / 3)
    assert skipped[tag(0)] == pytest.approx(-0.7 / 2.7)


@pytest.mark.mission("NO-34")
@pytest.mark.parametrize("undone", [kind for kind, rule in KINDS.items() if rule.undoes is not None])
@pytest.mark.parametrize("days", [0.001, 1, 45])
def test_taking_an_act_back_restores_the_interests_that_there_would_have_been(undone: Kind, days: float) -> None:
    done = KINDS[undone].undoes
    assert done is not None
    about: Row = {"viewer": 10, "video": VIDEOS[3]}
    if done in (Kind.FOLLOW, Kind.BLOCK):
        about["author"] = AUTHORS[0]
    if done == Kind.HIDE:
        about = {"viewer": 10, "topics": [TAGS[1]]}
    act: Row = {"kind": done, **about, "at": 3000}
    back: Row = {"kind": undone, **about, "at": 3000 + days * 1440}
    never = known(store_of(catalogue(), log(*HABITS)))
    held = known(store_of(catalogue(), log(*HABITS, act)))
    restored = known(store_of(catalogue(), log(*HABITS, act, back)))
    assert any(np.abs(here - there).max() > 0.05 for here, there in zip(held, never, strict=True))
    for here, there in zip(restored, never, strict=True):
        assert here == pytest.approx(there, abs=1e-6)


@pytest.mark.mission("NO-34")
def test_the_change_by_one_act_is_the_difference_of_the_states_before_and_after() -> None:
    at = START + 3000 * 60_000
    before, after = (store_of(catalogue(), log(*HABITS, *more)) for more in ([], [on(VIDEOS[6], Kind.SAVE, 3000)]))
    delta = known(after, at)[0] - known(before, at)[0]
    touched = {AT.index(TAGS[2]), AT.index(AUTHORS[0]), AT.index(SOUNDS[0])}
    assert {int(place) for place in np.flatnonzero(np.abs(delta) > 1e-12)} == touched
    plus, minus = evidence_of(HABITS, TAGS[2], at)
    expected = (plus + 1.5 - minus) / (plus + 1.5 + minus + 2) - (plus - minus) / (plus + minus + 2)
    assert delta[tag(2)] == pytest.approx(expected, abs=1e-6)


def evidence_of(rows: list[Row], target: int, at: int) -> tuple[float, float]:
    """By hand, for HABITS: a long view and a like are worth 1, a share 1.5, a skip .7 against."""
    plus = minus = 0.0
    for row in rows:
        number = int(row["video"]) - VIDEOS[0]
        tags = [TAGS[number % 4], TAGS[(number + 1) % 4]][: 1 + number % 2]
        if target not in tags:
            continue
        left = 2.0 ** (-(at - START - float(row["at"]) * 60_000) / HALF_LIFE)
        if row["kind"] == Kind.WATCH:
            finished = float(row["seconds"]) >= 5 + 4 * number
            plus, minus = plus + left * finished, minus + 0.7 * left * (not finished)
        else:
            plus += left * {Kind.SHARE: 1.5, Kind.LIKE: 1.0}[Kind(row["kind"])]
    return plus, minus


@pytest.mark.mission("NO-07")
def test_a_rejection_is_remembered_for_months() -> None:
    store = store_of(catalogue(), log(*(on(video, Kind.NOT_INTERESTED, 0) for video in (VIDEOS[0], VIDEOS[4]))))
    assert known(store, START)[2][tag(0)] == pytest.approx(2)
    assert known(store, START + REJECTED_HALF_LIFE)[2][tag(0)] == pytest.approx(1)
    assert known(store, START + 30 * DAY)[0][tag(0)] < 0


def test_where_the_places_are_full_the_interest_with_least_evidence_makes_room() -> None:
    videos = [{"kind": Kind.VIDEO, "video": 5000 + n, "topics": [9000 + n], "at": -5} for n in range(SLOTS + 1)]
    shares = [on(5000 + n, Kind.SHARE, n, id=10_000 + n) for n in range(SLOTS)]
    store = store_of(log(*videos, *shares, on(5000 + 7, Kind.LIKE, 70), on(5000 + SLOTS, Kind.SHARE, 80)))
    kept = set(store.read("interest", np.array([10]))["key"][0].tolist())
    assert len(kept) == SLOTS
    assert kept == {9000 + n for n in range(1, SLOTS + 1)}
