"""What goes on besides answering, in threads of its own: work while there is some, saving when it is time, and
tidying up every hour."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

IDLE_S = 0.05
"""How long to wait where there was nothing to do."""
AGAIN_S = 1.0
"""How long to wait after a failure."""
SAVE_S = 1.0
"""How often it is looked whether to save."""
TIDY_S = 3600.0
"""By the machine's clock."""

_LOG = logging.getLogger("foryou")

Loaded = TypeVar("Loaded")


def settled(engine: Loaded) -> Loaded:
    """What was loaded is there until the process ends: the garbage collector looks at none of it again.

    With the libraries that were imported, these are 200,000 objects: a full collection stops all threads for 0.1 s. For
    a process that serves. Nothing is collected first, which would make the start longer.
    """
    gc.freeze()
    return engine


class Background:
    """Three threads, until they are stopped."""

    def __init__(
        self, work: Callable[[], bool], tidy: Callable[[Callable[[float], bool]], None], save: Callable[[], None]
    ) -> None:
        """`work` says whether there was any. `save` saves if it is time. `tidy` gets what waits for some seconds, and
        then says whether to stop."""
        self._work, self._tidy, self._save = work, tidy, save
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._threads = [
            threading.Thread(target=run, name=f"foryou-{name}", daemon=True)
            for name, run in (("work", self._working), ("save", self._saving), ("tidy", self._tidying))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns once all have ended."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _working(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self._work()
            except Exception:  # a full disk, say: what is served goes on, and so does this once it can
                _LOG.exception("the work in the background failed; trying again")
                busy = False
                self._stop.wait(AGAIN_S)
            if not busy:
                self._stop.wait(IDLE_S)

    def _saving(self) -> None:
        while not self._stop.wait(SAVE_S):
            try:
                self._save()
            except Exception:  # what was saved before stays
                _LOG.exception("saving failed; trying again")

    def _tidying(self) -> None:
        while not self._stop.is_set():
            try:
                self._tidy(self._stop.wait)
            except Exception:
                _LOG.exception("tidying up failed; trying again in an hour")
            self._stop.wait(TIDY_S)
