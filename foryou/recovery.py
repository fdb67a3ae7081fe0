"""Keeps what the engine knows, and brings it back: the last save, then the log after it.

A save is of one offset of the log. What it holds is captured while everything stands still, in milliseconds, and
written when it goes on. How far apart saves are follows from what a start would have to do again and from what a save
costs.
"""

from __future__ import annotations

import logging
import threading
import time  # what folding costs, and how long saving takes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foryou.backends.open import Backend
from foryou.core.batch import Column
from foryou.core.clock import Stopwatch
from foryou.core.errors import BackendError, ModelError
from foryou.core.ports import Offset, Record
from foryou.succession import Succession
from foryou.texts import Texts

REDO_S = 2.0
"""Seconds of folding and learning that a start may always have to do again: below, nothing is saved."""
KILLED_EVERY_S = 50.0
"""A process is assumed to be killed so often: saves are so far apart that saving and doing again then cost the same
(Young, CACM 1974). It is killed far more rarely, but whoever waits for it to start again minds more than a second
processor that writes."""
REPLAYED_S = 60.0
"""Seconds of reading a log again after which what was reached is saved, should that be cut off too."""

_LOG = logging.getLogger("foryou")

Progress = Callable[[int, int], None]


class Still:
    """Locks that are always taken in one order: while all are held, nothing changes."""

    def __init__(self, *locks: threading.RLock) -> None:
        self._locks = locks

    def __enter__(self) -> None:
        for lock in self._locks:
            lock.acquire()

    def __exit__(self, *failure: object) -> None:
        for lock in reversed(self._locks):
            lock.release()


@dataclass
class Recovery:
    """Saves, loads and replays; `still` holds up whoever folds or learns. Any thread may call."""

    backend: Backend
    texts: Texts
    still: Still
    position: NDArray[np.int64]
    """The log offset that the tables have reached comes first."""
    fold: Callable[[Record], None]
    succession: Succession
    saved: Offset = 0
    """The offset of the last save."""
    folding: Stopwatch = field(default_factory=Stopwatch)
    """What was spent on that since the last save."""
    took_s: float = 0.0
    """How long the last save took."""

    def __post_init__(self) -> None:
        self._saving = threading.RLock()
        """Taken before anything else."""
        self._saved_at = time.monotonic()

    @property
    def redo_s(self) -> float:
        """About how many seconds a start would need for what came after the last save."""
        return self.folding.seconds + self.succession.spent.seconds

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        since = time.monotonic() - self._saved_at
        return self.redo_s >= REDO_S and self.redo_s * since >= 2 * KILLED_EVERY_S * self.took_s

    @property
    def idle(self) -> bool:
        """Whether nothing was done since the last save."""
        return self.redo_s == 0 and int(self.position[0]) == self.saved

    def save_in_time(self) -> None:
        """Save if it is time."""
        if self.due:
            self.save()

    def save(self, base: bool = False) -> Offset:
        """Keep tables and learner as they are, so that the next start need not read the whole log; their offset.

        As a `base` they stand for what is then taken out of the log, and older saves go. BackendError if the disk
        cannot take them: then the save before stays.
        """
        with self._saving:
            started = time.monotonic()
            with self.still:
                offset = int(self.position[0])
                state = self.succession.learner.state()
                tables = self.backend.store.capture(offset)
                spent = self.folding.seconds, self.succession.spent.seconds
                self.folding.seconds = self.succession.spent.seconds = 0.0
            try:
                self.backend.log.sync()
                self.backend.states.write(offset, state, base)
                try:
                    tables.write(base)
                except BaseException:
                    self.backend.states.drop(offset)
                    raise
            except BaseException:
                with self.still:
                    self.folding.seconds += spent[0]
                    self.succession.spent.seconds += spent[1]
                raise
            finally:
                tables.release()
                self._saved_at = time.monotonic()
                self.took_s = self._saved_at - started
            self.saved = offset
            return offset

    def recover(self, progress: Progress | None = None) -> None:
        """Everything as it was saved last, and then what the log has since."""
        self._load()
        self._replay(progress)

    def rebuild(self, progress: Progress | None, clear: Callable[[], None], publish: Callable[[], None]) -> None:
        """Forget tables and learner, and fold the log again: from its start, or from the base that stands for what has
        left it. `clear` forgets documents, which a base stands for too; `publish` serves what came of it."""
        with self._saving:
            with self.still:
                self.backend.store.clear()
                self._load()
                if not self.saved:  # documents of before a base are in no log
                    clear()
                self._replay(progress)
                publish()
            self.save()

    def _load(self) -> None:
        """Tables and learner as they were last saved; without a save, empty."""
        offset = self.backend.store.load(self._restored)
        if not offset:
            self.succession.renew()
        self.saved = self.position[0] = offset

    def _restored(self, offset: Offset) -> bool:
        """Whether the learner is where the tables are. If not (another version kept it), the log says it all again."""
        kept: Mapping[str, Column] | None = self.backend.states.read(offset)
        if kept is None:
            return False
        try:
            self.succession.learner.restore(kept)
        except ModelError:
            return False
        return True

    def _replay(self, progress: Progress | None) -> None:
        self.texts.open()
        end = self.backend.log.end
        for record in self.backend.log.read(self.saved):
            self.fold(record)
            with self.still, self.succession.spent:
                self.succession.learner.step()
            if self.redo_s >= REPLAYED_S:
                self.save_or_tell()
            if progress is not None:
                progress(record.offset, end)

    def save_or_tell(self) -> None:
        """Save; a disk that is full must not keep it from starting."""
        try:
            self.save()
        except BackendError as problem:
            _LOG.warning("%s; the next start reads as much of the log again", problem)
