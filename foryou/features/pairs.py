"""The ids of pairs, as `pair_of` makes them, in one compiled pass: what every request asks of its candidates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit, types

from foryou.core.ports import Keys


def pairs_of(left: int, right: Keys) -> Keys:
    """`pair_of(left, right)` for one `left`.

    >>> from foryou.core.ids import pair_of
    >>> pairs_of(5, np.array([7, -1])).tolist() == pair_of(np.array([5, 5]), np.array([7, -1])).tolist()
    True
    """
    return _pairs(left, np.ascontiguousarray(right, np.int64))


def pairs_with(left: Keys, right: int) -> Keys:
    """`pair_of(left, right)` for one `right`."""
    return _pairs_with(np.ascontiguousarray(left, np.int64), right)


def pairs(left: Keys, right: Keys) -> Keys:
    """`pair_of` of two columns `[rows]`: the dozen operations on arrays that it takes cost more than a few rows."""
    return _pairs_each(np.ascontiguousarray(left, np.int64), np.ascontiguousarray(right, np.int64))


def _mix(first: int, right: int) -> np.int64:
    mixed = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(right)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return max(np.int64((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)), np.int64(1))


_mixed = njit(types.int64(types.int64, types.int64), cache=True)(_mix)


def _beside(left, right):  # type: ignore[no-untyped-def]
    out = np.empty(len(right), np.int64)
    for row in range(len(right)):
        out[row] = _mixed(left, right[row])
    return out


def _before(left, right):  # type: ignore[no-untyped-def]
    out = np.empty(len(left), np.int64)
    for row in range(len(left)):
        out[row] = _mixed(left[row], right)
    return out


def _each(left, right):  # type: ignore[no-untyped-def]
    out = np.empty(len(right), np.int64)
    for row in range(len(right)):
        out[row] = _mixed(left[row], right[row])
    return out


_READ = types.Array(types.int64, 1, "C", readonly=True)
_pairs: Callable[[int, Keys], Keys] = njit(types.int64[::1](types.int64, _READ), cache=True, nogil=True)(_beside)
_pairs_with: Callable[[Keys, int], Keys] = njit(types.int64[::1](_READ, types.int64), cache=True, nogil=True)(_before)
_pairs_each: Callable[[Keys, Keys], Keys] = njit(types.int64[::1](_READ, _READ), cache=True, nogil=True)(_each)
