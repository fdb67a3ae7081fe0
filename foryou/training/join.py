"""The join of rows with what came of them: learned as soon as they were watched, and corrected when more comes later.

A row waits for its watch event, which is what was measured when it left the screen; one that was seen and never
watched waits until the window is over. A learned row stays for late labels: a like that comes after the watch, or is
taken back, changes what the row should have been learned as. What is ready depends on the events alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.core.event import Kind
from foryou.core.ids import pair_of
from foryou.core.inputs import OUTCOME_BITS
from foryou.core.ports import Keys, Pairs
from foryou.training.examples import Examples, outcomes
from foryou.training.rolling import Rolling

WAITS = -1
"""What a row that was not learned yet has in place of the flags that it was learned with."""
LEAST = 0.01
"""What a row counts at least, however little its viewer is trusted."""
_WATCH = OUTCOME_BITS["watch"]
_SHOWN = OUTCOME_BITS["impression"] | _WATCH
_PLAIN = _SHOWN | OUTCOME_BITS["measured"] | OUTCOME_BITS["skip"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Rows to learn, by number; or with `learned`, rows that were learned as that and turned out otherwise."""

    number: Column
    examples: Examples
    learned: Batch | None = None

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: Column) -> Lesson:
        """Some of its rows."""
        return Lesson(
            self.number[rows], self.examples.take(rows), None if self.learned is None else self.learned.take(rows)
        )


@njit(cache=True, nogil=True)
def _mark(flags, seconds, at, trust, told, place, bits, undo, secs, when, trusts):  # type: ignore[no-untyped-def]
    for i in range(len(place)):
        p = place[i]
        if undo[i]:
            flags[p] &= ~bits[i]
        else:
            if bits[i] & _SHOWN and not flags[p] & _SHOWN:
                at[p] = when[i]
            flags[p] |= bits[i]
            seconds[p] = max(seconds[p], secs[i])
        if told[p] == WAITS:
            trust[p] = max(trusts[i], LEAST)


def _blank(count: int, came: Column) -> dict[str, Column]:
    """What is known of rows that were just shown."""
    return {
        "came": np.asarray(came, np.int64),
        "at": np.asarray(came, np.int64),
        "flags": np.zeros(count, np.int32),
        "seconds": np.full(count, -1.0),
        "told": np.full(count, WAITS, np.int32),
        "told_seconds": np.full(count, -1.0),
        "weight": np.zeros(count, np.float32),
        "trust": np.ones(count, np.float32),
    }


