"""How much of the machine's memory this process has, for as far as the system tells."""

from __future__ import annotations

import os
import time  # only to look no more often than it changes
from dataclasses import dataclass
from pathlib import Path

LOOK_S = 0.1
"""How old what was read may be."""


def resident(pid: int | None = None) -> int:
    """Bytes of memory that a process (this one) has; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def available() -> int:
    """Bytes that there are for this process: the machine's, or the control group's if that is less; 0: not told."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            return min(machine, int(Path(limit).read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return machine


@dataclass(slots=True)
class MemoryWatch:
    """Whether there is too little left to take in more. Without figures from the system there always is enough."""

    share: float
    of: int
    _looked: float = float("-inf")
    _short: bool = False

    @property
    def short(self) -> bool:
        """Whether this process has more than its share."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self._looked, self._short = now, self.share < 1 and 0 < self.share * self.of < resident()
        return self._short
