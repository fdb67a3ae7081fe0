"""What videos can be about: a tree of named topics, and how much somebody who likes one cares for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from foryou.core.batch import Column
from foryou.simulator.chance import stream

TREE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "active": {
        "sport": ("football", "running", "cycling", "gym", "skiing"),
        "outdoors": ("hiking", "fishing", "camping", "climbing"),
        "vehicles": ("cars", "motorcycles", "trains", "sailing"),
    },
    "home": {
        "food": ("cooking", "baking", "coffee", "barbecue", "vegan"),
        "house": ("gardening", "interior", "woodwork", "knitting"),
        "animals": ("dogs", "cats", "horses"),
    },
    "culture": {
        "games": ("gaming", "chess", "boardgames"),
        "arts": ("guitar", "singing", "dance", "painting", "books"),
        "knowledge": ("science", "history", "money"),
    },
}
"""Branches, parents, leaves."""
SIBLING, COUSIN = 0.5, 0.15
"""The similarity of two leaves of one parent, and of one branch; those of different branches have nothing in common."""
SKEW = 0.7
"""The exponent of the popularity of topics (a power law of the rank)."""


@dataclass(frozen=True)
class Topics:
    """The leaves of the tree.

    `parents` and `branches` have a name for each leaf. `similarity` [T, T] is 1 for a leaf with itself. `popularity`
    [T] sums to 1, and is another one in each world.
    """

    names: tuple[str, ...]
    parents: tuple[str, ...]
    branches: tuple[str, ...]
    similarity: Column
    popularity: Column

    def __len__(self) -> int:
        return len(self.names)


def topics(seed: int) -> Topics:
    """The topics of a world: the same tree everywhere, but what is popular differs."""
    rows = [
        (leaf, parent, branch)
        for branch, below in TREE.items()
        for parent, leaves in below.items()
        for leaf in leaves
    ]  # fmt: skip
    names, parents, branches = (tuple(column) for column in zip(*rows, strict=True))
    rank = stream(seed, "topics", "rank").permutation(len(names))
    popularity = (rank + 2.0) ** -SKEW
    return Topics(names, parents, branches, _similarity(parents, branches), popularity / popularity.sum())


def _similarity(parents: tuple[str, ...], branches: tuple[str, ...]) -> Column:
    parent, branch = np.array(parents), np.array(branches)
    similarity = np.where(branch[:, None] == branch, COUSIN, 0.0)
    similarity = np.where(parent[:, None] == parent, SIBLING, similarity)
    np.fill_diagonal(similarity, 1.0)
    return similarity.astype(np.float32)
