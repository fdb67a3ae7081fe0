"""A world made by hand, of the columns that an audience reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from foryou.core.batch import Batch, Column

START = 1_772_409_600_000
TOPICS = 12


@dataclass(frozen=True)
class Small:
    viewers: Batch
    creators: Batch
    videos: Batch
    topics: Any
    start: int = START

    def of_viewers(self, **columns: Column) -> Small:
        return replace(self, viewers=self.viewers.extend(columns))

    def of_videos(self, **columns: Column) -> Small:
        return replace(self, videos=self.videos.extend(columns))


def small(viewers: int = 300, videos: int = 800, creators: int = 40, seed: int = 1) -> Small:
    """Viewers with three topics each of twelve, videos of one."""
    rng = np.random.default_rng(seed)
    taste = np.zeros((viewers, TOPICS), np.float32)
    for row in taste:
        row[rng.choice(TOPICS, 3, replace=False)] = rng.dirichlet((2, 2, 2))
    similarity = np.kron(np.eye(4), np.full((3, 3), 0.5)) + np.eye(TOPICS) * 0.5
    topics = SimpleNamespace(names=tuple(f"t{n}" for n in range(TOPICS)), similarity=similarity.astype(np.float32))
    return Small(_viewers(rng, taste), Batch({"viewer": np.arange(creators)}), _videos(rng, videos, creators), topics)


def _viewers(rng: np.random.Generator, taste: Column) -> Batch:
    count = len(taste)
    acts = ("liking", "commenting", "sharing", "saving", "following", "visiting", "refusing")
    return Batch({
        "taste": taste,
        "language": np.zeros(count, np.int8),
        "zone": np.full(count, 60, np.int16),
        "hours": np.full((count, 24), 1 / 24),
        "weekdays": np.ones((count, 7)),
        "visits": rng.lognormal(-0.3, 0.8, count).astype(np.float32),
        "patience": np.ones(count, np.float32),
        "drift": np.full(count, 0.01, np.float32),
        "joined": np.full(count, START - 1),
        "friends": rng.integers(0, count, (count, 8)).astype(np.int32),
        "script_topic": np.full(count, -1, np.int16),
        "script_presses": np.zeros(count, np.int8),
        "script_from": np.zeros(count, np.int64),
        **{name: rng.normal(0, 1, count).astype(np.float32) for name in acts},
    })  # fmt: skip


def _videos(rng: np.random.Generator, count: int, creators: int) -> Batch:
    leaf = rng.integers(0, TOPICS, count)
    free = np.full(count, np.nan, np.float32)
    return Batch({
        "creator": rng.integers(0, creators, count).astype(np.int32),
        "leaf": leaf.astype(np.int16),
        "content": np.eye(TOPICS, dtype=np.float32)[leaf],
        "format": rng.integers(0, 8, count).astype(np.int8),
        "duration": rng.lognormal(3.2, 0.9, count).astype(np.float32),
        "language": np.zeros(count, np.int8),
        "hook": rng.normal(0, 1, count).astype(np.float32),
        "appeal": rng.normal(0, 1, count).astype(np.float32),
        "likeable": rng.normal(0, 0.5, count).astype(np.float32),
        "shareable": rng.normal(0, 0.5, count).astype(np.float32),
        "picture": rng.random(count).astype(np.float32),
        "copy_of": np.full(count, -1, np.int32),
        "bait": np.zeros(count, np.bool_),
        "set_hook": free,
        "set_finish": free,
        "set_like": free,
    })  # fmt: skip
