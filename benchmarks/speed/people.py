"""A made-up catalogue and what made-up people do with it, as the events that clients send."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from foryou.core.clock import DAY

Wire: TypeAlias = dict[str, Any]
MOST = 1_000
"""Events in one request."""


@dataclass(frozen=True, slots=True)
class People:
    """So many videos, and viewers who each watched so many of them during the last two days."""

    videos: int = 10_000
    viewers: int = 100
    watched: int = 60
    seed: int = 1

    def catalogue(self) -> list[Wire]:
        """An event for each video."""
        now = now_ms()
        return [
            {
                "id": f"v-{video}",
                "kind": "video",
                "at": now - 2 * DAY,
                "video": f"video-{video}",
                "author": f"author-{video % 2_000}",
                "sound": f"sound-{video % 3_000}",
                "hashtags": [f"tag-{video % 100}", f"tag-{video * 7 % 300}", f"mood-{video % 50}"],
                "caption": f"The {video}th of many videos",
                "duration": 5.0 + video % 60,
                "language": "en",
                "uploaded": now - 2 * DAY - video % 400 * DAY // 4,
                "width": 1080,
                "height": 1920,
            }
            for video in range(self.videos)
        ]

    def watching(self, name: str = "w") -> list[Wire]:
        """Impressions and watches in time order, one in ten liked, and a last one long after: then all can be learned.

        Half of what is watched is what everybody watches (Zipf); ids begin with `name`.
        """
        rng = np.random.default_rng(self.seed)
        total = self.viewers * self.watched
        popular = rng.zipf(1.2, total) % self.videos
        video = np.where(rng.random(total) < 0.5, popular, rng.integers(0, self.videos, total)).tolist()
        at = np.linspace(now_ms() - 2 * DAY, now_ms() - DAY, total).astype(np.int64).tolist()
        seconds, liked = np.round(rng.exponential(12, total), 1).tolist(), (rng.random(total) < 0.1).tolist()
        out: list[Wire] = []
        for row in range(total):
            about = {"at": at[row], "viewer": f"viewer-{row % self.viewers}", "video": f"video-{video[row]}"}
            out.append({"id": f"{name}-i-{row}", "kind": "impression", **about})
            out.append({"id": f"{name}-w-{row}", "kind": "watch", "seconds": seconds[row], **about})
            if liked[row]:
                out.append({"id": f"{name}-l-{row}", "kind": "like", **about})
        return [
            *out,
            {"id": f"{name}-end", "kind": "impression", "at": now_ms(), "viewer": "viewer-0", "video": "video-0"},
        ]


def parts(rows: Sequence[Wire], size: int = MOST) -> Iterator[Sequence[Wire]]:
    """As many requests as it takes."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def now_ms() -> int:
    """The time, ms UTC."""
    return time.time_ns() // 1_000_000
