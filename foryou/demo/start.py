"""Starts the demo: makes its past the first time, and keeps clips and viewers coming while it is served."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from foryou import terminal
from foryou.api.demo import GUIDE
from foryou.api.server import MEDIA
from foryou.app import Engine
from foryou.client import in_process
from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, Clock
from foryou.core.errors import SettingsError
from foryou.demo import kept
from foryou.demo.cast import cast_of
from foryou.demo.clips import Clips, can_render
from foryou.demo.kept import Kept
from foryou.demo.names import Names, names_of
from foryou.demo.past import live_past
from foryou.demo.scripts import script_of
from foryou.demo.world import PAST_DAYS, demo_world, start_of
from foryou.settings import DataSettings, Settings
from foryou.simulator.world import World, video_name

DATA = "file:./data/demo"
"""Where the demo is kept, if nothing else is said."""
VIEWERS = 12
"""How many simulated viewers are there at any time, if nothing else is said: one or two swipes a second."""


class Demo:
    """A demo that is about to be served."""

    def __init__(self, found: Kept, clips: Clips) -> None:
        self._found, self._clips = found, clips

    def announce(self, engine: Engine) -> None:
        """Tell the engine of the clips that are there, and of each that comes."""
        self._clips.announce(in_process(engine), frozenset(map(video_name, self._found.out)))


@contextmanager
def started(settings: Settings, clock: Clock, viewers: int, console: Console) -> Iterator[Demo]:
    """A demo in the directory of these settings; until the block ends clips are rendered, and as many simulated viewers
    are there all the time. SettingsError if something else is kept there."""
    directory = settings.data.directory
    if directory is None:
        raise SettingsError(f"the demo keeps its clips in files; data.url is {settings.data.url!r}, give file:PATH")
    if viewers < 0:
        raise SettingsError(f"--viewers is {viewers}; expected 0 or more")
    found = kept.find(directory)
    start = start_of(clock()) if found is None else found.start
    world = demo_world(start)
    names = names_of(world)
    if not can_render():
        console.print("Without clips: they need `pip install 'foryou[media]'`", soft_wrap=True)
    with terminal.steps(console) as told:
        scripts = [
            script_of(world, names, n) for n in (_newest(world) if found is None else [*found.out, *found.later])
        ]
        clips = Clips(directory / MEDIA, scripts, lambda done, of: told("Clips", done, of))
        if found is None:
            kept.begin(directory, start)
        clips.start()
        try:
            if found is None:
                until = start + PAST_DAYS * DAY
                rows, out = live_past(settings, world, names, until, lambda n, of: told("Past", n, of))
                found = _whole(directory, world, names, rows, out)
                clips.want({video_name(n): place for place, n in enumerate(found.out)})
            with _alive(settings, directory, viewers):
                yield Demo(found, clips)
        finally:
            clips.close()


def settled_data(settings: Settings) -> Settings:
    """The settings, with a place of its own for the demo if nothing was said."""
    return replace(settings, data=DataSettings(DATA)) if settings.data == DataSettings() else settings


def _newest(world: World) -> list[int]:
    """The videos that are out, newest first, then those that are still to come."""
    last = world.start + PAST_DAYS * DAY
    later = world.videos["uploaded"] >= last
    return np.lexsort((-world.videos["uploaded"] * np.where(later, -1, 1), later)).tolist()  # type: ignore[no-any-return]


def _whole(directory: Path, world: World, names: Names, rows: Batch, out: Column) -> Kept:
    """Note that the past is there, and who and what is wanted first: the clips of what most people watch to the end and
    those of the cast have not seen."""
    seen = np.zeros((len(world.viewers), len(world.videos)), np.bool_)
    seen[rows["viewer"], rows["video"]] = True
    guide, cast = cast_of(world, names, seen.sum(1))
    (directory / GUIDE).write_bytes(msgspec.json.encode(guide))
    wanted = _liked(rows, len(world.videos)) + (~seen[cast]).mean(0)
    order = out[np.argsort(-wanted[out], kind="stable")]
    later = np.setdiff1d(np.arange(len(world.videos)), out)
    found = Kept(kept.MADE, world.start, True, cast, order.tolist(), later.tolist())
    kept.note(directory, found)
    return found


def _liked(rows: Batch, videos: int) -> Column:
    """The share of those who saw each video that finished it; a half where nobody did. [videos]"""
    shown = np.bincount(rows["video"], minlength=videos)
    return (np.bincount(rows["video"], rows["finish"], minlength=videos) + 1) / (shown + 2)


@contextmanager
def _alive(settings: Settings, directory: Path, viewers: int) -> Iterator[None]:
    if viewers == 0:
        yield
        return
    url = f"http://{settings.server.host}:{settings.server.port}"
    command = [sys.executable, "-m", "foryou.demo.alive", url, str(directory), str(viewers)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        yield
    finally:
        process.kill()
        process.communicate()
