"""Several processes serve from one log: they know the same at once, and none of them is needed for the others to go
on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from foryou.app import Engine
from foryou.client import Client, connect
from foryou.core.clock import ManualClock
from foryou.core.errors import BackendError, SettingsError
from foryou.features.fold import SERVED_STREAM
from foryou.processes import serve
from foryou.settings import DataSettings, ServerSettings, Settings
from tests.streams import tables_of

NOW = int(time.time() * 1000)
PATIENCE_S = 60.0


@dataclass
class Server:
    """A real one, with two processes that serve."""

    process: subprocess.Popen[bytes]
    client: Client
    directory: Path

    @property
    def writer(self) -> int:
        """The process that has the log."""
        return int((self.directory / "lock").read_text())

    @property
    def workers(self) -> set[int]:
        """The processes that serve."""
        found = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
        parents = {int(pid): int(parent) for pid, parent in map(str.split, found.splitlines()[1:])}
        forking = parents.get(self.writer)
        return {pid for pid, parent in parents.items() if parent == forking} - {self.writer}

    def accepted(self, events: list[dict[str, object]]) -> int:
        """How many were accepted or known, once they are: whoever has the log may be being started."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                receipt = self.client.events(events)
                return receipt.accepted + receipt.duplicates
            except BackendError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def ready(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                self.client.feed()
            except BackendError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError("the server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "foryou.cli", "serve", "--data", str(tmp_path / "data"), "--port", str(port)]
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen([*command, "--workers", "2"], stdout=said, stderr=said)
    started = Server(process, connect(f"http://127.0.0.1:{port}"), tmp_path / "data")
    try:
        started.ready()
        yield started
    finally:
        process.terminate()
        process.wait(30)
        print((tmp_path / "said").read_text()[-3000:])


def videos(count: int) -> list[dict[str, object]]:
    return [
        {"id": f"up{n}", "kind": "video", "video": f"v{n}", "author": f"a{n % 20}", "duration": 20, "at": NOW}
        for n in range(count)
    ]


def test_processes_know_the_same_at_once_and_their_pages_never_overlap(server: Server) -> None:
    server.client.events(videos(400))
    given: Counter[str] = Counter()
    with ThreadPoolExecutor(4) as threads:  # four connections at a time: both processes get some
        for _ in range(3):
            session = f"s{time.monotonic_ns()}"
            for slate in threads.map(lambda n: server.client.feed(f"viewer-{n}", 10, session="s"), range(4)):
                assert len(slate.items) == 10
            for _ in range(6):  # one page after another, of whichever process answers
                given.update((session, str(item["video"])) for item in server.client.feed("ada", session=session).items)
    assert max(given.values()) == 1
    assert len(given) == 180
    for n in range(10):  # what was acknowledged counts in the next feed, whoever makes it
        server.client.events([{"id": f"b{n}", "kind": "block", "viewer": "bob", "author": f"a{n}", "at": NOW}])
        shown = server.client.feed("bob", 50, session=f"b{n}").items
        assert not {str(item["author"]) for item in shown} & {f"a{gone}" for gone in range(n + 1)}


def test_whoever_dies_is_replaced_and_nothing_is_lost(server: Server) -> None:
    server.accepted(videos(300))
    answered: list[tuple[str, tuple[str, ...]]] = []
    failed: list[str] = []
    done = threading.Event()

    def ask(number: int) -> None:
        while not done.is_set():
            try:
                slate = server.client.feed(f"viewer-{number}", 5)
                answered.append((slate.request, tuple(str(item["video"]) for item in slate.items)))
            except BackendError as error:
                failed.append(str(error))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in asking:
        thread.start()
    before = server.workers
    assert len(before) == 2
    os.kill(min(before), signal.SIGKILL)
    sent = 0
    for n in range(20):
        sent += server.accepted([{"id": f"l{n}", "kind": "like", "viewer": "ada", "video": f"v{n}", "at": NOW}])
    first, count = server.writer, len(answered)
    os.kill(first, signal.SIGKILL)
    for n in range(20, 40):
        sent += server.accepted([{"id": f"l{n}", "kind": "like", "viewer": "ada", "video": f"v{n}", "at": NOW}])
    assert server.writer != first
    end = time.monotonic() + PATIENCE_S
    while len(server.workers) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    done.set()
    for thread in asking:
        thread.join()
    assert len(server.workers) == 2
    assert failed == []
    assert len(answered) > count, "feeds went on"
    assert sent == 40
    server.process.terminate()
    server.process.wait(60)

    settings = Settings(data=DataSettings(url=f"file:{server.directory}"))
    engine = Engine.open(settings, ManualClock(NOW))
    try:
        logged = Counter(int(record.rows["request"][0]) for record in engine.backend.log.read(0, (SERVED_STREAM,)))
        assert {int(request) for request, _ in answered} <= set(logged)
        assert max(logged.values()) == 1
        assert engine.status()["events"] == 340
        kept = tables_of(engine.backend.store)
        engine.rebuild()
        for table, columns in tables_of(engine.backend.store).items():
            for name, values in columns.items():
                assert values.tobytes() == kept[table][name].tobytes(), f"{table}.{name}"
    finally:
        engine.close()


def test_several_processes_need_a_directory_to_share() -> None:
    settings = Settings(data=DataSettings(url="memory:"), server=ServerSettings(workers=2))
    with pytest.raises(SettingsError, match="several processes need files to share"):
        serve(settings)
    with pytest.raises(SettingsError, match="expected 1 to 64"):
        serve(Settings(server=ServerSettings(workers=65)))
