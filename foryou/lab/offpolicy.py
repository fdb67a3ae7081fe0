"""`foryou evaluate offpolicy`: what if the weights were these, from the log of a data directory."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from foryou import terminal
from foryou.core.errors import InvalidEvent, NotFound
from foryou.core.heads import NAMES as HEAD_NAMES
from foryou.feed.recipe import FeedSettings
from foryou.lab.options import Config, Json, Live, Seed, Since, err, live, out, since_ms, write
from foryou.logs import open_log
from foryou.protocols import offpolicy as protocol
from foryou.protocols.estimates import NAMES, USUAL, VALUE, estimates
from foryou.protocols.outcomes import REWARDS
from foryou.targets import writable

_UNITS = {"watch": "s watched", VALUE: "value, by the weights in use"}
_CHANGEABLE = (
    "temperature",
    "diversity",
    "fatigue",
    "exploration",
    "first_look",
    "first_fit",
    "probes",
    "author_gap",
    "sound_gap",
)
_WHOLE = ("author_gap", "sound_gap")


def offpolicy(
    data: Live = None,
    weights: Annotated[
        str, typer.Option("--weights", help="HEAD=WEIGHT,..., or a TOML file of them; others stay as they were.")
    ] = "",
    arrange: Annotated[
        str, typer.Option("--arrange", help="SETTING=NUMBER,... of how slots are filled, such as diversity=0.2.")
    ] = "",
    reward: Annotated[
        list[str] | None, typer.Option(help=f"What is estimated; may be said again. Default: {', '.join(USUAL)}.")
    ] = None,
    since: Since = None,
    draws: Annotated[int, typer.Option(min=1, help="How often each slate is filled anew.")] = protocol.DRAWS,
    seed: Seed = 1,
    json: Json = None,
    config: Config = None,
) -> None:
    """What would other weights have brought? Estimated from the slates that were logged with all they were chosen from
    (`feed.considered`), with 95 % intervals, and a plain answer where the log cannot tell."""
    writable("--json", json)
    change = protocol.other(_numbers("--weights", weights, HEAD_NAMES), _rules(arrange))
    rewards = tuple(reward or USUAL)
    for name in rewards:
        if name not in (*REWARDS, VALUE):
            raise InvalidEvent("--reward", f"{name!r} is no reward", f"one of {', '.join((*REWARDS, VALUE))}")
    with open_log(live(config, data)) as log, terminal.steps(err) as told:
        logged = protocol.read(log, since_ms(since))
        count = len(logged)
        replayed = protocol.replay(logged, change, draws, lambda done: told("Choosing again", done, count))
    report = {"protocol": "offpolicy", "weights": weights, "arrange": arrange, "draws": draws, "seed": seed}
    report |= estimates(logged, replayed, rewards, seed)
    write(report, json)
    _show(report)


def _rules(said: str) -> Mapping[str, float]:
    """Settings of arranging, as far as they can be changed. SettingsError where one is out of range."""
    told = _numbers("--arrange", said, _CHANGEABLE)
    for name in _WHOLE:
        if name in told and not told[name].is_integer():
            raise InvalidEvent("--arrange", f"{name}={told[name]:g} is no whole number", f"such as {name}=2")
    rules = {name: int(value) if name in _WHOLE else value for name, value in told.items()}
    replace(FeedSettings(), **rules)  # type: ignore[arg-type]
    return rules


def _numbers(option: str, said: str, known: tuple[str, ...]) -> Mapping[str, float]:
    """NAME=NUMBER,... or the numbers of a TOML file."""
    if said.endswith(".toml"):
        path = Path(said)
        if not path.is_file():
            raise NotFound(f"there is no file {said}")
        try:
            pairs = {name: str(value) for name, value in tomllib.loads(path.read_text("utf-8")).items()}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise InvalidEvent(option, f"{said} is no TOML ({problem})", "lines such as like = 1.5") from problem
    else:
        pairs = {name.strip(): value for name, _, value in (part.partition("=") for part in said.split(",") if part)}
    told: dict[str, float] = {}
    for name, value in pairs.items():
        if name not in known:
            raise InvalidEvent(option, f"{name!r} is not known", f"one of {', '.join(known)}")
        try:
            told[name] = float(value)
        except ValueError as problem:
            raise InvalidEvent(option, f"{name}={value} is no number", f"such as {name}=1.5") from problem
        if not isfinite(told[name]):
            raise InvalidEvent(option, f"{name}={value} is not finite", "a number")
    return told


def _show(report: dict[str, Any]) -> None:
    if not report["rows"]:
        out.print(
            "The log holds no slate with all that it was chosen from that anybody has seen: there is nothing to "
            "estimate from. feed.considered says for which share of slates it is logged; old ones go after 30 days."
        )
        return
    weights = report["overlap"]
    out.print(
        f"{report['slates']:,} slates, {report['rows']:,} videos seen by {report['viewers']:,} viewers, worth "
        f"{weights['effective']:,.0f} of the other policy's; mean weight {weights['mean']:.3f} (1 expected), largest "
        f"{weights['largest']:.1f}"
    )
    if report["drift"] > 0.01:
        out.print(
            f"[yellow]Of {report['drift']:.0%} of slots the chance, computed again, is not what was logged:[/] they "
            "were filled by other rules than this version's. The logged chances are used."
        )
    if not report["answered"]:
        out.print(f"[red]The log cannot answer this:[/] {escape(report['verdict'])}.")
    out.print(_table(report))
    out.print(_estimators(report))


def _table(report: dict[str, Any]) -> Table:
    table = Table(title="For each video that is seen: now, and with the change (95 % intervals)", title_justify="left")
    table.add_column("")
    for name in ("now", "then", "change", "", ""):
        table.add_column(name, justify="right")
    for name, row in report["rewards"].items():
        change = row["change"]
        sure = change["low"] > 0 or change["high"] < 0
        table.add_row(
            _UNITS.get(name, name),
            f"{row['now']['mean']:.4f}",
            f"{row['then']['mean']:.4f}",
            f"{change['mean']:+.4f}",
            f"{change['low']:+.4f} to {change['high']:+.4f}",
            f"[bold]{row['relative']:+.1%}[/]" if sure and report["answered"] else f"{row['relative']:+.1%}?",
        )
    return table


def _estimators(report: dict[str, Any]) -> Table:
    table = Table(title="By each estimator", title_justify="left")
    table.add_column("")
    for name in report["rewards"]:
        table.add_column(name, justify="right")
    for each, label in NAMES.items():
        cells = [row["estimators"][each] for row in report["rewards"].values()]
        table.add_row(label, *(f"{cell['mean']:.4f} ± {(cell['high'] - cell['low']) / 2:.4f}" for cell in cells))
    return table
