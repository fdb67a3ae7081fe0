"""Who follows whom before anything happens: of a creator's followers, those who are in this world."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Column
from foryou.simulator.chance import picked_each, stream
from foryou.simulator.people import LANGUAGES
from foryou.simulator.world import World

PEOPLE = 250_000
"""The viewers of a world stand for so many people: one with 250 followers has two among 2,000 viewers."""
MOST = 0.25
"""Nobody is followed by more of the viewers than this."""
FOREIGN = 0.1
"""How likely somebody of another language follows, against one of the same."""

BY_CHANCE = 0.02
"""What even somebody with no taste for any of it counts."""


def follows(world: World) -> tuple[Column, Column]:
    """Viewers and creators, int32 [follows], by creator: mostly of the same language and with a taste for it."""
    people, makers = world.viewers, world.creators
    rng = stream(world.seed, "follows")
    there = np.flatnonzero(people["joined"] < world.start)
    number = np.minimum(makers["followers"] / PEOPLE, MOST) * len(there)
    creator = np.repeat(np.arange(len(makers)), np.floor(number + rng.random(len(number))).astype(np.int64))
    leaf = picked_each(rng.random(len(creator)), makers["topic"][creator])
    group = leaf * len(LANGUAGES) + makers["language"][creator]  # who follows for one topic in one language
    draws, viewer = rng.random(len(creator)), np.zeros(len(creator), np.int64)
    likes = people["taste"][there] @ world.topics.similarity + BY_CHANCE  # [viewers, T]
    for each in np.unique(group).tolist():
        here, language = group == each, each % len(LANGUAGES)
        same = people["language"][there] == language
        edges = np.cumsum(np.where(same, 1.0, FOREIGN) * likes[:, each // len(LANGUAGES)])
        viewer[here] = there[np.searchsorted(edges, draws[here] * edges[-1], "right")]
    others = viewer != makers["viewer"][creator]
    found = np.unique(np.stack([creator[others], viewer[others]], axis=1), axis=0).astype(np.int32)
    return found[:, 1], found[:, 0]
