"""What must not be shown, and that nothing else is kept back."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.event import Kind
from foryou.core.pipeline import Candidates, Filter, Request
from foryou.core.ports import Store
from foryou.features.fold import fold_served
from foryou.filters.eligible import available, not_own
from foryou.filters.graph import NotBlocked, NotHidden
from foryou.filters.seen import NotSeen, NotServed
from tests.streams import AUTHORS, SOUNDS, START, TAGS, VIDEOS, Row, catalogue, log, store_of


def asking(viewer: int = 10, at: int = START, session: int = 0, own: int = -1) -> Request:
    return Request(1, at, viewer, 10, 0, session, 0, 0, Batch({"own_author": np.array([own])}), 1)


def candidates(store: Store, *item: int) -> Candidates:
    found = store.columns("video", np.array(item), ("author", "sound", "topics", "known", "removed"))
    return found.extend({"item": np.array(item)})


def left(store: Store, keep: Filter, request: Request, *item: int) -> list[int]:
    rows = candidates(store, *(item or VIDEOS))
    return [int(each) for each in rows.take(keep(request, rows))["item"]]


def does(kind: Kind, **more: object) -> Row:
    return {"kind": kind, "viewer": 10, "at": -5, **more}


@pytest.mark.mission("NO-26")
def test_seen_within_thirty_days_is_dropped_and_shown_again_afterwards() -> None:
    store = store_of(catalogue(), log(does(Kind.WATCH, video=VIDEOS[0], seconds=0.1, at=0)))
    keep = NotSeen(store)
    for days, there in ((0, False), (29.9, False), (30, False), (30.001, True), (300, True)):
        assert (VIDEOS[0] in left(store, keep, asking(at=START + int(days * DAY)))) is there, days
    assert left(store, keep, asking(viewer=11)) == list(VIDEOS)
    assert left(store, NotSeen(store, days=1), asking(at=START + 2 * DAY)) == list(VIDEOS)


def test_what_the_session_was_given_is_not_given_again() -> None:
    store = store_of(catalogue())
    given = np.array(VIDEOS[:3])
    to = {"viewer": np.full(3, asking().viewer_id), "session": np.full(3, 7), "request": np.full(3, 1)}
    fold_served(store, Batch({**to, "item": given, "at": np.full(3, START)}), offset=1)
    assert left(store, NotServed(store), asking(session=7)) == list(VIDEOS[3:])
    assert left(store, NotServed(store), asking(session=8)) == list(VIDEOS)
    assert left(store, NotServed(store), asking(session=0)) == list(VIDEOS)


@pytest.mark.mission("NO-07")
@pytest.mark.parametrize(
    ("hidden", "dropped"),
    [
        ({"author": AUTHORS[0]}, {0, 3, 6}),
        ({"sound": SOUNDS[1]}, {1, 3, 5, 7}),
        ({"topics": [TAGS[2]]}, {1, 2, 5, 6}),
    ],
)
def test_hidden_authors_sounds_and_hashtags_are_dropped_for_that_viewer_until_shown_again(
    hidden: dict[str, object], dropped: set[int]
) -> None:
    store = store_of(catalogue(), log(does(Kind.HIDE, **hidden)))
    expected = [video for place, video in enumerate(VIDEOS) if place not in dropped]
    assert left(store, NotHidden(store), asking()) == expected
    assert left(store, NotHidden(store), asking(viewer=11)) == list(VIDEOS)
    again = store_of(catalogue(), log(does(Kind.HIDE, **hidden), does(Kind.UNHIDE, **hidden, at=-1)))
    assert left(again, NotHidden(again), asking()) == list(VIDEOS)


def test_blocked_authors_are_dropped_until_unblocked() -> None:
    block = does(Kind.BLOCK, author=AUTHORS[1])
    store = store_of(catalogue(), log(block))
    assert left(store, NotBlocked(store), asking()) == [v for n, v in enumerate(VIDEOS) if n % 3 != 1]
    back = store_of(catalogue(), log(block, does(Kind.UNBLOCK, author=AUTHORS[1], at=-1)))
    assert left(back, NotBlocked(back), asking()) == list(VIDEOS)


def test_a_video_without_author_sound_or_hashtag_is_never_hidden_or_blocked() -> None:
    store = store_of(
        log({"kind": Kind.VIDEO, "video": 1, "at": -9}, does(Kind.HIDE, author=5), does(Kind.BLOCK, author=5))
    )
    assert left(store, NotHidden(store), asking(), 1) == [1]
    assert left(store, NotBlocked(store), asking(), 1) == [1]
    assert left(store, not_own, asking(own=0), 1) == [1]


def test_removed_and_undescribed_videos_are_not_available_even_if_described_again() -> None:
    again: Row = {"kind": Kind.VIDEO, "video": VIDEOS[0], "duration": 9.0, "at": 5}
    store = store_of(catalogue(), log({"kind": Kind.REMOVE, "video": VIDEOS[0], "at": 0}, again))
    assert left(store, available, asking(), VIDEOS[0], VIDEOS[1], 999) == [VIDEOS[1]]


def test_ones_own_uploads_are_dropped() -> None:
    store = store_of(catalogue())
    assert left(store, not_own, asking(own=AUTHORS[2])) == [v for n, v in enumerate(VIDEOS) if n % 3 != 2]
