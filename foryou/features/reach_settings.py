"""What can be set of how a new video finds its audience."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite

import numpy as np

from foryou.core.clock import HOUR
from foryou.core.errors import SettingsError
from foryou.features import stages


@dataclass(frozen=True)
class ReachSettings:
    """How a new video finds its audience."""

    audiences: tuple[int, int, int, int] = field(
        default=(6, 20, 60, 600),
        metadata={"help": "exposures that a video is tested with in each stage before the last, which is open"},
    )
    hours: float = field(default=72.0, metadata={"help": "for which a video looks for the audience of a stage"})
    error: float = field(
        default=0.4,
        metadata={"help": "chance at most that a video goes on from a stage that is no better than the bar there"},
    )
    chance: float = field(default=0.01, metadata={"help": "share of videos that go on in any case, to learn from"})
    prior: float = field(
        default=10.0, metadata={"help": "exposures that what its author and hashtags usually do is worth"}
    )
    author_views: float = field(
        default=500.0,
        metadata={
            "help": "views after which the author's own taste no longer says who sees a video first; 0: it never does"
        },
    )

    def __post_init__(self) -> None:
        if any(size < 1 for size in self.audiences) or list(self.audiences) != sorted(set(self.audiences)):
            raise SettingsError(f"reach.audiences is {self.audiences}; expected four whole numbers that grow from 1 on")
        for name in ("hours", "prior"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise SettingsError(f"reach.{name} is {getattr(self, name)}; expected above 0")
        if not (isfinite(self.author_views) and self.author_views >= 0):
            raise SettingsError(f"reach.author_views is {self.author_views}; expected 0 or more")
        if not 0 < self.error <= 0.5:
            raise SettingsError(f"reach.error is {self.error}; expected above 0, at most 0.5")
        if not 0 <= self.chance <= 1:
            raise SettingsError(f"reach.chance is {self.chance}; expected 0 to 1")

    @property
    def life(self) -> int:
        """`hours` in ms."""
        return int(self.hours * HOUR)

    @cached_property
    def rules(self) -> stages.Rules:
        """The numbers as the kernel reads them."""
        sizes = np.array([*self.audiences, self.audiences[-1]], np.float64)
        return stages.Rules(sizes, float(self.life), self.chance, self.prior, stages.deviations(self.error))


DEFAULT = ReachSettings()
