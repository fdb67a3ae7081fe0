"""Data directories of a made-up world: built by the engine's own ingestion, kept, copied for each run."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from foryou.api.decode import from_objects
from foryou.api.schema import to_columns
from foryou.app import Engine
from foryou.bench.world import PER_EXPOSURE, World
from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.ids import id_of
from foryou.features.fold import TABLES
from foryou.settings import load
from foryou.training.stream import SCHEMA

CHUNK = 20_000
"""Exposures that are taken in at a time."""
LEARNED = 100_000
"""About how many exposures are learned from while a world is built: the rest is folded only."""
MOST_AGE = 2 * DAY
"""ms after which a kept world is too old: nothing in it would be fresh any more."""
Told = Callable[[str, int], None]
"""Hears what is being done, and how many rows of it more."""


def built(cache: Path, world: World, told: Told) -> tuple[Path, World]:
    """The directory of a world, and the world as it is in there (it ended when it was built); made if need be."""
    shape = repr([(table.name, [(f.name, f.dtype, f.width) for f in table.fields]) for table in TABLES])
    schema = id_of("tables", shape + str(SCHEMA))
    where = cache / f"{world.videos}-{world.viewers}-{world.each}-{world.seed}-{schema & 0xFFFFFF:06x}"
    now, note = time.time_ns() // 1_000_000, where / "world.json"
    if note.is_file():
        kept = World(**msgspec.json.decode(note.read_bytes()))
        if now - kept.end < MOST_AGE:
            return where / "data", kept
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    world = replace(world, end=now)
    _build(where / "data", world, told)
    note.write_bytes(msgspec.json.encode(asdict(world)))
    return where / "data", world


@contextmanager
def copied(directory: Path) -> Iterator[Path]:
    """A copy to work on, beside it (blocks are shared where the file system can), deleted afterwards."""
    with TemporaryDirectory(prefix="run-", dir=directory.parent) as folder:
        to = Path(folder) / "data"
        cp = shutil.which("cp")
        if cp is None or subprocess.run([cp, "-r", "--reflink=auto", directory, to], check=False).returncode:
            shutil.copytree(directory, to, dirs_exist_ok=True)
        yield to


def _build(directory: Path, world: World, told: Told) -> None:
    count = int(world.events / PER_EXPOSURE)
    learning = {"imported": min(1.0, LEARNED / max(count, 1)), "late_s": 3_600}
    with_settings = load(None, changes={"data": {"url": f"file:{directory}"}, "learning": learning})
    engine = Engine.open(with_settings)
    try:
        videos = world.catalogue()
        while some := list(islice(videos, CHUNK)):
            engine.accept(to_columns(from_objects(some), world.end)[0])
            told("Videos", len(some))
            while made := engine.embed():
                told("Texts", made)
        for number, batch in enumerate(histories(world, count)):
            engine.accept(world.columns(batch, f"h{number}", world.end))
            engine.learner.step()
            told("Events", len(batch))
        while engine.work():
            pass
        engine.publish()
    finally:
        engine.close()


def histories(world: World, count: int) -> Iterator[Batch]:
    """Exposures of the whole time, a chunk at a time, spread into events."""
    edges = np.linspace(world.started, world.end, -(-count // CHUNK) + 1).astype(np.int64).tolist()
    for number, (since, until) in enumerate(pairwise(edges)):
        size = min(CHUNK, count - number * CHUNK)
        yield world.spread(world.exposures(size, number, since, until - 60_000))
