"""Rows joined with what came of them: learned when watched, corrected when more comes later."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.clock import SECOND
from foryou.core.event import Kind
from foryou.core.heads import NAMES
from foryou.core.ports import Pairs, Store
from foryou.features import asking
from foryou.features.enrich import enrich
from foryou.features.trust import TrustSettings
from foryou.training.join import Join, Lesson
from tests.streams import START, VIDEOS, Row, catalogue, log, store_of

A, B = VIDEOS[4], VIDEOS[5]  # 21 and 25 s long
WINDOW_S, LATE_S = 120.0, 3600.0


def on(video: int, kind: Kind, after_s: float, viewer: int = 10, **more: float) -> Row:
    return {"kind": kind, "viewer": viewer, "video": video, "at": after_s / 60, **more}


def shown(*video: int, viewer: int = 10, after_s: float = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, Pairs]:
    count = len(video)
    columns = Batch({"viewer": np.full(count, viewer)})
    pairs = Pairs(columns.take(np.zeros(1, np.int64)), Batch({"item": np.array(video)}), np.zeros(count, np.int64))
    return np.full(count, viewer), np.array(video), np.full(count, START + int(after_s * SECOND)), pairs


class Told:
    """A join that is told events one by one, with the tables that enrich them."""

    def __init__(self, join: Join | None = None, store: Store | None = None) -> None:
        self.join = Join(WINDOW_S, LATE_S) if join is None else join
        self.store = store or store_of(catalogue())
        self.id = 500

    def __call__(self, *rows: Row) -> list[Lesson]:
        """The lessons once all these events were observed."""
        for row in rows:
            self.id += 1
            self.join.observe(enrich(self.store, log({"id": self.id, **row}))[0])
        return self.join.ready(512)


def labels(lesson: Lesson, row: int = 0) -> dict[str, float]:
    return {name: float(lesson.examples.outcomes[name][row]) for name in NAMES}


def items(lesson: Lesson) -> list[int]:
    return list(lesson.examples.pairs.items["item"].tolist())


@pytest.mark.mission("NO-33")
def test_a_row_is_learned_as_soon_as_its_watch_event_came_with_what_came_before() -> None:
    told = Told()
    told.join.expect(*shown(A, B))
    assert told(on(A, Kind.IMPRESSION, 1), on(A, Kind.LIKE, 8)) == []
    (lesson,) = told(on(A, Kind.WATCH, 9, seconds=8.0))
    assert (items(lesson), lesson.learned) == ([A], None)
    found = labels(lesson)
    assert np.isnan(found.pop("watch_rank")), "it is compared with others when it is learned"
    assert found == {**dict.fromkeys(found, 0.0), "watch": 8.0, "like": 1.0}
    assert lesson.examples.outcomes["weight"].tolist() == [1]
    assert told(on(B, Kind.IMPRESSION, 10)) == []


def test_a_row_that_was_seen_and_not_watched_is_learned_when_its_window_is_over() -> None:
    told = Told()
    told.join.expect(*shown(A, B))
    assert told(on(A, Kind.IMPRESSION, 50)) == []
    assert told(on(B, Kind.IMPRESSION, 169)) == []
    (lesson,) = told(on(B, Kind.IMPRESSION, 171, viewer=11))
    assert items(lesson) == [A]
    assert labels(lesson)["like"] == 0 and np.isnan(labels(lesson)["watch"])


@pytest.mark.mission("NL-20")
def test_a_late_like_corrects_its_row_and_a_like_taken_back_corrects_it_again() -> None:
    told = Told()
    told.join.expect(*shown(A))
    told(on(A, Kind.WATCH, 9, seconds=8.0))
    (late,) = told(on(A, Kind.LIKE, 900))
    assert late.learned is not None and items(late) == [A]
    assert (late.learned["like"][0], labels(late)["like"]) == (0, 1)
    assert all(late.learned[name][0] == labels(late)[name] for name in NAMES if name not in ("like", "watch_rank"))
    assert told(on(A, Kind.LIKE, 901)) == [], "a second like says nothing new"
    (undone,) = told(on(A, Kind.UNLIKE, 950))
    assert undone.learned is not None
    assert (undone.learned["like"][0], labels(undone)["like"]) == (1, 0)


def test_a_watch_event_after_the_window_adds_what_was_not_known() -> None:
    told = Told()
    told.join.expect(*shown(A))
    told(on(A, Kind.IMPRESSION, 1), on(B, Kind.IMPRESSION, 200, viewer=11))
    (late,) = told(on(A, Kind.WATCH, 300, seconds=25.0))
    assert late.learned is not None
    assert np.isnan(late.learned["watch"][0]) and np.isnan(late.learned["finish"][0])
    assert (labels(late)["watch"], labels(late)["finish"]) == (25, 1)


def test_a_like_that_was_taken_back_before_the_row_was_learned_is_no_like() -> None:
    told = Told()
    told.join.expect(*shown(A, B))
    (lesson,) = told(
        on(A, Kind.WATCH, 9, seconds=25.0), on(A, Kind.LIKE, 10), on(A, Kind.UNLIKE, 20),
        on(B, Kind.WATCH, 30, seconds=1.0), on(B, Kind.SAVE, 31), on(B, Kind.UNSAVE, 32), on(B, Kind.SAVE, 33),
    )  # fmt: skip
    first, second = labels(lesson, 0), labels(lesson, 1)
    assert (first["like"], first["finish"], first["long_view"], first["watch"]) == (0, 1, 1, 25)
    assert (second["save"], second["skip"], second["finish"]) == (1, 1, 0)


def test_rows_are_forgotten_when_no_outcome_is_awaited_any_more() -> None:
    told = Told()
    told.join.expect(*shown(A, B))
    told(on(A, Kind.WATCH, 9, seconds=8.0))
    told(on(A, Kind.IMPRESSION, LATE_S - 1, viewer=11))
    assert len(told.join) == 2
    told(on(A, Kind.IMPRESSION, LATE_S + 1, viewer=11))
    assert len(told.join) == 0
    assert told(on(A, Kind.LIKE, LATE_S + 2)) == []


def test_the_memory_is_bounded_and_what_was_seen_is_learned_before_it_goes() -> None:
    told = Told(Join(WINDOW_S, LATE_S, late_mb=0.1))
    learned = 0
    for n in range(40):
        viewer = 100 + n
        video = np.arange(1000, 1100)
        pairs = Pairs(Batch({"viewer": np.array([viewer])}), Batch({"item": video}), np.zeros(100, np.int64))
        told.join.expect(np.full(100, viewer), video, np.full(100, START + n), pairs)
        seen = log(*({**on(int(i), Kind.IMPRESSION, 0, viewer=viewer), "id": 10_000 + 100 * n + k, "at": n / 60_000}
                     for k, i in enumerate(video[:10])))  # fmt: skip
        told.join.observe(enrich(told.store, seen)[0])
        learned += sum(len(lesson) for lesson in told.join.ready(512))
        assert told.join.nbytes <= 100_000 and len(told.join._newest) == len(told.join)
    kept = len(told.join) // 100
    assert 0 < kept < 40
    assert learned >= 10 * (39 - kept)


def test_rows_that_never_reached_a_screen_are_no_examples() -> None:
    told = Told()
    told.join.expect(*shown(A, B))
    told(on(B, Kind.IMPRESSION, 1))
    (lesson,) = told.join.ready(512, everything=True)
    assert items(lesson) == [B]
    assert told.join.ready(512, everything=True) == []


def test_an_outcome_belongs_to_the_newest_time_that_the_video_was_shown_to_that_viewer() -> None:
    told = Told()
    told.join.expect(*shown(A))
    told(on(A, Kind.IMPRESSION, 1))
    told.join.expect(*shown(A, after_s=60))
    told.join.expect(*shown(A, viewer=11))
    (lesson,) = told(on(A, Kind.WATCH, 70, seconds=5.0), on(A, Kind.LIKE, 71))
    assert (lesson.number.tolist(), labels(lesson)["like"]) == ([1], 1)


def test_lessons_are_no_longer_than_asked_and_keep_the_order_in_which_rows_were_shown() -> None:
    told = Told()
    for viewer in range(100, 110):
        told.join.expect(*shown(A, viewer=viewer))
    reacted = log(
        *({**on(A, Kind.WATCH, 1, viewer=viewer, seconds=3.0), "id": viewer} for viewer in range(109, 99, -1))
    )
    told.join.observe(enrich(told.store, reacted)[0])
    assert [lesson.number.tolist() for lesson in told.join.ready(4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_impressions_that_no_request_of_ours_showed_are_strangers() -> None:
    join = Join(WINDOW_S)
    join.expect(*shown(A))
    rows = log(on(A, Kind.IMPRESSION, 1, request=7), on(B, Kind.IMPRESSION, 2, request=7), on(A, Kind.IMPRESSION, 3),
               on(B, Kind.WATCH, 4, seconds=3.0))  # fmt: skip
    assert join.strangers(rows)["video"].tolist() == [B, A]


@pytest.mark.mission("NO-18")
def test_of_the_likes_that_a_videos_words_bait_a_share_is_learned_and_of_others_all() -> None:
    told = Told()
    bait = msgspec.msgpack.encode({"caption": "Like if you agree"})
    asking.describe(told.store, log({"kind": Kind.VIDEO, "video": A, "raw": bait}))
    viewers = np.arange(1000, 2000)
    pairs = Pairs(Batch({"viewer": viewers}), Batch({"item": np.full(1000, A)}), np.arange(1000))
    others = Pairs(Batch({"viewer": viewers}), Batch({"item": np.full(1000, B)}), np.arange(1000))
    for video, rows in ((A, pairs), (B, others)):
        told.join.expect(viewers, np.full(1000, video), np.full(1000, START), rows)
        for kind, first in ((Kind.LIKE, 10_000), (Kind.WATCH, 20_000)):
            events = ({**on(video, kind, 1, viewer=int(v), seconds=9.0), "id": first * video + int(v)} for v in viewers)
            told.join.observe(enrich(told.store, log(*events))[0])
    (lesson,) = told.join.ready(5000)
    like, item = lesson.examples.outcomes["like"], lesson.examples.pairs.items["item"]
    assert like[item == A].mean() == pytest.approx(TrustSettings().baited, abs=0.05)
    assert like[item == B].mean() == 1


def test_left_out_rows_are_plain_ones_and_those_that_stay_stand_for_them() -> None:
    told = Told(Join(WINDOW_S, LATE_S, negatives=0.25))
    viewers = np.arange(1000, 3000)
    told.join.expect(viewers, np.full(2000, A), np.full(2000, START),
                     Pairs(Batch({"viewer": viewers}), Batch({"item": np.full(2000, A)}), np.arange(2000)))  # fmt: skip
    skips = log(*({**on(A, Kind.WATCH, 1, viewer=int(v), seconds=1.0), "id": int(v)} for v in viewers))
    likes = log(*({**on(A, Kind.LIKE, 1, viewer=int(v)), "id": 10_000 + int(v)} for v in viewers[::10]))
    for batch in (skips, likes):
        told.join.observe(enrich(told.store, batch)[0])
    lessons = told.join.ready(5000)
    (kept,) = lessons
    weight, like = (kept.examples.outcomes[name] for name in ("weight", "like"))
    assert (like == 1).sum() == 200 and (weight[like == 1] == 1).all()
    assert (weight[like == 0] == 4).all()
    assert weight.sum() == pytest.approx(2000, rel=0.06)
    missing = np.setdiff1d(viewers, kept.examples.pairs.viewers["viewer"])
    (revived,) = told(on(A, Kind.SHARE, 60, viewer=int(missing[0])))
    assert revived.learned is None and revived.examples.outcomes["weight"].tolist() == [1]
    stays = kept.examples.pairs.viewers["viewer"][kept.examples.pairs.of][like == 0][0]
    (late,) = told(on(A, Kind.SHARE, 61, viewer=int(stays)))
    assert late.learned is not None
    assert (late.learned["weight"].tolist(), late.examples.outcomes["weight"].tolist()) == ([4], [1])


def test_everything_survives_a_restart() -> None:
    one, other = Told(), Told()
    for told in (one, other):
        told.join.expect(*shown(A, B))
        told(on(A, Kind.WATCH, 1, seconds=8.0), on(B, Kind.IMPRESSION, 2))
    restarted = Join(WINDOW_S, LATE_S)
    restarted.restore(other.join.state())
    other.join = restarted
    for rows in (
        [on(A, Kind.LIKE, 8)],
        [on(A, Kind.IMPRESSION, 130, viewer=11)],
        [on(B, Kind.WATCH, 140, seconds=1.0)],
    ):
        here, there = one(*rows), other(*rows)
        assert len(here) == len(there) == 1
        assert here[0].number.tolist() == there[0].number.tolist()
        assert (here[0].learned is None) == (there[0].learned is None)
        for name in NAMES:
            left, right = here[0].examples.outcomes[name], there[0].examples.outcomes[name]
            assert np.array_equal(left, right, equal_nan=True), name


def test_rows_of_accounts_that_are_not_trusted_count_less_when_learned_and_when_corrected() -> None:
    told, machine, person = Told(), 77, 10
    told.join = Join(WINDOW_S, 10 * LATE_S)
    dwells = (2.0, 4.0, 6.0, 9.0, 13.0, 20.0)
    for n in range(240):  # the one always watches for four seconds, the other as long as it pleases
        told(on(B, Kind.WATCH, 30 * n, viewer=machine, seconds=4.0), on(B, Kind.WATCH, 30 * n, viewer=person,
                                                                        seconds=dwells[n % 6]))  # fmt: skip
    weights = {}
    for viewer in (machine, person):
        told.join.expect(*shown(A, viewer=viewer, after_s=7300))
        (lesson,) = told(on(A, Kind.WATCH, 7310, viewer=viewer, seconds=4.0))
        (late,) = told(on(A, Kind.LIKE, 7311, viewer=viewer))
        assert late.learned is not None
        before, after = lesson.examples.outcomes["weight"], late.examples.outcomes["weight"]
        assert before.tolist() == late.learned["weight"].tolist() == after.tolist()
        weights[viewer] = float(before[0])
    assert weights[person] == 1
    assert weights[machine] < 0.1
