"""Runs made by hand."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.simulator.run import KEPT, Outcome
from foryou.simulator.world import World


def outcome(world: World, rows: list[tuple[int, int, float]], **columns: list[float]) -> Outcome:
    """Exposures (viewer, video, days since the start) in order of time."""
    viewer, video, day = np.array(rows).T
    said = {name: np.zeros(len(rows)) for name in KEPT} | {name: np.array(values) for name, values in columns.items()}
    said |= {"viewer": viewer.astype(np.int32), "video": video.astype(np.int32)}
    said |= {"at": world.start + (day * DAY).astype(np.int64), "surface": np.asarray(said["surface"], np.int8)}
    said |= {name: said[name].astype(np.bool_) for name in ("finish", "skip", "like", "not_interested")}
    out = np.full(len(world.videos), world.start)
    return Outcome("hand", world, Batch(said), out, {}, 1.0, np.zeros((0, 0), np.int32))
