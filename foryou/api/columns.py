"""From wire events that were checked to columns of the engine: names become ids, and what was left out a default."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, MINUTE
from foryou.core.event import ABOUT, ANY, EVENT, LANGUAGES, TOPICS, UNKNOWN, WORD, Kind, events
from foryou.core.ids import id_of, ids_of
from foryou.features.documents import topic_name
from foryou.features.mentions import word_name

if TYPE_CHECKING:
    from foryou.api.schema import Event

KIND_OF = {kind.wire: kind for kind in Kind}


def _minutes_east(zone: str, at: int) -> int:
    offset = datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).utcoffset() or timedelta()
    return int(offset.total_seconds()) // 60


_IDS = {
    "viewer": "viewer", "video": "video", "author": "author", "sound": "sound", "session": "session",
    "surface": "surface", "language": "language", "country": "country", "device": "device", "age": "age",
    "gender": "gender", "series": "series", "device_id": "device_id", "network": "network",
    "sharer": "viewer",
}  # fmt: skip
"""The wire fields that are names, with the kind of name."""
_NUMBERS = (
    "position",
    "seconds",
    "furthest",
    "replays",
    "duration",
    "uploaded",
    "width",
    "height",
    "episode",
    "long_view",
    "novelty",
    "niche",
    "length",
    "demographics",
    "pause_until",
    "strength",
)


def columns_of(rows: Sequence[Event], raw: list[bytes], received: int, used: set[str]) -> Batch:
    """Events that were checked, as columns of `core.event.EVENT`; those of fields that are not `used` keep their
    defaults."""
    columns: dict[str, Column] = {
        "id": ids_of("event", (row.id for row in rows)),
        "kind": np.array([KIND_OF[row.kind] for row in rows], np.int16),
        "at": np.array([row.at for row in rows], np.int64),
        "received": np.full(len(rows), received, np.int64),
        "raw": np.fromiter(raw, dtype=object, count=len(raw)),
    }
    for name, kind in _IDS.items():
        if name in used:
            names = list(map(attrgetter(name), rows))
            if names.count(None) < len(names):
                columns[name] = np.array([id_of(kind, each or "") for each in names], np.int64)
    for name in _NUMBERS:
        if name in used:
            default, values = _DEFAULTS[name], list(map(attrgetter(name), rows))
            if values.count(None) < len(values):
                columns[name] = np.array([default if value is None else value for value in values], _DTYPES[name])
    if "request" in used:
        columns["request"] = np.array([int(row.request or 0) for row in rows], np.int64)
    if "time_zone" in used:
        columns["offset"] = np.array([_offset(row) for row in rows], np.int16)
    if used & {"about", "word"}:
        columns["dislike"] = np.array([WORD if row.word else ABOUT.index(row.about or "") for row in rows], np.int8)
    if "languages" in used:
        columns["languages"] = _languages(rows)
    if used & {"hashtags", "hashtag", "name"}:
        columns["topics"] = _topics(rows)
    return events(columns)


_DEFAULTS = {field.name: field.default for field in EVENT}
_DTYPES = {field.name: field.dtype for field in EVENT}
_EAST = DAY // MINUTE  # keeps offsets above 0, so that UNKNOWN cannot be one


def _offset(event: Event) -> int:
    if event.time_zone is None or not isinstance(event.at, int):
        return UNKNOWN
    return _minutes_east(event.time_zone, event.at) + _EAST


def _languages(rows: Sequence[Event]) -> Column:
    languages = np.zeros((len(rows), LANGUAGES), np.int64)
    for row, event in enumerate(rows):
        if event.languages is not None:
            wanted = [id_of("language", code) for code in dict.fromkeys(event.languages)] or [ANY]
            languages[row, : len(wanted)] = wanted
    return languages


def _topics(rows: Sequence[Event]) -> Column:
    topics = np.zeros((len(rows), TOPICS), np.int64)
    for row, event in enumerate(rows):
        if event.word is not None or event.name is not None:
            topics[row, 0] = id_of("word", word_name(event.word)) if event.word else id_of("snapshot", event.name or "")
            continue
        tags = event.hashtags if event.hashtag is None else [event.hashtag]
        for slot, topic in enumerate(list(dict.fromkeys(map(topic_name, tags or ())))[:TOPICS]):
            topics[row, slot] = id_of("topic", topic)
    return topics
