"""Where arrays lie: in this process alone, or where other processes can see them too.

Whoever writes makes its arrays here and publishes them under a name; whoever reads, in this process or another, finds
under that name what was published last. It knows nothing about what the arrays mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = Mapping[str, Array]


class Memory(Protocol):
    """Makes arrays, and lets others see them."""

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        """An array of zeros; pages that are never written take no memory."""

    def grown(self, array: Array, rows: int) -> Array:
        """An array of this memory with more rows: the first ones are those of `array`, the others zeros. Who holds
        the old one may read on."""

    def publish(self, name: str, arrays: Arrays) -> None:
        """Let others find exactly these arrays under a name, and see what is written to them; those that do not lie in
        this memory as they are now."""


class Heap:
    """The memory of this process; nobody else looks, so publishing does nothing."""

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        return np.zeros(shape, dtype)

    def grown(self, array: Array, rows: int) -> Array:
        larger = np.zeros((rows, *array.shape[1:]), array.dtype)
        larger[: len(array)] = array
        return larger

    def publish(self, name: str, arrays: Arrays) -> None: ...


HEAP = Heap()


class Published(Protocol):
    """What somebody else publishes under one name."""

    def news(self) -> Arrays | None:
        """The arrays that were published last, if that was after the last call."""
