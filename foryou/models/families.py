"""What explaining the ranker needs: its first layer by factor family, and what comes after that layer.

The first layer is linear in its inputs, so that what a family adds to it can be told apart from what the others do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.inputs import FAMILIES, Side
from foryou.models import deep
from foryou.models.calibration import Calibration
from foryou.models.deep import Depth
from foryou.models.linear import predictions
from foryou.models.parameters import Parameters


@dataclass(frozen=True, slots=True)
class _Half:
    """One half of the first layer, its inputs sorted by family: so that a family is a slice."""

    order: NDArray[np.int64]
    slices: tuple[tuple[int, slice], ...]
    """The number of each family, and where it is in the order."""
    means: NDArray[np.float32]
    weights: NDArray[np.float32]

    @staticmethod
    def of(columns: Mapping[str, NDArray[np.int64]], means: Column, weights: Column) -> _Half:
        order, names = np.concatenate(list(columns.values())), tuple(FAMILIES)
        ends = np.cumsum([len(each) for each in columns.values()]).tolist()
        slices = tuple(
            (names.index(family), slice(end - len(each), end))
            for (family, each), end in zip(columns.items(), ends, strict=True)
        )
        return _Half(order, slices, means[order], weights[order])

    def add(self, values: NDArray[np.float32], parts: NDArray[np.float32]) -> None:
        """Add what each family adds beyond its mean to `parts` `[families, items, outputs]`."""
        away = values[:, self.order] - self.means
        for family, where in self.slices:
            parts[family] += away[:, where] @ self.weights[where]


@dataclass(frozen=True, slots=True)
class FirstLayer:
    """The first layer of a version, sorted by family."""

    version: str
    sides: Mapping[Side, _Half]
    neutral: NDArray[np.float32]
    """What it gives `[outputs]` where every input is at its mean."""

    @staticmethod
    def of(
        version: str,
        params: Parameters,
        columns: Mapping[Side, Mapping[str, NDArray[np.int64]]],
        means: Mapping[Side, NDArray[np.float32]],
    ) -> FirstLayer:
        """From its weights, the columns of each family and the means of the inputs."""
        neutral = params["bias"].copy()
        for side, mean in means.items():
            neutral += mean @ params[side]
        return FirstLayer(
            version, {side: _Half.of(each, means[side], params[side]) for side, each in columns.items()}, neutral
        )


@dataclass(frozen=True, slots=True)
class Upper:
    """A version of the network from the first layer's outputs on; it holds nothing of the ranker that it came from."""

    version: str
    depth: Depth
    params: Parameters
    calibration: Calibration


@dataclass(frozen=True)
class RankerFamilies:
    """What each family adds to the first layer beyond its neutral value, `[families, items, hidden + OUTPUTS]`."""

    names: tuple[str, ...]
    upper: Upper
    neutral: NDArray[np.float32]
    parts: NDArray[np.float32]
    duration: NDArray[np.float64]

    def heads(self, on: NDArray[np.bool_]) -> Batch:
        """The heads `[coalitions * items]`, coalition by coalition. A video keeps its duration in all of them."""
        families, _, width = self.parts.shape
        first = (on.astype(np.float32) @ self.parts.reshape(families, -1)).reshape(-1, width)
        first += self.neutral
        logits = deep.forward(self.upper.depth, self.upper.params, first).logits
        return predictions(self.upper.calibration(logits), np.tile(self.duration, len(on)))

    @property
    def nbytes(self) -> int:
        """What it takes, but for what all slates of a version share."""
        return self.parts.nbytes + self.neutral.nbytes + self.duration.nbytes
