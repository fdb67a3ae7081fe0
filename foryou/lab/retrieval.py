"""`foryou evaluate kuairand --next` and `foryou evaluate interactions`: lists drawn from all items, beside peers.

The peers are no part of the engine: they live in `benchmarks/` of a checkout, and are imported only here and only when
the command runs. Without a checkout, ours is measured alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from foryou import terminal
from foryou.lab.ask import Ask
from foryou.lab.options import Json, Seed, err, out, write
from foryou.plots.lists import plot_lists
from foryou.protocols import interactions as protocol
from foryou.protocols.interactions import Peer
from foryou.protocols.next import kr_next

PEERS = "benchmarks.peers.retrieval"


def next_videos(ask: Ask) -> None:
    """KR-next: what each viewer watches for long in the next days, of all videos; with the first of the seeds."""
    others = _peers(("long views", "shown"), True, 0)
    with _steps() as told:
        report = kr_next(ask.data, ask.first, ask.last, ask.seeds[0], others, told)
    write(report, ask.json)
    picture = ask.picture_for("next")
    measures = ("recall@20", "recall@100", "recall@500", "ndcg@100")
    plot_lists(report["systems"], measures, f"KR-next, {report['test_from']} to {report['test_to']}", picture)
    title = f"KR-next, {report['test_from']} to {report['test_to']}: {report['wanted']:,} long views of "
    out.print(_table(report["systems"], (*measures, "coverage"), f"{title}{report['users']:,} viewers"))
    out.print(f"{report['items']:,} videos, {report['seconds']} s. Picture: {picture}")


def interactions(
    data: Annotated[Path, typer.Option("--data", help="Directory with train, valid and test .parquet.")],
    k: Annotated[int, typer.Option("--k", min=1, help="Length of the lists.")] = 20,
    budget: Annotated[float, typer.Option(min=1, help="Seconds for our choices on valid and the training.")] = 600,
    alone: Annotated[bool, typer.Option("--alone", help="Leave the peers out.")] = False,
    seed: Seed = 1,
    json: Json = None,
    picture: Annotated[Path, typer.Option(help="Where to draw the measures (PNG or SVG).")] = Path("interactions.png"),
) -> None:
    """Lists of `k` from all items of any data set: columns `user, item`, perhaps `at, weight`, and vectors of items."""
    rows = protocol.read(data)
    timed = bool(rows.parts["train"].days.any())
    others = () if alone else _peers(("train",), timed, rows.parts["train"].items)
    with _steps() as told:
        report = protocol.interactions(rows, k, budget, seed, others, told)
    write(report, json)
    measures = (f"recall@{k}", f"ndcg@{k}")
    ours = {measures[0]: report["recall"], measures[1]: report["ndcg"], "coverage": report["coverage"]}
    systems = {"foryou": {**ours, "seconds": report["seconds"]}, **report["peers"]}
    plot_lists(systems, measures, f"{data.name}, test", picture)
    out.print(_table(systems, (*measures, "coverage"), f"{data.name}: {report['rows']['test']:,} test rows"))
    out.print(f"{report['users']:,} users, {report['items']:,} items. Picture: {picture}")


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """A line that says what is being done."""
    with terminal.progress(err) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda step: progress.update(task, advance=1, description=step)


def _peers(matrices: tuple[str, ...], timed: bool, items: int) -> tuple[Peer, ...]:
    if Path(PEERS.replace(".", "/")).with_suffix(".py").is_file() and "" not in sys.path:
        sys.path.insert(0, "")
    try:
        known = import_module(PEERS)
    except ModuleNotFoundError as missing:
        if missing.name is None or not PEERS.startswith(missing.name):
            raise
        err.print("[yellow]No peers here:[/] they live in benchmarks/ of a checkout; run this from the root of one.")
        return ()
    found, lacking = known.peers(matrices, timed, items)
    if lacking:
        err.print(f"[yellow]Not installed, so not measured:[/] {', '.join(lacking)}. {known.EXTRA}", markup=True)
    return tuple(found)


def _table(systems: dict[str, dict[str, Any]], measures: tuple[str, ...], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in (*measures, "seconds"):
        table.add_column(name, justify="right")
    best = {name: max(row[name] for row in systems.values()) for name in measures}
    for name, row in systems.items():
        cells = [f"[bold]{row[each]:.4f}[/]" if row[each] == best[each] else f"{row[each]:.4f}" for each in measures]
        table.add_row("ForYou" if name == "foryou" else name, *cells, f"{row['seconds']:.0f}")
    return table
