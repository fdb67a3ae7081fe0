"""A real server process: it answers, it stops when told, and what it acknowledged outlives it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from foryou.access.kept import Kept
from foryou.access.keys import Keys
from foryou.access.rules import Role
from foryou.client import Client, connect
from foryou.core.clock import SystemClock
from foryou.core.errors import BackendError, Forbidden, Unidentified

pytestmark = pytest.mark.slow

PATIENCE_S = 90
"""A first start compiles kernels."""


@dataclass
class Server:
    """`foryou serve` on a directory, as often as it is started."""

    data: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    said: list[str] = field(default_factory=list)

    def start(self) -> Client:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = "import sys; from foryou.cli import main; sys.argv[0] = 'foryou'; main()"
        arguments = ["serve", "--data", str(self.data), "--port", str(self.port)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FORYOU_")}
        self.process = subprocess.Popen([sys.executable, "-c", command, *arguments], stderr=subprocess.PIPE, env=clean)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        client = connect(f"http://127.0.0.1:{self.port}")
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                client.viewer("nobody")
                return client
            except BackendError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise AssertionError("the server did not start:\n" + "".join(self.said)) from None
                time.sleep(0.05)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr as said:
            self.said.extend(line.decode() for line in said)

    def stop(self, how: signal.Signals) -> int:
        """The exit status, as `subprocess` has it."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(30)


@pytest.fixture
def server(tmp_path: Path, videos: list[dict[str, object]]) -> Iterator[Server]:
    running = Server(tmp_path / "data")
    client = running.start()
    assert client.events(videos).accepted == len(videos)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.process.kill()
        running.process.wait(30)


def test_sigterm_ends_it_cleanly_and_the_next_start_has_everything(
    server: Server, videos: list[dict[str, object]]
) -> None:
    client = connect(f"http://127.0.0.1:{server.port}")
    slate = client.feed("ada", n=5, session="s")
    assert server.stop(signal.SIGTERM) == 0
    lines = [json.loads(line) for line in server.said if line.startswith("{")]
    assert any(line["path"] == "/v1/feed" and line.get("request") == slate.request for line in lines)
    assert "Traceback" not in "".join(server.said)
    again = server.start()
    assert again.events(videos).duplicates == len(videos)
    assert {item["video"] for item in again.feed("ada", n=40, session="s").items}.isdisjoint(
        item["video"] for item in slate.items
    )
    assert again.explain(slate.request, str(slate.items[0]["video"]))["video"] == slate.items[0]["video"]


def test_after_kill_9_it_starts_again_with_everything_that_it_acknowledged(server: Server) -> None:
    acknowledged: list[dict[str, object]] = []
    client = connect(f"http://127.0.0.1:{server.port}")

    def send() -> None:
        for batch in range(10_000):
            rows = [
                {"id": f"w{batch}-{n}", "kind": "watch", "viewer": f"u{n % 9}", "video": f"v{n % 40}", "seconds": 3.5}
                for n in range(50)
            ]
            try:
                client.events(rows)
            except BackendError:
                return
            acknowledged.extend(rows)

    sender = threading.Thread(target=send)
    sender.start()
    until = time.monotonic() + PATIENCE_S
    while len(acknowledged) < 500 and time.monotonic() < until:
        time.sleep(0.02)
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    sender.join(30)
    assert len(acknowledged) >= 500
    again = server.start()
    for start in range(0, len(acknowledged), 1_000):
        part = acknowledged[start : start + 1_000]
        assert again.events(part).duplicates == len(part)


def test_a_key_that_is_made_while_it_runs_is_needed_within_moments(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    connect(url).feed("ada")
    kept = Kept(server.data)
    keys, now = Keys(kept), SystemClock()
    _, secret = keys.create("app", [Role.SERVE], now(), "test")
    assert refused_within_moments(connect(url))
    assert connect(url, key=secret).feed("ada").items
    with pytest.raises(Forbidden, match="without the role ingest"):
        connect(url, key=secret).events([{"id": "x", "kind": "like", "viewer": "ada", "video": "v1"}])
    keys.revoke("app", now(), "test")
    kept.close()
    assert refused_within_moments(connect(url, key=secret))


def refused_within_moments(client: Client) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            client.feed("ada")
        except Unidentified:
            return True
        time.sleep(0.05)
    return False
