"""The ids of requests: the time in ms, the process and a count, each higher than all before it of that process,
whatever the clock does."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

BITS = 20
"""Of an id that count within a millisecond."""
PROCESSES = 64
"""How many processes may number requests of one log, each apart from the others."""
_COUNTED = (1 << BITS) // PROCESSES


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
