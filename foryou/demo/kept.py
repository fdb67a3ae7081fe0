"""What a demo remembers of itself, in a file beside its data: since when it is, who is in it, whether it is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
from msgspec import Struct

from foryou.api.server import MEDIA
from foryou.core.errors import SettingsError

FILE = "world.json"
MADE = 1
"""The version of how the world is made; one of another version is no longer understood."""


class Kept(Struct, frozen=True):
    """`start` is when its past begins (ms), `cast` the numbers of viewers that nobody acts for. `out` are the videos
    that came out in the past, in the order in which their clips are wanted, `later` those that are still to come. The
    past is `whole` once all of it happened."""

    made: int
    start: int
    whole: bool = False
    cast: list[int] = []
    out: list[int] = []
    later: list[int] = []


def find(directory: Path) -> Kept | None:
    """The demo that is kept there; None if there is none, or one whose past was cut off. SettingsError if something
    else is kept there."""
    try:
        kept = msgspec.json.decode((directory / FILE).read_bytes(), type=Kept)
    except FileNotFoundError:
        others = sorted(path.name for path in directory.iterdir() if path.name != MEDIA) if directory.is_dir() else []
        if others:
            raise SettingsError(
                f"{directory} holds other data ({others[0]}), and no demo; expected an empty or a new directory: --data"
            ) from None
        return None
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{directory / FILE} cannot be read: {error}") from error
    if kept.made != MADE:
        raise SettingsError(f"{directory} holds the demo of another version; remove it to begin a new one")
    return kept if kept.whole else None


def begin(directory: Path, start: int) -> None:
    """Take note that a demo is being made there. What an earlier one that was cut off left goes, but its clips."""
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / FILE).is_file():
        for path in directory.iterdir():
            if path.name not in (FILE, MEDIA):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    note(directory, Kept(MADE, start))


def note(directory: Path, kept: Kept) -> None:
    """Write it, whole or not at all."""
    part = directory / f"{FILE}.part"
    part.write_bytes(msgspec.json.encode(kept))
    part.replace(directory / FILE)
