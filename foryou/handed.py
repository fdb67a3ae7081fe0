"""Slates that other processes answered and handed over, on their way into the log."""

from __future__ import annotations

import threading
from collections.abc import Callable

from foryou.backends.spool import Spooled
from foryou.core.ports import Log, Record
from foryou.features.fold import SERVED_STREAM

SPOOL = "spool"
"""Where they wait to be logged, in the directory of the back end."""


class Handed:
    """Logs and folds each of them once. Any thread may call; `lock` is that of whoever changes the tables."""

    def __init__(self, spooled: Spooled, log: Log, lock: threading.RLock, fold: Callable[[Record], None]) -> None:
        self._spooled, self._log, self._lock, self._fold = spooled, log, lock, fold
        self._one = threading.Lock()

    def take(self) -> None:
        """Those that came since. BackendError if the log cannot take one: it comes again."""
        with self._one:
            for rows, mark in self._spooled.take():
                with self._lock:
                    self._fold(Record(self._log.append(SERVED_STREAM, rows, mark), SERVED_STREAM, rows))
            if self._spooled.done:
                self._log.sync()
                self._spooled.forget()

    def scrub(self) -> None:
        """Overwrite those that are in the log, wherever they lay: somebody is to be forgotten."""
        self._log.sync()
        with self._one:
            self._spooled.scrub()

    def close(self) -> None:
        self._spooled.close()
