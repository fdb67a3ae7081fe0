"""What a viewer did lately that their feed rests on, a line for each outcome, as they can check it and take it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Column
from foryou.core.clock import DAY
from foryou.core.event import ABOUT, Kind
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Documents, Keys, Store
from foryou.features.acts import ABOUT_STEP, stands
from foryou.features.documents import cards
from foryou.features.history import latest_exposures
from foryou.features.interests import AGAINST, FOR, HALF_LIFE, SKIPPED, UNWATCHED
from foryou.feed.named import target_of

MOST = 50
"""Lines of one answer."""
_PASSIVE = ("impression", "measured")
_WORTH = {**FOR, **{name: -weight for name, weight in AGAINST.items()}, "skip": -SKIPPED, "watch": -UNWATCHED}
_ON_AUTHOR = ("follow", "visit")


@dataclass(frozen=True, slots=True)
class Signal:
    """One outcome of one exposure: what it was, of which video, when (ms), and what it said for or against what the
    video is about when it was new; 0 where it says nothing."""

    kind: str
    video: int
    at: int
    worth: float
    about: str = ""
    """As in a not_interested: what it is of, if not of everything."""

    def told(self, card: dict[str, object], part: float | None = None) -> dict[str, object]:
        """As it is answered, with what is known of the video."""
        known = {name: value for name, value in card.items() if name in ("video", "caption")}
        row: dict[str, object] = {"video": str(self.video), **known, "kind": self.kind, "at": self.at}
        return row if part is None else {**row, "part": part}


def signals(store: Store, viewer: int) -> Iterator[Signal]:
    """All of them, newest first, as far as the viewer's history goes."""
    past = latest_exposures(store, np.array([viewer], np.int64))
    for video, flags, at in zip(*(past[name][0].tolist() for name in ("item", "flags", "at")), strict=True):
        if not video:
            continue
        for name, bit in OUTCOME_BITS.items():
            if not flags & bit or name in _PASSIVE:
                continue
            if name == "not_interested":
                yield from _dislikes(store, viewer, video, at)
            elif name == "watch" and flags & OUTCOME_BITS["long_view"]:
                continue  # the long view says it
            else:
                yield Signal(name, video, at, _WORTH.get(name, 0.0))


def _dislikes(store: Store, viewer: int, video: int, at: int) -> Iterator[Signal]:
    """Each of the not_interesteds that stand."""
    one, item = np.array([viewer], np.int64), np.array([video], np.int64)
    for place, about in enumerate(ABOUT):
        if stands(store, one, item, Kind.NOT_INTERESTED + ABOUT_STEP * place)[0]:
            yield Signal("not_interested", video, at, _WORTH["not_interested"], about)


def evidence(
    store: Store, documents: Documents, viewer: int, field: str, name: str, now: int
) -> list[dict[str, object]]:
    """What speaks for or against an author, sound or hashtag, newest first; `part` is what is left of it now.
    InvalidEvent for a field that is none of these."""
    target = target_of(field, name)
    each = list(signals(store, viewer))
    mine = _about(store, np.array([one.video for one in each], np.int64), target)
    lines = [
        (one, one.worth * 2.0 ** (-max(now - one.at, 0) / HALF_LIFE))
        for one, concerns in zip(each, mine.tolist(), strict=True)
        if concerns and one.worth and _speaks_of(one, field)
    ][:MOST]
    known = cards(documents, [one.video for one, _ in lines])
    return [one.told(card, round(part, 6)) for (one, part), card in zip(lines, known, strict=True)]


def _about(store: Store, videos: Keys, target: int) -> Column:
    of = store.columns("video", videos, ("author", "sound", "topics"))
    return np.asarray((of["author"] == target) | (of["sound"] == target) | (of["topics"] == target).any(axis=1))


def _speaks_of(one: Signal, field: str) -> bool:
    if one.about:
        return one.about == {"hashtag": "topic"}.get(field, field)
    return not (one.kind in _ON_AUTHOR and field == "hashtag")


def this_week(store: Store, documents: Documents, viewer: int, now: int) -> tuple[int, list[dict[str, object]]]:
    """How many signals came in the last seven days, and the newest of them."""
    recent = [one for one in signals(store, viewer) if one.at > now - 7 * DAY]
    known = cards(documents, [one.video for one in recent[:MOST]])
    return len(recent), [one.told(card) for one, card in zip(recent, known, strict=False)]
