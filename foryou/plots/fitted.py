"""Simulated beside real: how long videos of each length are watched, what is pressed, and when viewers come."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from foryou.core.batch import Column
from foryou.plots.style import ACCENT, INK, SOFT, picture, plain

Pairs: TypeAlias = Mapping[str, tuple[Column, Column]]
"""By name: values of the log, and simulated ones."""
ACROSS = 4
MOST_RATIO = 2.0


def plot_fitted(lengths: Pairs, acts: Mapping[str, tuple[float, float]], several: Pairs, path: Path) -> None:
    """A curve for each length (share of watches above each ratio), bars for acts, a curve for each of `several`."""
    panels = len(lengths) + len(several) + 1
    down = -(-panels // ACROSS)
    with picture(path, (3.1 * ACROSS, 2.5 * down), down, ACROSS) as (figure, axes):
        places = axes.ravel().tolist()
        for axis, (name, (real, made)) in zip(places, lengths.items(), strict=False):
            _curves(axis, real, made, np.linspace(0, MOST_RATIO, 401))
            plain(axis, f"watched above this ratio: {name}")
        for axis, (name, (real, made)) in zip(places[len(lengths) :], several.items(), strict=False):
            _curves(axis, real, made, np.geomspace(max(real.min(), 1e-3), real.max(), 400))
            axis.set_xscale("log")
            plain(axis, f"above this: {name}")
        _bars(places[panels - 1], acts)
        for axis in places[panels:]:
            axis.set_visible(False)
        places[0].legend(fontsize=8, frameon=False)
        figure.suptitle("Simulated beside the log", fontsize=10, color=INK, x=0.01, ha="left")


def _curves(axis: Any, real: Column, made: Column, at: Column) -> None:
    for values, colour, label, width in ((real, SOFT, "log", 4.0), (made, ACCENT, "simulated", 1.2)):
        above = 1 - np.searchsorted(np.sort(values), at, "left") / len(values)
        axis.plot(at, above, color=colour, label=label, linewidth=width)
    axis.set_ylim(0, 1.02)


def _bars(axis: Any, acts: Mapping[str, tuple[float, float]]) -> None:
    names = list(acts)[::-1]
    rows = np.arange(len(names))
    for place, colour in ((0, SOFT), (1, ACCENT)):
        axis.barh(rows + 0.2 - 0.4 * place, [acts[name][place] for name in names], height=0.38, color=colour)
    axis.set_yticks(rows, [name.replace("_", " ") for name in names])
    axis.set_xscale("log")
    plain(axis, "share of exposures", grid="x")
