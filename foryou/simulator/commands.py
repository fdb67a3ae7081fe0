"""`foryou simulate`: policies in the same made-up worlds, as a table, as JSON, and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from foryou import terminal
from foryou.core.errors import InvalidEvent
from foryou.settings import changed, load
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.compare import Report, all_done
from foryou.simulator.fitting import fit
from foryou.simulator.plan import Plan, called
from foryou.simulator.policies.known import Options
from foryou.simulator.printed import sentences, tables
from foryou.simulator.report import page
from foryou.simulator.run import STEP_S
from foryou.simulator.world import Sizes
from foryou.targets import is_stream, put, writable

simulate = typer.Typer(
    name="simulate",
    help="Compare feeds in made-up worlds; what is found is of these worlds.",
    invoke_without_command=True,
)
out = Console()
err = Console(stderr=True)

AGAINST = "random,popular,recent,epsilon-greedy,item-knn,ials,linucb,gorse-like"
DAY_S = 86_400
_SERVING = ("data", "server", "access", "client", "limits")
"""Sections of settings that say how feeds are served, not which."""
MOST_SOLD = 1_000
"""Accounts that sell likes, at most: what each of them does is drawn before the start."""


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
    farms: Annotated[
        int, typer.Option(help="Accounts that sell likes to some creators, beside the viewers; 0: none.")
    ] = 0,
    behaviour: Annotated[
        Path | None, typer.Option(help="Parameters of behaviour (JSON), as `foryou simulate fit` writes them.")
    ] = None,
    server: Annotated[
        str, typer.Option(help="Let `foryou` ask this running server; events then have the time of their arrival.")
    ] = "",
    key: Annotated[str, typer.Option(help="Key for that server.")] = "",
    config: Annotated[
        Path | None, typer.Option(help="Settings of the engine of `foryou` (TOML); default: ./foryou.toml.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with charts to this file (HTML).")] = None,
) -> None:
    """Let policies feed the same made-up worlds, seed by seed, and tell how they differ, with 95 % intervals."""
    if context.invoked_subcommand is not None:
        return
    writable("--json", json)
    writable("--report", report)
    if server and config is not None:
        raise InvalidEvent("--config", "is given with --server", "one of them: a server has settings of its own")
    own = {} if server else _telling(changed(load(config, environment={})))
    options = Options(server, key, config=config)
    names = called([policy, *filter(None, (name.strip() for name in against.split(",")))], options)
    if "foryou" not in names:
        own = {}
        if server:
            raise InvalidEvent("--server", f"{', '.join(names)} ask no server", "foryou among the policies")
        if config is not None:
            raise InvalidEvent("--config", f"{', '.join(names)} have no settings", "foryou among the policies")
    plan = Plan(
        names,
        _sizes(viewers, creators, videos, days),
        range(_within("--seed", seed, 0), seed + _within("--seeds", seeds, 1)),
        options,
        _within("--step-s", step_s, 1, DAY_S),
        _within("--farms", farms, 0, MOST_SOLD),
        Behaviour() if behaviour is None else Behaviour.read(behaviour),
        "" if behaviour is None else str(behaviour),
        str(config or "foryou.toml") if own else "",
        own,
    )
    told = _done(plan, _within("--jobs", jobs, 1), json, report)
    for table in tables(told, out.width):
        out.print(table)
    for sentence in sentences(told):
        out.print(sentence, soft_wrap=True)


simulate.command()(fit)


def _telling(settings: Mapping[str, object]) -> dict[str, object]:
    """Those of the settings that say what is shown: where things are kept, and keys, are in no report."""
    return {key: value for key, value in settings.items() if key.split(".")[0] not in _SERVING}


def _done(plan: Plan, processes: int, json: Path | None, report: Path | None) -> Report:
    """Run everything, with a bar for each policy. Whatever has ended is written at once, so that nothing is lost where
    a later run fails."""
    todo, runs = plan.jobs(), list[Report]()
    try:
        with terminal.steps(err) as told:
            for name in plan.names.values():
                told(name, 0, len(plan.seeds))
            for run in all_done(todo, processes):
                runs.append(run)
                _write(plan.told(runs), json, report)
                told(run["policy"], sum(other["policy"] == run["policy"] for other in runs), len(plan.seeds))
    finally:
        if len(runs) < len(todo):
            files = ", ".join(str(path) for path in (json, report) if path is not None)
            kept = f"; those that ended are in {files}" if files and runs else ""
            err.print(f"{len(todo) - len(runs)} of {len(todo)} runs are missing{kept}", soft_wrap=True, markup=False)
    return plan.told(runs)


def _write(told: Report, json: Path | None, report: Path | None) -> None:
    """A pipe gets the last of it only."""
    for path, made in ((json, _json), (report, page)):
        if path is not None and not (told["missing"] and is_stream(path)):
            put(path, made(told).encode())


def _json(told: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(told)).decode() + "\n"


def _sizes(viewers: int, creators: int, videos: int, days: int) -> Sizes:
    given = (("--viewers", viewers), ("--creators", creators), ("--videos", videos), ("--days", days))
    for option, value in given:
        _within(option, value, 1)
    if creators > viewers:
        raise InvalidEvent("--creators", f"is {creators}", f"at most --viewers, {viewers}: each of them is a viewer")
    return Sizes(viewers, creators, videos, days)


def _within(option: str, value: int, least: int, most: int | None = None) -> int:
    if value < least or (most is not None and value > most):
        raise InvalidEvent(option, f"is {value}", f"{least} or more" if most is None else f"{least} to {most:,}")
    return value
