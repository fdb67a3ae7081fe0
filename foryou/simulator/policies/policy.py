"""What a feed is to the simulator: a class that is told what everybody can see, and says what to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch
from foryou.simulator.public import Public

Numbers: TypeAlias = NDArray[np.int32]
Times: TypeAlias = NDArray[np.int64]

PUBLIC = (
    "viewer", "video", "at", "session", "position", "surface", "seconds", "furthest", "replays", "finish", "skip",
    "like", "comment", "share", "save", "follow", "visit", "not_interested", "report", "sender",
)  # fmt: skip
"""The columns of what happened that any platform can see; what a viewer got out of it is not among them. `sender`: the
viewer whose share was followed, -1 in the feed."""
GOOD = ("finish", "like", "comment", "share", "save", "follow")
"""What counts as liking a video, for feeds that know yes and no only."""


class Policy(Protocol):
    """A feed. Every method is called with times that never go back by more than a step of the simulation."""

    name: str

    def start(self, public: Public) -> None:
        """Before anything happens."""

    def join(self, viewers: Numbers, at: int) -> None:
        """These viewers `[k]` are there from now on."""

    def publish(self, videos: Numbers, at: int) -> None:
        """These videos `[k]` can be shown from now on."""

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        """A slate for each of these viewers `[k, n]`, -1 where nothing is left; never what the viewer has seen. Each
        viewer is there once; `at` (ms) ascends."""

    def observe(self, rows: Batch) -> None:
        """What happened, in order of time: the columns of `PUBLIC`."""

    def finish(self) -> Mapping[str, object]:
        """Anything to report."""


def good(rows: Batch) -> NDArray[np.bool_]:
    """Whether each exposure was liked, for feeds that know yes and no only."""
    return np.asarray(np.any([rows[name] for name in GOOD], axis=0) & ~rows["not_interested"])
