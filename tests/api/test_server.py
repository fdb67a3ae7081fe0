"""A real server process: it answers, it stops when told, and what it acknowledged outlives it."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from foryou.access.kept import Kept
from foryou.access.keys import Keys
from foryou.access.rules import Role
from foryou.client import Client, connect
from foryou.core.clock import SystemClock
from foryou.core.errors import BackendError, Forbidden, Unidentified
from tests.serving import PATIENCE_S, Server

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path, videos: list[dict[str, object]]) -> Iterator[Server]:
    running = Server(str(tmp_path / "data"))
    client = running.start()
    assert client.events(videos).accepted == len(videos)
    yield running
    running.end()


def test_sigterm_ends_it_cleanly_and_the_next_start_has_everything(
    server: Server, videos: list[dict[str, object]]
) -> None:
    client = connect(server.url)
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
    client = connect(server.url)

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
    kept = Kept(Path(server.data))
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
