"""What a viewer wants forgotten: an author, a sound or a hashtag, or what one video taught; and dislike that was none.

Of a video goes what its outcomes added to any interest, as far as the viewer's history still has them, and it goes from
the histories by which a viewer's taste is known. It stays seen. Of a target goes its interest, and all that goes of its
videos: who forgets a hashtag is not brought back to it by the creators whom they know for it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.event import Kind
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Keys, Store
from foryou.features.catalog import FORMAT_IDS, LENGTH_IDS
from foryou.features.history import HISTORY_TABLE, REMEMBERED, latest_exposures
from foryou.features.interests import AGAINST, FOR, HALF_LIFE, INTERESTS, REJECTED_HALF_LIFE, SKIPPED, UNWATCHED
from foryou.features.similar import COMPANION
from foryou.features.taste import TASTE

_REJECTS = OUTCOME_BITS["not_interested"] | OUTCOME_BITS["report"]
_ON_AUTHOR = OUTCOME_BITS["follow"] | OUTCOME_BITS["visit"]
_DISLIKED = OUTCOME_BITS["skip"]
_SLOTS = ("key", "what", "for", "against", "rejected", "unexplained", "weight", "begun", "latest")
Which = Callable[[Keys], NDArray[np.bool_]]


def speaks(flags: int) -> tuple[float, float]:
    """What the outcomes of one exposure, as bits, say for and against what the video is about."""
    plus = sum(weight for name, weight in FOR.items() if flags & OUTCOME_BITS[name])
    minus = sum(weight for name, weight in AGAINST.items() if flags & OUTCOME_BITS[name])
    if flags & OUTCOME_BITS["watch"] and not flags & OUTCOME_BITS["long_view"]:
        minus += UNWATCHED
    return plus, minus + (SKIPPED if flags & OUTCOME_BITS["skip"] else 0.0)


def fold(store: Store, rows: Batch) -> None:
    """Fold what viewers said `[rows]`, in their order."""
    for row in np.flatnonzero(np.isin(rows["kind"], (Kind.FORGET, Kind.SEEN))).tolist():
        viewer, video = int(rows["viewer"][row]), int(rows["video"][row])
        if rows["kind"][row] == Kind.SEEN:
            _take_back(store, viewer, video, dislike_alone=True)
        elif video:
            _take_back(store, viewer, video, dislike_alone=False)
        else:
            target = int(rows["author"][row] or rows["sound"][row] or rows["topics"][row, 0])
            _drop(store, viewer, target)


def _one(viewer: int) -> Keys:
    return np.array([viewer], np.int64)


def _drop(store: Store, viewer: int, target: int) -> None:
    """Nothing is known of this target, nor from its videos."""

    def about(videos: Keys) -> NDArray[np.bool_]:
        of = store.columns("video", videos, ("author", "sound", "topics"))
        named = np.concatenate([of["author"][:, None], of["sound"][:, None], of["topics"]], axis=1)
        return np.asarray((named == target).any(axis=1) & (videos != 0))

    past = latest_exposures(store, _one(viewer), REMEMBERED)
    item, called = past["item"][0], past["topics"][0].reshape(REMEMBERED, -1)
    gone = ((past["author"][0] == target) | (called == target).any(axis=1) | about(item)) & (item != 0)
    for row in np.flatnonzero(gone).tolist():
        _unlearn(store, viewer, int(item[row]), int(past["flags"][0, row]), int(past["at"][0, row]) + 999)
    held = _interests(store, viewer)
    place = np.flatnonzero(held["key"][0] == target)
    if len(place):  # the last slot takes its place: slots are never empty before others
        last = int(np.count_nonzero(held["key"][0])) - 1
        for name in _SLOTS:
            held[name][0, place[0]] = held[name][0, last]
            held[name][0, last] = 0
        store.write(INTERESTS.name, _one(viewer), Batch(held))
    _out_of_history(store, viewer, gone)
    _out_of_tastes(store, viewer, about, ("good", "bad"))


def _take_back(store: Store, viewer: int, video: int, dislike_alone: bool) -> None:
    """What the outcomes of this video taught is not known; or only what they taught against it."""
    past = latest_exposures(store, _one(viewer), REMEMBERED)
    place = np.flatnonzero(past["item"][0] == video)
    if len(place):
        flags, at = int(past["flags"][0, place[0]]), int(past["at"][0, place[0]]) + 999
        if not dislike_alone:
            _unlearn(store, viewer, video, flags, at)
            _out_of_history(store, viewer, past["item"][0] == video)
        elif not flags & OUTCOME_BITS["long_view"]:
            _unlearn(store, viewer, video, flags & (_DISLIKED | OUTCOME_BITS["watch"]), at)
            held = {
                name: values.copy() for name, values in store.read(HISTORY_TABLE.name, _one(viewer)).columns.items()
            }
            held["flags"][0, place[0]] &= ~np.uint16(_DISLIKED | OUTCOME_BITS["watch"])
            store.write(HISTORY_TABLE.name, _one(viewer), Batch(held))
    _out_of_tastes(store, viewer, lambda videos: videos == video, ("bad",) if dislike_alone else ("good", "bad"))


def _unlearn(store: Store, viewer: int, video: int, flags: int, at: int) -> None:
    """Take from the interests what these outcomes added; what they left unexplained goes in proportion."""
    of = store.read("video", _one(video))
    named = [
        *((int(topic), flags & ~_ON_AUTHOR) for topic in of["topics"][0] if topic),
        (int(of["author"][0]), flags),
        (int(of["sound"][0]), flags),
        (int(FORMAT_IDS[of["format"][0]]), flags),
        (int(LENGTH_IDS[of["length"][0]]), flags),
        (int(of["language"][0]), flags),
    ]
    held = _interests(store, viewer)
    grown = 2.0 ** ((at - int(held["since"][0])) / HALF_LIFE)
    reject_grown = 2.0 ** ((at - int(held["since"][0])) / REJECTED_HALF_LIFE)
    for target, said in named:
        for s in np.flatnonzero(held["key"][0] == target).tolist() if target else ():
            plus, minus = speaks(said)
            before = float(held["for"][0, s] + held["against"][0, s])
            held["for"][0, s] = max(held["for"][0, s] - plus * grown, 0.0)
            held["against"][0, s] = max(held["against"][0, s] - minus * grown, 0.0)
            rejects = (said & _REJECTS).bit_count() * reject_grown
            held["rejected"][0, s] = max(float(held["rejected"][0, s]) - rejects, 0.0)
            left = float(held["for"][0, s] + held["against"][0, s]) / before if before > 0 else 0.0
            held["unexplained"][0, s] *= left
            held["weight"][0, s] *= left
    store.write(INTERESTS.name, _one(viewer), Batch(held))


def _interests(store: Store, viewer: int) -> dict[str, Column]:
    return {name: values.copy() for name, values in store.read(INTERESTS.name, _one(viewer)).columns.items()}


def _out_of_history(store: Store, viewer: int, gone: NDArray[np.bool_]) -> None:
    held = store.read(HISTORY_TABLE.name, _one(viewer))
    if gone.any():
        store.write(HISTORY_TABLE.name, _one(viewer), _without(held, tuple(held), gone, REMEMBERED))


def _out_of_tastes(store: Store, viewer: int, which: Which, of: tuple[str, ...]) -> None:
    taste = store.read(TASTE.name, _one(viewer))
    for part in of:
        names = tuple(f"{part}_{name}" for name in ("item", "flags", "at"))
        gone = which(taste[names[0]][0])
        if gone.any():
            taste = taste.extend(_without(taste, names, gone, len(gone)).columns)
            store.write(TASTE.name, _one(viewer), taste)
    recent = store.read(COMPANION.name, _one(viewer))
    gone = which(recent["recent"][0])
    if "good" in of and gone.any():
        store.write(COMPANION.name, _one(viewer), _without(recent, ("recent",), gone, len(gone)))


def _without(held: Batch, names: tuple[str, ...], gone: NDArray[np.bool_], size: int) -> Batch:
    """Columns `[1, size]` without some places: what comes after moves up."""
    kept = {name: held[name][0][~gone] for name in names}
    return Batch({name: np.pad(values, (0, size - len(values)))[None] for name, values in kept.items()})
