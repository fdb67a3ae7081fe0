"""What time it is. The only place that asks the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Tells the time in ms UTC."""

    def __call__(self) -> int: ...


class SystemClock:
    """The machine's own time."""

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000


@dataclass
class SteadyClock:
    """A clock that never goes back: while the machine's is behind what was told before, the time stands still.

    So what is received later never has an earlier time, and nothing that waits or is kept for so long is cut short.
    """

    clock: Clock
    reached: int = 0
    """The latest time that was told, ms."""

    def __call__(self) -> int:
        self.reached = max(self.reached, self.clock())
        return self.reached

    @property
    def behind(self) -> int:
        """By how much the machine's clock is behind, ms."""
        return max(0, self.reached - self.clock())


@dataclass
class ManualClock:
    """A clock that moves only when told: for tests, replay and the simulator."""

    at: int = 0

    def __call__(self) -> int:
        return self.at

    def forward(self, ms: int) -> None:
        """Move on by `ms`."""
        self.at += ms


@dataclass(slots=True)
class Stopwatch:
    """Seconds of processor time spent inside of it, one thread at a time."""

    seconds: float = 0.0
    _since: float = 0.0

    def __enter__(self) -> None:
        self._since = time.thread_time()

    def __exit__(self, *failure: object) -> None:
        self.seconds += time.thread_time() - self._since
