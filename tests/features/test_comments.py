"""Threads and collections are the same however the log was cut."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.core.batch import Batch
from foryou.core.event import Kind
from tests.streams import VIDEOS, VIEWERS, catalogue, cut, differences, log, store_of

_KINDS = (
    Kind.COMMENT, Kind.COMMENT, Kind.COMMENT, Kind.UNCOMMENT, Kind.LIKE_COMMENT, Kind.UNLIKE_COMMENT, Kind.PIN,
    Kind.UNPIN, Kind.SAVE, Kind.UNSAVE, Kind.FOLLOW, Kind.UNFOLLOW, Kind.READ,
)  # fmt: skip
NAMES = [f"c{n}" for n in range(6)]


@st.composite
def talks(draw: st.DrawFn) -> Batch:
    """What a few viewers say, like and save about two videos, in any order of time."""
    rows, sent = [], []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(_KINDS))
        rows.append(
            {
                "kind": kind,
                "viewer": draw(st.sampled_from(VIEWERS)),
                "video": draw(st.sampled_from(VIDEOS[:2])),
                "author": 200 if kind in (Kind.FOLLOW, Kind.UNFOLLOW) else 0,
                "at": draw(st.integers(0, 1000)),
            }
        )
        told = {"comment": draw(st.sampled_from(NAMES))}
        if kind == Kind.COMMENT:
            told |= {"text": "x", "parent": draw(st.sampled_from(NAMES)), "reply_video": draw(st.sampled_from("ab"))}
        if kind == Kind.UNCOMMENT and draw(st.booleans()):
            told = {}
        if kind in (Kind.SAVE, Kind.UNSAVE):
            told = {"collection": draw(st.sampled_from(("", "a", "b")))}
        sent.append(msgspec.msgpack.encode(told))
    batch = log(*rows)
    return batch.extend({"raw": np.array([*sent, b""], object)[:-1]})


@given(talks(), st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=60, deadline=None)
def test_tables_do_not_depend_on_how_the_log_was_cut(batch: Batch, places: list[int]) -> None:
    assert differences(store_of(catalogue(), batch), store_of(catalogue(), *cut(batch, places))) == []


@given(talks())
@settings(max_examples=60, deadline=None)
def test_the_count_of_a_video_is_of_what_can_be_read(batch: Batch) -> None:
    store = store_of(catalogue(), batch)
    comment, rows = store.scan("comment")
    gone = dict(zip(comment.tolist(), rows["removed"].tolist(), strict=True))
    for video in VIDEOS[:2]:
        mine = (rows["video"] == video) & (rows["removed"] == 0)
        roots = rows["root"][mine].tolist()
        stand = sum(not gone.get(root, 0) for root in roots)
        assert store.read("discussed", np.array([video]))["count"][0] == stand
