"""How long things are kept in the log: slates whole for a day and narrow for thirty, events as long as settings say."""

from __future__ import annotations

import logging
import threading
import time  # only to let others at the disk between two steps
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.errors import SettingsError
from foryou.core.event import COMMUNITY, REACTIONS, Kind
from foryou.core.ports import Documents, Log, Offset, Record, Store
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM
from foryou.features.slates import forget_slates
from foryou.feed.serve import KEPT

EXPLAINED_STREAM = "explained"
KEEP_EXPLAINED = 30 * DAY
KEEP_WIDE = DAY
_PAUSE_S = 0.02

_KINDS = {kind.wire: kind for kind in (*REACTIONS, *COMMUNITY)}
_LOG = logging.getLogger("foryou")


@dataclass(frozen=True)
class RetentionSettings:
    """How long events stay in the log."""

    days: Mapping[str, float] = field(
        default_factory=dict,
        metadata={
            "help": "days after which what viewers did leaves the log, by kind: `{watch = 90, search = 30}`; a kind "
            "that is not named, or 0, stays for ever. Tables and model keep what they made of it"
        },
    )

    def __post_init__(self) -> None:
        for name, days in self.days.items():
            if name not in _KINDS:
                raise SettingsError(f"retention.days has {name!r}; expected some of {', '.join(_KINDS)}")
            if not (isfinite(days) and days >= 0):
                raise SettingsError(f"retention.days.{name} is {days}; expected 0 (for ever) or more")

    def oldest(self, now: int) -> dict[int, int]:
        """By kind, the log time (ms) before which its events go; kinds that stay are not in it."""
        return {int(_KINDS[name]): now - int(days * DAY) for name, days in self.days.items() if days}


@dataclass
class Retention:
    """Thins the log, and forgets what is over; `lock` is that of whoever changes the tables. `keep` makes the tables
    as they are the base, which stands for what leaves the log, and says up to where."""

    log: Log
    store: Store
    documents: Documents
    lock: threading.RLock
    settings: RetentionSettings
    keep: Callable[[], Offset]
    _slates: deque[tuple[int, int]] = field(default_factory=deque)
    """Offset and time (ms) of each thinned slate that is still kept."""
    _cut_at: int = 0

    def tidy(self, now: int) -> None:
        """Thin slates that can no longer be joined with outcomes, and forget what was kept for long enough.

        The log's own lock is enough for most of it: feeds and events go on.
        """
        self._slates_of(now)
        if self.settings.oldest(now) and now - self._cut_at >= DAY:
            self.cut(now)
            self._cut_at = now
        while self.log.shrink():
            time.sleep(_PAUSE_S)  # others may write meanwhile

    def _slates_of(self, now: int) -> None:
        wide = 0
        for record in self.log.read(self._slates[-1][0] if self._slates else 0, (SERVED_STREAM,)):
            at = int(record.rows["at"][0])
            if now - at <= KEEP_WIDE:
                break
            wide = record.offset
            self._slates.append((wide, at))
        if wide:
            self.log.trim(SERVED_STREAM, wide + 1, KEPT)
        old = 0
        while self._slates and now - self._slates[0][1] > KEEP_EXPLAINED:
            old, latest = self._slates.popleft()
        if old:
            self.log.trim(SERVED_STREAM, old + 1, ())
            self.log.trim(EXPLAINED_STREAM, old + 1, ())
            with self.lock:
                keys, served = self.store.scan("served")
                self.store.delete("served", keys[served["at"] <= latest])
                forget_slates(self.store, (now - KEEP_EXPLAINED) << 20)
        self.documents.trim("explained", (now - KEEP_EXPLAINED) << 20)

    def cut(self, now: int) -> int:
        """Take the events out of the log whose kinds are kept for less long; how many."""
        oldest = self.settings.oldest(now)
        upto = self._received_by(max(oldest.values(), default=0))
        if not upto or not self._any_over(upto, oldest):
            return 0
        upto = min(upto, self.keep())
        gone = 0

        def change(record: Record) -> Batch:
            nonlocal gone
            over = _over(record, oldest)
            gone += int(over.sum())
            return record.rows.take(~over) if over.any() else record.rows

        self.log.rewrite((EVENTS_STREAM,), upto, change)
        _LOG.info("%d events have left the log, as retention.days says", gone)
        return gone

    def _any_over(self, upto: Offset, oldest: Mapping[int, int]) -> bool:
        for record in self.log.read(0, (EVENTS_STREAM,)):
            if record.offset > upto:
                break
            if _over(record, oldest).any():
                return True
        return False

    def _received_by(self, at: int) -> Offset:
        """The last offset before the first events that were received after a time; log time never goes back."""
        low, high = 0, self.log.end
        while low < high:
            middle = (low + high) // 2
            record = next(iter(self.log.read(middle, (EVENTS_STREAM,))), None)
            if record is None or record.offset > high or int(record.rows["received"].min()) > at:
                high = middle
            else:
                low = record.offset
        return low


def _over(record: Record, oldest: Mapping[int, int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which events of a batch are kept no longer."""
    kinds, received = record.rows["kind"], record.rows["received"]
    before = np.zeros(int(max(Kind)) + 1, np.int64)
    before[list(oldest)] = list(oldest.values())
    return np.asarray(received < before[kinds])
