"""How the way of a video to its audience looks in a terminal: a ladder of stages, its quality, and its moves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

import msgspec
from msgspec import Struct
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

Answer: TypeAlias = dict[str, object]

_WIDTH = 40
"""Characters of the longest bar."""
_SPARKS = " ▁▂▃▄▅▆▇█"
_WORDS = {
    "running": "looks for its audience",
    "late": "its time for this audience is over",
    "resting": "had its audience",
    "stopped": "stopped",
    "open": "open to everybody",
}


class _Part(Struct):
    name: str
    label: str
    usual: float
    counts: float
    value: float | None = None
    low: float | None = None
    high: float | None = None


class _Quality(Struct):
    value: float
    low: float
    high: float
    goes_on_above: float
    stops_below: float
    parts: list[_Part]


class _Moved(Struct):
    at: int
    to: int
    reason: str
    words: str


class _Viewers(Struct):
    exposures: float
    followers_share: float
    for_you_by_stage: list[float]
    by_hour: list[float]
    authors_taste: float


class _Sharing(Struct):
    generations: list[int]
    depth: int
    reproduction: float
    low: float
    high: float


class _Chance(Struct):
    stage: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


class _Journey(Struct):
    """What of the answer is shown."""

    video: str
    stage: int
    stages: int
    state: str
    shown: float
    quality: _Quality
    moves: list[_Moved]
    next: str
    viewers: _Viewers
    sharing: _Sharing
    chance: _Chance
    audience: int | None = None


def journey(answer: Answer) -> RenderableType:
    """Where a video is, how it is judged, how it came there, who saw it, and what is next."""
    told = msgspec.convert(answer, _Journey)
    head = f"{told.video}: stage {told.stage} of 0 to {told.stages - 1}, {_WORDS.get(told.state, told.state)}"
    return Group(
        Text(head, style="bold"),
        _ladder(told),
        _quality(told.quality),
        *(Text(f"- {_when(move.at)}  {move.words}") for move in told.moves),
        Text(told.next, style="bold"),
        *_below(told),
    )


def _when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _ladder(told: _Journey) -> Table:
    """The stages, the widest on top."""
    table = Table("stage", "seen in For You", "", title="Stages", title_justify="left", box=None, padding=(0, 2))
    table.columns[1].justify = "right"
    most = max(told.viewers.for_you_by_stage, default=0.0) or 1.0
    for stage in reversed(range(told.stages)):
        seen, here = told.viewers.for_you_by_stage[stage], stage == told.stage
        share = seen / most
        if here and told.audience:
            share = min(told.shown / told.audience, 1.0)
        bar = "█" * round(share * _WIDTH)
        of = f" of {told.audience:,}" if here and told.audience else ""
        mark = "▶ " if here else "  "
        style = "green" if here else "dim" if stage > told.stage else ""
        table.add_row(f"{mark}{stage}", f"{seen:,.0f}{of}", Text(bar, style="green" if here else "blue"), style=style)
    return table


def _scale(value: float) -> int:
    """The place of a quality from -1 to 1 on a line."""
    return round((min(max(value, -1.0), 1.0) + 1) / 2 * (_WIDTH - 1))


def _quality(quality: _Quality) -> Group:
    """The interval of the quality with the two thresholds, and the parts that it consists of."""
    line = ["·"] * _WIDTH
    for place in range(_scale(quality.low), _scale(quality.high) + 1):
        line[place] = "━"
    line[_scale(quality.stops_below)], line[_scale(quality.goes_on_above)] = "┃", "┃"
    line[_scale(quality.value)] = "◆"
    words = (
        f"quality {quality.value:+.2f} ({quality.low:+.2f} to {quality.high:+.2f}); "
        f"stops below {quality.stops_below:+.2f}, goes on above {quality.goes_on_above:+.2f}"
    )
    table = Table("part", "here", "95 %", "usual", "adds", box=None, padding=(0, 2))
    for column in table.columns[1:]:
        column.justify = "right"
    for part in quality.parts:
        known = part.value is not None and part.low is not None and part.high is not None
        here = f"{part.value:.3f}" if known else "-"
        between = f"{part.low:.3f} to {part.high:.3f}" if known else ""
        table.add_row(escape(part.label), here, between, f"{part.usual:.3f}", f"{part.counts:+.3f}")
    return Group(Text("".join(line) + "  " + words), table)


def _below(told: _Journey) -> list[RenderableType]:
    lines: list[RenderableType] = []
    hours = told.viewers.by_hour
    if any(hours):
        most = max(hours)
        sparks = "".join(_SPARKS[round(each / most * (len(_SPARKS) - 1))] for each in hours)
        lines.append(Text(f"hour by hour: {sparks}"))
    lines.append(
        Text(
            f"{told.viewers.exposures:,.0f} exposures, {told.viewers.followers_share:.0%} by followers; "
            f"the author's own taste says who sees it first to {told.viewers.authors_taste:.0%}"
        )
    )
    chain = told.sharing
    sizes = ", ".join(map(str, chain.generations)) or "nobody yet"
    lines.append(
        Text(
            f"brought by shares: {sizes}; depth {chain.depth}; R {chain.reproduction:.2f} "
            f"({chain.low:.2f} to {chain.high:.2f})"
        )
    )
    chance = told.chance
    if chance.value is not None and chance.low is not None and chance.high is not None:
        between = f"{_share(chance.low)} to {_share(chance.high)}"
        lines.append(Text(f"chance to reach stage {chance.stage}: {_share(chance.value)} ({between})"))
    return lines


def _share(value: float) -> str:
    return "under 1%" if value < 0.01 else f"{value:.0%}"
