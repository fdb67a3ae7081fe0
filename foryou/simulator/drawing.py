"""Small charts as SVG: lines with bands, and points with intervals. Every one says that it is simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from math import inf, isfinite, log10
from typing import TypeAlias

import numpy as np

WIDE, HIGH = 420, 250
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 34, 34
COLOURS = ("#d6336c", "#1c7ed6", "#2f9e44", "#e8590c", "#7048e8", "#0c8599", "#8d6e00", "#868e96", "#495057")
"""The compared policy has the first."""
Values = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """Values at the places of a chart, each with what it might as well be; `dashed` for a second line of the same."""

    colour: str
    mean: Values
    low: Values = ()
    high: Values = ()
    dashed: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Point:
    """A named value with its interval."""

    label: str
    colour: str
    mean: float | None
    low: float | None
    high: float | None


Range: TypeAlias = tuple[float, float]
"""What a value can be at all: an interval that goes beyond is drawn up to there."""
ANY: Range = (-inf, inf)
SHARE: Range = (0.0, 1.0)


def lines(
    title: str, places: Sequence[float], drawn: Sequence[Line], x: str, y: str, logs: bool = False, can: Range = ANY
) -> str:
    """A chart of lines over the same places. With `logs`, values are on a logarithmic scale."""
    drawn = [replace(line, low=_clipped(line.low, can), high=_clipped(line.high, can)) for line in drawn]
    ends = [float(v) for line in drawn for v in (*line.mean, *line.low, *line.high) if v is not None and isfinite(v)]
    scale = _scale(ends, logs, can)
    first, last = (min(places), max(places)) if places else (0.0, 1.0)
    across = _linear(first, last if last > first else first + 1, LEFT, WIDE - RIGHT)
    parts = [_frame(title, y), _grid_y(scale), _grid_x(places, across, x)]
    for line in sorted(drawn, key=lambda line: line.strong):
        parts.append(_band(line, places, across, scale))
        width = 2.6 if line.strong else 1.4
        style = f'stroke="{line.colour}" stroke-width="{width}" fill="none" stroke-linejoin="round"'
        dashes = ' stroke-dasharray="4 3"' if line.dashed else ""
        pieces = _pieces(places, line.mean, across, scale)
        parts += [f'<polyline points="{piece}" {style}{dashes}/>' for piece in pieces]
    return _svg(title, "".join(parts), HIGH)


def points(title: str, drawn: Sequence[Point], x: str, at: float | None = None, can: Range = ANY) -> str:
    """A row for each value, with its interval and its number; a line at `at`."""
    drawn = [_within(point, can) for point in drawn if _known(point.mean)]
    high = TOP + BOTTOM + 22 * max(len(drawn), 1)
    ends = [float(v) for p in drawn for v in (p.mean, p.low, p.high) if v is not None and isfinite(v)]
    low, top = _room([*ends, *([at] if at is not None else [])], can)
    across = _linear(low, top, 128, WIDE - 58)
    parts = [_frame(title, "")]
    for tick in _ticks(low, top):
        parts.append(_text(across(tick), high - 18, _short(tick), "middle", "tick"))
        parts.append(
            f'<line x1="{across(tick):.1f}" x2="{across(tick):.1f}" y1="{TOP}" y2="{high - BOTTOM}" class="grid"/>'
        )
    if at is not None:
        parts.append(
            f'<line x1="{across(at):.1f}" x2="{across(at):.1f}" y1="{TOP}" y2="{high - BOTTOM}" class="mark"/>'
        )
    for row, point in enumerate(drawn):
        y = TOP + 22 * row + 11
        parts.append(_text(120, y + 4, point.label, "end", "name"))
        parts.append(_whisker(point, y, across))
        parts.append(_text(WIDE - 52, y + 4, _short(point.mean or 0.0), "start", "tick"))
    parts.append(_text(WIDE - RIGHT, high - 3, x, "end", "axis"))
    return _svg(title, "".join(parts), high)


def _clipped(values: Values, can: Range) -> Values:
    return [None if value is None else min(max(value, can[0]), can[1]) for value in values]


def _within(point: Point, can: Range) -> Point:
    low, high = _clipped((point.low, point.high), can)
    return replace(point, low=low, high=high)


def _whisker(point: Point, y: float, across: Callable[[float], float]) -> str:
    span = ""
    if point.low is not None and point.high is not None:
        ends = f'x1="{across(point.low):.1f}" x2="{across(point.high):.1f}" y1="{y}" y2="{y}"'
        span = f'<line {ends} stroke="{point.colour}" stroke-width="2"/>'
    return span + f'<circle cx="{across(point.mean or 0.0):.1f}" cy="{y}" r="4.5" fill="{point.colour}"/>'


def _svg(title: str, inside: str, high: float) -> str:
    return f'<svg viewBox="0 0 {WIDE} {high:.0f}" role="img" aria-label="{escape(title)} (simulated)">{inside}</svg>'


def _frame(title: str, y: str) -> str:
    more = _text(LEFT - 6, TOP - 6, y, "start", "axis") if y else ""
    return _text(2, 14, title, "start", "title") + _text(WIDE - 2, 14, "simulated", "end", "stamp") + more


def _text(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    logs: bool
    to: Callable[[float], float]

    def __call__(self, value: float) -> float:
        return self.to(log10(max(value, 1e-9)) if self.logs else value)


def _scale(values: Sequence[float], logs: bool, can: Range) -> _Scale:
    low, high = _room([log10(value) for value in values if value > 0], ANY) if logs else _room(values, can)
    return _Scale(low, high, logs, _linear(low, high, HIGH - BOTTOM, TOP))


def _room(values: Sequence[float], can: Range) -> Range:
    """A range with some room around the values, as far as there can be any."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or max(abs(high) * 0.1, 1e-3)
    return max(0.0 if 0 <= low <= room else low - room, can[0]), max(min(high + room, can[1]), low + 1e-3)


