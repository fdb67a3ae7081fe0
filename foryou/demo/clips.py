"""Renders the clips of the demo beside everything else, and says of each video where its clip is once it is there.

A video is known from the beginning, and gets its `media` with a second event: the log never says that a clip is there
which is not, feeds need not wait for clips, and the page shows a still stand-in until then.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import msgspec

from foryou.api.server import MEDIA
from foryou.client import Client
from foryou.core.errors import ForYouError
from foryou.media.script import CLIP, POSTER, SUBTITLES, Script

PROCESSES = 2
AT_ONCE, SOON_S = 8, 1.0
"""Clips are told of in groups of so many, or after so long."""
Told = Callable[[int, int], None]


def can_render() -> bool:
    """Whether the extra `[media]` is there."""
    return find_spec("av") is not None and find_spec("PIL") is not None


def links(script: Script) -> dict[str, object]:
    """The fields of a video whose clip is there."""
    ends = {"media": CLIP, "poster": POSTER, "subtitles": SUBTITLES}
    return {field: f"/{MEDIA}/{script.name}{end}" for field, end in ends.items()}


class Clips:
    """The clips of some scripts, in the order in which they are wanted. Every method may be called by any thread."""

    def __init__(self, directory: Path, scripts: Iterable[Script], told: Told) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        every = list(scripts)
        self._there = [script for script in every if script.is_in(directory)]
        self._wanted = deque(script for script in every if not script.is_in(directory))
        self._directory, self._told, self._count = directory, told, len(every)
        self._lock, self._ends = threading.Lock(), threading.Event()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to render, if that can be done here."""
        self._told(len(self._there), self._count)
        if not self._wanted or not can_render():
            return
        for half in self._directory.glob(".*"):  # of a rendering that was cut off
            half.unlink()
        for _ in range(PROCESSES):
            command = [sys.executable, "-m", "foryou.media", str(self._directory)]
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._workers.append(worker)
            self._run(self._render, worker)

    def want(self, order: Mapping[str, int]) -> None:
        """Render the rest in this order of videos."""
        with self._lock:
            self._wanted = deque(sorted(self._wanted, key=lambda script: order.get(script.video, len(order))))

    def announce(self, client: Client, of: frozenset[str]) -> None:
        """From now on, tell a client of the clips of these videos that are there, and of those that come."""
        self._run(self._announce, client, of)

    def close(self) -> None:
        """Stop. What is half rendered is rendered again next time."""
        self._ends.set()
        for worker in self._workers:
            worker.kill()
        for thread in self._threads:
            thread.join(2)
        for worker in self._workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what was still to be written cannot be any more
                        pipe.close()

    def _run(self, work: Callable[..., None], *of: object) -> None:
        thread = threading.Thread(target=work, args=of, name="foryou-clips", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _render(self, worker: subprocess.Popen[bytes]) -> None:
        assert worker.stdin is not None and worker.stdout is not None
        while not self._ends.is_set():
            with self._lock:
                if not self._wanted:
                    break
                script = self._wanted.popleft()
            try:
                worker.stdin.write(msgspec.json.encode(script) + b"\n")
                worker.stdin.flush()
            except OSError:
                break
            if not worker.stdout.readline():  # it died: the clip is rendered next time
                break
            with self._lock:
                self._there.append(script)
                done = len(self._there)
            self._told(done, self._count)
        if not self._ends.is_set():
            worker.stdin.close()

    def _announce(self, client: Client, of: frozenset[str]) -> None:
        said = 0
        while not self._ends.is_set():
            with self._lock:
                new = [script for script in self._there[said : said + AT_ONCE] if script.video in of]
                said = min(said + AT_ONCE, len(self._there))
                more = said < len(self._there)
            if new:
                rows = [
                    {"id": f"clip-{each.name}", "kind": "video", "video": each.video, **links(each)} for each in new
                ]
                try:
                    client.events(rows)
                except ForYouError:
                    return  # it is closing; what was not said is said at the next start
            if not more:
                self._ends.wait(SOON_S)


def _told(script: Script) -> dict[str, object]:
    """The event that says where a clip is."""
    return {"id": f"clip-{script.name}", "kind": "video", "video": script.video, **links(script)}
