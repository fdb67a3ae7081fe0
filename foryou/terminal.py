"""How answers and progress look in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec
from msgspec import Struct
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

Answer: TypeAlias = dict[str, object]

_WIDTH = 24
"""Characters of the longest bar, to either side of the middle."""


class _Speed(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} rows/s" if speed else "", style="progress.data.speed")


def progress(console: Console) -> Progress:
    """A progress bar that counts rows, and rows a second."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Speed())
    return Progress(*columns, console=console)


@contextmanager
def telling(console: Console) -> Iterator[Callable[[str, int], None]]:
    """A progress bar for each piece of work that is told of by name, with the rows done since it was last told of."""
    with progress(console) as shown:
        tasks: dict[str, TaskID] = {}

        def told(what: str, rows: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=None)
            shown.advance(tasks[what], rows)

        yield told
        for task in tasks.values():
            shown.update(task, total=shown.tasks[task].completed)


@contextmanager
def replay(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Shows how far the reading of the log is, for as long as it takes; nothing where there is nothing to read."""
    columns = (SpinnerColumn(), TextColumn("Reading the log"), BarColumn(), MofNCompleteColumn(), _Speed())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("", visible=False)

        def step(done: int, end: int) -> None:
            shown.update(task, completed=done, total=end, visible=True)

        yield step


@contextmanager
def steps(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each piece of work that is told of by name, with how far it is and of how much."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as shown:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what)
            shown.update(tasks[what], completed=done, total=of)

        yield told


class _Family(Struct):
    family: str
    part: float
    label: str = ""


class _Head(Struct):
    head: str
    prediction: float
    weight: float
    part: float


_BESIDE = ("affinity", "author_taste", "freshness", "wishes", "variety", "exploration")
"""Parts of the score beside the heads."""


class _Why(Struct):
    """What of an explanation is shown."""

    score: float
    neutral: float
    position: int
    heads: list[_Head]
    families: list[_Family]
    source: str | int = ""
    at: int = 0
    model: str = ""
    explained_with: str = ""
    exploration: float = 0.0
    affinity: float = 0.0
    author_taste: float = 0.0
    freshness: float = 0.0
    wishes: float = 0.0
    variety: float = 0.0
    words: list[str] = []


def explanation(answer: Answer) -> RenderableType:
    """In words, then as bars for the factor families and a table of the heads; both add up to the score."""
    why = msgspec.convert(answer, _Why)
    when = datetime.fromtimestamp(why.at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    place = f"Place {why.position + 1}, score {why.score:.4f}, from {why.source}, by model {why.model}, {when}"
    words = [Text(f"- {line}") for line in why.words]
    bars = (_families(why),) if why.families else ()
    return Group(Text(place, style="bold"), *words, *bars, _heads(why))


def _families(why: _Why) -> Table:
    table = Table(
        "what", "", "part of the score", title="Why this score", title_justify="left", box=None, padding=(0, 2)
    )
    table.columns[2].justify = "right"
    most = max((abs(family.part) for family in why.families), default=0.0) or 1.0
    table.add_row("a neutral viewer and video", "", f"{why.neutral:+.4f}", style="dim")
    for family in sorted(why.families, key=lambda family: -abs(family.part)):
        table.add_row(escape(family.label or family.family), bar(family.part / most), f"{family.part:+.4f}")
    table.add_row("together", "", f"{why.neutral + sum(family.part for family in why.families):+.4f}", style="bold")
    return table


def _heads(why: _Why) -> Table:
    table = Table("outcome", "predicted", "weight", "part", title="What was predicted", title_justify="left", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for head in why.heads:
        table.add_row(escape(head.head), f"{head.prediction:.4f}", f"{head.weight:g}", f"{head.part:+.4f}")
    beside = {name: float(getattr(why, name)) for name in _BESIDE}
    for name, part in beside.items():
        table.add_row(name.replace("_", " "), "", "", f"{part:+.4f}")
    together = sum(head.part for head in why.heads) + sum(beside.values())
    table.add_row("together", "", "", f"{together:+.4f}", style="bold")
    return table


class _Version(Struct):
    """What of a kept version is shown."""

    version: str
    learned: int
    at: int
    measures: dict[str, dict[str, float]]
    parent: str = ""


class _Models(Struct):
    in_use: str
    reserve: str
    held: bool
    kept: list[_Version]


def models(answer: Answer) -> RenderableType:
    """The kept versions as a table, with the measures of long views when each was kept."""
    told = msgspec.convert(answer, _Models)
    table = Table(title="Models, with their measures of long views", title_justify="left", box=None, padding=(0, 1))
    for name in ("version", "after", "rows", "until", "log loss", "AUC", "ECE"):
        table.add_column(name, justify="left" if name in ("version", "after") else "right", no_wrap=True)
    for each in told.kept:
        when = datetime.fromtimestamp(each.at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        measured = each.measures.get("long_view", {})
        figures = (f"{measured[name]:.4f}" if name in measured else "" for name in ("loss", "auc", "ece"))
        table.add_row(escape(each.version), escape(each.parent), f"{each.learned:,}", when, *figures)
    state = "; the learning one is worse than it, and held back" if told.held else ""
    return Group(table, Text(f"In use: {told.in_use}. In reserve: {told.reserve or 'none'}{state}."))


def bar(share: float) -> Text:
    """A bar to the right of the middle for a positive share in [-1, 1], to the left for a negative one.

    >>> bar(-0.5).plain.strip() == "█" * 12
    True
    """
    length = round(abs(share) * _WIDTH)
    blocks, rest = "█" * length, " " * (_WIDTH - length)
    if share < 0:
        return Text(rest + blocks + " " * _WIDTH, style="red")
    return Text(" " * _WIDTH + blocks + rest, style="green")
