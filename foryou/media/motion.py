"""Ways to move: where each of a few shapes is at a moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from typing import TypeAlias

Place: TypeAlias = tuple[float, float, float]
"""The middle, as shares of width and height, and a turn in degrees."""
Motion: TypeAlias = Callable[[float, float], Place]
"""(turns since the start, the shape's own number from 0 to 1) -> place. A turn is two beats of the music."""


def _bounce(t: float, u: float) -> Place:
    return 0.12 + 0.76 * abs((2 * u + 0.21 * t) % 2 - 1), 0.78 - 0.5 * abs(sin(pi * (t + u))), 90 * t


def _rush(t: float, u: float) -> Place:
    return 1.3 - (t * (0.5 + 0.5 * u) + 1.7 * u) % 1.6, 0.15 + 0.7 * u, -8.0


def _roll(t: float, u: float) -> Place:
    return (0.4 * t + 1.4 * u) % 1.4 - 0.2, 0.2 + 0.62 * (u * 2.6 % 1), -160 * t


def _stamp(t: float, u: float) -> Place:
    hit = (t + u / 2) % 1
    return 0.2 + 0.6 * (u * 2.6 % 1), 0.2 + 0.62 * u - 0.16 * max(0.0, 1 - 5 * hit), 14 * sin(2 * pi * u)


def _fall(t: float, u: float) -> Place:
    return 0.1 + 0.8 * (u * 3.3 % 1) + 0.05 * sin(2 * t + 6 * u), (0.22 * t + 1.5 * u) % 1.3 - 0.15, 40 * t + 300 * u


def _rise(t: float, u: float) -> Place:
    return (
        0.12 + 0.76 * (u * 2.7 % 1) + 0.06 * sin(3 * t + 9 * u),
        1.15 - (0.2 * t + 1.6 * u) % 1.3,
        8 * sin(2 * t + 5 * u),
    )


def _drift(t: float, u: float) -> Place:
    return (0.07 * t + 1.4 * u) % 1.4 - 0.2, 0.18 + 0.66 * (u * 2.4 % 1) + 0.02 * sin(t), 4 * sin(t + 5 * u)


def _sway(t: float, u: float) -> Place:
    swing = sin(pi * t / 2 + 4 * u)
    return 0.5 + 0.34 * (2 * u - 1) + 0.1 * swing, 0.2 + 0.62 * (u * 2.6 % 1) + 0.03 * cos(pi * t), 16 * swing


def _climb(t: float, u: float) -> Place:
    step = int(t * 2) + min(1.0, 4 * (t * 2 % 1))
    return 0.15 + 0.7 * (u * 2.6 % 1), 1.1 - (0.06 * step + 1.3 * u) % 1.3, 0.0


def _march(t: float, u: float) -> Place:
    step = int(t * 2) + min(1.0, 3 * (t * 2 % 1))
    return (0.12 * step + 1.4 * u) % 1.4 - 0.2, 0.2 + 0.62 * (u * 2.6 % 1) - 0.03 * abs(sin(2 * pi * t)), 0.0


def _orbit(t: float, u: float) -> Place:
    angle, far = pi * t / 2 + 2 * pi * u, 0.3 + 0.08 * sin(pi * t)
    return 0.5 + far * cos(angle) * 1.1, 0.48 + far * sin(angle), 60 * t


MOTIONS: Mapping[str, Motion] = {
    "bounce": _bounce, "rush": _rush, "roll": _roll, "stamp": _stamp, "fall": _fall, "rise": _rise, "drift": _drift,
    "sway": _sway, "climb": _climb, "march": _march, "orbit": _orbit,
}  # fmt: skip
