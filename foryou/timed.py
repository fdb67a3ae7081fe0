"""An engine that keeps nothing and lives in a time that its caller tells: for the simulator.

Nothing runs beside it: it learns when it is told to, so that the same calls give the same feeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from foryou import settings
from foryou.app import Engine
from foryou.core.clock import HOUR, ManualClock

RHYTHM: Mapping[str, object] = {"publish_every_s": 60.0, "refresh_s": 1800.0}
"""Of learning: versions are swapped in, and all vectors computed again, less often than by default. A simulated day
passes in a minute, and would be spent on copying models."""

AT_ONCE = 4_096
"""Rows learned before it is looked whether there are more."""


@dataclass
class Timed:
    """An engine and the clock that it reads."""

    engine: Engine
    clock: ManualClock
    _tidied: int = field(default=0)

    def move(self, at: int) -> None:
        """It is now `at` (ms); never earlier than it was."""
        self.clock.at = max(self.clock.at, at)

    def work(self) -> None:
        """Learn and embed what is ready, and each hour forget what is old. Explanations are made only on demand."""
        self.engine.work(AT_ONCE)
        while self.engine.learn(AT_ONCE):
            pass
        while self.engine.embed():
            pass
        if self.clock.at - self._tidied >= HOUR:
            self._tidied = self.clock.at
            self.engine.tidy()

    def close(self) -> None:
        """Let go of everything."""
        self.engine.close()


def opened(at: int, changes: Mapping[str, object] | None = None, config: Path | None = None) -> Timed:
    """An engine in memory at a time (ms), with the settings of a file and those in `changes` (a tree like the file's).

    The environment is not read: a simulation is to be the same everywhere.
    """
    learning = {**RHYTHM, **_section(changes, "learning")}
    tree = {**(changes or {}), "learning": learning, "data": {"url": "memory:"}}
    chosen = settings.load(config, environment={}, changes=tree)
    clock = ManualClock(at)
    return Timed(Engine.open(chosen, clock), clock, at)


def _section(tree: Mapping[str, object] | None, name: str) -> Mapping[str, object]:
    found = (tree or {}).get(name, {})
    return found if isinstance(found, Mapping) else {}
