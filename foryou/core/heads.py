"""The table of heads: every outcome that is predicted, how it is read from what happened, and what it is worth.

Written once; read by the model, the loss, the value weights, the metrics, the explanations and the docs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HeadKind = Literal["binary", "quantile", "survival"]
"""A chance; a share between 0 and 1 that is learned like one; seconds, from a curve of survival."""


@dataclass(frozen=True, slots=True)
class Head:
    """One outcome. `weight` is what one unit of the prediction adds to the score (a probability, or a second)."""

    name: str
    kind: HeadKind
    weight: float
    label: str
    help: str
    prior: float
    """How often it happens where nothing is known yet (KuaiRand-Pure's rates where it has them; seconds for watch)."""


HEADS: tuple[Head, ...] = (
    Head(
        "watch", "survival", 0.003, "seconds watched, replays included, at most 300", "expected seconds watched", 15.0
    ),
    Head(
        "watch_rank",
        "quantile",
        2.0,
        "the share of watches of videos of like length that were shorter",
        "watched for longer than videos of its length usually are",
        0.5,
    ),
    Head(
        "finish",
        "binary",
        0.3,
        "the furthest point is the end, or seconds reach the duration",
        "watched to the end",
        0.2,
    ),
    Head("long_view", "binary", 0.5, "18 s, or to the end of a shorter video", "a long view", 0.32),
    Head("skip", "binary", -0.4, "swiped away within 3 s without finishing", "skipped within three seconds", 0.35),
    Head("like", "binary", 4.0, "a like that was not taken back", "a like", 0.017),
    Head("comment", "binary", 3.0, "a comment", "a comment", 0.0026),
    Head("share", "binary", 6.0, "a share", "a share", 0.001),
    Head("save", "binary", 6.0, "a save that was not taken back", "a save", 0.003),
    Head("follow", "binary", 5.0, "a follow from this video", "a follow", 0.0013),
    Head("visit", "binary", 0.5, "a visit of the author's profile", "a profile visit", 0.019),
    Head("not_interested", "binary", -12.0, "not interested, or a hide, from this video", "not interested", 0.0008),
    Head("report", "binary", -40.0, "a report or a block from this video", "a report", 0.0001),
)

NAMES: tuple[str, ...] = tuple(head.name for head in HEADS)
"""The heads in the order of every array that has one column for each."""

WATCH_CUTS: tuple[float, ...] = (1.0, 3.0, 5.0, 7.0, 10.0, 14.0, 18.0, 25.0, 40.0, 60.0, 120.0, 300.0)
"""The thresholds of the survival head, seconds."""
