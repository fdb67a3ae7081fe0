"""What each parameter of behaviour may be: beyond that no world goes on, or nothing that it does means anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TypeAlias

Range: TypeAlias = tuple[float, float]

SHARE: Range = (0.0, 1.0)
EFFECT: Range = (-50.0, 50.0)
"""On log-odds or the logarithm of a hazard: far more than makes a thing certain."""
WORTH: Range = (-10.0, 10.0)
SECONDS: Range = (0.0, 3_600.0)

RANGES: Mapping[str, Range] = {
    "edges": (0.1, 100_000.0), "laps": (0.0, 1_000.0), "hold": EFFECT, "early": SHARE, "leaving": (0.0, 1_000.0),
    "act": EFFECT,
    "usual_match": SHARE, "usual_satiation": SHARE,
    "hold_hook": EFFECT, "hold_match": EFFECT, "hold_appeal": EFFECT, "hold_picture": EFFECT, "hold_satiation": EFFECT,
    "hold_quirk": EFFECT,
    "stay_match": EFFECT, "stay_appeal": EFFECT, "stay_satiation": EFFECT, "stay_quirk": EFFECT, "stay_format": EFFECT,
    "known_hold": EFFECT, "act_watched": EFFECT, "act_worth": EFFECT, "act_bait": EFFECT,
    "value_base": WORTH, "value_match": WORTH, "value_appeal": WORTH, "value_novelty": WORTH, "value_satiation": WORTH,
    "value_quirk": WORTH, "value_bait": SHARE, "value_known": SHARE, "value_glance": SHARE,
    "foreign": SHARE, "english": SHARE, "kin": SHARE,
    "keep": SHARE, "rest_h": (0.01, 10_000.0), "mood_keep": SHARE,
    "leave": (1e-9, 100.0), "content": SHARE, "leave_mood": EFFECT, "leave_streak": EFFECT, "leave_tired": EFFECT,
    "pace_s": SECONDS, "act_s": SECONDS,
    "often": (1e-6, 100.0), "habit_slope": EFFECT, "habit_learn": SHARE, "habit_most": (-20.0, 5.0),
    "habit_least": (-20.0, 5.0), "away_min": (0.0, 100_000.0),
    "sent_h": (0.01, 10_000.0), "sent_to": SHARE, "sent_open": SHARE,
}  # fmt: skip
"""By parameter: the least and the most that it, or each of its numbers, may be."""


def check(name: str, value: object) -> None:
    """ValueError if a parameter, or one of its numbers, cannot be that."""
    low, high = RANGES[name]
    for each in _numbers(value):
        if not (isfinite(each) and low <= each <= high):
            raise ValueError(f"`{name}` is {each:g}; expected {low:g} to {high:g}")


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, tuple):
        for each in value:
            yield from _numbers(each)
    else:
        yield float(value)  # type: ignore[arg-type]
