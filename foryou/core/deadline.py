"""What a request may still take: what each step is expected to cost, and what was left out to be in time.

It decides nothing by itself: the pipeline asks between its steps.
"""

from __future__ import annotations

import time  # only to measure how long steps take
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

REMEMBERED = 15
"""Measurements of a step; its expected cost is their median, which a kernel that was compiled once does not move."""
SOURCES_SHARE = 0.4
"""Of the time that is left when the sources begin, what they may take; at most half of a usual feed is theirs, and what
they bring still has to be filtered, ranked and logged."""
LEAST_RANKED = 50
"""Candidates that are ranked however late it is: five pages of ten to choose from."""


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """What a request did without for lack of time, so that it can be done again the same."""

    sources: frozenset[str] = frozenset()
    """Sources that were not asked."""
    ranked: int | None = None
    """The most candidates that were ranked; None: as many as the budget says."""
    linear: bool = False
    """Whether the model was left out, and the one to fall back on ranked."""

    @staticmethod
    def of(degraded: Iterable[str]) -> Shortcuts:
        """Those among the reasons why a slate is degraded; what failed is none of them."""
        late = [reason.split(":")[:-1] for reason in degraded if reason.endswith(":late")]
        return Shortcuts(
            frozenset(rest[0] for what, *rest in late if what == "source"),
            next((int(rest[0]) for what, *rest in late if what == "ranked"), None),
            ["model"] in late,
        )


@dataclass(slots=True)
class Costs:
    """What steps took lately, by name. Any thread may add."""

    _took: dict[str, deque[float]] = field(default_factory=dict)

    def note(self, name: str, seconds: float) -> None:
        """A step took so long."""
        self._took.setdefault(name, deque(maxlen=REMEMBERED)).append(seconds)

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Notes what is done inside."""
        started = time.perf_counter()
        yield
        self.note(name, time.perf_counter() - started)

    def forget(self) -> None:
        """Nothing is known any more."""
        self._took.clear()

    def skipped(self, name: str) -> None:
        """A step was left out: its oldest measurement is forgotten, so that after as many requests it is tried
        again."""
        took = self._took.get(name)
        if took:
            took.popleft()

    def of(self, *names: str) -> float:
        """What these are expected to take together, seconds: the median of each; 0 where nothing is known."""
        total = 0.0
        for name in names:
            took = sorted(self._took.get(name, ()))
            if took:
                total += took[len(took) // 2]
        return total


@dataclass(frozen=True, slots=True)
class Deadline:
    """When an answer is due, on the scale of `time.perf_counter` (seconds); infinity: whenever it is done."""

    due: float = inf

    @property
    def left(self) -> float:
        """Seconds until then; below 0 if it is late."""
        return self.due - time.perf_counter()

    def within(self, share: float) -> Deadline:
        """When a share of what is left is over."""
        return self if self.due == inf else Deadline(self.due - (1 - share) * max(self.left, 0.0))

    def order(self, costs: Sequence[float], worth: Sequence[float]) -> list[int]:
        """Positions of things to do, what brings most for its time first; as they are where there is no deadline.

        What was never measured comes first: it has to be.
        """
        if self.due == inf:
            return list(range(len(costs)))
        return sorted(range(len(costs)), key=lambda at: -(worth[at] + 1e-3) / max(costs[at], 1e-9))

    def room(self, each: float, after: float) -> int:
        """How many rows fit at `each` seconds a row, if `after` seconds are needed after them."""
        left = self.left - after
        if left <= 0:
            return 0
        return int(min(left / max(each, 1e-12), 1 << 30))
