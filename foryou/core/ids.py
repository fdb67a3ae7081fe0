"""External names become int64 ids, once, at the edge.

An id is a hash of its name, so that every process gives a name the same id without asking any other. 0 means "none".
At 10 million names the chance that any two share an id is about 5 in a million (birthday bound over 63 bits).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

NONE = 0
_GOLDEN, _FIRST, _SECOND = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_1, _27, _30, _31 = (np.uint64(bits) for bits in (1, 27, 30, 31))
_MASK = (1 << 63) - 1


@lru_cache(maxsize=1 << 17)
def id_of(kind: str, name: str) -> int:
    """The id of a name among names of its kind ("video", "viewer", "author", "topic", "country", ...)."""
    if not name:
        return NONE
    return (int.from_bytes(_digest(_hash_of(kind), name), "little") & _MASK) or 1


def ids_of(kind: str, names: Iterable[str]) -> NDArray[np.int64]:
    """The ids of names that are hardly ever seen twice, such as those of events: as `id_of`, but it remembers none."""
    begun = _hash_of(kind)
    found = np.frombuffer(b"".join([_digest(begun, name) for name in names]), "<i8") & _MASK
    return np.asarray(np.maximum(found, 1), np.int64)


@lru_cache
def _hash_of(kind: str) -> blake2b:
    return blake2b(digest_size=8, person=kind.encode()[:16])


def seed_of(kind: str) -> NDArray[np.uint64]:
    """What a kind of name adds to the initial state of BLAKE2b: its parameter block (RFC 7693, section 2.5)."""
    block = bytes([8, 0, 1, 1]).ljust(48, b"\0") + kind.encode()[:16].ljust(16, b"\0")
    return np.frombuffer(block, "<u8").astype(np.uint64)


def _digest(begun: blake2b, name: str) -> bytes:
    made = begun.copy()
    made.update(name.encode())
    return made.digest()


def pair_of(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """One id for each ordered pair of ids (SplitMix64's finaliser over both; Steele et al., 2014)."""
    with np.errstate(over="ignore"):  # a scalar, as zero-dimensional arrays become, would warn
        mixed = np.asarray(np.asarray(left, np.int64).view(np.uint64) * _GOLDEN)
    mixed = np.array(mixed ^ np.asarray(right, np.int64).view(np.uint64))
    mixed ^= mixed >> _30
    mixed *= _FIRST
    mixed ^= mixed >> _27
    mixed *= _SECOND
    mixed ^= mixed >> _31
    mixed >>= _1
    made = mixed.view(np.int64)
    return np.maximum(made, 1, out=made)
