"""`foryou evaluate ablation`: the ranking without each group of inputs in turn."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from foryou import terminal
from foryou.core.errors import InvalidEvent
from foryou.features.neutral import groups
from foryou.lab.options import DATA, DAY, Directory, Json, Seed, err, out, write
from foryou.plots.ablation import plot_ablation
from foryou.protocols import ablation as protocol


def ablation(
    data: Directory = DATA,
    test_from: Annotated[datetime, typer.Option(formats=[DAY], help="First day that is ranked.")] = datetime(
        2022, 4, 28
    ),
    test_to: Annotated[datetime, typer.Option(formats=[DAY], help="Last day that is ranked.")] = datetime(2022, 4, 30),
    without: Annotated[list[str] | None, typer.Option(help="Only this group; may be said again.")] = None,
    seed: Seed = 1,
    runs: Annotated[int, typer.Option(min=1, help="Models of each variant, with seeds from --seed on.")] = 3,
    json: Json = None,
    picture: Annotated[Path, typer.Option(help="Where to draw the differences (PNG or SVG).")] = Path("ablation.png"),
) -> None:
    """KR-rank without each group of inputs in turn, on KuaiRand's validation days: which factors are alive."""
    for name in without or ():
        if name not in groups():
            raise InvalidEvent("--without", f"{name!r} is no group of inputs", ", ".join(groups()))
    seeds = tuple(range(seed, seed + runs))
    with terminal.telling(err) as told:
        report = protocol.ablation(data, test_from.date(), test_to.date(), seeds, without or (), told)
    write(report, json)
    plot_ablation(report, picture)
    out.print(_table(report))
    out.print(f"{report['rows']:,} rows of {report['users']:,} viewers, {report['seconds']} s. Picture: {picture}")


def _table(report: dict[str, Any]) -> Table:
    full = report["full"]
    table = Table(
        title=f"KR-rank {report['test_from']} to {report['test_to']}: primary {full['primary']:.4f} "
        f"± {full['deviation']['primary']:.4f} with all inputs",
        title_justify="left",
    )
    for name in ("without", "primary", "difference", "±", ""):
        table.add_column(name, justify="left" if name in ("without", "") else "right")
    for name, row in sorted(report["without"].items(), key=lambda each: each[1]["difference"]["mean"]):
        gap = row["difference"]
        table.add_row(
            name,
            f"{row['primary']:.4f}",
            f"{gap['mean']:+.4f}",
            f"{gap['deviation']:.4f}",
            "" if row["told"] else "the log says nothing of it",
        )
    return table
