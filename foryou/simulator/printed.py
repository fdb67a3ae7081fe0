"""A comparison as the terminal shows it: tables that fit its width, and the verdict in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from foryou.simulator.compare import CLAIM, Report

SHOWN = (
    "satisfaction", "watch_s", "skip_rate", "not_interested_rate", "d1", "d7", "coverage", "gini", "entropy",
    "fresh_share", "repeats",
)  # fmt: skip
"""What is shown; JSON and the page have all."""
FIRST, EACH = 21, 9
"""Characters of the column with the measures, and of one with numbers at least."""


def tables(told: Report, width: int) -> Iterator[Table]:
    """A row for each measure, a column for each policy, as many beside each other as there is room for."""
    count = len(told["seeds"])
    few = f"; a claim takes {CLAIM}" if count < CLAIM else ""
    title: str | None = f"Simulated: means over {count} world{'s' * (count > 1)}{few}"
    for policies in _rows_of(list(told["policies"]), width):
        yield _table(told, policies, title)
        title = None


def _rows_of(policies: Sequence[str], width: int) -> Iterator[list[str]]:
    row: list[str] = []
    left = width - FIRST
    for policy in policies:
        wide = max(EACH, 2 + max(map(len, _head(policy).split("\n"))))
        if row and wide > left:
            yield row
            row, left = [], width - FIRST
        row.append(policy)
        left -= wide
    if row:
        yield row


def _head(policy: str) -> str:
    """A name in lines: it breaks after hyphens only."""
    return policy.replace("-", "-\n")


def _table(told: Report, policies: Sequence[str], title: str | None) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("", overflow="fold")
    for policy in policies:
        table.add_column(escape(_head(policy)), justify="right", overflow="fold", vertical="bottom")
    for name in (*SHOWN, *(("bought_reach",) if told["farms"] else ())):
        found = [told["policies"][policy][name] for policy in policies]
        table.add_row(name.replace("_", " "), *(_shown(each, wrong=name == "repeats") for each in found))
    table.add_row("swipes/s", *(f"{_speed(told, policy):,.0f}" for policy in policies))
    return table


def _speed(told: Report, policy: str) -> float:
    mine = [run for run in told["runs"] if run["policy"] == policy]
    return float(sum(run["swipes"] for run in mine) / max(sum(run["seconds"] for run in mine), 1e-9))


def _shown(found: Mapping[str, Any], wrong: bool) -> str:
    """`wrong`: anything but 0 should not be."""
    if found["mean"] is None:
        return "-"
    text = f"{found['mean']:.3g}"
    return f"[red]{text}[/]" if wrong and found["mean"] else text


def sentences(told: Report) -> Iterator[str]:
    """What is to be said of it, a line each."""
    best = told["best"].get("satisfaction")
    found = told["against"][best]["satisfaction"]["ratio"] if best else {"mean": None}
    if found["mean"] is not None:
        yield (
            f"Satisfaction of {escape(told['policy'])} against the best other policy, {escape(best)}: "
            f"{_times(found)}{_unclear(found)}."
        )
    yield from map(escape, bought(told))
    left = sum(run["told"].get("others", 0) for run in told["runs"])
    if left:
        yield f"In {left:,} places the server showed videos of somebody else; they were left out of the slates."
    yield "Simulated: this says nothing about people."


def bought(told: Report) -> Iterator[str]:
    """Whether it pays to buy likes under the compared policy, in a sentence; none where nobody sells them."""
    found = told["policies"].get(told["policy"], {}).get("bought_reach", {"mean": None})
    if told["farms"] and found["mean"] is not None:
        yield f"{told['policy']} gives {_share(found)} to the one of two twins for which likes are bought."


def _times(found: Mapping[str, Any]) -> str:
    between = "" if found["low"] is None else f" ({found['low']:.3f} to {found['high']:.3f})"
    return f"{found['mean']:.3f} times{between}"


def _share(found: Mapping[str, Any]) -> str:
    """Of two that are alike, half is what each would have."""
    if found["low"] is None:
        return f"{found['mean']:.0%} of the reach"
    between = f"{max(found['low'], 0):.0%} to {min(found['high'], 1):.0%}"
    clear = "; no clear difference from half" if found["low"] <= 0.5 <= found["high"] else ""
    return f"{found['mean']:.0%} ({between}{clear}) of the reach"


def _unclear(found: Mapping[str, Any]) -> str:
    return "; no clear difference" if unclear(found) else ""


def unclear(found: Mapping[str, Any]) -> bool:
    """Whether a ratio might as well be 1."""
    return found["low"] is not None and found["low"] <= 1 <= found["high"]
