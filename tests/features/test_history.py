"""A viewer's latest exposures, what they have seen, and their visits."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.clock import DAY, MINUTE
from foryou.core.event import Kind
from foryou.core.inputs import HISTORY, OUTCOME_BITS
from foryou.features.history import ABOUT, SESSION_GAP, about_of, latest_exposures, unserved
from foryou.features.seen import unseen
from tests.streams import START, TAGS, VIDEOS, Row, catalogue, log, store_of


def on(video: int, kind: Kind, at: float, **more: float) -> Row:
    return {"kind": kind, "viewer": 10, "video": video, "at": at, **more}


def history(*rows: Row) -> dict[str, list[int]]:
    row = latest_exposures(store_of(catalogue(), log(*rows)), np.array([10]))
    length = int((row["item"][0] != 0).sum())
    return {name: row[name][0][:length].tolist() for name in ("item", "flags", "seconds", "at", "author")}


def bits(*names: str) -> int:
    return sum(OUTCOME_BITS[name] for name in names)


def test_exposures_are_kept_newest_first_with_what_came_of_them() -> None:
    known = history(
        on(VIDEOS[0], Kind.IMPRESSION, 0),
        on(VIDEOS[0], Kind.WATCH, 1, seconds=1.0),
        on(VIDEOS[1], Kind.IMPRESSION, 2),
        on(VIDEOS[1], Kind.WATCH, 3, seconds=20.0),
        on(VIDEOS[1], Kind.LIKE, 4),
    )
    assert known["item"] == [VIDEOS[1], VIDEOS[0]]
    assert known["flags"] == [
        bits("impression", "watch", "measured", "long_view", "finish", "like"),
        bits("impression", "watch", "measured", "skip"),
    ]
    assert known["seconds"] == [20.0, 1.0]
    assert known["author"] == [201, 200]


def test_a_late_event_takes_its_place_by_its_own_time() -> None:
    known = history(on(VIDEOS[0], Kind.WATCH, 50, seconds=9), on(VIDEOS[1], Kind.WATCH, 90, seconds=9),
                    on(VIDEOS[2], Kind.WATCH, 70, seconds=9))  # fmt: skip
    assert known["item"] == [VIDEOS[1], VIDEOS[2], VIDEOS[0]]


def test_taking_a_like_back_leaves_the_exposure_and_its_time() -> None:
    known = history(on(VIDEOS[0], Kind.LIKE, 5), on(VIDEOS[0], Kind.UNLIKE, 99), on(VIDEOS[1], Kind.UNLIKE, 100))
    assert (known["item"], known["flags"], known["at"]) == ([VIDEOS[0]], [0], [START + 5 * MINUTE])


def test_a_watch_that_was_not_measured_says_only_what_was_told() -> None:
    known = history(on(VIDEOS[0], Kind.WATCH, 0, long_view=1), on(VIDEOS[1], Kind.WATCH, 1, long_view=0))
    assert known["flags"] == [bits("watch"), bits("watch", "long_view")]
    assert known["seconds"] == [-1.0, -1.0]


def test_only_the_latest_are_kept() -> None:
    rows = [on(5000 + n, Kind.IMPRESSION, n) for n in range(HISTORY + 5)]
    assert history(*rows)["item"] == [5000 + n for n in range(HISTORY + 4, 4, -1)]


@pytest.mark.mission("NO-26")
def test_seen_is_exact_for_swipes_and_forgets_after_the_time_asked_for() -> None:
    store = store_of(catalogue(), log(on(VIDEOS[0], Kind.WATCH, 0, seconds=0.1), on(VIDEOS[1], Kind.LIKE, 0)))
    item = np.array([VIDEOS[0], VIDEOS[1], VIDEOS[2]])
    assert unseen(store, 10, item, START - DAY).tolist() == [False, True, True]
    assert unseen(store, 10, item, START + 1).tolist() == [True, True, True]
    assert unseen(store, 11, item, 0).all()
    assert unseen(store, 0, item, 0).all()
    assert unserved(store, 0, 5, item).all()


def test_sessions_are_told_apart_by_half_an_hour_without_an_event() -> None:
    gap = SESSION_GAP // MINUTE
    store = store_of(
        catalogue(),
        log(
            on(VIDEOS[0], Kind.IMPRESSION, 0),
            on(VIDEOS[1], Kind.IMPRESSION, gap),
            on(VIDEOS[2], Kind.IMPRESSION, 3 * gap),
            on(VIDEOS[2], Kind.LIKE, 3 * gap + 1),
            on(VIDEOS[3], Kind.IMPRESSION, 3 * gap + 2),
        ),
    )
    row = store.read("session", np.array([10]))
    assert {name: int(row[name][0]) for name in ("depth", "count", "gap", "started", "last")} == {
        "depth": 2,
        "count": 2,
        "gap": 2 * SESSION_GAP,
        "started": START + 3 * SESSION_GAP,
        "last": START + 3 * SESSION_GAP + 2 * MINUTE,
    }


def test_topics_of_an_exposure_are_those_of_the_video() -> None:
    row = latest_exposures(store_of(catalogue(), log(on(VIDEOS[1], Kind.IMPRESSION, 0))), np.array([10]))
    assert row["topics"][0][:3].tolist() == [TAGS[1], TAGS[2], 0]


def test_an_exposure_keeps_what_its_video_was_about_when_the_video_is_described_anew() -> None:
    anew: Row = {"kind": Kind.VIDEO, "video": VIDEOS[0], "author": 202, "topics": [TAGS[3]], "at": 5}
    before, after = on(VIDEOS[0], Kind.LIKE, 0), on(VIDEOS[0], Kind.LIKE, 10) | {"viewer": 11}
    store = store_of(catalogue(), log(before), log(anew, after))
    row = latest_exposures(store, np.array([10, 11]))
    assert row["author"][:, 0].tolist() == [200, 202]
    assert row["topics"][:, :3].tolist() == [[TAGS[0], 0, 0], [TAGS[3], 0, 0]]


def test_what_many_exposures_are_about_is_kept_once() -> None:
    liked = [on(video, Kind.LIKE, at) | {"viewer": viewer} for viewer in (10, 11) for at, video in enumerate(VIDEOS)]
    store = store_of(catalogue(), log(*liked))
    keys, rows = store.scan(ABOUT.name)
    assert len(keys) == len(VIDEOS)
    assert sorted(keys.tolist()) == sorted(about_of(rows["item"], rows["author"], rows["topics"]).tolist())
    assert sorted(rows["item"].tolist()) == list(VIDEOS)


def test_an_exposure_of_a_video_of_which_nothing_is_known_is_kept_all_the_same() -> None:
    store = store_of(log(on(VIDEOS[0], Kind.LIKE, 0)))
    row = latest_exposures(store, np.array([10]))
    assert (row["item"][0, 0], row["item"].sum(), row["author"].sum()) == (VIDEOS[0], VIDEOS[0], 0)


def test_seconds_are_kept_in_tenths_and_at_most_two_hours_of_them() -> None:
    known = history(on(VIDEOS[0], Kind.WATCH, 0, seconds=12.34), on(VIDEOS[1], Kind.WATCH, 1, seconds=90_000.0),
                    on(VIDEOS[2], Kind.WATCH, 2, seconds=0.0))  # fmt: skip
    assert known["seconds"] == pytest.approx([0.0, 6553.0, 12.3])