class Join:
    """Rows that wait for their outcomes, and rows that were learned and may still be corrected.

    It is part of the learner's state: `state` and `restore` carry it over a restart.
    """

    def __init__(self, window_s: float, late_s: float = 0.0, late_mb: float = 128.0, negatives: float = 1.0) -> None:
        """`window_s`: how long a row that was seen waits for its watch event. `late_s`: how long rows can be joined
        (at least the window), as long as they take no more than `late_mb`. `negatives`: the share of plain rows that
        are learned."""
        self._window, self._late = int(window_s * SECOND), int(max(window_s, late_s) * SECOND)
        self._most, self._negatives = int(late_mb * 1e6), negatives
        self._rows, self._items, self._viewers = Rolling(), Rolling(), Rolling()
        nothing = np.zeros(0, np.int64)
        self._rows.append(Batch({"key": nothing, "of": nothing, "viewers": nothing, **_blank(0, nothing)}))
        self._newest: dict[int, int] = {}
        """The number of the newest row of each pair of viewer and video."""
        self._due: list[tuple[int, int]] = []
        """A heap of (end of the window, number) of the rows that were seen but not watched."""
        self._touched: list[Column] = []
        self.now = 0
        """The latest event time that was seen, ms."""

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        """What the rows take, bytes."""
        return sum(len(each) * each.row_bytes for each in (self._rows, self._items, self._viewers))

    def expect(self, viewer: Keys, video: Keys, at: Column, pairs: Pairs) -> None:
        """These rows were shown, or are about to be; `at` ms."""
        count = len(pairs)
        if count == 0:
            return
        first, key = self._viewers.append(pairs.viewers), pair_of(viewer, video)
        self._items.append(pairs.items)
        of = {"key": key, "of": pairs.of + first, "viewers": np.full(count, first)}
        number = self._rows.append(Batch({**of, **_blank(count, at)}))
        self._newest.update(zip(key.tolist(), range(number, number + count), strict=True))

    def strangers(self, rows: Batch) -> Batch:
        """The impressions among these events that no row was served for: they came from elsewhere."""
        shown = rows.take((rows["kind"] == Kind.IMPRESSION) & (rows["viewer"] != 0) & (rows["video"] != 0))
        waits = shown["request"] != 0
        if waits.any():
            waits &= self._find(pair_of(shown["viewer"], shown["video"])) >= 0
        return shown.take(~waits)

    def _find(self, keys: Keys) -> Column:
        """The number of the newest row of each key; -1 where there is none."""
        newest = self._newest
        return np.fromiter((newest.get(key, -1) for key in keys.tolist()), np.int64, len(keys))

    def observe(self, reactions: Batch) -> None:
        """Enriched events: what they say goes to the newest row of the same viewer and video."""
        if len(reactions) == 0:
            return
        self.now = max(self.now, int(reactions["at"].max()))
        number = self._find(reactions["viewer_video"])
        useful = np.flatnonzero(
            (number >= 0) & (reactions["flags"] != 0) & (reactions["viewer_video"] != 0) & ~reactions["unlearned"]
        )
        rows, number = self._rows, number[useful]
        _mark(
            rows["flags"],
            rows["seconds"],
            rows["at"],
            rows["trust"],
            rows["told"],
            number - rows.first,
            reactions["flags"][useful].astype(np.int32),
            reactions["amount"][useful] < 0,
            reactions["seconds"][useful].astype(np.float64),
            reactions["at"][useful],
            reactions["viewer_trust"][useful],
        )
        if len(number):
            self._touched.append(number)

    def pass_over(self, viewer: Keys, video: Keys) -> None:
        """These viewers knew these videos already: what they did with them now says nothing of what they like. What
        was learned of it is put right, as far as it was a skip."""
        number = self._find(pair_of(viewer, video))
        number = np.unique(number[number >= 0])
        rows, at = self._rows, number - self._rows.first
        waits = at[rows["told"][at] == WAITS]
        rows["flags"][at] &= ~OUTCOME_BITS["skip"]
        self._tell(waits)
        rows["weight"][waits] = 0
        if len(number):
            self._touched.append(number)

    @property
    def pending(self) -> int:
        """About how many rows `ready` has to look at: outcomes that came, and windows that are over."""
        return sum(map(len, self._touched)) + bool(self._due and self._due[0][0] <= self.now)

    def ready(self, size: int, everything: bool = False) -> list[Lesson]:
        """What can be learned now, at most `size` rows in each lesson: new rows in the order in which they were shown,
        then corrections. With `everything`, what was seen waits for no watch event any more."""
        touched = np.unique(np.concatenate(self._touched)) if self._touched else np.zeros(0, np.int64)
        self._touched = []
        old = self._old()
        late, revived = self._changed(touched)
        new = np.unique(np.concatenate([self._watched(touched), self._over(everything), self._leaving(old), revived]))
        lessons = [self._lesson(part) for part in _parts(self._thinned(new), size)]
        lessons += [self._correction(part) for part in _parts(late, size)]
        self._forget(old)
        return lessons

    def _watched(self, touched: Column) -> Column:
        """The rows whose watch event came. What was seen and not watched waits from now on."""
        rows, at = self._rows, touched - self._rows.first
        flags = rows["flags"][at]
        seen = (rows["told"][at] == WAITS) & ((flags & _SHOWN) != 0)
        watched = (flags & _WATCH) != 0
        waits = seen & ~watched
        for when, number in zip((rows["at"][at[waits]] + self._window).tolist(), touched[waits].tolist(), strict=True):
            heappush(self._due, (when, number))
        return np.asarray(touched[seen & watched])

    def _over(self, everything: bool) -> Column:
        """The rows that were seen, and whose window is over without a watch event."""
        rows, over = self._rows, []
        while self._due and (everything or self._due[0][0] <= self.now):
            number = heappop(self._due)[1]
            if number >= rows.first and rows["told"][number - rows.first] == WAITS:
                over.append(number)
        return np.array(over, np.int64)

    def _leaving(self, old: int) -> Column:
        """The rows below a number that were seen and not learned: there is no waiting any more."""
        rows = self._rows
        leaving = slice(0, old - rows.first)
        waits = (rows["told"][leaving] == WAITS) & ((rows["flags"][leaving] & _SHOWN) != 0)
        number: Column = rows.first + np.flatnonzero(waits)
        return number

    def _changed(self, touched: Column) -> tuple[Column, Column]:
        """The learned rows that turned out otherwise, and those that were left out but are no longer plain."""
        rows, at = self._rows, touched - self._rows.first
        flags, told = rows["flags"][at], rows["told"][at]
        changed = (told != WAITS) & ((flags != told) | (rows["seconds"][at] != rows["told_seconds"][at]))
        left_out = rows["weight"][at] == 0
        return touched[changed & ~left_out], touched[changed & left_out & ~_plain(flags)]

    def _thinned(self, number: Column) -> Column:
        """Leaves out a share of the plain rows, chosen by a hash; the others stand for them.

        Inverse-probability weights (Horvitz and Thompson, 1952) keep the loss in expectation that of all rows, and so
        every head calibrated. Setting the logits right afterwards, as in He et al. (ADKDD 2014), would need one
        sampling rate for each head.
        """
        rows, at = self._rows, number - self._rows.first
        weight = np.ones(len(number), np.float32)
        if self._negatives < 1:
            plain = _plain(rows["flags"][at])
            drawn = pair_of(rows["key"][at], rows["came"][at]) / float(1 << 63)
            weight[plain] = np.where(drawn[plain] < self._negatives, 1 / self._negatives, 0)
        rows["weight"][at] = weight
        self._tell(at)
        return number[weight > 0]

    def _tell(self, at: Column) -> None:
        """These rows are learned as they are now."""
        rows = self._rows
        rows["told"][at], rows["told_seconds"][at] = rows["flags"][at], rows["seconds"][at]

    def _lesson(self, number: Column) -> Lesson:
        return Lesson(number, self._examples(number, self._rows.take(number)))

    def _correction(self, number: Column) -> Lesson:
        rows, at = self._rows, number - self._rows.first
        held = rows.take(number)
        learned = outcomes(held["told"], held["told_seconds"], held["weight"] * held["trust"], held["at"])
        # A row in which something happened stands for itself alone.
        rows["weight"][at] = np.where(_plain(held["flags"]), held["weight"], 1)
        self._tell(at)
        return Lesson(number, self._examples(number, rows.take(number)), learned)

    def _examples(self, number: Column, held: Batch) -> Examples:
        viewers, of = np.unique(held["of"], return_inverse=True)
        pairs = Pairs(self._viewers.take(viewers), self._items.take(number), of.astype(np.int64))
        return Examples(pairs, outcomes(held["flags"], held["seconds"], held["weight"] * held["trust"], held["at"]))

    def _old(self) -> int:
        """The number of the first row to keep: the others are too old, or more than there is memory for."""
        rows, first = self._rows, self._rows.first
        if len(rows) == 0:
            return first
        over, young = self.nbytes - self._most, first
        if over > 0:
            young += 1 + int(over * len(rows) // self.nbytes)
        if rows["came"][0] + self._late <= self.now:
            late = rows["came"] + self._late > self.now
            young = max(young, first + int(late.argmax()) if late.any() else rows.end)
        return min(young, rows.end)

    def _forget(self, before: int) -> None:
        rows, newest = self._rows, self._newest
        if before <= rows.first:
            return
        for number, key in enumerate(rows["key"][: before - rows.first].tolist(), rows.first):
            if newest.get(key) == number:
                del newest[key]
        rows.drop(before)
        self._items.drop(before)
        self._viewers.drop(int(rows["viewers"][0]) if len(rows) else self._viewers.end)

    def forget(self, viewer: int) -> int:
        """Rows of this viewer wait for nothing any more, and say nothing: a place that is empty; how many."""
        if len(self._rows) == 0:
            return 0
        mine = self._viewers["viewer"] == viewer
        rows = self._rows
        at = np.flatnonzero(mine[rows["of"] - self._viewers.first])
        for key, number in zip(rows["key"][at].tolist(), (rows.first + at).tolist(), strict=True):
            if self._newest.get(key) == number:
                del self._newest[key]
        for name in ("key", "flags", "told", "weight"):
            rows[name][at] = 0
        for name in ("seconds", "told_seconds"):
            rows[name][at] = -1
        self._items.blank(at)
        self._viewers.blank(np.flatnonzero(mine))
        return len(at)

    @property
    def viewers(self) -> Keys:
        """Those whose rows are here, each once."""
        return np.unique(self._viewers["viewer"]) if len(self._rows) else np.zeros(0, np.int64)

    def state(self) -> Mapping[str, Column]:
        """The rows as arrays."""
        touched = np.unique(np.concatenate(self._touched)) if self._touched else np.zeros(0, np.int64)
        held = {"now": np.array([self.now]), "touched": touched, "due": np.array(self._due, np.int64).reshape(-1, 2)}
        for name, each in self._parts_of():
            part = each.state() if each is self._rows else each.views()
            held |= {f"{name}.{column}": values for column, values in part.items()}
        return held

    def restore(self, state: Mapping[str, Column]) -> None:
        """Wait for what `state` waited for."""
        self.now = int(state["now"][0])
        self._due = [(when, number) for when, number in state["due"].tolist()]
        for name, each in self._parts_of():
            part = {key.removeprefix(f"{name}."): held for key, held in state.items() if key.startswith(f"{name}.")}
            each.restore(part)
        numbers = range(self._rows.first, self._rows.end)
        self._newest = dict(zip(self._rows["key"].tolist(), numbers, strict=True))
        self._touched = [state["touched"]] if len(state["touched"]) else []

    def _parts_of(self) -> tuple[tuple[str, Rolling], ...]:
        return ("rows", self._rows), ("items", self._items), ("viewers", self._viewers)


def _plain(flags: Column) -> Column:
    """Rows in which nothing happened but that they were seen, and perhaps skipped."""
    return np.asarray((flags & ~_PLAIN) == 0)


def _parts(number: Column, size: int) -> list[Column]:
    return [number[start : start + size] for start in range(0, len(number), size)]
