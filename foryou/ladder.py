"""How the way of a video to its audience looks in a terminal: a ladder of stages, its quality, and its moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec
from msgspec import Struct
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from foryou.ladder_words import LADDER

Answer: TypeAlias = dict[str, object]
_Words: TypeAlias = Mapping[str, str]

_WIDTH = 40
"""Characters of the longest bar."""
_SPARKS = " ▁▂▃▄▅▆▇█"


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
    parts: dict[str, float] | None = None


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


def journey(answer: Answer, language: str = "en") -> RenderableType:
    """Where a video is, how it is judged, how it came there, who saw it, and what is next: as it was told in this
    language."""
    told, say = msgspec.convert(answer, _Journey), LADDER[language]
    state = say.get(told.state, told.state)
    head = say["head"].format(video=told.video, stage=told.stage, last=told.stages - 1, state=state)
    return Group(
        Text(head, style="bold"),
        _ladder(told, say),
        _quality(told.quality, say),
        *(line for move in told.moves for line in _moved(move, say)),
        Text(told.next, style="bold"),
        *_below(told, say),
    )


def _moved(move: _Moved, say: Mapping[str, str]) -> Iterator[Text]:
    """When and why; and what it was judged by."""
    yield Text(f"- {_when(move.at)}  {move.words}")
    if move.parts is not None:
        shares = {name: f"{move.parts[name]:.0%}" for name in ("hook", "completion")}
        yield Text(f"  {say['judged'].format(**shares)}", style="dim")


class _States(Struct):
    running: int
    resting: int
    stopped: int


class _On(Struct):
    videos: int
    went_on: int
    low: float
    high: float


class _WentOn(Struct):
    by_chance: _On
    by_quality: _On


class _Stage(Struct):
    stage: int
    videos: _States
    audience: int | None = None
    goes_on_above: float | None = None
    went_on: _WentOn | None = None


def stages(answer: list[Answer], language: str = "en") -> RenderableType:
    """How many videos are in each stage and what became of those that left it, the widest on top."""
    told, say = msgspec.convert(answer, list[_Stage]), LADDER[language]
    heads = ("stage", "audience", "running_now", "resting_now", "stopped_now", "goes_on", "chance_on", "earned_on")
    table = Table(*(say[head] for head in heads), box=None, padding=(0, 1))
    for column in table.columns:
        column.justify, column.overflow = "right", "fold"
    for each in reversed(told):
        goes_on = "" if each.goes_on_above is None else f"{each.goes_on_above:+.2f}"
        size = say["everybody"] if each.audience is None else f"{each.audience:,}"
        counts = (each.videos.running, each.videos.resting, each.videos.stopped)
        on = ("", "") if each.went_on is None else (each.went_on.by_chance, each.went_on.by_quality)
        table.add_row(
            str(each.stage), size, *(f"{count:,}" for count in counts), goes_on, *(_went(of, say) for of in on)
        )
    any_videos = any(each.videos.running + each.videos.resting + each.videos.stopped for each in told)
    return Group(table, Text(say["went"] if any_videos else say["no_videos"], style="dim"))


def _went(on: _On | str, say: _Words) -> str:
    if isinstance(on, str) or on.videos == 0:
        return ""
    low, high = f"{100 * on.low:.0f}", f"{on.high:.0%}"
    return say["share"].format(went=f"{on.went_on:,}", of=f"{on.videos:,}", low=low, high=high)


def _when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _ladder(told: _Journey, say: _Words) -> Table:
    """The stages, the widest on top."""
    table = Table(say["stage"], say["seen"], "", title=say["stages"], title_justify="left", box=None, padding=(0, 2))
    table.columns[1].justify = "right"
    most = max(told.viewers.for_you_by_stage, default=0.0) or 1.0
    for stage in reversed(range(told.stages)):
        seen, here = told.viewers.for_you_by_stage[stage], stage == told.stage
        share = seen / most
        if here and told.audience:
            share = min(told.shown / told.audience, 1.0)
        bar = "█" * round(share * _WIDTH)
        count = f"{seen:,.0f}"
        if here and told.audience:
            count = say["of"].format(seen=count, audience=f"{told.audience:,}")
        mark = "▶ " if here else "  "
        style = "green" if here else "dim" if stage > told.stage else ""
        table.add_row(f"{mark}{stage}", count, Text(bar, style="green" if here else "blue"), style=style)
    return table


def _scale(value: float) -> int:
    """The place of a quality from -1 to 1 on a line."""
    return round((min(max(value, -1.0), 1.0) + 1) / 2 * (_WIDTH - 1))


def _quality(quality: _Quality, say: _Words) -> Group:
    """The interval of the quality with the two thresholds, and the parts that it consists of."""
    line = ["·"] * _WIDTH
    for place in range(_scale(quality.low), _scale(quality.high) + 1):
        line[place] = "━"
    line[_scale(quality.stops_below)], line[_scale(quality.goes_on_above)] = "┃", "┃"
    line[_scale(quality.value)] = "◆"
    words = say["quality"].format(
        value=f"{quality.value:+.2f}",
        low=f"{quality.low:+.2f}",
        high=f"{quality.high:+.2f}",
        stops=f"{quality.stops_below:+.2f}",
        goes_on=f"{quality.goes_on_above:+.2f}",
    )
    table = Table(say["part"], say["here"], "95 %", say["usual"], say["adds"], box=None, padding=(0, 2))
    for column in table.columns[1:]:
        column.justify = "right"
    for part in quality.parts:
        known = part.value is not None and part.low is not None and part.high is not None
        here = f"{part.value:.3f}" if known else "-"
        between = say["between"].format(low=f"{part.low:.3f}", high=f"{part.high:.3f}") if known else ""
        table.add_row(escape(part.label), here, between, f"{part.usual:.3f}", f"{part.counts:+.3f}")
    return Group(Text("".join(line) + "  " + words), table)


def _below(told: _Journey, say: _Words) -> list[RenderableType]:
    lines: list[str] = []
    hours, viewers = told.viewers.by_hour, told.viewers
    if any(hours):
        most = max(hours)
        sparks = "".join(_SPARKS[round(each / most * (len(_SPARKS) - 1))] for each in hours)
        lines.append(say["hours"].format(sparks=sparks))
    lines.append(say["views"].format(views=f"{viewers.exposures:,.0f}", followers=f"{viewers.followers_share:.0%}"))
    if viewers.authors_taste > 0:
        lines.append(say["taste"].format(taste=f"{viewers.authors_taste:.0%}"))
    chain = told.sharing
    lines.append(
        say["shares"].format(
            sizes=", ".join(map(str, chain.generations)) or say["nobody"],
            depth=chain.depth,
            value=f"{chain.reproduction:.2f}",
            low=f"{chain.low:.2f}",
            high=f"{chain.high:.2f}",
        )
    )
    chance = told.chance
    if chance.value is not None and chance.low is not None and chance.high is not None:
        value, low, high = (_share(each, say) for each in (chance.value, chance.low, chance.high))
        lines.append(say["chance"].format(stage=chance.stage, value=value, low=low, high=high))
    return [Text(line) for line in lines]


def _share(value: float, say: _Words) -> str:
    return say["under"] if value < 0.01 else f"{value:.0%}"
