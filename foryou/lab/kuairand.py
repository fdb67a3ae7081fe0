"""`foryou evaluate kuairand`: the protocols on the public log KuaiRand-Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from foryou import terminal
from foryou.core.errors import InvalidEvent
from foryou.lab.ask import Ask
from foryou.lab.cold import cold
from foryou.lab.options import DATA, DAY, Directory, Json, Seed, err, heads_table, out, write
from foryou.lab.peers import online, peers
from foryou.lab.retrieval import next_videos
from foryou.protocols.rank import kr_rank

PROTOCOLS: Mapping[str, Callable[[Ask], None]] = {"peers": peers, "online": online, "cold": cold, "next": next_videos}
"""What each flag does instead of plain KR-rank."""


def kuairand(
    data: Directory = DATA,
    test_from: Annotated[datetime, typer.Option(formats=[DAY], help="First test day.")] = datetime(2022, 5, 1),
    test_to: Annotated[datetime, typer.Option(formats=[DAY], help="Last test day.")] = datetime(2022, 5, 4),
    peers: Annotated[bool, typer.Option("--peers", help="KR-rank beside peers, head by head.")] = False,
    online: Annotated[bool, typer.Option("--online", help="One pass: each row predicted, then learned.")] = False,
    cold: Annotated[bool, typer.Option("--cold", help="The test rows of a tenth of the videos that are new.")] = False,
    next_: Annotated[
        bool, typer.Option("--next", help="KR-next: what each viewer watches next, of all videos.")
    ] = False,
    seed: Seed = 1,
    runs: Annotated[int, typer.Option(min=1, help="Models of each protocol but the plain one, from --seed on.")] = 3,
    json: Json = None,
    picture: Annotated[Path | None, typer.Option(help="Where to draw (default: kuairand-PROTOCOL.png).")] = None,
) -> None:
    """KR-rank: learn what came before the test days, then rank each viewer's own impressions by predicted long view."""
    if test_to < test_from:
        raise InvalidEvent("--test-to", f"{test_to.date()} is before --test-from", "the same day or a later one")
    chosen = [name for name, on in (("peers", peers), ("online", online), ("cold", cold), ("next", next_)) if on]
    if len(chosen) > 1:
        raise InvalidEvent(f"--{chosen[1]}", f"--{chosen[0]} is another protocol", "one of them")
    ask = Ask(data, test_from.date(), test_to.date(), tuple(range(seed, seed + runs)), json, picture)
    PROTOCOLS[chosen[0]](ask) if chosen else _rank(ask)


def _rank(ask: Ask) -> None:
    with terminal.progress(err) as progress:
        task = progress.add_task("Events", total=None)
        report = kr_rank(ask.data, ask.first, ask.last, ask.seeds[0], lambda rows: progress.advance(task, rows))
        progress.update(task, total=progress.tasks[task].completed)
    write(report, ask.json)
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
