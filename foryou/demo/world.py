"""The world of the demo: few enough videos that all can have a clip, short ones, and a past that ends now."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from foryou.core.batch import Column
from foryou.core.clock import DAY
from foryou.simulator.world import Sizes, World, make

PAST_DAYS = 4
SIZES = Sizes(viewers=320, creators=48, videos=184, days=PAST_DAYS + 1)
"""What would come out on the last of these days is kept for later: it is published while somebody watches."""
SEED = 84
SHORTEST_S, LONGEST_S = 5.0, 30.0
_LENGTHS = 4.0
"""The larger, the fewer long ones: a mean of ten seconds."""
HEIGHT = 640


def start_of(now: int) -> int:
    """When the past of a demo begins that is made now (ms)."""
    return now - PAST_DAYS * DAY


@lru_cache(maxsize=2)
def demo_world(start: int, sizes: Sizes = SIZES, seed: int = SEED) -> World:
    """The world whose past begins at `start`: only times depend on it, so that its clips are rendered once."""
    world = make(sizes, seed, start)
    count = len(world.videos)
    rank = np.empty(count)
    rank[np.argsort(world.videos["duration"], kind="stable")] = (np.arange(count) + 0.5) / count
    seconds = SHORTEST_S + (LONGEST_S - SHORTEST_S) * rank**_LENGTHS
    short: dict[str, Column] = {
        "duration": seconds.astype(np.float32).round(1),
        "height": np.full(count, HEIGHT, np.int16),
    }
    return replace(world, videos=world.videos.extend(short))
