"""Copies of a data directory that a server may be using: each whole, with checksums, the oldest given up.

What never changes (saves, states, versions of the model) is copied first, then documents, then the log: what is behind
is caught up with from the log, and nothing is ahead of it. A file that the backup before has too is not kept twice.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from foryou.backends import connection
from foryou.backends.log import SqliteLog
from foryou.backends.open import hold
from foryou.core.errors import BackendError
from foryou.core.ports import Offset
from foryou.erasing import asked

FORMAT = 1
MANIFEST = "backup.json"
ERASED = "erased.json"
"""Beside the backups: hashes of everybody who was ever erased, for backups that do not know it yet."""
_DATABASES = ("documents.sqlite", "log.sqlite")
_PARTIAL = "partial"
_TRIES = 5
_PAGES = 2048
"""Pages copied at a time, so that there is something to show."""

Told = Callable[[str, int, int], None]
"""(what is copied, how far, of how much)"""


class File(msgspec.Struct, frozen=True):
    """A file of a backup: bytes, CRC-32, and when the one that it is a copy of was written (ns)."""

    size: int
    checksum: int
    written: int


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds."""

    format: int
    at: str
    offset: Offset
    files: dict[str, File]


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup."""

    path: Path

    def manifest(self) -> Manifest:
        """BackendError if it cannot be read."""
        try:
            found = msgspec.json.decode((self.path / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, UnicodeError, msgspec.MsgspecError) as problem:
            raise BackendError(f"{self.path} is no backup: {problem}") from problem
        if found.format != FORMAT:
            raise BackendError(f"{self.path} is a backup of format {found.format}; this foryou reads {FORMAT}")
        return found

    def check(self, told: Told = lambda what, done, of: None) -> None:
        """BackendError names the first file that is not as it was written."""
        files = self.manifest().files
        for number, (name, file) in enumerate(files.items(), 1):
            path = self.path / name
            if not path.is_file() or path.stat().st_size != file.size or _checksum(path) != file.checksum:
                raise BackendError(f"{path} is missing or damaged: take another backup")
            told("Checking", number, len(files))

    def seal(self, offset: Offset, written: Mapping[str, int], at: str = "") -> None:
        """Write down what is here."""
        names = sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*") if p.is_file() and p.name != "lock")
        files = {
            name: File((self.path / name).stat().st_size, _checksum(self.path / name), written.get(name, 0))
            for name in names
            if name != MANIFEST
        }
        made = Manifest(FORMAT, at or datetime.now(UTC).isoformat(timespec="seconds"), offset, files)
        (self.path / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(made)))


def backups(into: Path) -> list[Backup]:
    """The backups in a directory, oldest first."""
    return [Backup(path) for path in sorted(into.glob("backup-*")) if (path / MANIFEST).is_file()]


def backup(data: Path, into: Path, keep: int = 7, told: Told = lambda what, done, of: None) -> Backup:
    """Copy a data directory beside the backups in `into`, and keep the `keep` newest. BackendError if it cannot."""
    if not (data / "log.sqlite").is_file():
        raise BackendError(f"there is no log in {data}")
    try:
        into.mkdir(parents=True, exist_ok=True)
        _mend(data)
        before = next(reversed(backups(into)), None)
        for _ in range(_TRIES):
            made = _try(data, into, before, told)
            if made is not None:
                break
        else:
            raise BackendError(f"{data} changed while it was copied, {_TRIES} times; try again")
        for old in backups(into)[:-keep]:
            shutil.rmtree(old.path)
    except (OSError, sqlite3.Error) as problem:
        raise BackendError(f"cannot back {data} up to {into}: {problem}") from problem
    return made


def _mend(data: Path) -> None:
    """What a crash left is mended first, as a server would, unless a server has it."""
    try:
        release = hold(data)
    except BackendError:
        return
    try:
        connection.mended(data / "log.sqlite")
    finally:
        release()


def _try(data: Path, into: Path, before: Backup | None, told: Told) -> Backup | None:
    """A backup; nothing if a save was replaced, or somebody was erased, in the meantime."""
    partial = into / _PARTIAL
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    held = before.manifest().files if before is not None else {}
    known = _erased_in(data / "log.sqlite")
    written: dict[str, int] = {}
    names = list(_unchanging(data))
    try:
        for number, name in enumerate(names, 1):
            source, target = data / name, partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            stat = source.stat()
            same = held.get(name)
            if (
                before is not None
                and same is not None
                and (same.size, same.written) == (stat.st_size, stat.st_mtime_ns)
            ):
                os.link(before.path / name, target)
            else:
                shutil.copyfile(source, target)
                _sync(target)
            written[name] = stat.st_mtime_ns
            told("Copying saves and models", number, len(names))
    except FileNotFoundError:
        return None
    if names != list(_unchanging(data)):
        return None
    for name in _DATABASES:
        if (data / name).is_file():
            _copy(data / name, partial / name, lambda done, of, name=name: told(f"Copying {name}", done, of))  # type: ignore[misc]
    with closing(SqliteLog(partial / "log.sqlite", recover=False)) as log:
        offset, erased = log.end, asked(log)
        times = {r.rows["whom"][0]: int(r.rows["at"][0]) for r in log.read(0, ("erased",))}
    if set(erased) != known:
        return None
    for name in _DATABASES:
        for end in ("-wal", "-shm"):
            partial.joinpath(name + end).unlink(missing_ok=True)
    remember(into, {hashed: times[hashed] for hashed in erased})
    Backup(partial).seal(offset, written)
    name = datetime.now(UTC).strftime("backup-%Y%m%dT%H%M%S")
    while (into / name).exists():
        name += "+"
    partial.rename(into / name)
    return Backup(into / name)


def _unchanging(data: Path) -> Iterator[str]:
    """The files that are written once, of the newest save, the base, the states and the versions."""
    saves = sorted((data / "tables").glob("save-*"))[-1:] + sorted((data / "tables").glob("base-*"))
    for save in saves:
        yield from sorted(str(path.relative_to(data)) for path in save.iterdir())
    for where, names in (("learner", ("*.npz", "*.base")), ("models", ("*.npz", "*.json"))):
        for each in names:
            yield from sorted(str(path.relative_to(data)) for path in (data / where).glob(each))


def _copy(source: Path, target: Path, told: Callable[[int, int], None]) -> None:
    """Copy a database as it is at one moment, while others go on writing to it."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it stands still for us
        old.backup(new, pages=_PAGES, progress=lambda status, left, total: told(total - left, total))
        old.execute("ROLLBACK")
    _sync(target)


def _erased_in(path: Path) -> set[bytes]:
    with closing(SqliteLog(path, recover=False)) as log:
        return set(asked(log))


def remembered(into: Path) -> dict[bytes, int]:
    """Everybody who was erased, as far as the backups in a directory know, and when (ms)."""
    path = into / ERASED
    found = msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.is_file() else {}
    return {bytes.fromhex(hashed): at for hashed, at in found.items()}


def remember(into: Path, erased: Mapping[bytes, int]) -> None:
    """Add to those who were erased."""
    every = {**remembered(into), **erased}
    partial = into / f"{ERASED}.{_PARTIAL}"
    partial.write_bytes(msgspec.json.encode({hashed.hex(): at for hashed, at in every.items()}))
    partial.rename(into / ERASED)


def _checksum(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            found = zlib.crc32(part, found)
    return found


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
