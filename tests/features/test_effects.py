"""Effects: what each cause adds to the chance of an outcome, the others being equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.inputs import EFFECTS
from foryou.core.ports import Store
from foryou.features.distinct import distinct, put_means
from foryou.features.effects import LIMIT, effects, evidence, placed, told
from tests.streams import Row, log, store_of

GOOD, PLAIN = 900, 901
HOME, ELSEWHERE = 70, 71
LIKE = EFFECTS.index("like")


def catalogue(*videos: int) -> Batch:
    return log(
        *({"kind": Kind.VIDEO, "video": v, "author": v + 5000, "duration": 60.0, "id": 10_000 + v} for v in videos)
    )


def watch(number: int, viewer: int, video: int, long: bool, surface: int = HOME) -> Row:
    return {
        "id": number + 1,
        "kind": Kind.WATCH,
        "viewer": viewer,
        "video": video,
        "surface": surface,
        "seconds": 40.0 if long else 6.0,
        "at": number / 10,
    }


def shown(chances: dict[tuple[int, int, int], float], rounds: int = 60) -> Store:
    """A log in which (viewer, video, surface) ends in a long view that often."""
    rng = np.random.default_rng(7)
    rows = [
        watch(turn * len(chances) + place, viewer, video, bool(rng.random() < chance), surface)
        for turn in range(rounds)
        for place, ((viewer, video, surface), chance) in enumerate(chances.items())
    ]
    return store_of(catalogue(GOOD, PLAIN), log(*rows))


def test_a_video_that_patient_viewers_happened_to_see_is_no_better_for_it() -> None:
    """Two videos, equally good; one is seen by the patient, the other by the impatient, and a few see both."""
    patient, impatient = range(10, 20), range(20, 30)
    chances = {(viewer, GOOD, HOME): 0.8 for viewer in patient} | {(viewer, PLAIN, HOME): 0.2 for viewer in impatient}
    chances |= {(patient[0], PLAIN, HOME): 0.8, (impatient[0], GOOD, HOME): 0.2}
    store = shown(chances)
    good, plain = effects(store, np.array([GOOD, PLAIN]))[:, 0]
    assert abs(good - plain) < 1.0, "their rates differ by 2.4 in log-odds"
    viewers = effects(store, np.array([10, 20]))[:, 0]
    assert viewers[0] > viewers[1] + 1.0


def test_a_video_is_not_blamed_for_a_surface_on_which_nobody_watches() -> None:
    chances = {(viewer, GOOD, surface): chance for viewer in range(10, 16) for surface, chance in ((HOME, 0.6),)}
    chances |= {(viewer, PLAIN, HOME): 0.6 for viewer in range(10, 16)}
    chances |= {(viewer, PLAIN, ELSEWHERE): 0.03 for viewer in range(10, 16)}
    store = shown(chances)
    surfaces = effects(store, told(np.array([HOME, ELSEWHERE])))[:, 0]
    assert surfaces[0] > surfaces[1] + 0.8
    good, plain = effects(store, np.array([GOOD, PLAIN]))[:, 0]
    assert good - plain < 0.9, "the rates differ by 1.3 in log-odds"


def test_of_two_videos_seen_by_the_same_people_the_better_one_has_the_higher_effect_and_less_skips() -> None:
    store = shown(
        {(viewer, video, HOME): chance for viewer in range(10, 16) for video, chance in ((GOOD, 0.8), (PLAIN, 0.3))}
    )
    good, plain = effects(store, np.array([GOOD, PLAIN]))
    assert good[0] > plain[0] + 0.5
    assert evidence(store, np.array([GOOD, 4242])).tolist() == [
        pytest.approx(evidence(store, np.array([GOOD]))[0]),
        0.0,
    ]


def test_a_like_that_comes_after_its_watch_counts_as_one_that_was_there_and_is_taken_back_exactly() -> None:
    like: Row = {"kind": Kind.LIKE, "viewer": 10, "video": GOOD, "surface": HOME}
    before = store_of(catalogue(GOOD), log(watch(0, 10, GOOD, True)))
    liked = store_of(catalogue(GOOD), log(watch(0, 10, GOOD, True), {**like, "id": 77, "at": 1}))
    undone = store_of(
        catalogue(GOOD),
        log(watch(0, 10, GOOD, True), {**like, "id": 77, "at": 1}, {**like, "kind": Kind.UNLIKE, "id": 78, "at": 1}),
    )
    key = np.array([GOOD])
    assert effects(liked, key)[0, LIKE] > effects(before, key)[0, LIKE] + 0.3
    assert effects(undone, key)[0, LIKE] == pytest.approx(effects(before, key)[0, LIKE], abs=1e-6)


def test_hashtags_share_what_they_do_together_and_none_has_no_effect() -> None:
    store = store_of(
        log({"kind": Kind.VIDEO, "video": GOOD, "topics": [400, 401], "duration": 60.0}), log(watch(0, 10, GOOD, True))
    )
    each = effects(store, np.array([400, 401]))
    assert each[0].tolist() == each[1].tolist() and each[0, 0] > 0
    topics = distinct(np.array([[400, 401, 0], [0, 0, 0]]), np.ones(2, np.int64))
    means = np.empty((2, len(EFFECTS)), np.float32)
    put_means(effects(store, topics.key), topics.row, means, 0)
    assert means.tolist() == [each[0].tolist(), [0.0] * len(EFFECTS)]
    assert effects(store, placed(np.array([GOOD, 0]), np.array([HOME, HOME])))[:, 0].tolist()[1] == 0.0


@given(st.lists(st.tuples(st.integers(10, 12), st.booleans(), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=60)
def test_no_effect_is_beyond_the_limit_whatever_comes(turns: list[tuple[int, bool, bool]]) -> None:
    rows: list[Row] = []
    for number, (viewer, long, like) in enumerate(turns):
        rows.append(watch(number, viewer, GOOD, long))
        if like:
            rows.append({"id": 5000 + number, "kind": Kind.LIKE, "viewer": viewer, "video": GOOD, "at": number / 10})
    found = effects(store_of(catalogue(GOOD), log(*rows)), np.array([GOOD, 10, 11, 12, GOOD + 5000]))
    assert np.isfinite(found).all() and np.abs(found).max() <= LIMIT
