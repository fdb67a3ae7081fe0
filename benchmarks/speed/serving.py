"""A real `foryou serve` in a process of its own, on one core, and a connection to it from another core."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Server:
    """One connection that is kept open, as an app keeps it."""

    connection: http.client.HTTPConnection
    core: int | None
    """The core that the server is bound to; None where it cannot be."""
    port: int
    pid: int

    def get(self, path: str) -> bytes:
        """The body of an answer; RuntimeError if it is no success."""
        return self._ask("GET", path)

    def post(self, body: bytes) -> Any:
        """Send events as JSON; the receipt."""
        return msgspec.json.decode(self._ask("POST", "/v1/events", body, {"Content-Type": "application/json"}))

    def send(self, rows: Sequence[object]) -> None:
        """Send events; RuntimeError if any is refused."""
        receipt = self.post(msgspec.json.encode(rows))
        if receipt["refused"]:
            raise RuntimeError(f"refused: {receipt['refused'][0]}")

    def settle(self) -> int:
        """Wait until everything that can be learned was; how many rows that were."""
        end = time.monotonic() + PATIENCE_S
        before = -1
        while time.monotonic() < end:
            status = msgspec.json.decode(self.get("/health/ready"))
            if status["learned"] == before and status["waiting"] == 0:
                return int(before)
            before = status["learned"]
            time.sleep(1.0)
        raise RuntimeError(f"the server still learns after {PATIENCE_S:.0f} s")

    def stages(self) -> dict[str, tuple[float, float]]:
        """Seconds spent in each stage of the feed so far, and how often."""
        sums: dict[str, float] = {}
        counts: dict[str, float] = {}
        for family in text_string_to_metric_families(self.get("/metrics").decode()):
            for sample in family.samples:
                if sample.name.startswith("foryou_stage_seconds_"):
                    name = f"{sample.labels['stage']} {sample.labels['name']}"
                    if sample.name.endswith("_sum"):
                        sums[name] = sample.value
                    elif sample.name.endswith("_count"):
                        counts[name] = sample.value
        return {name: (sums[name], counts[name]) for name in sums}

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {read[:300]!r}")
        return read


@contextmanager
def serving() -> Iterator[Server]:
    """A server with an empty directory, stopped and forgotten afterwards. This process moves to another core."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    taskset = shutil.which("taskset") if len(cores) > 1 else None
    pinned = [taskset, "-c", str(cores[0])] if taskset else []
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="foryou-bench-") as folder, (Path(folder) / "log").open("w+b") as said:
        command = [*pinned, sys.executable, "-m", "foryou.cli", "serve", "--data", f"{folder}/data"]
        process = subprocess.Popen([*command, "--port", str(port)], stdout=said, stderr=said)
        try:
            if taskset:
                os.sched_setaffinity(0, cores[1:])
            with contextlib.closing(connected(port, process, Path(folder) / "log")) as connection:
                yield Server(connection, cores[0] if taskset else None, port, process.pid)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            process.wait()
            if taskset:
                os.sched_setaffinity(0, cores)


def connected(port: int, process: subprocess.Popen[bytes], log: Path) -> http.client.HTTPConnection:
    """A connection, once the server is ready. RuntimeError with what the server said if it never is."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
        except OSError:
            pass  # not listening yet
        connection.close()
        time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
