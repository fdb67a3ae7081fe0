"""What a video says of itself: a caption, a description and hashtags that carry its topic, but not always, and not
only."""

from __future__ import annotations

from dataclasses import dataclass

from foryou.simulator.chance import Draws

SILENT = -1
"""The seed of the words of a video that says nothing of itself."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What words are drawn from: wire names of the language, the main leaf, another one, and the format."""

    language: str
    leaf: str
    beside: str
    format: str
    bait: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Words:
    """A text that somebody left out is empty."""

    caption: str
    description: str
    hashtags: tuple[str, ...]


def words_of(subject: Subject) -> Words:
    """The words of a video: always the same for the same subject."""
    if subject.seed == SILENT:
        return Words("", "", ())
    draws = Draws(subject.seed)
    tags = draws.some((subject.leaf, subject.beside, "fyp"), 1 + draws.below(3))
    return Words(f"{subject.leaf} {subject.format}", "", tuple(tags))
