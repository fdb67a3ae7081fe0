"""What the commands that measure share: their options, where reports go, and the table of heads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from foryou import settings
from foryou.core.clock import SECOND
from foryou.core.errors import SettingsError

DATA = Path("data/kuairand-pure")
"""The project's own copy of KuaiRand-Pure."""
DAY = "%Y-%m-%d"
"""How a day is written on the command line."""

out = Console()
err = Console(stderr=True)

Directory = Annotated[Path, typer.Option("--data", help="Directory with the log's four files.")]
Seed = Annotated[int, typer.Option(help="Start of all random numbers.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the report here too.")]


Config = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML); default: ./foryou.toml.")]
Live = Annotated[str | None, typer.Option("--data", help="The data directory; default: that of the settings.")]
Since = Annotated[datetime | None, typer.Option(formats=[DAY], help="First day that counts; default: all.")]


def live(config: Path | None, data: str | None) -> Path:
    """The data directory whose log is read."""
    where = {"data": {"url": data if ":" in data else f"file:{data}"}} if data else {}
    chosen = settings.load(config, changes=where).data
    if chosen.directory is None:
        raise SettingsError(f"data.url is {chosen.url!r}; expected file:DIRECTORY, which has a log to read")
    return chosen.directory


def since_ms(day: datetime | None) -> int:
    """The start of a day, ms UTC; 0 for all time."""
    return int(day.replace(tzinfo=UTC).timestamp() * SECOND) if day is not None else 0


def write(report: dict[str, Any], path: Path | None) -> None:
    """Put a report where --json says."""
    if path is not None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def heads_table(heads: dict[str, dict[str, float]], title: str) -> Table:
    """A line for each head."""
    table = Table(title=title, title_justify="left")
    table.add_column("head")
    for name in ("positives", "rate", "log loss", "ECE"):
        table.add_column(name, justify="right")
    for name, row in heads.items():
        table.add_row(
            name, f"{row['positives']:,.0f}", f"{row['rate']:.4f}", f"{row['log_loss']:.4f}", f"{row['ece']:.4f}"
        )
    return table
