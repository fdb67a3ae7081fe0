"""`foryou evaluate kuairand --peers` and `--online`: our model beside others, in the same run.

The peers are no part of the engine: they live in `benchmarks/` of a checkout, and are imported only when asked for.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from foryou import terminal
from foryou.core.errors import NotFound
from foryou.lab.ask import Ask, heads_of_systems, systems_table, watch_table
from foryou.lab.options import err, out, write
from foryou.plots.systems import plot_heads, plot_systems
from foryou.protocols.online import online as online_protocol
from foryou.protocols.peers import compare

HOME = "benchmarks.peers"


def peers(ask: Ask) -> None:
    """KR-rank beside random order, item means, logistic regression, a factorization machine, LightGBM and Vowpal
    Wabbit."""
    known = _load()
    others, missing = known.installed(batch=True)
    _tell_missing(missing, known.EXTRA)
    with terminal.telling(err) as told:
        report = compare(ask.data, ask.first, ask.last, ask.seeds, others, told)
    report["missing"] = missing
    write(report, ask.json)
    picture = ask.picture_for("peers")
    plot_heads(report, picture)
    title = f"KR-rank, {report['test_from']} to {report['test_to']}, {len(ask.seeds)} seeds"
    out.print(systems_table(report, title))
    out.print(heads_of_systems(report))
    out.print(watch_table(report))
    out.print(_closing(report, picture))


def online(ask: Ask) -> None:
    """One pass in time order, each row predicted before it is learned, beside other online learners."""
    known = _load()
    others, missing = known.installed(batch=False)
    _tell_missing(missing, known.EXTRA)
    with terminal.telling(err) as told:
        report = online_protocol(ask.data, ask.first, ask.last, ask.seeds, others, told)
    report["missing"] = missing
    write(report, ask.json)
    picture = ask.picture_for("online")
    plot_systems(report, picture, "KR-rank online: primary")
    title = f"KR-rank online, {report['test_from']} to {report['test_to']}, {len(ask.seeds)} seeds"
    out.print(systems_table(report, title))
    out.print(heads_of_systems(report))
    out.print(_closing(report, picture))


def _closing(report: dict[str, object], picture: Path) -> str:
    return f"{report['rows']:,} rows of {report['users']:,} viewers, {report['seconds']} s. Picture: {picture}"


def _tell_missing(packages: list[str], extra: str) -> None:
    if packages:
        err.print(f"[yellow]Not installed, so not measured:[/] {', '.join(packages)}. {extra}", soft_wrap=True)


def _load() -> ModuleType:
    """The peers of a checkout. NotFound says what is missing."""
    if Path(HOME.replace(".", "/")).is_dir() and "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return import_module(HOME)
    except ModuleNotFoundError as missing:
        raise NotFound(
            f"the peers live in benchmarks/ of a checkout, and there is no {missing.name} here; run this from the root "
            "of one, with the extra `peers` installed"
        ) from missing
