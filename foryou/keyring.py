"""The commands of keys and of the audit log. They work on the data directory, while a server runs on it or not."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foryou import settings
from foryou.access import audit as log
from foryou.access.keys import Key
from foryou.access.open import Access
from foryou.access.rules import Role
from foryou.core.clock import SystemClock
from foryou.core.errors import BackendError, SettingsError

keys = typer.Typer(name="key", help="Keys: who may call the API, and for what.", no_args_is_help=True)

out = Console()
err = Console(stderr=True)

Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file (TOML); default: ./foryou.toml if there is one.")
]
Data = Annotated[
    str | None, typer.Option("--data", help="Where everything is kept: a directory, or a URL as in data.url.")
]


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is called, 1 to 64 letters, digits, . _ @ -")],
    role: Annotated[list[Role], typer.Option(help="What it is for; may be given more than once.")],
    days: Annotated[int, typer.Option(min=0, help="Days until it runs out; 0: never.")] = 0,
    per_minute: Annotated[int, typer.Option(min=0, help="Requests a minute; 0: as access.per_key says.")] = 0,
    config: Config = None,
    data: Data = None,
) -> None:
    """Make a key. Its secret is printed once, to standard output, and cannot be shown again.

    Roles: ingest (send events), serve (feeds, and tokens for viewers), analyse (explanations, measures), admin.
    """
    with _opened(config, data) as access:
        first = not access.keys.required
        key, secret = access.keys.create(name, role, _now(), _who(), days, per_minute)
        out.print(secret, soft_wrap=True, highlight=False)
        err.print(
            f"Key {key.name} ({', '.join(sorted(key.roles))}) was made. Keep the line above; it is not kept here."
        )
        if first:
            err.print("It is the first one: from now on every call needs a key, on this machine too.")


@keys.command("list")
def list_keys(config: Config = None, data: Data = None) -> None:
    """List all keys, without their secrets."""
    with _opened(config, data) as access:
        out.print(_table(access.keys.all(), _now()))


@keys.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name or id.")], config: Config = None, data: Data = None
) -> None:
    """Take a key's rights away, at once and for good; tokens that it asked for no longer count either."""
    with _opened(config, data) as access:
        key = access.keys.revoke(name, _now(), _who())
        err.print(f"Key {key.name} was revoked; servers notice within a second")
        if not any(each.counts(_now()) for each in access.keys.all()):
            err.print("No key is left that counts, so nobody can call now: `foryou key create` makes another.")


@keys.command()
def rotate(config: Config = None, data: Data = None) -> None:
    """Sign viewers' tokens with something new from now on. Every token that was given out no longer counts."""
    with _opened(config, data) as access:
        access.tokens.rotate(_now(), _who())
    err.print("Tokens are signed with a new key; those given out before no longer count")


def audit(
    last: Annotated[int, typer.Option(min=0, help="How many lines; 0: all.")] = 100,
    viewer: Annotated[str | None, typer.Option(help="Only what was done to this viewer.")] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Print what admins did: when, who, from where, what, and what came of it. Exits 1 if lines were tampered with."""
    with _opened(config, data) as access:
        found = log.lines(access.kept, 0 if viewer else last)
        if viewer:
            subject = log.subject_of(access.kept, viewer)
            found = [line for line in found if line.subject == subject][-last:]
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("when", "who", "from", "what", "of", "result"):
            table.add_column(name, no_wrap=True)
        for line in found:
            told = (line.who, line.address, line.what, line.subject, line.result)
            table.add_row(_when(line.at), *map(escape, told))
        out.print(table, soft_wrap=True)
        if (wrong := log.broken(access.kept)) is not None:
            err.print(f"[red]foryou:[/] line {wrong} is not as it was written, or is missing")
            raise typer.Exit(1)


def _table(all_: list[Key], now: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("id", "name", "roles", "made", "until", "a minute", "state"):
        table.add_column(name, no_wrap=True)
    for key in all_:
        state = "revoked" if key.revoked else "counts" if key.counts(now) else "ran out"
        until = _when(key.revoked or key.expires) if key.revoked or key.expires else "any time"
        often = f"{key.per_minute:,}" if key.per_minute else "default"
        table.add_row(key.id, escape(key.name), " ".join(sorted(key.roles)), _when(key.created), until, often, state)
    return table


@contextmanager
def _opened(config: Path | None, data: str | None) -> Iterator[Access]:
    where = {"data": {"url": data if ":" in data else f"file:{data}"}} if data else {}
    chosen = settings.load(config, changes=where)
    if chosen.data.directory is None:
        raise SettingsError(f"{chosen.data.url} keeps no keys; expected file:DIRECTORY, or --data DIRECTORY")
    if not chosen.data.directory.is_dir():
        try:
            chosen.data.directory.mkdir(parents=True)
        except OSError as problem:
            raise BackendError(f"cannot make the directory {chosen.data.directory}: {problem.strerror}") from problem
    access = Access(chosen.data.directory, chosen.access)
    try:
        yield access
    finally:
        access.close()


def _now() -> int:
    return SystemClock()()


def _who() -> str:
    """Who types, as this system knows them."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return "command line"


def _when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
