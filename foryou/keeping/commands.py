"""The commands `foryou backup`, `restore`, `verify` and `erase`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from foryou import client, settings, terminal
from foryou.app import Engine
from foryou.core.errors import SettingsError
from foryou.keeping import backup as backups
from foryou.keeping import restore as restores
from foryou.keeping import verify as verifying
from foryou.settings import DataSettings, Settings

out = Console()
err = Console(stderr=True)

Config = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML); default: ./foryou.toml.")]
Data = Annotated[str | None, typer.Option("--data", help="The data directory; default: that of the settings.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the report here too.")]


def backup(
    into: Annotated[Path, typer.Argument(help="A directory for backups; each gets a directory in it.")],
    keep: Annotated[int, typer.Option(min=1, help="Backups that are kept; older ones go.")] = 7,
    config: Config = None,
    data: Data = None,
) -> None:
    """Back up the data directory, also while a server uses it. Whoever was erased since is erased in older backups."""
    chosen, directory = _chosen(config, data)
    with terminal.steps(err) as told:
        made = backups.backup(directory, into, keep, told)
        changed = restores.refresh(into, chosen, told)
    out.print(f"{made.path}: up to offset {made.manifest().offset:,}", soft_wrap=True)
    if changed:
        out.print(f"Erased again in {changed} older backups")


def restore(
    source: Annotated[Path, typer.Argument(help="A backup, or a directory of backups: then the newest.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the data directory.")] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Put a backup in the place of the data directory, after its checksums were checked. The server must be stopped."""
    chosen, directory = _chosen(config, data)
    found = restores.newest(source)
    with terminal.steps(err) as told:
        erased = restores.restore(found, directory, chosen, force, told)
    out.print(f"{directory} is as of {found.manifest().at}", soft_wrap=True)
    if erased:
        out.print(f"{erased} viewers who were erased since were erased in it")


def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Put what is damaged aside. The server must be stopped.")
    ] = False,
    json: Json = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Check every batch of the log, the ids of events, and that tables are what a replay of the log gives.

    Also while a server runs. The exit status is 1 if anything is wrong.
    """
    chosen, directory = _chosen(config, data)
    with terminal.steps(err) as told:
        report: dict[str, Any] = verifying.verify(directory, repair, told, (chosen.trust, chosen.reach))
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    for problem in report["problems"]:
        out.print(f"[red]wrong[/] {escape(str(problem))}", soft_wrap=True)
    if report["quarantined"]:
        out.print(f"{report['quarantined']} batches were put aside", soft_wrap=True)
    compared = (
        f"tables compared at offset {report['compared_at']:,}" if report["compared_at"] else "no tables saved yet"
    )
    out.print(f"{report['batches']:,} batches, {report['events']:,} events, {compared}")
    if not report["sound"]:
        raise typer.Exit(1)


def erase(
    viewer: Annotated[str, typer.Argument(help="The viewer's id.")],
    url: Annotated[
        str | None, typer.Option("--server", help="Ask this running server, such as http://127.0.0.1:8080.")
    ] = None,
    json: Json = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Take everything of a viewer out of everything, and print the receipt."""
    if url is not None:
        receipt = client.connect(url, timeout_s=3600.0).erase(viewer)
    else:
        chosen, directory = _chosen(config, data)
        with terminal.replay(err) as progress:
            engine = Engine.open(replace(chosen, data=DataSettings(f"file:{directory}")), progress=progress)
        try:
            receipt = client.in_process(engine).erase(viewer)
        finally:
            engine.close()
    written = msgspec.json.format(msgspec.json.encode(receipt))
    if json is not None:
        json.write_bytes(written + b"\n")
    out.print(written.decode(), soft_wrap=True, highlight=False, markup=False)


def _chosen(config: Path | None, data: str | None) -> tuple[Settings, Path]:
    """The settings, and the data directory that they mean."""
    where = {"data": {"url": data if ":" in data else f"file:{data}"}} if data else {}
    chosen = settings.load(config, changes=where)
    scheme, _, path = chosen.data.url.partition(":")
    if scheme != "file":
        raise SettingsError(f"data.url is {chosen.data.url!r}; expected file:DIRECTORY, which has files to look after")
    return chosen, Path(path.removeprefix("//")).expanduser()
