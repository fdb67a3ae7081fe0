"""A small world whose videos really play, for a browser to watch: clips of the demo, rendered once, partly seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.speed.people import Wire, now_ms, parts
from foryou.api.server import MEDIA
from foryou.client import Client
from foryou.core.clock import DAY
from foryou.demo.clips import PROCESSES, can_render, links
from foryou.demo.names import names_of
from foryou.demo.scripts import script_of
from foryou.demo.start import DATA
from foryou.demo.world import demo_world, start_of
from foryou.media.script import Script
from foryou.simulator.world import wire_video

CLIPS = Path(DATA.removeprefix("file:")) / MEDIA
"""Where the demo keeps its clips: they are the same files."""
VIEWERS, WATCHED = 60, 30


def film(count: int, data: Path) -> list[Wire]:
    """The shortest videos of the demo, so many, with clips where a server on `data` looks for them; their events.

    Clips that are not kept from another time are rendered. SystemExit if that cannot be done here.
    """
    if not can_render():
        raise SystemExit("page: no clips can be rendered; `pip install 'foryou[media]'`")
    world = demo_world(start_of(now_ms()))
    names = names_of(world)
    chosen = np.argsort(world.videos["duration"], kind="stable")[:count].tolist()
    scripts = [script_of(world, names, number) for number in chosen]
    CLIPS.mkdir(parents=True, exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    (data / MEDIA).symlink_to(CLIPS.absolute(), target_is_directory=True)
    render([script for script in scripts if not script.is_in(CLIPS)])
    videos = zip(chosen, scripts, strict=True)
    return [names.told(wire_video(world, number, world.start)) | links(script) for number, script in videos]


def render(scripts: list[Script]) -> None:
    """Render clips, some at a time."""
    command = [sys.executable, "-m", "foryou.media", str(CLIPS)]
    shares = [scripts[place::PROCESSES] for place in range(PROCESSES)]
    at_work = [
        (subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL), share)
        for share in shares
        if share
    ]
    for process, share in at_work:
        assert process.stdin is not None
        process.stdin.write(b"".join(msgspec.json.encode(script) + b"\n" for script in share))
        process.stdin.close()
    for process, _ in at_work:
        if process.wait() != 0:
            raise SystemExit("page: a clip could not be rendered; what went wrong is said above")


def tell(client: Client, videos: list[Wire]) -> None:
    """Send the videos, and who watched some of them for some of their length."""
    rng = np.random.default_rng(7)
    start = now_ms() - DAY
    watched: list[Wire] = []
    for viewer in range(VIEWERS):
        for turn, place in enumerate(rng.permutation(len(videos))[:WATCHED].tolist()):
            seconds = round(float(rng.random()) * videos[place]["duration"], 1)
            about = {"viewer": f"viewer-{viewer}", "video": videos[place]["video"]}
            at = start + viewer * 60_000 + turn * 20_000
            watched.append({"id": f"w-{viewer}-{turn}", "kind": "watch", "at": at, "seconds": seconds, **about})
    for rows in (*parts(videos), *parts(watched)):
        client.events(rows)
