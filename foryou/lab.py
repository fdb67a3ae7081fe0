"""The commands that measure: a log replayed test-then-train, and the public ranking protocol."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from foryou import evaluate as protocols
from foryou import terminal
from foryou.core.errors import InvalidEvent
from foryou.datasets.kuairand import KuaiRand
from foryou.plots import plot_replay

DATA = Path("data/kuairand-pure")
"""The project's own copy of KuaiRand-Pure."""
DAY = "%Y-%m-%d"

out = Console()
err = Console(stderr=True)

Log = Annotated[str, typer.Argument(help="The public log; kuairand.")]
Directory = Annotated[Path, typer.Option("--data", help="Directory with the log's four files.")]
Seed = Annotated[int, typer.Option(help="Start of all random numbers.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the report here too.")]


def replay(
    log: Log,
    data: Directory = DATA,
    seed: Seed = 1,
    json: Json = None,
    picture: Annotated[Path, typer.Option(help="Where to draw the measures (PNG or SVG).")] = Path("replay.png"),
) -> None:
    """Play a public log through the engine in time order: predict each row, then learn it."""
    _known(log)
    with terminal.progress(err) as progress:
        task = progress.add_task("Exposures", total=KuaiRand(data).size())
        report = protocols.replay(
            data,
            seed,
            told=lambda learned, gauc: progress.update(
                task, completed=learned, description=f"Exposures, GAUC {gauc:.4f}"
            ),
        )
        progress.update(task, completed=report["rows"])
    _write(report, json)
    plot_replay(report, picture)
    out.print(_replay_table(report))
    out.print(
        f"{report['rows']:,} rows in {report['seconds']} s: {report['rows_per_second']:,} rows/s. Picture: {picture}"
    )


def evaluate(
    log: Log,
    data: Directory = DATA,
    test_from: Annotated[datetime, typer.Option(formats=[DAY], help="First test day.")] = datetime(2022, 5, 1),
    test_to: Annotated[datetime, typer.Option(formats=[DAY], help="Last test day.")] = datetime(2022, 5, 4),
    seed: Seed = 1,
    json: Json = None,
) -> None:
    """KR-rank: learn what came before the test days, then rank each viewer's own impressions by predicted long view."""
    _known(log)
    if test_to < test_from:
        raise InvalidEvent("--test-to", f"{test_to.date()} is before --test-from", "the same day or a later one")
    with terminal.progress(err) as progress:
        task = progress.add_task("Events", total=None)
        report = protocols.kr_rank(
            data, test_from.date(), test_to.date(), seed, lambda rows: progress.advance(task, rows)
        )
        progress.update(task, total=progress.tasks[task].completed)
    _write(report, json)
    out.print(_rank_table(report))
    out.print(
        _heads_table(report["heads"], f"{report['rows']:,} rows of {report['users']:,} viewers, {report['seconds']} s")
    )


def _known(log: str) -> None:
    if log != "kuairand":
        raise InvalidEvent("log", f"{log!r} is not known here", "kuairand")


def _write(report: dict[str, Any], path: Path | None) -> None:
    if path is not None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def _rank_table(report: dict[str, Any]) -> Table:
    table = Table(title=f"KR-rank, {report['test_from']} to {report['test_to']}", title_justify="left")
    for name in ("", "GAUC", "nDCG@5", "primary"):
        table.add_column(name, justify="left" if not name else "right")
    base = report["baselines"]
    for name, row in (
        ("random", base["random"]),
        ("item mean", base["item_mean"]),
        ("[bold]ForYou[/]", report),
        ("oracle", base["oracle"]),
    ):
        table.add_row(name, *(f"{row[key]:.4f}" for key in ("gauc", "ndcg5", "primary")))
    return table


def _heads_table(heads: dict[str, dict[str, float]], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("head")
    for name in ("positives", "rate", "log loss", "ECE"):
        table.add_column(name, justify="right")
    for name, row in heads.items():
        table.add_row(
            name, f"{row['positives']:,.0f}", f"{row['rate']:.4f}", f"{row['log_loss']:.4f}", f"{row['ece']:.4f}"
        )
    return table


def _replay_table(report: dict[str, Any]) -> Table:
    points = report["points"]
    return _heads_table(
        points[-1]["heads"] if points else {},
        f"last {len(points) and points[0]['rows']:,} measured rows; GAUC {points[-1]['gauc']:.4f}"
        if points
        else "nothing measured",
    )
