"""How much a log in SQLite costs beside a plain append-only file (CRC-32 and fdatasync for each commit).

Both write the same packed batches of the event schema to the same disk, one batch a commit, in turns; then both are
scanned. Packing is the same code in both, so a commit is shown with and without it.
"""

from __future__ import annotations

import os
import statistics
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import msgspec
import numpy as np

from foryou.backends.log import SqliteLog
from foryou.backends.pack import pack, unpack
from foryou.bench.record import Benchmark, Line, Report
from foryou.core.batch import Batch
from foryou.core.event import Kind, events

LIMIT = 2.0
"""Stay with SQLite while it takes at most this many times as long as the plain file."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many commits of how many rows, how often, and on which disk: that of `directory`."""

    commits: tuple[tuple[int, int], ...] = ((100, 200), (1_000, 100), (10_000, 20))
    runs: int = 5
    directory: str = "."


@dataclass(frozen=True, slots=True)
class Figures:
    """One log, medians over the runs. A commit is packing, writing and syncing one batch."""

    commit_ms: float
    """The median commit of a run."""
    disk_ms: float
    """That without packing, which was timed just before on the same batch: noisy where packing is most of it."""
    write_rows_s: float
    """Over a whole run, so with SQLite's checkpoints in it."""
    scan_rows_s: float
    bytes_row: float
    """In the file, after it was closed."""


@dataclass(frozen=True, slots=True)
class Result:
    """Both logs at one size of batch."""

    rows: int
    sqlite: Figures
    plain: Figures

    @property
    def ratios(self) -> dict[str, float]:
        """How many times as long SQLite takes."""
        return {
            "commit": self.sqlite.commit_ms / self.plain.commit_ms,
            "disk": self.sqlite.disk_ms / self.plain.disk_ms,
            "write": self.plain.write_rows_s / self.sqlite.write_rows_s,
            "scan": self.plain.scan_rows_s / self.sqlite.scan_rows_s,
        }


class PlainLog:
    """What SQLite is compared with: length, checksum, payload, one after another in a file."""

    HEAD = struct.Struct("<IIQ")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self.end = 0

    def append(self, stream: str, rows: Batch) -> int:
        payload = pack(rows)
        self.end += 1
        os.write(self.descriptor, self.HEAD.pack(len(payload), zlib.crc32(payload), self.end) + payload)
        return self.end

    def sync(self) -> None:
        os.fdatasync(self.descriptor)

    def read(self) -> Iterator[Batch]:
        with self.path.open("rb") as file:
            while head := file.read(self.HEAD.size):
                length, checksum, _ = self.HEAD.unpack(head)
                payload = file.read(length)
                if zlib.crc32(payload) != checksum:
                    raise ValueError("damaged")
                yield unpack(payload)

    def close(self) -> None:
        os.close(self.descriptor)


def measure(size: Size) -> Report:
    """Both logs at every size of batch; `worst` is the greatest ratio of writing or scanning."""
    results = [compare(rows, commits, size) for rows, commits in size.commits]
    return {
        "limit": LIMIT,
        "worst": round(max(result.ratios[name] for result in results for name in ("write", "scan")), 2),
        "sizes": [{**asdict(result), "ratios": result.ratios} for result in results],
    }


def lines(report: Report) -> list[Line]:
    """For the table."""
    told = [
        Line(
            f"log: {each['rows']:,} events a commit, SQLite beside a plain file",
            f"{each['sqlite']['write_rows_s']:,.0f} / {each['plain']['write_rows_s']:,.0f} events/s",
        )
        for each in report["sizes"]
    ]
    return [*told, Line("the log in SQLite against a plain file, worst", f"{report['worst']:.2f} x", f"{LIMIT:g} x")]


def compare(rows: int, commits: int, size: Size) -> Result:
    """Both logs with batches of so many rows, in turns, each run in a new file."""
    batches = [watched(rows, seed) for seed in range(commits)]
    runs: dict[str, list[Figures]] = {"sqlite": [], "plain": []}
    for run in range(size.runs):
        for name in ("sqlite", "plain") if run % 2 else ("plain", "sqlite"):
            print(f"  {rows:,} rows a commit, run {run + 1} of {size.runs}: {name:<8}", end="\r", file=sys.stderr)
            with tempfile.TemporaryDirectory(dir=size.directory) as folder:
                runs[name].append(measure_once(name, Path(folder) / "log", batches))
    return Result(rows, middle(runs["sqlite"]), middle(runs["plain"]))


def measure_once(name: str, path: Path, batches: list[Batch]) -> Figures:
    """One run: commit every batch, then read them all."""
    log = SqliteLog(path) if name == "sqlite" else PlainLog(path)
    packing, commits = [], []
    for batch in batches:
        started = time.perf_counter()
        pack(batch)
        packed = time.perf_counter()
        log.append("events", batch)
        log.sync()
        packing.append(packed - started)
        commits.append(time.perf_counter() - packed)
    started = time.perf_counter()
    total = sum(1 for _ in log.read()) * len(batches[0])
    scanning = time.perf_counter() - started
    log.close()
    disk = [commit - pack_s for commit, pack_s in zip(commits, packing, strict=True)]
    return Figures(
        commit_ms=1e3 * statistics.median(commits),
        disk_ms=1e3 * statistics.median(disk),
        write_rows_s=total / sum(commits),
        scan_rows_s=total / scanning,
        bytes_row=path.stat().st_size / total,
    )


def middle(runs: list[Figures]) -> Figures:
    """The median of each figure."""
    return Figures(*(statistics.median(values) for values in zip(*map(astuple, runs), strict=True)))


def watched(rows: int, seed: int) -> Batch:
    """Watch events as a phone sends them: an id each, few viewers and videos, and the wire record kept beside."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, 2**62, rows)
    viewers, videos = rng.integers(0, 27_000, rows), rng.integers(0, 7_500, rows)
    names = np.random.default_rng(1).integers(1, 2**62, 27_000)
    watch = np.round(rng.exponential(12, rows), 2).astype(np.float32)
    at = 1_650_000_000_000 + np.cumsum(rng.integers(0, 200, rows))
    sent = zip(ids.tolist(), viewers.tolist(), videos.tolist(), watch.tolist(), at.tolist(), strict=True)
    raw = [
        msgspec.msgpack.encode(
            {"id": f"{i:x}", "kind": "watch", "viewer": f"u{u}", "video": f"v{v}", "seconds": w, "at": t}
        )
        for i, u, v, w, t in sent
    ]
    column = np.empty(rows, object)
    column[:] = raw
    return events(
        {
            "id": ids,
            "kind": np.full(rows, Kind.WATCH),
            "at": at,
            "received": at + 40,
            "viewer": names[viewers],
            "video": names[videos],
            "seconds": watch,
            "furthest": watch,
            "raw": column,
        }
    )


BENCHMARK = Benchmark(
    "the log in SQLite beside a plain append-only file",
    Size(),
    Size(commits=((10, 2),), runs=1),
    measure,
    lines,
)
