"""Brings a backup back, and erases again in old backups whoever was erased since they were made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from foryou.app import Engine
from foryou.backends.log import SqliteLog
from foryou.backends.open import hold
from foryou.core.errors import BackendError
from foryou.erasing import ask_again, asked
from foryou.keeping.backup import Backup, Told, backups, remembered
from foryou.settings import DataSettings, Settings


def newest(source: Path) -> Backup:
    """The backup that a path means: itself, or the newest in it."""
    found = backups(source)
    return found[-1] if found else Backup(source)


def restore(
    source: Backup,
    data: Path,
    settings: Settings,
    force: bool = False,
    told: Told = lambda what, done, of: None,
) -> int:
    """Put a backup in the place of a data directory; how many erasures it was told of, which it did not know.

    BackendError if it is damaged, if a server has the directory, or if there is anything in it, unless `force`.
    """
    source.check(told)
    erased = remembered(source.path.parent)
    release: Callable[[], None] = lambda: None  # noqa: E731
    if data.exists():
        release = hold(data)
    fresh, old = data.with_name(data.name + ".restoring"), data.with_name(data.name + ".replaced")
    try:
        if any(path.name != "lock" for path in data.glob("*")):
            if not force:
                raise BackendError(f"there is something in {data}: give another directory, or --force to replace it")
            erased |= _erased_in(data)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        data.parent.mkdir(parents=True, exist_ok=True)
        files = source.manifest().files
        for number, name in enumerate(files, 1):
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path / name, fresh / name)
            told("Restoring", number, len(files))
        if data.exists():
            data.rename(old)
        fresh.rename(data)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as problem:
        raise BackendError(f"cannot restore {source.path} to {data}: {problem}") from problem
    finally:
        release()
    return _erase(data, erased, settings)


def refresh(into: Path, settings: Settings, told: Told = lambda what, done, of: None) -> int:
    """Erase in the backups of a directory whoever was erased since they were made; how many backups were changed."""
    erased, changed, every = remembered(into), 0, backups(into)
    for number, each in enumerate(every, 1):
        before = each.manifest()
        with closing(SqliteLog(each.path / "log.sqlite", recover=False)) as log:
            unknown = set(erased) - set(asked(log))
        if unknown:
            _erase(each.path, {hashed: erased[hashed] for hashed in unknown}, settings)
            each.seal(before.offset, {name: file.written for name, file in before.files.items()}, before.at)
            changed += 1
        else:
            for end in ("-wal", "-shm"):
                (each.path / f"log.sqlite{end}").unlink(missing_ok=True)
        told("Erasing in older backups", number, len(every))
    return changed


def _erased_in(data: Path) -> dict[bytes, int]:
    """Everybody who was erased, as far as the log of a directory can be read."""
    try:
        with closing(SqliteLog(data / "log.sqlite")) as log:
            known = asked(log)
            return {
                r.rows["whom"][0]: int(r.rows["at"][0]) for r in log.read(0, ("erased",)) if r.rows["whom"][0] in known
            }
    except BackendError:
        return {}


def _erase(data: Path, erased: dict[bytes, int], settings: Settings) -> int:
    """Tell a log of erasures, and do those that it did not know."""
    with closing(SqliteLog(data / "log.sqlite")) as log:
        fresh = ask_again(log, erased)
    if fresh:
        Engine.open(replace(settings, data=DataSettings(f"file:{data}"))).close()
        (data / "lock").unlink(missing_ok=True)
    return fresh
