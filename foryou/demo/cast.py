"""Who of the demo's world is worth looking through the eyes of."""

from __future__ import annotations

import numpy as np

from foryou.api.demo import DemoCreator, DemoOperator, DemoViewer, Guide
from foryou.core.batch import Column
from foryou.demo.names import Names
from foryou.simulator.world import LANGUAGES, World, viewer_name

VIEWERS_EACH, CREATORS = 2, 4
"""Viewers of each language; creators of any."""
FEW, MANY = 25, 90
"""How many videos such a viewer has seen: the feed has learned something, and there is more to see."""
LIKED = 0.12
"""The least share of a taste that is told."""
OPERATOR = DemoOperator("operator", "Operator")


def cast_of(world: World, names: Names, seen: Column) -> tuple[Guide, list[int]]:
    """A few people for the page to offer, and the numbers of the viewers: nobody else acts for them. `seen` is how many
    videos each viewer has seen. [viewers]"""
    viewers = world.viewers
    dearest = viewers["taste"].argmax(1)
    fits = (seen >= FEW) & (seen <= MANY) & (world.maker < 0)
    clear = np.sort(viewers["taste"], axis=1)[:, -3:].sum(1)  # few tastes, easy to tell
    order = np.lexsort((np.arange(len(seen)), -clear, ~fits))
    chosen: list[int] = []
    topics: set[int] = set()
    for language in range(len(LANGUAGES)):
        of = [v for v in order.tolist() if viewers["language"][v] == language and world.maker[v] < 0]
        new = [v for v in of if int(dearest[v]) not in topics] or of
        for v in new:
            if int(dearest[v]) not in topics and len([c for c in chosen if c in of]) < VIEWERS_EACH:
                chosen.append(v)
                topics.add(int(dearest[v]))
    told = [
        DemoViewer(
            names.account[viewer_name(world, v)],
            names.first[viewer_name(world, v)],
            LANGUAGES[viewers["language"][v]],
            _likes(world, viewers["taste"][v]),
        )
        for v in chosen
    ]
    made = np.bincount(world.videos["creator"], minlength=len(world.creators))
    best = np.argsort(-made, kind="stable")[:CREATORS].tolist()
    return Guide(told, [_creator(world, names, c) for c in best], OPERATOR), chosen


def _creator(world: World, names: Names, c: int) -> DemoCreator:
    language = LANGUAGES[world.creators["language"][c]]
    return DemoCreator(
        names.account[f"c{c}"], names.first[f"c{c}"], language, _likes(world, world.creators["topic"][c])
    )


def _likes(world: World, taste: Column) -> list[str]:
    """The names of the dearest topics."""
    best = np.argsort(-taste, kind="stable")[:4].tolist()
    return [world.topics.names[t] for t in best if taste[t] >= LIKED] or [world.topics.names[best[0]]]
