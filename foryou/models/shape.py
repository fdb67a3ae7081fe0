"""The shape of the ranker's network: which columns its two halves have, and what it knows before it learns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from foryou.core.inputs import HISTORY, Side
from foryou.models import layout
from foryou.models.attention import KINDS
from foryou.models.deep import Depth
from foryou.models.layout import OUTPUTS, Place
from foryou.models.linear import base, coefficients
from foryou.models.parameters import Parameters

FITS = ("viewer", "liked", "disliked")
"""What an item's retrieval vector is compared with: the viewer's own vector, the positive and the negative pool."""

TASTE = np.array([1.0, 1.0, -0.5], np.float32)
"""A viewer's retrieval vector: FITS, added up with these weights."""

CONTENT = ("item", "author", "topics")
"""What a history entry is the sum of; a candidate's query likewise."""
RETRIEVED = (*CONTENT, "sound")
"""What an item's retrieval vector is the sum of."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a network: components of an embedding, and those of the deep part."""

    dim: int = 16
    depth: Depth = field(default_factory=Depth)

    @property
    def hidden(self) -> int:
        """Units of the first layer, beside the direct logits."""
        return self.depth.hidden

    def places(self) -> dict[Side, tuple[Place, ...]]:
        """The columns of both halves."""
        return {"viewer": self.viewer_places(), "item": self.item_places()}

    @property
    def own(self) -> slice:
        """The columns of the viewer's own embedding in the viewer half."""
        return next(place.columns for place in self.viewer_places() if place.name == "viewer")

    @cache  # noqa: B019  (a handful of shapes)
    def viewer_places(self) -> tuple[Place, ...]:
        """The columns of the viewer half."""
        return layout.place(
            (
                *((known.name, known.family, self.dim) for known in layout.ids("viewer")),
                *((p.name, p.family, p.size) for p in layout.dense("viewer")),
                ("history", "behaviour", KINDS * self.dim),
            )
        )

    @cache  # noqa: B019
    def item_places(self) -> tuple[Place, ...]:
        """The columns of the item half."""
        return layout.place(
            (
                *((known.name, known.family, self.dim) for known in layout.ids("item")),
                *((p.name, p.family, p.size) for p in layout.dense("item")),
                ("attention", "behaviour", KINDS * self.dim),
                ("echo", "behaviour", KINDS),
                ("fit", "similar", len(FITS)),
            )
        )


def slot(name: str) -> int:
    """The embedding slot of an id input: from its name, so that a new input leaves saved ones where they are."""
    return crc32(name.encode())


def start(shape: Shape, seed: int) -> Parameters:
    """The parameters of an untrained network: the prior, with a deep part that adds nothing yet."""
    rng = np.random.default_rng(seed)
    sides: dict[str, NDArray[np.float64]] = {}
    for name, places in shape.places().items():
        first = np.zeros((layout.width(places), shape.hidden + OUTPUTS))
        first[:, : shape.hidden] = rng.normal(0, 1 / np.sqrt(len(first)), (len(first), shape.hidden))
        first[:, shape.hidden :] = _prior(name, shape.dim, places)
        sides[name] = first
    bias = np.concatenate([np.zeros(shape.hidden), base()])
    values = {
        **sides,
        "bias": bias,
        **shape.depth.start(rng),
        "sharp": np.full(KINDS, 4.0),
        "recency": np.zeros((KINDS, HISTORY)),
    }
    direct = {
        name: np.concatenate([np.zeros((len(first), shape.hidden)), first[:, shape.hidden :]], axis=1)
        for name, first in sides.items()
    }
    return Parameters(values, {**direct, "bias": bias, "sharp": values["sharp"]})


def _prior(side: Side, dim: int, places: tuple[Place, ...]) -> NDArray[np.float32]:
    """The direct weights of a half `[columns, outputs]`: the prior's for numbers, signs for the fits, else zero."""
    out = np.zeros((layout.width(places), OUTPUTS), np.float32)
    first, numbers = len(layout.ids(side)) * dim, coefficients(side)
    out[first : first + len(numbers)] = numbers
    if side == "item":
        for sign, row in zip(TASTE, out[places[-1].columns], strict=True):
            row[layout.BINARY.index("long_view")] = sign
            row[layout.BINARY.index("watch_rank")] = 0.7 * sign
            row[layout.BINARY.index("skip")] = -sign
            row[layout.HAZARDS] = -0.5 * sign
    return out
