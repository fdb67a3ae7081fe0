"""The dense parameters of a model: named arrays that lie in one vector, so that a step or a copy is one operation."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.errors import ModelError

Vector = NDArray[np.float32]

_FIRST, _SECOND, _LEAST = 0.9, 0.999, 1e-8


class Parameters:
    """Named float32 arrays, moved by Adam (Kingma and Ba, ICLR 2015) with decoupled decay towards where they started or
    zero (Loshchilov and Hutter, ICLR 2019)."""

    def __init__(self, start: Mapping[str, NDArray[Any]], anchor: Mapping[str, NDArray[Any]]) -> None:
        """`start`: the first values. `anchor`: what arrays decay towards, zero for those that are not named."""
        self.shapes = {name: values.shape for name, values in start.items()}
        self.flat = np.concatenate([np.asarray(values, np.float32).ravel() for values in start.values()])
        self._anchor = np.zeros_like(self.flat)
        for name, values in self.views(self._anchor).items():
            values[...] = anchor.get(name, 0.0)
        self._first = np.zeros_like(self.flat)
        self._second = np.zeros_like(self.flat)
        self._sum, self._part = np.zeros_like(self.flat), 0.0
        self.steps = 0.0
        self._named = self.views(self.flat)

    def __getitem__(self, name: str) -> Vector:
        return self._named[name]

    def views(self, flat: Vector) -> dict[str, Vector]:
        """The parts of a vector of the same length, by name."""
        out, start = {}, 0
        for name, shape in self.shapes.items():
            size = int(np.prod(shape))
            out[name] = flat[start : start + size].reshape(shape)
            start += size
        return out

    def descend(self, gradient: Vector, rate: float, decay: float, share: float = 1.0) -> None:
        """One Adam step; `decay` is the part of the distance to the anchor that goes, in units of `rate`.

        `share`: how much of a step this is. Moments fade and values move in proportion to it, so that each row counts
        the same in a small batch as in a large one. The second moment is that of the mean gradient of whole steps: that
        of a few rows is mostly noise, and would hold back what many of them agree on.
        """
        self.steps += share
        self._first += (1 - _FIRST**share) * (gradient - self._first)
        self._sum += share * gradient
        self._part += share
        mean = self._sum / np.float32(self._part)
        second = self._second + (1 - _SECOND**self._part) * (mean * mean - self._second)
        if self._part >= 1 - 1e-9:
            self._second, self._part = second, 0.0
            self._sum[:] = 0
        scale = np.sqrt(second / (1 - _SECOND**self.steps)) + _LEAST
        self.flat -= (rate * share / (1 - _FIRST**self.steps)) * self._first / scale
        self.flat -= (rate * share * decay) * (self.flat - self._anchor)

    def copy(self) -> Parameters:
        """A copy to read from: without the moments that a step needs."""
        return self.over(self.flat.copy())

    def over(self, flat: Vector) -> Parameters:
        """Other values of the same parameters, to read from."""
        other = copy(self)
        other.flat = flat
        other._first = other._second = other._sum = np.zeros(0, np.float32)
        other._named = other.views(other.flat)
        return other

    def only(self, names: tuple[str, ...]) -> Parameters:
        """A copy of some of them, to read from."""
        other = self.copy()
        other.shapes = {name: self.shapes[name] for name in names}
        other.flat = np.concatenate([self[name].ravel() for name in names])
        other._anchor = np.zeros(0, np.float32)
        other._named = other.views(other.flat)
        return other

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Values and moments, each as one vector."""
        return {
            "values": self.flat.copy(),
            "first": self._first.copy(),
            "second": self._second.copy(),
            "sum": self._sum.copy(),
            "steps": np.array([self.steps, self._part]),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """ModelError if the state is of a model of another shape."""
        if state["values"].shape != self.flat.shape:
            raise ModelError(f"{len(state['values'])} dense parameters where this model has {len(self.flat)}")
        self.flat[:] = state["values"]
        self._first[:] = state["first"]
        self._second[:] = state["second"]
        self._sum[:] = state["sum"]
        self.steps, self._part = state["steps"].tolist()
