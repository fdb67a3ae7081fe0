"""External names become int64 ids, once, at the edge.

An id is a hash of its name, so that every process gives a name the same id without asking any other. 0 means "none".
At 10 million names the chance that any two share an id is about 5 in a million (birthday bound over 63 bits).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

NONE = 0
_MASK = (1 << 63) - 1


@lru_cache(maxsize=1 << 17)
def id_of(kind: str, name: str) -> int:
    """The id of a name among names of its kind ("video", "viewer", "author", "topic", "country", ...)."""
    if not name:
        return NONE
    digest = blake2b(name.encode(), digest_size=8, person=kind.encode()[:16]).digest()
    return (int.from_bytes(digest, "little") & _MASK) or 1


def pair_of(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """One id for each ordered pair of ids (SplitMix64's finaliser over both; Steele et al., 2014)."""
    mixed = np.asarray(left, np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):  # a scalar, as zero-dimensional arrays become, would warn
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= np.asarray(right, np.int64).view(np.uint64)
        mixed ^= mixed >> np.uint64(30)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        mixed >>= np.uint64(1)
    return np.maximum(mixed.astype(np.int64), 1)
