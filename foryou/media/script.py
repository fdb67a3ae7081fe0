"""What a clip is to show and say, and how its files are called."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import msgspec

MADE = "2"
"""The version of how clips are made. Browsers keep clips for a year: change it with anything that changes a clip."""
CLIP, POSTER, SUBTITLES = ".mp4", ".webp", ".vtt"
"""How the names of its files end."""
OPENING_S, CLOSING_S = 3.0, 1.5
"""How long the opening lasts at most, and the card at the end."""
SHORT_S = 8.0
"""Shorter clips have no card at the end."""
SCENE_S = 3.2
"""About how long a scene lasts between two cuts."""


@dataclass(frozen=True, slots=True)
class Line:
    """Words on the screen, and what is said meanwhile."""

    shown: str
    said: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of a clip between two cuts, seconds. Of the lines of the script it has number `line`; -1: none."""

    start: float
    end: float
    line: int


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that a clip is made from: the same script gives the same files.

    `hook` is how strong its first three seconds are, 0 to 1; the tune follows `tune`, everything else `seed`.
    """

    video: str
    topic: str
    language: str
    author: str
    seconds: float
    hook: float
    title: str
    lines: tuple[Line, ...]
    seed: int
    tune: int

    @property
    def name(self) -> str:
        """The name of its files without their ends. It carries a hash of all that the clip is made from."""
        return f"{self.video}-{sha256(MADE.encode() + msgspec.json.encode(self)).hexdigest()[:12]}"

    def is_in(self, directory: Path) -> bool:
        """Whether the clip was rendered. It is written last, so the other files are there too."""
        return (directory / f"{self.name}{CLIP}").is_file()

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """The opening, the lines, and the card of the author at the end of all but short clips."""
        opening = min(OPENING_S, 0.4 * self.seconds)
        closing = CLOSING_S if self.seconds >= SHORT_S else 0.0
        middle = self.seconds - opening - closing
        count = max(1, round(middle / SCENE_S)) if self.lines else 0
        each = middle / max(count, 1)
        cuts = [opening + place * each for place in range(count + 1)]
        parts = [Scene(start, end, place % len(self.lines)) for place, (start, end) in enumerate(pairwise(cuts))]
        last = [Scene(self.seconds - closing, self.seconds, -1)] if closing else []
        return (Scene(0.0, opening, -1), *parts, *last)
