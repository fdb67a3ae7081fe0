"""The colours, and what every axis has in common."""

from __future__ import annotations

from typing import Any

INK, ACCENT, SOFT = "#1c2333", "#d6336c", "#adb5bd"


def plain(axis: Any, title: str, grid: str = "y") -> None:
    """A title on the left, no frame above and to the right, and a faint grid."""
    axis.set_title(title, loc="left", fontsize=9, color=INK)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8, colors=INK)
    axis.grid(axis=grid, color="#edf0f4")
    axis.set_axisbelow(True)
