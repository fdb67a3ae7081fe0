"""A disk that is really full: events are refused with the reason, feeds go on, and with room everything goes on."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from foryou.backends.log import SqliteLog
from foryou.core.errors import BackendError
from foryou.core.ids import id_of
from foryou.keeping.verify import verify
from tests.durability.server import Nursery, Server

pytestmark = pytest.mark.slow


@dataclass
class SmallDisk:
    """A file system of some megabytes where one can be mounted; elsewhere a limit on how far files may grow."""

    path: Path
    mounted: bool

    def fill(self, pid: int) -> None:
        """Leave no room at all."""
        if not self.mounted:
            largest = max(path.stat().st_size for path in self.path.rglob("*") if path.is_file())
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
            return
        with (self.path / "ballast").open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self, pid: int) -> None:
        """Room again."""
        if self.mounted:
            (self.path / "ballast").unlink()
        else:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(path)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    yield SmallDisk(path, mounted)
    if mounted:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def server(nursery: Nursery, tmp_path: Path, disk: SmallDisk) -> Iterator[Server]:
    made = Server(nursery, disk.path / "data", tmp_path / "stderr")
    yield made
    if made.pid and made.runs:
        made.end()


def batch(number: int) -> list[dict[str, object]]:
    return [
        {"id": f"s{number}-{n}", "kind": "search", "viewer": f"u{n % 5}", "text": os.urandom(200).hex()}
        for n in range(50)
    ]


def refused(server: Server, rows: list[dict[str, object]]) -> tuple[int, dict[str, Any]]:
    """The status and the error of an answer that is one."""
    body = json.dumps(rows).encode()
    request = urllib.request.Request(f"{server.url}/v1/events", body, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as error, urllib.request.urlopen(request):
        pass
    with error.value as answer:
        problem: dict[str, Any] = json.load(answer)["error"]
        return answer.code, problem


def test_a_full_disk_refuses_events_and_goes_on_serving_and_recovers_by_itself(server: Server, disk: SmallDisk) -> None:
    client = server.start()
    videos = [{"id": f"d{n}", "kind": "video", "video": f"v{n}", "author": "a", "duration": 9.0} for n in range(40)]
    assert client.events(videos).accepted == 40
    there = {str(row["id"]) for row in videos}
    disk.fill(server.pid)
    for number in range(400):
        rows = batch(number)
        try:
            client.events(rows)
        except BackendError:
            break
        there |= {str(row["id"]) for row in rows}
    else:
        raise AssertionError(f"the disk is never full ({os.strerror(errno.ENOSPC)})")
    full = batch(1000)
    for _ in range(20):
        status, problem = refused(server, full)
        assert status == 507
        assert "cannot write to log" in problem["problem"]
    slates = [client.feed(f"u{n % 5}", n=5, session=f"s{n}") for n in range(60)]
    assert all(len(slate.items) == 5 for slate in slates)
    described = [{"id": "late", "kind": "video", "video": "late", "author": "a", "duration": 9.0}]
    assert refused(server, described)[0] == 507
    disk.free(server.pid)
    until = time.monotonic() + 30
    while True:
        try:
            again = client.events(full)
            break
        except BackendError:
            assert time.monotonic() < until, "it does not recover"
            time.sleep(0.1)
    assert (again.accepted, again.duplicates) == (50, 0)
    there |= {str(row["id"]) for row in full}
    assert client.explain(slates[0].request, str(slates[0].items[0]["video"]))["position"] == 0
    server.end()
    assert verify(server.data)["problems"] == []
    log = SqliteLog(server.data / "log.sqlite")
    ids = [number for record in log.read(0, ("events",)) for number in record.rows["id"].tolist()]
    assert sorted(ids) == sorted(id_of("event", name) for name in there)
    served = {int(record.rows["request"][0]) for record in log.read(0, ("served",))}
    assert {int(slate.request) for slate in slates} <= served
    log.close()
