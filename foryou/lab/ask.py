"""What somebody asked `foryou evaluate kuairand` for, and how the table of its systems looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.table import Table

RANKING = ("gauc", "ndcg5", "primary")
NAMES = {"auc": "AUC", "gauc": "GAUC", "ndcg5": "nDCG@5", "primary": "primary"}
"""How measures are written."""


@dataclass(frozen=True)
class Ask:
    """The options of a protocol: where the log is, the test days, the seeds, where the report and the picture go."""

    data: Path
    first: date
    last: date
    seeds: tuple[int, ...]
    json: Path | None
    picture: Path | None

    def picture_for(self, protocol: str) -> Path:
        """Where the picture goes: where --picture says, or beside where one is."""
        return self.picture or Path(f"kuairand-{protocol}.png")


def systems_table(
    report: dict[str, Any], title: str, measures: tuple[str, ...] = ("gauc", "ndcg5", "primary")
) -> Table:
    """A line for each system that ranks: its measures, the deviation of the last, how long it learned and how fast."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in (*(NAMES[name] for name in measures), "±", "learning", "rows/s"):
        table.add_column(name, justify="right")
    for name, row in report["systems"].items():
        if measures[-1] not in row:
            continue
        train = row.get("train", {})
        table.add_row(
            f"[bold]{row['label']}[/]" if name == "foryou" else row["label"],
            *(f"{row[measure]:.4f}" for measure in measures),
            f"{row['deviation'][measures[-1]]:.4f}" if row["runs"] > 1 else "",
            f"{train['seconds']:.1f} s" if train else "",
            f"{train['rows_per_second']:,.0f}" if train else "",
        )
    return table


def heads_of_systems(report: dict[str, Any]) -> Table:
    """For each head, a line for each system that predicts it."""
    table = Table(title="Heads", title_justify="left")
    for name in ("head", "", "AUC", "GAUC", "log loss", "ECE"):
        table.add_column(name, justify="left" if name in ("head", "") else "right")
    shown = {name: row for name, row in report["systems"].items() if name not in ("random", "oracle")}
    for head in report["systems"]["foryou"]["heads"]:
        having = [(name, row) for name, row in shown.items() if head in row["heads"]]
        for place, (name, row) in enumerate(having):
            each = row["heads"][head]
            table.add_row(
                f"{head} ({each['positives']:,.0f})" if place == 0 else "",
                f"[bold]{row['label']}[/]" if name == "foryou" else row["label"],
                *(f"{each[measure]:.4f}" for measure in ("auc", "gauc", "log_loss", "ece")),
                end_section=place == len(having) - 1,
            )
    return table


def watch_table(report: dict[str, Any]) -> Table:
    """A line for each system that predicts seconds."""
    table = Table(title="Seconds watched", title_justify="left")
    table.add_column("")
    for name in ("MAE, s", "XAUC"):
        table.add_column(name, justify="right")
    for name, row in report["systems"].items():
        if "watch" in row and name != "oracle":
            table.add_row(
                f"[bold]{row['label']}[/]" if name == "foryou" else row["label"],
                f"{row['watch']['mae']:.2f}",
                f"{row['watch']['xauc']:.4f}",
            )
    return table
