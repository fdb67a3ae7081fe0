"""Videos and viewers as they described themselves: the catalogue and the profiles.

An upsert changes the fields it names; a field has the value that was said last, in whatever order the events arrive.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column, Rows
from foryou.core.event import LANGUAGES, NOT_SAID, TOPICS, UNKNOWN, Kind
from foryou.core.ids import id_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.core.view import View

LENGTH_CUTS = (7.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds between the length buckets 1 to 7."""

_VIDEO_FIELDS = {
    "author": 0,
    "sound": 0,
    "topics": 0,
    "language": 0,
    "duration": UNKNOWN,
    "uploaded": 0,
    "width": 0,
    "height": 0,
    "series": 0,
    "episode": 0,
}
_VIEWER_FIELDS = {
    "age": 0,
    "gender": 0,
    "country": 0,
    "language": 0,
    "device": 0,
    "offset": UNKNOWN,
    "novelty": NOT_SAID,
    "niche": NOT_SAID,
    "length": NOT_SAID,
    "languages": 0,
    "demographics": UNKNOWN,
    "pause_until": UNKNOWN,
}
"""What an upsert may name, each with the value that means: not sent."""
_NEVER = np.iinfo(np.int64).max

VIDEO = Table(
    "video",
    (
        Field("author", "int64"),
        Field("sound", "int64"),
        Field("topics", "int64", TOPICS),
        Field("language", "int64"),
        Field("duration", "float32", default=UNKNOWN),
        Field("uploaded", "int64", help="ms; until it is said, the first time that the video was described"),
        Field("width", "int32"),
        Field("height", "int32"),
        Field("series", "int64"),
        Field("episode", "int32"),
        Field("length", "int64", help="length bucket, 1-7; 0: unknown"),
        Field("format", "int64", help="1 upright, 2 square, 3 wide; 0: unknown"),
        Field("removed", "int8"),
        Field("known", "int8", help="1 once described"),
        Field("said", "int64", len(_VIDEO_FIELDS), help="ms of the event that said each field"),
        Field("at", "int64"),
    ),
)

VIEWER = Table(
    "viewer",
    (
        Field("age", "int64"),
        Field("gender", "int64"),
        Field("country", "int64"),
        Field("language", "int64"),
        Field("device", "int64"),
        Field("offset", "int16", default=UNKNOWN),
        Field("novelty", "float32", default=NOT_SAID, help="-1 familiar to 1 adventurous; -2: not said"),
        Field("niche", "float32", default=NOT_SAID, help="-1 popular to 1 niche; -2: not said"),
        Field("length", "float32", default=NOT_SAID, help="-1 short to 1 long; -2: not said"),
        Field("languages", "int64", LANGUAGES, help="those wanted; all if the first is not above 0"),
        Field("demographics", "int8", default=UNKNOWN, help="0: age, gender and country may not be used"),
        Field("pause_until", "int64", default=UNKNOWN, help="ms until which nothing is learned"),
        Field("said", "int64", len(_VIEWER_FIELDS), help="ms of the event that said each field"),
        Field("at", "int64"),
    ),
)


def length_bucket(seconds: Column) -> Column:
    """The bucket 1-7 of a duration `[rows]` in seconds; 0 where it is not known."""
    return np.where(seconds > 0, np.searchsorted(LENGTH_CUTS, seconds, side="left") + 1, 0).astype(np.int64)


def format_of(width: Column, height: Column) -> Column:
    """1 upright, 2 square (within 10 %), 3 wide; 0 where the size is not known."""
    ratio = width / np.maximum(height, 1)
    return np.where((width > 0) & (height > 0), np.where(ratio < 0.9, 1, np.where(ratio > 1.1, 3, 2)), 0).astype(
        np.int64
    )


def rounds(row: Rows) -> Iterator[Rows]:
    """Event positions in rounds: in each round a state row occurs at most once, and rounds keep the order of events."""
    order = np.argsort(row, kind="stable")
    ranked = row[order]
    start = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    turn = np.arange(len(row)) - np.repeat(start, np.diff(np.r_[start, len(row)]))
    for each in range(int(turn.max()) + 1 if len(turn) else 0):
        yield order[turn == each]


def _upsert(state: Batch, events: Batch, row: Rows, fields: dict[str, int]) -> dict[str, Column]:
    """Puts what each event says, unless something that happened later said it already."""
    held = {name: state[name].copy() for name in state}
    for turn in rounds(row):
        to, at = row[turn], events["at"][turn]
        for place, (name, absent) in enumerate(fields.items()):
            if name not in events:
                continue  # a batch from before there was such a field
            sent = events[name][turn]
            said = sent != absent
            put = (said if said.ndim == 1 else said.any(axis=1)) & (at >= held["said"][to, place])
            held[name][to[put]] = sent[put]
            held["said"][to[put], place] = at[put]
        held["at"][to] = np.maximum(held["at"][to], at)
    return held


def _video(state: Batch, events: Batch, row: Rows) -> Batch:
    held = _upsert(state, events, row, _VIDEO_FIELDS)
    described = events["kind"] == Kind.VIDEO
    held["known"][row[described]] = 1
    held["removed"][row[~described]] = 1
    first = np.where(state["known"] == 1, state["uploaded"], _NEVER)
    np.minimum.at(first, row[described], events["at"][described])
    told = held["said"][:, list(_VIDEO_FIELDS).index("uploaded")] > 0
    held["uploaded"] = np.where(told | (held["known"] == 0), held["uploaded"], first)
    held["length"] = length_bucket(held["duration"])
    held["format"] = format_of(held["width"], held["height"])
    return Batch(held)


def _viewer(state: Batch, events: Batch, row: Rows) -> Batch:
    return Batch(_upsert(state, events, row, _VIEWER_FIELDS))


def paused(store: Store, viewer: Keys, at: Column) -> NDArray[np.bool_]:
    """Whether each viewer had paused learning at a time `[rows]` (ms): from when they said so until when they said."""
    told = store.columns(VIEWER.name, viewer, ("pause_until", "said"))
    since = told["said"][:, list(_VIEWER_FIELDS).index("pause_until")]
    return np.asarray((since <= at) & (at < told["pause_until"]))


VIEWS = (
    View(VIDEO, "video", (Kind.VIDEO, Kind.REMOVE), _video),
    View(VIEWER, "viewer", (Kind.VIEWER,), _viewer),
)

LENGTH_IDS = np.array([0, *(id_of("length", str(bucket)) for bucket in range(1, len(LENGTH_CUTS) + 2))], np.int64)
FORMAT_IDS = np.array([0, *(id_of("format", str(kind)) for kind in range(1, 4))], np.int64)
"""What interests call the length buckets and formats, so that they never meet the id of something else."""
