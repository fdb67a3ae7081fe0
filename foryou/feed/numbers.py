"""The ids of requests: the time in ms and a count, each higher than all before it, whatever the clock does."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

BITS = 20
"""Of an id that count within a millisecond."""


@dataclass
class Numbers:
    """Gives ids; any thread may ask.

    >>> numbers = Numbers()
    >>> [numbers.next(at) - (5 << BITS) for at in (5, 5, 4)]
    [0, 1, 2]
    """

    last: int = 0
    """The highest id that was given."""
    _one: threading.Lock = field(default_factory=threading.Lock)

    def next(self, at: int) -> int:
        """An id for a request at `at` (ms)."""
        with self._one:
            self.last = max(self.last + 1, at << BITS)
            return self.last
