"""How long slates and explanations are kept: whole for a day, narrow for thirty days, then not at all."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from foryou.core.clock import DAY
from foryou.core.ports import Documents, Log, Store
from foryou.features.fold import SERVED_STREAM
from foryou.features.slates import forget_slates
from foryou.feed.serve import KEPT

EXPLAINED_STREAM = "explained"
KEEP_EXPLAINED = 30 * DAY
KEEP_WIDE = DAY


@dataclass
class Retention:
    """Thins the log, and forgets what is over; `lock` is that of whoever changes the tables."""

    log: Log
    store: Store
    documents: Documents
    lock: threading.RLock
    _slates: deque[tuple[int, int]] = field(default_factory=deque)
    """Offset and time (ms) of each thinned slate that is still kept."""

    def tidy(self, now: int) -> None:
        """Thin slates that can no longer be joined with outcomes, and forget slates and explanations after 30 days.

        The log's own lock is enough for most of it: feeds and events go on.
        """
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
