"""The commands of `foryou bench`: each measures, prints a table, and keeps, writes and draws what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from foryou import terminal
from foryou.bench import feed as feeds
from foryou.bench import freshness as fresh
from foryou.bench import growth as growing
from foryou.bench import ingest as ingesting
from foryou.bench import recovery as recovering
from foryou.bench import soak as soaking
from foryou.bench.directory import Told
from foryou.bench.record import RESULTS, Benchmark, Line, Report, flat, keep, run
from foryou.bench.world import World
from foryou.plots.measured import PLOTS

bench = typer.Typer(name="bench", help="Measure speed, memory and durability on made-up data.", no_args_is_help=True)
out = Console()
err = Console(stderr=True)

Videos = Annotated[int, typer.Option(help="Videos in the catalogue.")]
Viewers = Annotated[int, typer.Option(help="Viewers; most of them did little, a few did much.")]
Each = Annotated[int, typer.Option(help="Events of a viewer, on average.")]
Seed = Annotated[int, typer.Option(help="Start of all random numbers.")]
Cache = Annotated[Path, typer.Option(help="Where data directories are kept between runs, by sizes and seed.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the figures to this file (PNG or SVG).")]
Results = Annotated[
    Path | None, typer.Option(help=f"Directory of runs to append to; default: {RESULTS} if there is one.")
]
CACHE = Path(".bench")


@dataclass(frozen=True)
class Kept:
    """Where what was measured goes."""

    json: Path | None
    plot: Path | None
    results: Path | None


LINES: Mapping[str, Callable[[Report], list[Line]]] = {
    "feed": feeds.lines,
    "ingest": ingesting.lines,
    "freshness": fresh.lines,
    "recovery": recovering.lines,
    "growth": growing.lines,
    "soak": soaking.lines,
}
"""What each tells in the README's table."""


@bench.command()
def feed(
    videos: Videos = 100_000,
    viewers: Viewers = 10_000,
    concurrency: Annotated[int, typer.Option(help="Connections that ask at the same time.")] = 1,
    workers: Annotated[int, typer.Option(help="Processes that serve.")] = 1,
    requests: Annotated[int, typer.Option(help="Feeds back to back; a quarter as many with pauses before.")] = 2_000,
    each: Each = 100,
    seed: Seed = 1,
    cache: Cache = CACHE,
    json: Json = None,
    plot: Plot = None,
    results: Results = None,
) -> None:
    """Feeds over HTTP: percentiles, feeds a second, and the time of each stage."""
    size = feeds.Size(World(videos, viewers, each, seed), concurrency, workers, max(20, requests // 10), requests)
    _measured("feed", size, feeds.measure, cache, Kept(json, plot, results))


@bench.command()
def ingest(
    videos: Videos = 10_000,
    viewers: Viewers = 2_000,
    connections: Annotated[int, typer.Option(help="Connections that send at the same time.")] = 8,
    imported: Annotated[int, typer.Option(help="Events in the file that is imported.")] = 500_000,
    times: Annotated[float, typer.Option(help="So many times the usual number of requests.")] = 1.0,
    each: Each = 100,
    seed: Seed = 1,
    cache: Cache = CACHE,
    json: Json = None,
    plot: Plot = None,
    results: Results = None,
) -> None:
    """Events a second: over HTTP, 1, 20, 100 and 1,000 a request, and from a file."""
    usual = ingesting.Size(World(videos, viewers, each, seed), connections=connections, imported=imported)
    batches = tuple((batch, max(connections, int(requests * times))) for batch, requests in usual.batches)
    _measured("ingest", replace(usual, batches=batches), ingesting.measure, cache, Kept(json, plot, results))


@bench.command()
def freshness(
    videos: Videos = 100_000,
    viewers: Viewers = 10_000,
    rate: Annotated[int, typer.Option(help="Events a second of everybody else meanwhile.")] = 1_000,
    looks: Annotated[int, typer.Option(help="Acts that are looked for in feeds.")] = 300,
    models: Annotated[int, typer.Option(help="Exposures that are looked for in the model.")] = 60,
    each: Each = 100,
    seed: Seed = 1,
    cache: Cache = CACHE,
    json: Json = None,
    plot: Plot = None,
    results: Results = None,
) -> None:
    """From the acknowledgement of an event to a feed, and to a model, that reflect it."""
    size = fresh.Size(World(videos, viewers, each, seed), rate, looks=looks, models=models)
    _measured("freshness", size, fresh.measure, cache, Kept(json, plot, results))


@bench.command()
def recovery(
    events: Annotated[int, typer.Option(help="Events in the log.")] = 1_000_000,
    videos: Videos = 100_000,
    tail: Annotated[int, typer.Option(help="Events after the last snapshot.")] = 20_000,
    replay: Annotated[bool, typer.Option(help="Fold the whole log once, too.")] = True,
    seed: Seed = 1,
    cache: Cache = CACHE,
    json: Json = None,
    plot: Plot = None,
    results: Results = None,
) -> None:
    """How soon a server that was killed serves again."""
    size = recovering.Size(World(videos, max(1, events // 100), 100, seed), tail, replay)
    _measured("recovery", size, recovering.measure, cache, Kept(json, plot, results))


@bench.command()
def growth(
    sizes: Annotated[str, typer.Option(help="Numbers of videos, and of viewers, with commas.")] = "10000,100000",
    requests: Annotated[int, typer.Option(help="Feeds at each size.")] = 400,
    each: Each = 100,
    seed: Seed = 1,
    cache: Cache = CACHE,
    json: Json = None,
    plot: Plot = None,
    results: Results = None,
) -> None:
    """Latency, memory, disk and start-up against the size, and the exponents by which they grow."""
    chosen = tuple(int(size) for size in sizes.replace("_", "").split(","))
    size = growing.Size(chosen, World(1, 1, each, seed), requests)
    _measured("growth", size, growing.measure, cache, Kept(json, plot, results))


@bench.command()
def soak(
    minutes: Annotated[float, typer.Option(help="For how long.")] = 30.0,
    videos: Videos = 100_000,
    viewers: Viewers = 10_000,
    feeds_a_second: Annotated[float, typer.Option("--feeds", help="Feeds a second.")] = 15.0,
    events: Annotated[int, typer.Option(help="Events a second.")] = 300,
    warm_up_s: Annotated[float, typer.Option(help="Seconds before the first minute.")] = 60.0,
    each: Each = 100,
    seed: Seed = 1,
    cache: Cache = CACHE,
    json: Json = None,
    plot: Plot = None,
    results: Results = None,
) -> None:
    """A mixed load: do memory, handles and latency stay flat?"""
    size = soaking.Size(World(videos, viewers, each, seed), minutes, feeds_a_second, events, warm_up_s)
    _measured("soak", size, soaking.measure, cache, Kept(json, plot, results))


def _measured(name: str, size: Any, measure: Callable[[Any, Path, Told], Report], cache: Path, kept: Kept) -> None:
    with terminal.telling(err) as told:
        benchmark = Benchmark("", size, size, lambda of: measure(of, cache, told), LINES[name])
        report = flat(run(name, benchmark, tiny=False))
    table = Table(title=f"foryou bench {name}", title_justify="left")
    for column in ("measured", "", "asked for"):
        table.add_column(column, justify="left" if column == "measured" else "right")
    for line in LINES[name](report):
        table.add_row(line.what, line.measured, line.asked)
    out.print(table)
    if kept.json is not None:
        kept.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if kept.plot is not None:
        PLOTS[name](report, kept.plot)
    if kept.results is not None or RESULTS.is_dir():
        err.print(f"Kept in {keep(report, kept.results or RESULTS)}")
