"""What the engine believes about a viewer and what they asked of it, in a form that the viewer can check."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.event import NOT_SAID, Kind
from foryou.core.ids import NONE, id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.features.catalog import FORMAT_IDS, LENGTH_CUTS, LENGTH_IDS
from foryou.features.documents import cards, name_of
from foryou.features.interests import KINDS_OF_INTEREST, SURFACE, look_up
from foryou.features.lessons import LESSON
from foryou.features.prefers import preferences
from foryou.features.snapshots import snapshots
from foryou.features.trust import believed
from foryou.feed.asked import asked_less, hidden
from foryou.feed.named import FIELD_OF, named
from foryou.feed.signals import this_week

_LEAST = 0.05
_LEVELS = ("novelty", "niche", "length")
_FORMATS = {int(number): name for number, name in zip(FORMAT_IDS[1:], ("upright", "square", "wide"), strict=True)}
_BOUNDS = (0.0, *LENGTH_CUTS)
_LENGTHS = {
    int(number): f"{_BOUNDS[place]:.0f}-{_BOUNDS[place + 1]:.0f} s"
    if place + 1 < len(_BOUNDS)
    else f"over {_BOUNDS[-1]:.0f} s"
    for place, number in enumerate(LENGTH_IDS[1:])
}


def profile(store: Store, documents: Documents, viewer: str, at: int) -> dict[str, object]:
    """Interests and less-ofs with strength in (-1, 1), evidence, and on which days that began and came last (ms); the
    signals of this week that the feed rests on; how far what the viewer does counts for others (`trust`); what they
    asked of their feed, whether less of something came of it, and what their latest act taught (`lesson`)."""
    number = np.array([id_of("viewer", viewer)], np.int64)
    me = int(number[0])
    each = _interests(store, number, at)
    more = sorted(
        (row for row in each if row[2] >= _LEAST and row[4] < 0.5),
        key=lambda row: -row[2],
    )
    less = sorted(
        (row for row in each if row[2] <= -_LEAST or row[4] >= 0.5),
        key=lambda row: (-row[4], row[2]),
    )
    count, latest = this_week(store, documents, me, at)
    settings = _settings(store, documents, number)
    pause = settings["pause_until"]
    refused = [(key, what, begun) for key, what, _, _, no, begun, _ in less if no >= 0.5]
    return {
        "viewer": viewer,
        "signals_this_week": count,
        "signals": latest,
        "interests": [_told(documents, row) for row in more],
        "less_of": [_told(documents, row) for row in less],
        "trust": believed(store, number),
        "novelty": settings["novelty"],
        "settings": settings,
        "paused_until": pause if isinstance(pause, int) and pause > at else None,
        "prefers": _prefers(store, documents, me),
        "hidden": [{"kind": one.kind, "name": one.name, "since": one.since} for one in hidden(store, documents, me)],
        "snapshots": snapshots(store, me),
        "asked_less": asked_less(store, documents, me, refused),
        "lesson": _lesson(store, documents, me),
    }


_Row = tuple[int, int, float, float, float, int, int]
"""Key, what, strength, evidence, not-interesteds, when it began and when it came last (days, as ms)."""


def _interests(store: Store, number: Keys, at: int) -> list[_Row]:
    held = store.columns("interest", number, ("key", "what", "begun", "latest"))
    found = look_up(store, number, np.zeros(1, np.int64), held["key"], np.array([at]))
    days = (held[name][0].astype(np.int64) * DAY for name in ("begun", "latest"))
    columns = (held["key"][0], held["what"][0], found.strength[0], found.evidence[0], found.refused[0], *days)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [row for row in rows if row[0] and row[1] != SURFACE]


def _told(documents: Documents, row: _Row) -> dict[str, object]:
    key, what, strength, proof, no, begun, latest = row
    return {
        "kind": KINDS_OF_INTEREST[what],
        "name": _name(documents, KINDS_OF_INTEREST[what], key),
        "strength": round(strength, 6),
        "evidence": round(proof, 3),
        "rejected": round(no, 3),
        "since": begun,
        "last": latest,
    }


def _settings(store: Store, documents: Documents, viewer: Keys) -> dict[str, object]:
    """What the viewer set, or how it is where they did not."""
    said = store.columns("viewer", viewer, (*_LEVELS, "languages", "demographics", "pause_until"))
    levels = {name: round(float(said[name][0]), 6) for name in _LEVELS}
    pause = int(said["pause_until"][0])
    return {
        **{name: 0.0 if value == NOT_SAID else value for name, value in levels.items()},
        "languages": [name_of(documents, "language", each) for each in said["languages"][0].tolist() if each > NONE],
        "demographics": bool(said["demographics"][0] != 0),
        "pause_until": pause if pause > 0 else None,
    }


def _prefers(store: Store, documents: Documents, viewer: int) -> list[dict[str, object]]:
    rows = preferences(store, viewer)
    return [
        {
            "kind": FIELD_OF[what],
            "name": named(documents, FIELD_OF[what], target),
            "strength": round(strength, 6),
            "since": at,
        }
        for target, what, strength, at in zip(
            *(rows[name].tolist() for name in ("target", "what", "strength", "at")), strict=True
        )
    ]


def _lesson(store: Store, documents: Documents, viewer: int) -> dict[str, object] | None:
    """What the latest act changed; None if there was none."""
    row = store.read(LESSON.name, np.array([viewer], np.int64))
    if not row["kind"][0]:
        return None
    video = int(row["video"][0])
    card = cards(documents, [video])[0] if video else {}
    return {
        "kind": Kind(int(row["kind"][0])).wire,
        "video": card.get("video"),
        "caption": card.get("caption"),
        "at": int(row["at"][0]),
        "changes": _changes(documents, row),
    }


def _changes(documents: Documents, row: Batch) -> list[dict[str, object]]:
    columns = (row[name][0].tolist() for name in ("target", "what", "before", "after"))
    return [
        {
            "kind": KINDS_OF_INTEREST[what],
            "name": _name(documents, KINDS_OF_INTEREST[what], target),
            "before": round(before, 6),
            "after": round(after, 6),
        }
        for target, what, before, after in zip(*columns, strict=True)
        if target and what != SURFACE
    ]


def _name(documents: Documents, kind: str, number: int) -> str:
    if kind == "format":
        return _FORMATS.get(number, "")
    if kind == "length":
        return _LENGTHS.get(number, "")
    return name_of(documents, kind, number)
