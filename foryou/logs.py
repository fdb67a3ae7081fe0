"""The log of a data directory, opened to be read by somebody else than its server, also while that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foryou.backends.log import SqliteLog
from foryou.core.errors import BackendError
from foryou.core.ports import Log


def file_of(directory: Path) -> Path:
    """The file of the log in this directory. BackendError if there is none."""
    path = directory / "log.sqlite"
    if not path.is_file():
        raise BackendError(f"there is no log in {directory}")
    return path


@contextmanager
def open_log(directory: Path) -> Iterator[Log]:
    """What was committed to the log in this directory. BackendError if there is none."""
    log = SqliteLog(file_of(directory), recover=False)
    try:
        yield log
    finally:
        log.close()
