"""`foryou simulate`: policies in the same made-up worlds, as a table, as JSON, and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from foryou import terminal
from foryou.core.errors import InvalidEvent
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.compare import Job, Report, all_done, compared
from foryou.simulator.fitting import fit
from foryou.simulator.measures import MEASURES
from foryou.simulator.policies.known import Options, policy_of
from foryou.simulator.report import page
from foryou.simulator.run import SLATE, STEP_S
from foryou.simulator.world import Sizes

simulate = typer.Typer(
    name="simulate",
    help="Compare feeds in made-up worlds; what is found is of these worlds.",
    invoke_without_command=True,
)
out = Console()
err = Console(stderr=True)

AGAINST = "random,popular,recent,epsilon-greedy,item-knn,ials,linucb,gorse-like"
SHOWN = (
    "satisfaction", "watch_s", "skip_rate", "not_interested_rate", "d1", "d7", "coverage", "gini", "entropy",
    "fresh_share",
)  # fmt: skip
"""What the table in the terminal shows; JSON and the page have all."""


@simulate.callback()
def compare(
    context: typer.Context,
    policy: Annotated[
        str, typer.Option(help="The policy that is compared: one of those known, or FILE.py:Class.")
    ] = "foryou",
    against: Annotated[str, typer.Option(help="Other policies, with commas; empty for none.")] = AGAINST,
    viewers: Annotated[int, typer.Option(help="Viewers of each world.")] = 2_000,
    creators: Annotated[int, typer.Option(help="Creators among them.")] = 300,
    videos: Annotated[int, typer.Option(help="Videos; a quarter of them is there at the start.")] = 6_000,
    days: Annotated[int, typer.Option(help="Simulated days.")] = 14,
    seeds: Annotated[int, typer.Option(help="Worlds; 20 for a claim.")] = 3,
    seed: Annotated[int, typer.Option(help="The seed of the first world; the others follow.")] = 1,
    jobs: Annotated[int, typer.Option(help="Runs at the same time, each in a process of its own.")] = 1,
    step_s: Annotated[int, typer.Option(help="Simulated seconds of a step.")] = STEP_S,
    behaviour: Annotated[
        Path | None, typer.Option(help="Parameters of behaviour (JSON), as `foryou simulate fit` writes them.")
    ] = None,
    server: Annotated[
        str, typer.Option(help="Let `foryou` ask this running server; events then have the time of their arrival.")
    ] = "",
    key: Annotated[str, typer.Option(help="Key for that server.")] = "",
    json: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with charts to this file (HTML).")] = None,
) -> None:
    """Let policies feed the same made-up worlds, seed by seed, and tell how they differ, with 95 % intervals."""
    if context.invoked_subcommand is not None:
        return
    names = list(dict.fromkeys([policy, *filter(None, (name.strip() for name in against.split(",")))]))
    options = Options(server, key)
    for name in names:
        policy_of(name, options)
    sizes = _sizes(viewers, creators, videos, days)
    how = Behaviour() if behaviour is None else Behaviour.read(behaviour)
    worlds = range(seed, seed + _positive("seeds", seeds))
    runs = _runs([Job(name, each, sizes, how, options, step_s) for each in worlds for name in names], jobs)
    told = told_of(runs, policy, sizes, list(worlds), step_s)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")
    if report is not None:
        report.write_text(page(told), "utf-8")
    out.print(_table(told))
    out.print(_words(told), soft_wrap=True)


simulate.command()(fit)


def told_of(runs: Sequence[Report], policy: str, sizes: Sizes, seeds: Sequence[int], step_s: int = STEP_S) -> Report:
    """Everything about a comparison, as `--json` has it."""
    return {
        "simulated": True,
        "policy": policy,
        "sizes": msgspec.to_builtins(sizes),
        "seeds": list(seeds),
        "slate": SLATE,
        "step_s": step_s,
        "measures": {measure.name: {"help": measure.help, "better": measure.better} for measure in MEASURES},
        **compared(runs, policy),
        "runs": list(runs),
    }


def _runs(todo: Sequence[Job], jobs: int) -> list[Report]:
    """Run them with a bar for each policy."""
    runs = []
    order = {(job.policy, job.seed): place for place, job in enumerate(todo)}
    of = {job.policy: sum(other.policy == job.policy for other in todo) for job in todo}
    with terminal.steps(err) as told:
        for name, count in of.items():
            told(name, 0, count)
        for run in all_done(todo, _positive("jobs", jobs)):
            runs.append(run)
            told(run["policy"], sum(other["policy"] == run["policy"] for other in runs), of[run["policy"]])
    return sorted(runs, key=lambda run: order[run["policy"], run["seed"]])


def _sizes(viewers: int, creators: int, videos: int, days: int) -> Sizes:
    try:
        return Sizes(viewers, creators, videos, days)
    except ValueError as error:
        raise InvalidEvent("sizes", "make no world", str(error)) from error


def _positive(name: str, value: int) -> int:
    if value < 1:
        raise InvalidEvent(name, f"is {value}", "1 or more")
    return value


def _table(told: Report) -> Table:
    """A row for each measure, a column for each policy."""
    count = len(told["seeds"])
    table = Table(title=f"Simulated: means over {count} world{'s' * (count > 1)}", title_justify="left", box=None)
    table.add_column("", overflow="fold")
    for policy in told["policies"]:
        table.add_column(policy, justify="right", overflow="fold")
    for name in SHOWN:
        table.add_row(name.replace("_", " "), *(_shown(row[name]) for row in told["policies"].values()))
    table.add_row("swipes/s", *(f"{_speed(told, policy):,.0f}" for policy in told["policies"]))
    return table


def _speed(told: Report, policy: str) -> float:
    mine = [run for run in told["runs"] if run["policy"] == policy]
    return float(sum(run["swipes"] for run in mine) / max(sum(run["seconds"] for run in mine), 1e-9))


def _shown(found: Mapping[str, Any]) -> str:
    return "-" if found["mean"] is None else f"{found['mean']:.3g}"


def _words(told: Report) -> str:
    best = told["best"].get("satisfaction")
    if not best:
        return "Simulated: this says nothing about people."
    found = told["against"][best]["satisfaction"]["ratio"]
    between = "" if found["low"] is None else f" ({found['low']:.3f} to {found['high']:.3f})"
    return (
        f"Satisfaction of {told['policy']} against the best other policy, {best}: {found['mean']:.3f} times{between}. "
        "Simulated: this says nothing about people."
    )
