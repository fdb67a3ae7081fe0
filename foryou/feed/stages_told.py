"""How new videos fare as a whole: how many are in each stage, what it takes to go on, and what becomes of those that
went on by chance where they would have been stopped."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.ports import Store
from foryou.features.chains import wilson
from foryou.features.cohorts import STAGES
from foryou.features.reach import LEVELS, REACH
from foryou.features.reach_settings import ReachSettings
from foryou.features.stages import LAST, RESTING, RUNNING, STOPPED, bar


def stages_told(store: Store, settings: ReachSettings, at: int) -> list[dict[str, object]]:
    """Every stage as of `at` (ms), the first one first.

    `went_on` compares, of the videos that left this stage, those that chance let go on with those that earned it: how
    many of them went on from the next stage too, by their quality there. As many of both: good videos are stopped too
    early here. Who is still looking for the next stage's audience is not counted, and nobody leaves the last one.
    """
    _, videos = store.scan(REACH.name, ("stage", "status", "chanced", "entered"))
    levels = store.read(LEVELS.name, np.arange(1, STAGES + 1))
    return [
        {
            "stage": stage,
            "audience": settings.audiences[stage] if stage < LAST else None,
            "videos": _states(videos, stage, at - settings.life),
            "goes_on_above": _round(bar(levels["median"], levels["quarter"], stage)) if stage < LAST else None,
            "stops_below": _round(levels["quarter"][stage]) if stage < LAST else None,
            "judged": int(levels["number"][stage]),
            "went_on": _went_on(videos, stage, at - settings.life) if stage < LAST - 1 else None,
        }
        for stage in range(STAGES)
    ]


def _states(videos: Batch, stage: int, over: int) -> dict[str, int]:
    """How many videos are in a stage, by what they do there; whose time began before `over` has none left."""
    here = videos["stage"] == stage
    status, late = videos["status"][here], (videos["entered"][here] <= over) & (stage < LAST)
    running = status == RUNNING
    return {
        "running": int(np.count_nonzero(running & ~late)),
        "resting": int(np.count_nonzero((status == RESTING) | (running & late))),
        "stopped": int(np.count_nonzero(status == STOPPED)),
    }


def _went_on(videos: Batch, stage: int, over: int) -> dict[str, object]:
    """Of those that left a stage by chance and of those that earned it: how many went on from the next one."""
    at, chanced = videos["stage"], videos["chanced"].astype(np.int64)
    left = (at > stage) & (videos["status"] > 0)
    waits = (at == stage + 1) & (videos["status"] == RUNNING) & (videos["entered"] > over)
    on = (at > stage + 1) & (chanced >> (stage + 1) & 1 == 0)
    lucky = chanced >> stage & 1 == 1
    return {"by_chance": _share(on, left & ~waits & lucky), "by_quality": _share(on, left & ~waits & ~lucky)}


def _share(on: Column, of: Column) -> dict[str, object]:
    tried, went = int(np.count_nonzero(of)), int(np.count_nonzero(on & of))
    low, high = wilson(went, tried)
    value = went / tried if tried else None
    return {"videos": tried, "went_on": went, "share": value, "low": _round(low), "high": _round(high)}


def _round(value: float) -> float:
    return round(float(value), 4)
