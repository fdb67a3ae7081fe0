"""`foryou evaluate bubble`: how narrow feeds are, from the log of a data directory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from foryou import terminal
from foryou.core.clock import DAY, SECOND
from foryou.lab.options import Config, Json, Live, Seed, Since, err, live, out, since_ms, write
from foryou.logs import open_log
from foryou.protocols import bubble as protocol

_SHARES = ("largest", "coverage", "fresh", "hardly_known")
_SHOWN_DAYS = 14


def bubble(data: Live = None, since: Since = None, seed: Seed = 1, json: Json = None, config: Config = None) -> None:
    """How narrow feeds are: topics of a viewer's day, coverage, concentration, what is new, how much feeds differ."""
    with open_log(live(config, data)) as log, terminal.steps(err) as told:
        report = protocol.bubble(log, since_ms(since), seed, lambda done, of: told("Reading the log", done, of))
    write({"protocol": "bubble", **report}, json)
    if not report["views"]:
        out.print("Nobody has seen anything yet in this log: there is nothing to measure.")
        return
    out.print(_table(report))
    if report["measures"]["entropy"] is None:
        out.print(
            f"Topics say nothing yet: they need hashtags, and viewers who saw {protocol.LEAST_VIEWS} videos in a day."
        )
    if len(report["days"]) > 1:
        out.print(_days(report["days"][-_SHOWN_DAYS:]))


def _table(report: dict[str, Any]) -> Table:
    title = f"{report['views']:,} views of {report['videos']:,} videos by {report['viewers']:,} viewers"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name, meaning in protocol.MEASURES.items():
        table.add_row(meaning, _written(name, report["measures"][name]))
    return table


def _days(days: list[dict[str, Any]]) -> Table:
    shown = [name for name in protocol.MEASURES if name in days[0]]
    table = Table(title="Day by day (UTC)", title_justify="left")
    table.add_column("")
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right")
    for each in days:
        day = datetime.fromtimestamp(each["day"] * DAY / SECOND, UTC).strftime("%Y-%m-%d")
        table.add_row(day, *(_written(name, each[name]) for name in shown))
    return table


def _written(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if name in _SHARES else f"{value:.2f}"
