"""`foryou evaluate kuairand`: the protocols on the public log KuaiRand-Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from foryou import terminal
from foryou.core.errors import InvalidEvent
from foryou.lab.options import DATA, DAY, Directory, Json, Seed, err, heads_table, out, write
from foryou.lab.retrieval import next_videos
from foryou.protocols.rank import kr_rank


def kuairand(
    data: Directory = DATA,
    test_from: Annotated[datetime, typer.Option(formats=[DAY], help="First test day.")] = datetime(2022, 5, 1),
    test_to: Annotated[datetime, typer.Option(formats=[DAY], help="Last test day.")] = datetime(2022, 5, 4),
    next_: Annotated[
        bool, typer.Option("--next", help="KR-next: what each viewer watches next, of all videos.")
    ] = False,
    seed: Seed = 1,
    json: Json = None,
) -> None:
    """KR-rank: learn what came before the test days, then rank each viewer's own impressions by predicted long view."""
    if test_to < test_from:
        raise InvalidEvent("--test-to", f"{test_to.date()} is before --test-from", "the same day or a later one")
    if next_:
        next_videos(data, test_from.date(), test_to.date(), seed, json)
        return
    with terminal.progress(err) as progress:
        task = progress.add_task("Events", total=None)
        report = kr_rank(data, test_from.date(), test_to.date(), seed, lambda rows: progress.advance(task, rows))
        progress.update(task, total=progress.tasks[task].completed)
    write(report, json)
    out.print(_rank_table(report))
    out.print(
        heads_table(report["heads"], f"{report['rows']:,} rows of {report['users']:,} viewers, {report['seconds']} s")
    )


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
