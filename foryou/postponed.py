"""Slates that are in the log and not in the tables yet: folding them keeps nobody waiting for an answer.

Whoever reads what slates change, or folds anything that came after them, calls `catch_up` first: so nothing that can be
seen depends on when they are folded.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from foryou.core.batch import Batch
from foryou.core.ports import Log, Offset, Record

MOST_POSTPONED = 64
"""Slates that wait at most; whoever answers the next one folds them."""


@dataclass
class Postponed:
    """Any thread may call. `lock` is that of whoever changes the tables; logging a slate does not wait for it."""

    log: Log
    lock: threading.RLock
    fold: Callable[[Record], None]
    _waiting: deque[Record] = field(default_factory=deque)
    adding: threading.RLock = field(default_factory=threading.RLock)
    """Whoever holds it keeps slates out of the log; taken after `lock`."""

    def add(self, stream: str, rows: Batch) -> None:
        """Append to the log now, and fold later."""
        with self.adding:  # they wait in the order of the log
            self._waiting.append(Record(self.log.append(stream, rows), stream, rows))
        if len(self._waiting) > MOST_POSTPONED:
            self.catch_up()

    def catch_up(self, before: Offset | None = None) -> None:
        """Fold what waits, or what of it came before this offset."""
        if before is None and not self._waiting:
            return
        with self.lock:
            while (record := self._next(before)) is not None:
                self.fold(record)

    def _next(self, before: Offset | None) -> Record | None:
        with self.adding:  # one that is in the log is here too
            if not self._waiting or (before is not None and self._waiting[0].offset >= before):
                return None
            record = self._waiting.popleft()
        return Record(record.offset, record.stream, record.rows.contiguous())
