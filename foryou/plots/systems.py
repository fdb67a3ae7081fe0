"""Systems side by side: one measure as points with deviations, and the heads as one small chart each."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from foryou.plots.style import ACCENT, INK, SOFT, picture, plain

UNSHOWN = ("random", "oracle")


def plot_systems(report: Mapping[str, Any], path: Path, title: str, measure: str = "primary") -> None:
    """A point for each system that has the measure, with its deviation over the seeds."""
    systems = {name: row for name, row in report["systems"].items() if measure in row}
    with picture(path, (8, 0.9 + 0.38 * len(systems))) as (_, ((axis,),)):
        _points(axis, systems, lambda row: row[measure], lambda row: row["deviation"][measure], title)


def plot_heads(report: Mapping[str, Any], path: Path) -> None:
    """The primary measure, the GAUC of each head, and the error and the order of seconds, of every system."""
    systems = report["systems"]
    heads = list(systems["foryou"]["heads"])
    charts: list[tuple[str, Any]] = [("KR-rank primary", lambda row: row.get("primary"))]
    charts += [(f"{head}: GAUC", lambda row, head=head: row["heads"].get(head, {}).get("gauc")) for head in heads]
    charts += [
        ("seconds: MAE (less is better)", lambda row: row.get("watch", {}).get("mae")),
        ("seconds: XAUC", lambda row: row.get("watch", {}).get("xauc")),
    ]
    across = 3
    down = -(-len(charts) // across)
    with picture(path, (14, 2.4 * down), down, across) as (_, axes):
        for axis, (title, of) in zip(axes.flat, charts, strict=False):
            having = {name: row for name, row in systems.items() if of(row) is not None and isfinite(of(row))}
            _points(axis, having, of, None, title)
        for axis in axes.flat[len(charts) :]:
            axis.axis("off")


def _points(axis: Any, systems: Mapping[str, Any], of: Any, deviation: Any, title: str) -> None:
    shown = {name: row for name, row in systems.items() if name not in UNSHOWN}
    values = [of(row) for row in shown.values()]
    places = range(len(values))
    if deviation is not None:
        spread = [deviation(row) for row in shown.values()]
        axis.errorbar(values, places, xerr=spread, fmt="none", ecolor=INK, elinewidth=1, capsize=3)
    axis.scatter(values, places, s=42, c=[ACCENT if name == "foryou" else SOFT for name in shown], zorder=3)
    axis.set_yticks(places, [row["label"] for row in shown.values()])
    axis.set_ylim(len(values) - 0.5, -0.7)
    plain(axis, title, grid="x")
    if values:
        low, high = min(values), max(values)
        room = max(high - low, 1e-3)
        axis.set_xlim(low - 0.25 * room, high + 0.25 * room)
    for place, value in enumerate(values):
        axis.text(value, place - 0.28, f"{value:.4f}", ha="center", fontsize=7, color=INK)