def _linear(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _ticks(low: float, high: float, most: int = 5, whole: bool = False) -> list[float]:
    """Round numbers between two; whole ones only, if they have to be."""
    step = 10 ** np.floor(np.log10((high - low) / most))
    step *= next(times for times in (1, 2, 5, 10) if (high - low) / (step * times) <= most)
    step = max(step, 1.0) if whole else step
    return [float(tick) for tick in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def _grid_y(scale: _Scale) -> str:
    parts = []
    whole = [float(power) for power in range(int(np.ceil(scale.low)), int(np.floor(scale.high)) + 1)]
    for tick in whole if scale.logs and len(whole) > 1 else _ticks(scale.low, scale.high):
        y = scale.to(tick)
        label = _short(10**tick if scale.logs else tick)
        parts.append(f'<line x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(_text(LEFT - 5, y + 3.5, label, "end", "tick"))
    return "".join(parts)


def _grid_x(places: Sequence[float], across: Callable[[float], float], x: str) -> str:
    whole = all(place == int(place) for place in places)
    shown = _ticks(min(places), max(places), 7, whole) if len(places) > 1 else list(places)
    ticks = [_text(across(tick), HIGH - BOTTOM + 14, _short(tick), "middle", "tick") for tick in shown]
    return "".join(ticks) + _text(WIDE - RIGHT, HIGH - 4, x, "end", "axis")


def _pieces(places: Sequence[float], values: Values, across: Callable[[float], float], scale: _Scale) -> list[str]:
    """The line as pieces, broken where there is no value."""
    pieces: list[list[str]] = [[]]
    for place, value in zip(places, values, strict=False):
        if value is None or not isfinite(value) or (scale.logs and value <= 0):
            pieces.append([])
        else:
            pieces[-1].append(f"{across(place):.1f},{scale(value):.1f}")
    return [" ".join(piece) for piece in pieces if len(piece) > 1]


def _band(line: Line, places: Sequence[float], across: Callable[[float], float], scale: _Scale) -> str:
    whole = [
        (place, low, high)
        for place, low, high in zip(places, line.low, line.high, strict=False)
        if low is not None and high is not None and isfinite(low) and isfinite(high) and not (scale.logs and low <= 0)
    ]
    if len(whole) < 2:
        return ""
    there = [f"{across(place):.1f},{scale(low):.1f}" for place, low, _ in whole]
    back = [f"{across(place):.1f},{scale(high):.1f}" for place, _, high in reversed(whole)]
    return (
        f'<polygon points="{" ".join(there + back)}" fill="{line.colour}" opacity="{0.16 if line.strong else 0.07}"/>'
    )


def _known(value: float | None) -> bool:
    return value is not None and isfinite(value)


def _short(value: float) -> str:
    """A number in few characters.

    >>> _short(1234.0), _short(0.05), _short(2.0)
    ('1,234', '0.05', '2')
    """
    if abs(value) < 1e-9:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def alone(chart: str, style: str) -> str:
    """A chart as a file of its own, with the style of the page around it."""
    paper = f'<style>{style}</style><rect width="100%" height="100%" fill="var(--paper)"/>'
    head, rest = chart.removeprefix("<svg").split(">", 1)
    return f'<svg xmlns="http://www.w3.org/2000/svg"{head}>{paper}{rest}\n'


def legend(names: Mapping[str, str]) -> str:
    """The colours of policies, as HTML."""
    return "".join(
        f'<span class="key"><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in names.items()
    )
