"""`foryou bench recovery`: how soon a server that was killed serves again, with a snapshot and without one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from foryou.bench.directory import Told, built, copied
from foryou.bench.ingest import bodies
from foryou.bench.load import LoadError, drive
from foryou.bench.record import Line, Report
from foryou.bench.server import serving
from foryou.bench.world import World


@dataclass(frozen=True)
class Size:
    """The world's log, how many events come after its snapshot, and whether the whole log is folded once too."""

    world: World = field(default_factory=lambda: World(100_000, 10_000))
    tail: int = 20_000
    replay: bool = True


def measure(size: Size, cache: Path, told: Told) -> Report:
    """Seconds from starting the process to its first answer. What was acknowledged before the kill has to be there."""
    directory, world = built(cache, size.world, told)
    with copied(directory) as data:
        with serving(data) as server:
            clean = server.startup_s
            drive(server.port, bodies(world, 100, size.tail // 100, "tail"), 4)
            known = server.told("events")
            server.kill()
        told("Killed", 1)
        snapshot = _again(data, known)
        if size.replay:
            shutil.rmtree(data / "tables")
            told("Snapshot deleted", 1)
        return {
            "startup_s": snapshot["startup_s"],
            "cpu_s": snapshot["cpu_s"],
            "rss_mib": snapshot["rss_mib"],
            "disk_mib": snapshot["disk_mib"],
            "clean_s": clean,
            "events": known,
            "tail": size.tail,
            "replay": _again(data, known) if size.replay else None,
        }


def _again(data: Path, known: int) -> Report:
    with serving(data) as server:
        found = server.told("events")
        if found != known:
            raise LoadError(f"{known:,} events were acknowledged, and {found:,} are there after the kill")
        told = {"startup_s": server.startup_s, "cpu_s": round(server.cpu_s(), 1), "rss_mib": server.rss_mib()}
        server.kill()
    return {**told, "disk_mib": server.disk_mib()}


def lines(report: Report) -> list[Line]:
    """For the table."""
    of = f"start-up after kill -9, {report['events'] / 1e6:.1f} M events"
    found = [
        Line(f"{of}, with a snapshot and {report['tail']:,} events after it", f"{report['startup_s']:.1f} s", "15 s")
    ]
    if report["replay"]:
        found.append(Line(f"{of}, from the log alone", f"{report['replay']['startup_s']:.1f} s"))
    return found
