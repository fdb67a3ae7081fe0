"""The durability promise, kept by a client that remembers: what was acknowledged outlives any kill, and counts once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from foryou.backends.log import SqliteLog
from foryou.client import connect
from foryou.core.errors import BackendError
from foryou.core.ids import id_of
from foryou.keeping.verify import verify
from tests.durability.server import Server

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("FORYOU_TEST_KILLS", "12"))
"""`FORYOU_TEST_KILLS=100` for the long run; every run has other moments, and says its seed if it fails."""
VIDEOS = 60


@dataclass
class Memory:
    """A client that sends and asks in several threads, and remembers what it was told."""

    seed: int
    acknowledged: dict[str, dict[str, object]] = field(default_factory=dict)
    doubtful: list[dict[str, object]] = field(default_factory=list)
    """Sent, and the answer never came: they may be there or not, and are sent again."""
    slates: dict[int, list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sent: int = 0

    def send(self, url: str, rng: random.Random) -> None:
        """Events in batches of any size until the server is gone; what is doubtful first."""
        client = connect(url, timeout_s=20)
        while True:
            rows = self._next(rng)
            try:
                receipt = client.events(rows)
            except BackendError:
                with self._lock:
                    self.doubtful += rows
                return
            assert receipt.refused == []
            with self._lock:
                self.acknowledged |= {str(row["id"]): row for row in rows}

    def _next(self, rng: random.Random) -> list[dict[str, object]]:
        with self._lock:
            rows, self.doubtful = self.doubtful[:200], self.doubtful[200:]
            for _ in range(rng.choice((1, 3, 20, 100))):
                self._sent += 1
                rows.append(self._event(rng, self._sent))
            if self.acknowledged and rng.random() < 0.2:  # a client that sends the same again
                rows.append(rng.choice(list(self.acknowledged.values())))
        return rows

    def _event(self, rng: random.Random, number: int) -> dict[str, object]:
        kind = rng.choice(("impression", "watch", "watch", "like", "unlike", "share", "follow", "viewer"))
        row: dict[str, object] = {"id": f"e{number}", "kind": kind, "viewer": f"u{rng.randrange(9)}"}
        if kind == "follow":
            return {**row, "author": f"a{rng.randrange(7)}"}
        if kind == "viewer":
            return {**row, "country": rng.choice(("NL", "NO"))}
        seconds = {"seconds": rng.choice((0.5, 4.0, 20.0))} if kind == "watch" else {}
        return {**row, "video": f"v{rng.randrange(VIDEOS)}", **seconds}

    def ask(self, url: str, rng: random.Random) -> None:
        """Feeds until the server is gone."""
        client = connect(url, timeout_s=20)
        while True:
            try:
                slate = client.feed(f"u{rng.randrange(9)}", n=5)
            except BackendError:
                return
            with self._lock:
                self.slates[int(slate.request)] = [str(item["video"]) for item in slate.items]


def test_no_kill_loses_or_doubles_anything_that_was_acknowledged(server: Server) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    rng, memory = random.Random(seed), Memory(seed)
    client = server.start()
    videos: list[dict[str, object]] = [
        {"id": f"video-{n}", "kind": "video", "video": f"v{n}", "author": f"a{n % 7}", "duration": 12.0}
        for n in range(VIDEOS)
    ]  # fmt: skip
    assert client.events(videos).accepted == VIDEOS
    memory.acknowledged |= {str(row["id"]): row for row in videos}
    for _ in range(KILLS):
        threads = [
            threading.Thread(target=work, args=(server.url, random.Random(rng.random())))
            for work in (memory.send, memory.send, memory.ask)
        ]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.02, 0.6))
        server.end(signal.SIGKILL)
        for thread in threads:
            thread.join()
        client = server.start()
        there = _events(client_url=server.url)
        assert len(memory.acknowledged) <= there <= len(memory.acknowledged) + len(memory.doubtful), f"seed {seed}"
    for start in range(0, len(memory.doubtful), 500):
        rows = memory.doubtful[start : start + 500]
        assert client.events(rows).refused == []
        memory.acknowledged |= {str(row["id"]): row for row in rows}
    assert _events(client_url=server.url) == len(memory.acknowledged), f"seed {seed}"
    server.end()
    _compare(server.data, memory)


def _events(client_url: str) -> int:
    import json  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    with urllib.request.urlopen(f"{client_url}/health/ready") as answer:
        told: dict[str, Any] = json.load(answer)
    return int(told["events"])


def _compare(data: Path, memory: Memory) -> None:
    """What the log and the tables say beside what was told."""
    report = verify(data)
    assert report["problems"] == [], f"seed {memory.seed}"
    assert report["compared_at"] == report["offset"]
    log = SqliteLog(data / "log.sqlite")
    ids: Counter[int] = Counter()
    slates: dict[int, list[int]] = {}
    for record in log.read():
        if record.stream == "events":
            ids.update(record.rows["id"].tolist())
        elif record.stream == "served":
            slates[int(record.rows["request"][0])] = record.rows["item"].tolist()
    log.close()
    assert ids == Counter(id_of("event", name) for name in memory.acknowledged), f"seed {memory.seed}"
    told = {request: [id_of("video", video) for video in shown] for request, shown in memory.slates.items() if shown}
    assert {request: slates.get(request) for request in told} == told, f"seed {memory.seed}"
    assert len(memory.slates) > 0
