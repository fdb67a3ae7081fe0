"""A real `foryou serve` in processes of its own, and what the system says of them: CPU, memory, disk, handles."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from foryou.bench.load import LoadError, ask, get

START_S = 3_600.0
"""How long a server may take to start: without a snapshot it folds the whole log."""
_TICK = os.sysconf("SC_CLK_TCK")
Stages = dict[str, tuple[float, float]]
"""Seconds spent in each stage of the feed so far, and how often."""


@dataclass(slots=True)
class Server:
    """A server that is ready, on its port."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    startup_s: float

    def ready(self) -> dict[str, object]:
        """What the health check tells."""
        found: dict[str, object] = msgspec.json.decode(ask(self.port, get("/health/ready")))
        return found

    def told(self, name: str) -> int:
        """One of the counts of the health check."""
        return int(str(self.ready()[name]))

    def settle(self) -> float:
        """Wait until everything that can be learned was; seconds that took."""
        started, before = time.perf_counter(), -1
        while True:
            learned, waiting = self.told("learned") + self.told("corrected"), self.told("waiting")
            if waiting == 0 and learned == before:
                return time.perf_counter() - started
            before = learned
            time.sleep(0.2)

    def stages(self) -> Stages:
        """The stages of the feed."""
        sums: dict[str, float] = {}
        counts: dict[str, float] = {}
        for family in text_string_to_metric_families(ask(self.port, get("/metrics")).decode()):
            for sample in family.samples:
                if sample.name.startswith("foryou_stage_seconds_"):
                    name = f"{sample.labels['stage']} {sample.labels['name']}"
                    into = {"sum": sums, "count": counts}.get(sample.name.rsplit("_", 1)[1])
                    if into is not None:
                        into[name] = into.get(name, 0.0) + sample.value
        return {name: (sums[name], counts[name]) for name in sums}

    def processes(self) -> list[int]:
        """The server's process and those that it started."""
        found, new = [], [self.process.pid]
        while new:
            found += new
            new = [child for each in new for child in _children(each)]
        return found

    def cpu_s(self) -> float:
        """Seconds of CPU so far, of all its processes."""
        return sum(_cpu_s(each) for each in self.processes())

    def rss_mib(self) -> float:
        """Memory of all its processes, MiB; what they share counts once."""
        return round(sum(_memory_kib(each) for each in self.processes()) / 1024, 1)

    def handles(self) -> int:
        """Open files and sockets."""
        return sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in self.processes())

    def threads(self) -> int:
        """Threads of all its processes."""
        return sum(len(list(Path(f"/proc/{each}/task").iterdir())) for each in self.processes())

    def disk_mib(self) -> float:
        """What its directory takes, MiB."""
        return disk_mib(self.data)

    def kill(self) -> None:
        """kill -9, all of it."""
        for each in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(data: Path, workers: int = 1) -> Iterator[Server]:
    """A server on a directory, stopped afterwards unless it was killed."""
    port, said = free_port(), data.with_name(data.name + ".log")
    more = ["--workers", str(workers)] if workers > 1 else []
    command = [sys.executable, "-m", "foryou.cli", "serve", "--data", str(data), "--port", str(port), *more]
    with said.open("ab") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        server = Server(process, port, data, 0.0)
        try:
            _wait(process, port, said)
            server.startup_s = round(time.perf_counter() - started, 2)
            yield server
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(600)
                except subprocess.TimeoutExpired:
                    server.kill()


def spent(before: Stages, after: Stages) -> dict[str, float]:
    """Mean ms of each stage between two looks, dearest first."""
    ms = {
        name: round(1e3 * (total - before.get(name, (0, 0))[0]) / (count - before.get(name, (0, 0))[1]), 3)
        for name, (total, count) in after.items()
        if count > before.get(name, (0, 0))[1]
    }
    return dict(sorted(ms.items(), key=lambda item: -item[1]))


def disk_mib(directory: Path) -> float:
    """What a directory takes, MiB."""
    return round(sum(each.stat().st_blocks * 512 for each in directory.rglob("*") if each.is_file()) / (1 << 20), 1)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(LoadError, OSError):
            ask(port, get("/health/ready"))
            return
        time.sleep(0.02)
    raise LoadError(f"the server did not start:\n{said.read_text(errors='replace')[-2000:]}")


def _children(pid: int) -> list[int]:
    try:
        found = [each.read_text().split() for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for children in found for child in children]


def _cpu_s(pid: int) -> float:
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(parts[11]) + int(parts[12])) / _TICK


def _memory_kib(pid: int) -> int:
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1])
    return 0
