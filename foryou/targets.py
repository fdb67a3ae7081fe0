"""The files that a command writes: whether they can be written is known before its work, and they are whole."""

from __future__ import annotations

import os
from pathlib import Path

from foryou.core.errors import InvalidEvent


def writable(option: str, path: Path | None) -> None:
    """InvalidEvent, which names the option, where nothing can be written to this file; what is in it stays."""
    if path is None:
        return
    if path.is_dir():
        raise InvalidEvent(option, f"{path} is a directory", "a file")
    if not path.parent.is_dir():
        raise InvalidEvent(option, f"there is no directory {path.parent}", "a file in a directory that is there")
    there = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise InvalidEvent(option, f"{path} cannot be written ({error.strerror})", "another file") from error
    if not there:
        path.unlink()


def put(path: Path, content: bytes) -> None:
    """Write a file in one go, where that can be: who is cut off leaves what was there before."""
    path = path.resolve()
    if is_stream(path) or not os.access(path.parent, os.W_OK):
        path.write_bytes(content)
        return
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def is_stream(path: Path) -> bool:
    """Whether it is no file but a pipe or a terminal, where what was written stays written."""
    return path.exists() and not path.is_file()
