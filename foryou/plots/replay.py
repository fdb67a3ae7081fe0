"""The picture of a replay: the measures as they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foryou.plots.style import ACCENT, INK, SOFT, picture, plain


def plot_replay(report: Mapping[str, Any], path: Path) -> None:
    """The running GAUC, and for each head the predicted against the observed rate and the log loss."""
    points: Sequence[Mapping[str, Any]] = report["points"]
    heads = [name for name in points[-1]["heads"] if points[-1]["heads"][name]["positives"] > 0] if points else []
    with picture(path, (11, 2.1 * (1 + len(heads))), 1 + len(heads), 2) as (_, axes):
        rows = [point["rows"] for point in points]
        _line(axes[0][0], rows, [point["gauc"] for point in points], "GAUC of long_view, before learning")
        axes[0][0].axhline(0.5, color=SOFT, linewidth=1)
        axes[0][1].axis("off")
        axes[0][1].text(
            0,
            0.5,
            f"{report['rows']:,} rows in {report['seconds']:.0f} s\n{report['rows_per_second']:,} rows/s, seed "
            f"{report['seed']}",
            va="center",
            color=INK,
        )
        for place, name in enumerate(heads, start=1):
            each = [point["heads"].get(name, {}) for point in points]
            _line(axes[place][0], rows, [head.get("log_loss") for head in each], f"{name}: log loss")
            _line(axes[place][1], rows, [head.get("ece") for head in each], f"{name}: calibration error (ECE)")
        axes[-1][0].set_xlabel("rows with a measured watch")
        axes[-1][1].set_xlabel("rows with a measured watch")


def _line(axis: Any, x: Sequence[float], y: Sequence[float | None], title: str) -> None:
    axis.plot(x, y, color=ACCENT, linewidth=1.8, marker="o", markersize=3)
    plain(axis, title)
