"""Who follows whom before anything happens: of a creator's followers, those who are in this world."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Column
from foryou.simulator.chance import stream
from foryou.simulator.world import World

PEOPLE = 250_000
"""The viewers of a world stand for so many people: one with 250 followers has two among 2,000 viewers."""
MOST = 0.25
"""Nobody is followed by more of the viewers than this."""
FOREIGN = 0.1
"""How likely somebody of another language follows, against one of the same."""


def follows(world: World) -> tuple[Column, Column]:
    """Viewers and creators, int32 [follows], by creator: mostly of the same language and with a taste for it."""
    people, makers = world.viewers, world.creators
    there = np.flatnonzero(people["joined"] < world.start)
    number = np.minimum(makers["followers"] / PEOPLE, MOST) * len(there)
    rng = stream(world.seed, "follows")
    number = np.floor(number + rng.random(len(number))).astype(np.int64)
    likes = people["taste"][there] @ world.topics.similarity  # [viewers, T]
    found = []
    for creator in np.flatnonzero(number).tolist():
        fits = likes @ makers["topic"][creator] + 0.01
        fits = np.where(people["language"][there] == makers["language"][creator], fits, FOREIGN * fits)
        fits[there == makers["viewer"][creator]] = 0.0
        found.append(_drawn(fits, int(number[creator]), rng))
    viewer = there[np.concatenate(found)] if found else np.empty(0, np.int64)
    sizes = [len(each) for each in found]
    return viewer.astype(np.int32), np.repeat(np.flatnonzero(number), sizes).astype(np.int32)


def _drawn(weight: Column, count: int, rng: np.random.Generator) -> Column:
    """Positions, drawn by their weights and each once: a few fewer than `count`."""
    edges = np.cumsum(weight)
    draws = np.searchsorted(edges, rng.random(count) * edges[-1], "right")
    return np.unique(np.minimum(draws, len(weight) - 1))
