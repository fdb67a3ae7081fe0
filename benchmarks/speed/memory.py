"""What the tables take in memory, and what they would at a size at which nobody builds a world only to see.

A world is built at two sizes in which every viewer did as much; what is between the two is what one more viewer, one
more video and their events take. Everything is counted, nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from foryou.api.decode import from_objects
from foryou.api.schema import to_columns
from foryou.backends.tables import Tables
from foryou.bench.record import Benchmark, Line, Report
from foryou.bench.world import PER_EXPOSURE, World
from foryou.core.batch import Batch
from foryou.features.content import CONTENT
from foryou.features.fold import TABLES, create_tables, fold_events
from foryou.models.embedding import Embeddings
from foryou.models.shape import Shape
from foryou.training.stream import LearningSettings

CHUNK = 4_096
GIB = 1 << 30
SHOWN = 8
"""Tables that have a line of their own in the README."""


@dataclass(frozen=True, slots=True)
class Size:
    """As many videos as viewers, at two sizes; and the size that is asked about."""

    counts: tuple[int, int] = (2_000, 4_000)
    each: int = 100
    """Events of each viewer."""
    at: int = 1_000_000


def measure(size: Size) -> Report:
    """For each table what one more viewer, one more video and their events add, in rows and bytes; largest first."""
    small, large = (taken(count, size.each) for count in size.counts)
    step = size.counts[1] - size.counts[0]
    tables = []
    for name, (rows, wide) in large.items():
        more = max(rows - small[name][0], 0) / step
        tables.append({"table": name, "row_bytes": wide, "rows": round(more, 3), "bytes": round(more * wide)})
    return {
        "at": size.at,
        "events": size.each,
        "tables": sorted(tables, key=lambda row: -row["bytes"]),
        "bytes": sum(row["bytes"] for row in tables),
        "embeddings_bytes": embedded(LearningSettings().embeddings),
    }


def taken(count: int, each: int) -> dict[str, tuple[int, float]]:
    """The rows of each table after a world of so many viewers and videos, and what one of its rows takes, bytes."""
    store = Tables()
    create_tables(store)
    world = World(count, count)
    for batch in (*described(world), *done(world, each)):
        fold_events(store, batch)
    # Every video has a caption; what its text is like is worked out elsewhere, but takes the same.
    store.write(CONTENT.name, world.video_ids, CONTENT.empty(count))
    return {table.name: (store.count(table.name), store.row_bytes(table.name)) for table in TABLES}


def described(world: World) -> Iterator[Batch]:
    """The catalogue, as it is accepted."""
    videos = world.catalogue()
    while some := list(islice(videos, CHUNK)):
        yield to_columns(from_objects(some), world.end)[0]


def done(world: World, each: int) -> Iterator[Batch]:
    """What the viewers did: the exposures of a made-up world, but that all viewers have equally many."""
    count = int(world.viewers * each / PER_EXPOSURE)
    exposures = world.exposures(count)
    viewer = np.random.default_rng(world.seed).permutation(np.arange(count) % world.viewers)
    spread = world.spread(exposures.extend({"viewer": viewer}))
    for number, start in enumerate(range(0, len(spread), CHUNK)):
        some = spread.take(np.arange(start, min(start + CHUNK, len(spread))))
        yield world.columns(some, f"m{number}", world.end)


def embedded(rows: int) -> int:
    """What so many embeddings take with what learns them, and the copy that predicts, bytes."""
    dim = Shape().dim
    few = Embeddings(dim)
    return int(rows * (few.nbytes / len(few.arrays["keys"]) + dim * few.vectors.itemsize))


def lines(report: Report) -> list[Line]:
    """For the table."""
    at = report["at"]
    whole = report["bytes"] * at
    size = f"{at:,} viewers with {report['events']} events each and {at:,} videos"
    return [
        Line(
            f"memory of the tables at {size}, from a small world",
            f"{whole / GIB:.1f} GiB",
            "3 GiB, at least 6 GiB" if at == 1_000_000 else "",
        ),
        *(
            Line(f"of it, {row['table']}: {row['rows']:g} rows of {row['row_bytes']:.0f} bytes for each viewer",
                 f"{row['bytes'] * at / GIB:.2f} GiB")
            for row in report["tables"][:SHOWN]
        ),
        Line("beside them, embeddings at their limit", f"{report['embeddings_bytes'] / GIB:.2f} GiB"),
    ]  # fmt: skip


BENCHMARK = Benchmark(
    "memory of the tables by viewer, video and event, and at a million",
    Size(),
    Size(counts=(20, 60), each=20),
    measure,
    lines,
)
