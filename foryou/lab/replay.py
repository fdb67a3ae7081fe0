"""`foryou replay`: a public log played through the engine, test-then-train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from foryou import terminal
from foryou.core.errors import InvalidEvent
from foryou.datasets.kuairand import KuaiRand
from foryou.lab.options import DATA, Directory, Json, Seed, err, heads_table, out, write
from foryou.plots.replay import plot_replay
from foryou.protocols import replay as protocol

Log = Annotated[str, typer.Argument(help="The public log; kuairand.")]


def replay(
    log: Log,
    data: Directory = DATA,
    seed: Seed = 1,
    json: Json = None,
    picture: Annotated[Path, typer.Option(help="Where to draw the measures (PNG or SVG).")] = Path("replay.png"),
) -> None:
    """Play a public log through the engine in time order: predict each row, then learn it."""
    if log != "kuairand":
        raise InvalidEvent("log", f"{log!r} is not known here", "kuairand")
    with terminal.progress(err) as progress:
        task = progress.add_task("Exposures", total=KuaiRand(data).size())
        report = protocol.replay(
            data,
            seed,
            told=lambda learned, gauc: progress.update(
                task, completed=learned, description=f"Exposures, GAUC {gauc:.4f}"
            ),
        )
        progress.update(task, completed=report["rows"])
    write(report, json)
    plot_replay(report, picture)
    out.print(_replay_table(report))
    out.print(
        f"{report['rows']:,} rows in {report['seconds']} s: {report['rows_per_second']:,} rows/s. Picture: {picture}"
    )


def _replay_table(report: dict[str, Any]) -> Table:
    points = report["points"]
    return heads_table(
        points[-1]["heads"] if points else {},
        f"last {len(points) and points[0]['rows']:,} measured rows; GAUC {points[-1]['gauc']:.4f}"
        if points
        else "nothing measured",
    )
