"""What each viewer has had on their screen: for every video that they were shown, when that was last.

A viewer's newest are in their own row; each time that is full it moves to a row of its own, as in `lists`. What is
older than `KEPT` makes room for what is new, so that a viewer's rows stay as many as they need for that long. Half of a
video's id stands for it: that any one of a thousand videos seen has the same half as a candidate, which is then not
shown, happens to one candidate in four million.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY, SECOND
from foryou.core.event import Kind, of_kinds
from foryou.core.ids import pair_of
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.history import whole_seconds
from foryou.features.pairs import pairs_of
from foryou.grouping import group

KEPT = 90 * DAY
"""ms for which what was seen is known."""
CHUNK = 16
"""Videos in one row."""
SEEN = Table(
    "seen",
    (
        Field("video", "uint32", CHUNK, help="the lower half of its id"),
        Field("at", "uint32", CHUNK, help="s since 1970"),
        Field("held", "int16", help="how many are in this row"),
        Field("full", "int32", help="of a viewer's own row: how many more rows there are"),
        Field("oldest", "int32", help="of a viewer's own row: which of these is replaced next, from 0 on"),
    ),
)
_HALF = (1 << 32) - 1


@njit(cache=True, nogil=True)
def _note(video, at, held, row, seen, when, moved, moved_at, of, cause):  # type: ignore[no-untyped-def]
    """Puts each video into the row of its viewer; how many rows were full and moved out to `moved`, each because of an
    event at `cause`."""
    out, chunk = 0, video.shape[1]
    for i in range(len(row)):
        k, place = row[i], -1
        for s in range(held[k]):
            if video[k, s] == seen[i]:
                place = s
                break
        if place < 0:
            if held[k] == chunk:
                moved[out], moved_at[out], of[out], cause[out] = video[k], at[k], k, when[i]
                video[k], at[k], held[k] = 0, 0, 0
                out += 1
            place = held[k]
            video[k, place] = seen[i]
            held[k] += 1
        at[k, place] = max(at[k, place], when[i])
    return out


def fold(store: Store, rows: Batch) -> None:
    """Fold what viewers did `[rows]`: what was on their screens."""
    shown = of_kinds(rows, (Kind.IMPRESSION, Kind.WATCH, Kind.SEEN)) & (rows["video"] != 0) & (rows["viewer"] != 0)
    if not shown.any():
        return
    viewers, row = group(rows["viewer"][shown])
    held = {name: values.copy() for name, values in store.read(SEEN.name, viewers).columns.items()}
    room = int(shown.sum()) // CHUNK + len(viewers)
    moved, moved_at = np.zeros((room, CHUNK), np.uint32), np.zeros((room, CHUNK), np.uint32)
    of, cause = np.zeros(room, np.int64), np.zeros(room, np.int64)
    video, when = (rows["video"][shown] & _HALF).astype(np.uint32), whole_seconds(rows["at"][shown])
    out = _note(held["video"], held["at"], held["held"], row, video, when, moved, moved_at, of, cause)
    keys, fresh = viewers, held
    if out:
        number = _places(
            store, viewers, held["full"], held["oldest"], of[:out], moved_at[:out].max(axis=1), cause[:out]
        )
        places, last = np.unique(pair_of(viewers[of[:out]], number)[::-1], return_index=True)
        kept = out - 1 - last
        full = SEEN.empty(len(places)).extend(
            {"video": moved[kept], "at": moved_at[kept], "held": np.full(len(places), CHUNK, np.int16)}
        )
        keys = np.concatenate([viewers, places])
        fresh = {name: np.concatenate([held[name], full[name]]) for name in SEEN.names}
    store.write(SEEN.name, keys, Batch(fresh))


def _places(
    store: Store, viewers: Keys, full: NDArray[np.int32], oldest: NDArray[np.int32], of: Rows, latest: Rows, cause: Rows
) -> Keys:
    """The number of the row, from 1 on, where each full row `[rows]` of viewer `of[i]` goes, the latest video of which
    was seen at `latest` (s): that of the oldest, where that is over at `cause` (s), or else one more. `full` and
    `oldest` `[viewers]` move on."""
    count = np.bincount(of, minlength=len(viewers))
    owner = np.repeat(np.arange(len(viewers)), count)
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    owner, turn = owner[full[owner] > 0], turn[full[owner] > 0]
    ahead = (oldest[owner] + turn) % full[owner] + 1
    known = store.columns(SEEN.name, pair_of(viewers[owner], ahead), ("at",))["at"].max(axis=1, initial=0)
    ends = dict(zip(zip(owner.tolist(), ahead.tolist(), strict=True), known.tolist(), strict=True))
    number = np.zeros(len(of), np.int64)
    for i, k in enumerate(of.tolist()):
        rows, place = int(full[k]), int(oldest[k])
        if rows and ends[k, place + 1] < cause[i] - KEPT // SECOND:
            number[i] = place + 1
            oldest[k] = (place + 1) % rows
        else:
            full[k] = number[i] = rows + 1
        ends[k, int(number[i])] = int(latest[i])
    return number


def rows_of(store: Store, viewer: int) -> Keys:
    """The keys of all rows of a viewer."""
    own = np.array([viewer], np.int64)
    full = int(store.columns(SEEN.name, own, ("full",))["full"][0])
    return np.concatenate([own, pairs_of(viewer, np.arange(1, full + 1))])


def latest_seen(store: Store, viewer: int) -> tuple[Column, Column]:
    """The lower halves of the ids of all videos that a viewer has seen, and when (s since 1970), in any order."""
    rows = store.columns(SEEN.name, rows_of(store, viewer), ("video", "at", "held"))
    there = np.arange(CHUNK) < rows["held"][:, None]
    return rows["video"][there], rows["at"][there]


@njit(cache=True, nogil=True)
def _among(video, at, held, since, item, out):  # type: ignore[no-untyped-def]
    """Marks in `out` the items that were seen at `since` (s) or later."""
    count = 0
    for r in range(len(held)):
        count += held[r]
    size = 16
    while size < 2 * count:
        size *= 2
    index, there = np.zeros(size, np.uint32), np.zeros(size, np.bool_)
    for r in range(len(held)):
        for s in range(held[r]):
            if at[r, s] >= since:
                place = video[r, s] & (size - 1)
                while there[place]:
                    place = (place + 1) & (size - 1)
                index[place], there[place] = video[r, s], True
    for i in range(len(item)):
        half = np.uint32(item[i] & _HALF)
        place = half & (size - 1)
        while there[place]:
            if index[place] == half:
                out[i] = True
                break
            place = (place + 1) & (size - 1)


def unseen(store: Store, viewer: int, item: Keys, since: int) -> NDArray[np.bool_]:
    """Which items `[items]` the viewer has not had on their screen since a time (ms), at most `KEPT` ago; viewer 0 has
    seen nothing."""
    seen = np.zeros(len(item), np.bool_)
    if viewer != 0:
        rows = store.columns(SEEN.name, rows_of(store, viewer), ("video", "at", "held"))
        _among(rows["video"], rows["at"], rows["held"], -(-since // SECOND), np.ascontiguousarray(item), seen)
    return ~seen
