"""From what was shown and what came of it to training examples: rows with their columns, joined with their outcomes.

A row's columns are those it was served with. Impressions that no request of ours showed (an imported log) get their
columns as of their own time, before they are folded. Nothing here knows how a model learns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.core.event import Kind
from foryou.core.heads import NAMES
from foryou.core.ids import pair_of
from foryou.core.inputs import HISTORY_COLUMNS, INPUTS, OUTCOME_BITS
from foryou.core.ports import Keys, Pairs, Store
from foryou.features.enrich import WATCH_LIMIT_S
from foryou.features.hydrate import item_columns, viewer_columns

VIEWER_COLUMNS: tuple[str, ...] = (*(i.name for i in INPUTS if i.side == "viewer"), *HISTORY_COLUMNS)
ITEM_COLUMNS: tuple[str, ...] = (*(i.name for i in INPUTS if i.side == "item"), "seconds_long")
MERGED = 1024
"""Rows shown within an eighth of the window wait together up to this many: few sets to look through."""
_SHOWN = OUTCOME_BITS["impression"] | OUTCOME_BITS["watch"]


@dataclass(frozen=True)
class Examples:
    """Rows beside their viewers, with one float32 outcome column for each head (NaN: not known)."""

    pairs: Pairs
    outcomes: Batch

    def __len__(self) -> int:
        return len(self.outcomes)

    def take(self, rows: Column) -> Examples:
        """Some of the rows; viewers that no row needs any more are dropped."""
        kept, of = np.unique(self.pairs.of[rows], return_inverse=True)
        return Examples(
            Pairs(self.pairs.viewers.take(kept), self.pairs.items.take(rows), of.astype(np.int64)),
            self.outcomes.take(rows),
        )

    @staticmethod
    def concat(parts: list[Examples]) -> Examples:
        """Several sets of examples, one after another."""
        start = np.cumsum([0, *(len(part.pairs.viewers) for part in parts[:-1])])
        return Examples(
            Pairs(
                Batch.concat([part.pairs.viewers for part in parts]),
                Batch.concat([part.pairs.items for part in parts]),
                np.concatenate([part.pairs.of + first for part, first in zip(parts, start, strict=True)]),
            ),
            Batch.concat([part.outcomes for part in parts]),
        )


def outcomes(flags: Column, seconds: Column) -> Batch:
    """One column for each head from the bits of what happened and the seconds watched (negative: not measured).

    An exposure that was never measured comes from a log that kept less (KuaiRand's sequences keep long views and
    likes): what did not happen there is not known, but for these two.
    """
    happened = {name: (flags & bit) != 0 for name, bit in OUTCOME_BITS.items()}
    told: dict[str, Column] = {"watch": np.where(happened["measured"], np.minimum(seconds, WATCH_LIMIT_S), np.nan)}
    for name in NAMES:
        if name == "watch":
            continue
        known = happened["watch"] if name == "long_view" else happened["measured"] | happened[name] | (name == "like")
        told[name] = np.where(known, happened[name], np.nan)
    return Batch({name: told[name].astype(np.float32) for name in NAMES})


def as_of_now(store: Store, shown: Batch) -> Pairs:
    """The columns of impressions that have none yet, as of their own times; to be called before they are folded."""
    viewer, of = np.unique(pair_of(shown["viewer"], shown["surface"]), return_inverse=True)
    first = np.zeros(len(viewer), np.int64)
    first[of[::-1]] = np.arange(len(shown))[::-1]
    asking = shown.take(first)
    context = {name: asking[name] for name in ("surface", "device", "language", "country", "offset")}
    viewers = viewer_columns(store, asking["viewer"], asking["at"], context)
    items = Batch(item_columns(store, viewers, of, shown["video"], shown["at"]))
    return Pairs(viewers.select(VIEWER_COLUMNS), items.select(ITEM_COLUMNS), of.astype(np.int64))


@njit(cache=True, nogil=True)
def _mark(flags, seconds, place, bits, undo, secs):  # type: ignore[no-untyped-def]
    for i in range(len(place)):
        p = place[i]
        if p < 0:
            continue
        if undo[i]:
            flags[p] &= ~bits[i]
        else:
            flags[p] |= bits[i]
            seconds[p] = max(seconds[p], secs[i])


class Join:
    """Rows that wait for their outcomes, until `window_s` of event time after they were shown.

    The pending rows are part of the learner's state: `state` and `restore` carry them over a restart.
    """

    def __init__(self, window_s: float) -> None:
        self._window = int(window_s * SECOND)
        self._waiting: list[_Waiting] = []
        self.now = 0
        """The latest event time that was seen, ms."""

    def __len__(self) -> int:
        return sum(len(waiting.key) for waiting in self._waiting)

    def expect(self, viewer: Keys, video: Keys, at: Column, pairs: Pairs) -> None:
        """These rows were shown, or are about to be; `at` ms."""
        if len(pairs) == 0:
            return
        count = len(pairs)
        new = _Waiting(pair_of(viewer, video), at, pairs, np.zeros(count, np.int32), np.full(count, -1.0))
        last = self._waiting[-1] if self._waiting else None
        if last is not None and len(last.key) + count <= MERGED and abs(at[0] - last.at[0]) <= self._window // 8:
            self._waiting[-1] = last.joined(new)
        else:
            self._waiting.append(new)

    def strangers(self, rows: Batch) -> Batch:
        """The impressions among these events that no waiting row was served for: they came from elsewhere."""
        shown = rows.take((rows["kind"] == Kind.IMPRESSION) & (rows["viewer"] != 0) & (rows["video"] != 0))
        if len(shown) == 0:
            return shown
        key = pair_of(shown["viewer"], shown["video"])
        waits = shown["request"] != 0
        if waits.any():
            waits &= np.any(
                [waiting.find(key) >= 0 for waiting in self._waiting] or [np.zeros(len(key), np.bool_)], axis=0
            )
        return shown.take(~waits)

    def observe(self, reactions: Batch) -> None:
        """Enriched events: what they say goes to the newest waiting row of the same viewer and video."""
        if len(reactions) == 0:
            return
        self.now = max(self.now, int(reactions["at"].max()))
        useful = reactions.take((reactions["flags"] != 0) & (reactions["viewer_video"] != 0))
        undo = useful["amount"] < 0
        left = np.ones(len(useful), np.bool_)
        for waiting in reversed(self._waiting):
            if not left.any():
                break
            place = waiting.find(useful["viewer_video"])
            place[~left] = -1
            bits, seconds = useful["flags"].astype(np.int32), useful["seconds"].astype(np.float64)
            _mark(waiting.flags, waiting.seconds, place, bits, undo, seconds)
            left &= place < 0

    def ripe(self, everything: bool = False) -> list[Examples]:
        """The rows whose time is up (or all of them), in the order in which they were shown; they wait no longer.

        Rows that never reached a screen are no examples.
        """
        out: list[Examples] = []
        kept: list[_Waiting] = []
        for waiting in self._waiting:
            if not everything and waiting.at.max() + self._window > self.now:
                kept.append(waiting)
                continue
            rows = np.flatnonzero(waiting.flags & _SHOWN)
            if len(rows):
                out.append(Examples(waiting.pairs, outcomes(waiting.flags, waiting.seconds)).take(rows))
        self._waiting = kept
        return out

    def state(self) -> Mapping[str, Column]:
        """The waiting rows as arrays."""
        held: dict[str, Column] = {"now": np.array([self.now]), "waiting": np.array([len(self._waiting)])}
        for number, waiting in enumerate(self._waiting):
            held |= {f"{number}.{name}": getattr(waiting, name) for name in ("key", "at", "flags", "seconds")}
            held[f"{number}.of"] = waiting.pairs.of
            held |= {f"{number}.viewers.{name}": values for name, values in waiting.pairs.viewers.columns.items()}
            held |= {f"{number}.items.{name}": values for name, values in waiting.pairs.items.columns.items()}
        return held

    def restore(self, state: Mapping[str, Column]) -> None:
        """Wait for what `state` waited for."""
        self.now = int(state["now"][0])
        self._waiting = []
        for number in range(int(state["waiting"][0])):
            sides = [f"{number}.viewers.", f"{number}.items."]
            viewers, items = (
                Batch({name.removeprefix(side): held for name, held in state.items() if name.startswith(side)})
                for side in sides
            )
            key, at, flags, seconds = (state[f"{number}.{name}"] for name in ("key", "at", "flags", "seconds"))
            pairs = Pairs(viewers, items, state[f"{number}.of"])
            self._waiting.append(_Waiting(key, at, pairs, flags.copy(), seconds.copy()))


class _Waiting:
    """Rows shown at about the same time. Flags and seconds fill up while they wait."""

    def __init__(self, key: Keys, at: Column, pairs: Pairs, flags: Column, seconds: Column) -> None:
        self.key, self.at, self.pairs, self.flags, self.seconds = key, at, pairs, flags, seconds
        self._order = np.argsort(key, kind="stable")
        self._sorted = key[self._order]

    def find(self, keys: Keys) -> Column:
        """The newest row of each key; -1 where it does not wait here."""
        place = np.searchsorted(self._sorted, keys, side="right") - 1
        found = (place >= 0) & (self._sorted[np.maximum(place, 0)] == keys)
        return np.where(found, self._order[np.maximum(place, 0)], -1)

    def joined(self, other: _Waiting) -> _Waiting:
        """These rows and others that were shown after them."""
        here, there = self.pairs, other.pairs
        pairs = Pairs(
            Batch.concat([here.viewers, there.viewers]),
            Batch.concat([here.items, there.items]),
            np.concatenate([here.of, there.of + len(here.viewers)]),
        )
        return _Waiting(
            np.concatenate([self.key, other.key]),
            np.concatenate([self.at, other.at]),
            pairs,
            np.concatenate([self.flags, other.flags]),
            np.concatenate([self.seconds, other.seconds]),
        )
