"""The ids of requests: the time in ms, the process and a count, each higher than all before it of that process,
whatever the clock does."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from foryou.core.clock import SteadyClock
from foryou.core.ports import Log
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM

BITS = 20
"""Of an id that count within a millisecond."""
PROCESSES = 64
"""How many processes may number requests of one log, each apart from the others."""
_COUNTED = (1 << BITS) // PROCESSES

_LOG = logging.getLogger("foryou")


@dataclass
class Numbers:
    """Gives ids; any thread may ask. `process` numbers those that serve from the same log.

    >>> numbers = Numbers()
    >>> [numbers.next(at) - (5 << BITS) for at in (5, 5, 4)]
    [0, 1, 2]
    """

    last: int = 0
    """The highest id that was given."""
    process: int = 0
    _one: threading.Lock = field(default_factory=threading.Lock)

    def next(self, at: int) -> int:
        """An id for a request at `at` (ms)."""
        with self._one:
            moment, count = self.last >> BITS, (self.last + 1) % _COUNTED
            if at > moment or count == 0:  # so many within a millisecond use up the next one
                moment, count = max(at, moment + 1), 0
            self.last = (moment << BITS) | (self.process * _COUNTED) | count
            return self.last


def go_on(log: Log, clock: SteadyClock, numbers: Numbers) -> None:
    """Time and request ids go on from the last ones in the log, whatever the machine's clock says now."""
    for record in map(log.latest, ((EVENTS_STREAM,), (SERVED_STREAM,))):
        if record is not None and len(record.rows):
            times = record.rows["received" if record.stream == EVENTS_STREAM else "at"]
            clock.reached = max(clock.reached, int(times.max()))
            if record.stream == SERVED_STREAM:
                numbers.last = int(record.rows["request"].max())
    if clock.behind:
        _LOG.warning("the clock is %d s behind the log: the time stands still until then", clock.behind // 1000)
