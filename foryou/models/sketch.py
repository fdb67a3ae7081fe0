"""How often each of very many ids has come, about, in little memory: a count-min sketch that forgets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foryou.models.kernel import kernel

Counts = NDArray[np.uint8]

ROWS, WIDTH = 4, 1 << 18
"""One megabyte. An id's count is too high only if others fall on all of its ROWS counters."""
AGE = WIDTH // 2
"""Occurrences after which all counts are halved. Until then at most 2% of new ids can be taken for known ones."""


def sketch() -> Counts:
    """Counters `[ROWS, WIDTH]`, all zero."""
    return np.zeros((ROWS, WIDTH), np.uint8)


@kernel
def mix(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser (Steele et al., 2014)."""
    x = value
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def count(counts: Counts, key: np.int64) -> int:
    """Count one more occurrence of a key; how many there were, this one too, or more.

    Count-min (Cormode and Muthukrishnan, 2005) with conservative update (Estan and Varghese, 2002).
    """
    least = 255
    mask = np.uint64(counts.shape[1] - 1)
    for row in range(counts.shape[0]):
        place = mix(np.uint64(key) + np.uint64(row + 1) * np.uint64(0x9E3779B97F4A7C15)) & mask
        least = min(least, counts[row, place])
    if least == 255:
        return 255
    for row in range(counts.shape[0]):
        place = mix(np.uint64(key) + np.uint64(row + 1) * np.uint64(0x9E3779B97F4A7C15)) & mask
        counts[row, place] = max(counts[row, place], least + 1)
    return least + 1


def age(counts: Counts) -> None:
    """Halve every count (the reset of TinyLFU: Einziger et al., ACM TOS 2017)."""
    counts >>= 1
