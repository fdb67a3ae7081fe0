"""How much a log in SQLite costs beside a plain append-only file (CRC-32 and fdatasync for each commit).

    python benchmarks/speed/log.py [--json FILE] [--directory DIR]

Both write the same packed batches of the event schema to the same disk, one batch a commit, in turns; then both are
scanned. Packing is the same code in both, so a commit is shown with and without it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
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
from foryou.core.batch import Batch
from foryou.core.event import Kind, events

SIZES = (100, 1_000, 10_000)
COMMITS = {100: 200, 1_000: 100, 10_000: 20}
RUNS = 5
LIMIT = 2.0
"""Stay with SQLite while it takes at most this many times as long as the plain file."""


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


def main() -> None:
    """Run, print a table, and write the figures where asked."""
    options = argparse.ArgumentParser(description="The log in SQLite beside a plain append-only file.")
    options.add_argument("--json", type=Path, help="write the figures to this file")
    options.add_argument("--directory", type=Path, default=Path(), help="a directory on the disk to measure")
    chosen = options.parse_args()
    machine = f"{os.cpu_count()} x {processor()}, {platform.system()}, Python {platform.python_version()}"
    results = [measure(rows, chosen.directory) for rows in SIZES]
    print(f"{machine}; medians of {RUNS} runs\n")
    print(f"{'rows a commit':>13} {'':<7} {'commit ms':>9} {'disk':>8} {'rows/s':>13} {'scan rows/s':>12} {'B/row':>6}")
    for result in results:
        for name, f in (("sqlite", result.sqlite), ("plain", result.plain)):
            print(
                f"{result.rows:>13,} {name:<7} {f.commit_ms:>9.2f} {f.disk_ms:>8.2f} {f.write_rows_s:>13,.0f} "
                f"{f.scan_rows_s:>12,.0f} {f.bytes_row:>6.0f}"
            )
        r = result.ratios
        print(f"{'':>13} {'ratio':<7} {r['commit']:>9.2f} {r['disk']:>8.2f} {r['write']:>13.2f} {r['scan']:>12.2f}")
    worst = max(result.ratios[name] for result in results for name in ("write", "scan"))
    print(f"\nworst ratio of writing or scanning {worst:.2f}: {'within' if worst <= LIMIT else 'beyond'} {LIMIT:g}")
    if chosen.json is not None:
        figures = [{**asdict(result), "ratios": result.ratios} for result in results]
        record = {
            "benchmark": "log",
            "machine": machine,
            "runs": RUNS,
            "limit": LIMIT,
            "worst": worst,
            "results": figures,
        }
        chosen.json.write_text(json.dumps(record, indent=2) + "\n")


def measure(rows: int, directory: Path) -> Result:
    """Both logs with batches of so many rows, in turns, each run in a new file."""
    batches = [watched(rows, seed) for seed in range(COMMITS[rows])]
    runs: dict[str, list[Figures]] = {"sqlite": [], "plain": []}
    for run in range(RUNS):
        for name in ("sqlite", "plain") if run % 2 else ("plain", "sqlite"):
            print(f"  {rows:,} rows a commit, run {run + 1} of {RUNS}: {name:<8}", end="\r", file=sys.stderr)
            with tempfile.TemporaryDirectory(dir=directory) as folder:
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


def processor() -> str:
    """What the machine calls its processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


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


if __name__ == "__main__":
    main()
