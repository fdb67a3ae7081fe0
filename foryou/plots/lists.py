"""Lists from all items, side by side: a row of bars for each measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foryou.plots.style import ACCENT, INK, SOFT, picture, plain


def plot_lists(systems: Mapping[str, Mapping[str, Any]], measures: Sequence[str], title: str, path: Path) -> None:
    """A bar for each system, ours in colour."""
    wide = 3.2 * len(measures)
    with picture(path, (wide, 3.2), across=len(measures)) as (figure, axes):
        names = list(systems)[::-1]
        for place, measure in enumerate(measures):
            axis = axes[0][place]
            values = [systems[name][measure] for name in names]
            labels = ["ForYou" if name == "foryou" else name for name in names]
            axis.barh(labels, values, color=[ACCENT if name == "foryou" else SOFT for name in names])
            plain(axis, measure, grid="x")
            axis.tick_params(labelleft=place == 0)
        figure.suptitle(title, fontsize=10, color=INK, x=0.01, ha="left")
