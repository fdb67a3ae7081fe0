"""How narrow feeds are, from the log of events: topics of each viewer's days, what is new and little known, how
exposure is spread, and how much viewers' feeds differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.core.event import Kind, of_kinds
from foryou.core.ids import pair_of
from foryou.core.ports import Log, Record
from foryou.evaluation.bubble import (
    coverage,
    gini,
    largest_share,
    mean_overlap,
    share_where,
    topic_entropy,
    topics_per,
)
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM
from foryou.features.reach import FOR_YOU

Report: TypeAlias = dict[str, Any]

LEAST_VIEWS = 10
"""A viewer's day with fewer views says nothing of how narrow it was."""
HARDLY_KNOWN = 1000
"""Views of all videos of a creator so far, below which the creator is hardly known."""
FIRST = 50
"""How many videos of each viewer's feed the feed-difference meter compares."""
MEASURES: dict[str, str] = {
    "entropy": "bits of topics in a viewer's day (2^bits: as many equally common topics)",
    "largest": "share of the largest topic in a viewer's day",
    "topics": "different topics in a viewer's first 100 views",
    "coverage": "share of all videos that anybody saw",
    "gini": "how unequally views are spread over videos (0 alike, 1 one has all)",
    "fresh": "share of views of videos younger than a day",
    "hardly_known": f"share of views of creators with fewer than {HARDLY_KNOWN:,} views before",
    "difference": f"mean overlap (Jaccard) of the latest {FIRST} videos that two viewers were served in For You",
}


@dataclass(frozen=True)
class Seen:
    """What viewers saw, one row a view in the order of time, with what is known of the video."""

    rows: Batch
    """`viewer`, `video`, `at`, and of the video `author`, `topics`, `uploaded` (0 unknown)."""
    videos: int
    """How many videos were ever described or seen."""


def read(log: Log, since: int = 0, told: Callable[[int, int], None] = lambda done, of: None) -> Seen:
    """The views of a log from a time (ms) on: one for each viewer and video and day."""
    views, described = [], []
    for record in _events(log, told):
        rows = record.rows
        videos = of_kinds(rows, (Kind.VIDEO,))
        if videos.any():
            described.append(rows.take(videos).select(("video", "at", "author", "topics", "uploaded")))
        shown = of_kinds(rows, (Kind.IMPRESSION, Kind.WATCH)) & (rows["viewer"] != 0) & (rows["at"] >= since)
        if shown.any():
            views.append(rows.take(shown).select(("viewer", "video", "at")))
    nothing = Batch({name: np.zeros(0, np.int64) for name in ("viewer", "video", "at")})
    seen = _once(Batch.concat(views) if views else nothing)
    known = _latest(Batch.concat(described)) if described else None
    about = _about(known, seen["video"])
    names = seen["video"] if known is None else np.union1d(seen["video"], known["video"])
    return Seen(seen.extend(about.columns), len(np.unique(names)))


def _events(log: Log, told: Callable[[int, int], None]) -> Iterator[Record]:
    for record in log.read(0, (EVENTS_STREAM,)):
        yield record
        told(record.offset, log.end)


def _once(views: Batch) -> Batch:
    """An impression and its watch are one view."""
    views = views.take(np.argsort(views["at"], kind="stable"))
    _, first = np.unique(pair_of(pair_of(views["viewer"], views["video"]), views["at"] // DAY), return_index=True)
    return views.take(np.sort(first))


def _latest(described: Batch) -> Batch:
    """Each video as it was described last; `first`: when it was described first."""
    ordered = described.take(np.lexsort((described["at"], described["video"])))
    last = np.r_[ordered["video"][1:] != ordered["video"][:-1], True]
    starts = np.flatnonzero(np.r_[True, last[:-1]])
    said = np.maximum.reduceat(ordered["uploaded"], starts)
    return ordered.take(last).extend({"uploaded": np.where(said > 0, said, ordered["at"][starts])})


def _about(known: Batch | None, video: Column) -> Batch:
    """Author, topics and upload time of each video `[rows]`; zeros where nobody described it."""
    if known is None:
        zeros = np.zeros(len(video), np.int64)
        return Batch({"author": zeros, "topics": zeros[:, None], "uploaded": zeros})
    place = np.minimum(np.searchsorted(known["video"], video), len(known) - 1)
    there = known["video"][place] == video
    found = known.take(place)
    return Batch(
        {
            "author": np.where(there, found["author"], 0),
            "topics": np.where(there[:, None], found["topics"], 0),
            "uploaded": np.where(there, found["uploaded"], 0),
        }
    )


def measure(seen: Seen) -> Report:
    """Each measure of MEASURES but `difference`; None where the log cannot say."""
    rows = seen.rows
    day = pair_of(rows["viewer"], rows["at"] // DAY)
    _, of, views = np.unique(day, return_inverse=True, return_counts=True)
    enough = views[of] >= LEAST_VIEWS
    exposure = np.zeros(seen.videos)
    counts = np.unique(rows["video"], return_counts=True)[1]
    exposure[: len(counts)] = counts
    age = rows["at"] - rows["uploaded"]
    told = {
        "entropy": _mean(topic_entropy(day[enough], rows["topics"][enough])),
        "largest": _mean(largest_share(day[enough], rows["topics"][enough])),
        "topics": _mean(topics_per(rows["viewer"], rows["topics"])),
        "coverage": coverage(rows["video"], seen.videos),
        "gini": gini(exposure),
        "fresh": share_where(age < DAY, rows["uploaded"] > 0),
        "hardly_known": share_where(_before(rows["author"]) < HARDLY_KNOWN, rows["author"] != 0),
    }
    return {name: float(value) if np.isfinite(value) else None for name, value in told.items()}


def _mean(values: Column) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _before(author: Column) -> Column:
    """How many views each view's creator had before it in the log."""
    order = np.argsort(author, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(author[order]) != 0]) if len(author) else np.zeros(0, np.int64)
    before = np.empty(len(author), np.int64)
    before[order] = np.arange(len(author)) - np.repeat(starts, np.diff(np.r_[starts, len(author)]))
    return before


def difference(log: Log, since: int = 0, seed: int = 0) -> float | None:
    """The feed-difference meter: the mean overlap of what pairs of viewers were served last in For You. None without
    two."""
    parts = [
        record.rows.select(("viewer", "item", "at"))
        for record in log.read(0, (SERVED_STREAM,))
        if int(record.rows["viewer"][0]) != 0
        and int(record.rows["at"][0]) >= since
        and int(record.rows["surface"][0]) == FOR_YOU
    ]
    if not parts:
        return None
    served = Batch.concat(parts)
    latest = served.take(np.argsort(-served["at"], kind="stable"))
    found = mean_overlap(latest["viewer"], latest["item"], FIRST, seed=seed)
    return found if np.isfinite(found) else None


def bubble(log: Log, since: int = 0, seed: int = 0, told: Callable[[int, int], None] = lambda done, of: None) -> Report:
    """Keys: views, viewers, videos, measures (all of them), days (the same for each day, UTC)."""
    seen = read(log, since, told)
    day = seen.rows["at"] // DAY
    days = [{"day": int(one), **measure(Seen(seen.rows.take(day == one), seen.videos))} for one in np.unique(day)]
    return {
        "views": len(seen.rows),
        "viewers": len(np.unique(seen.rows["viewer"])),
        "videos": seen.videos,
        "measures": {**measure(seen), "difference": difference(log, since, seed)},
        "days": days,
    }
