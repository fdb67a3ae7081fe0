"""What the ranking loses without each group of inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foryou.plots.style import ACCENT, INK, SOFT, picture, plain


def plot_ablation(report: Mapping[str, Any], path: Path) -> None:
    """The difference of each group to the full model, largest loss first; grey where it is within two deviations."""
    groups = sorted(report["without"].items(), key=lambda each: each[1]["difference"]["mean"])
    mean = [row["difference"]["mean"] for _, row in groups]
    error = [row["difference"]["deviation"] for _, row in groups]
    least = 2 * report["full"]["deviation"]["primary"]
    colours = [ACCENT if abs(gap) > max(least, 2 * spread) else SOFT for gap, spread in zip(mean, error, strict=True)]
    with picture(path, (8, 1.2 + 0.32 * len(groups))) as (_, ((axis,),)):
        axis.barh([name for name, _ in groups], mean, xerr=error, color=colours, ecolor=INK, height=0.7)
        axis.invert_yaxis()
        axis.axvline(0, color=INK, linewidth=0.8)
        plain(axis, f"primary without each group, against {report['full']['primary']:.4f} with all", grid="x")
