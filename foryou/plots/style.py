"""The colours, and what every picture and every axis has in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INK, ACCENT, SOFT = "#1c2333", "#d6336c", "#adb5bd"


@contextmanager
def picture(
    path: Path, size: tuple[float, float], down: int = 1, across: int = 1, **how: Any
) -> Iterator[tuple[Any, Any]]:
    """A figure of a size in inches, and its axes [down, across]; it is written when all is drawn. `how`: as `subplots`
    of a figure takes it."""
    # Half a second of every start of the command, which seldom draws.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=size, layout="constrained")
    yield figure, figure.subplots(down, across, squeeze=False, **how)
    figure.savefig(path, dpi=110)


def plain(axis: Any, title: str, grid: str = "y") -> None:
    """A title on the left, no frame above and to the right, and a faint grid."""
    axis.set_title(title, loc="left", fontsize=9, color=INK)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8, colors=INK)
    axis.grid(axis=grid, color="#edf0f4")
    axis.set_axisbelow(True)
