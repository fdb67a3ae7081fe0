"""Keys that come many times, each once: authors, sounds and hashtags of many videos are looked up once each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from foryou.core.batch import Column, Rows
from foryou.core.ports import Keys


class Distinct(NamedTuple):
    """Each key once, in the order in which they came, after 0 (none), which is always the first."""

    key: Keys
    row: Rows
    """Where each of the keys given is in `key`, in their shape."""
    latest: Column
    """The latest time (ms) at which each is asked about."""


@njit(cache=True, nogil=True)
def _distinct(keys, at, slots, key, row, latest):  # type: ignore[no-untyped-def]
    mask = len(slots) - 1
    count = 1
    for i in range(keys.shape[0]):
        for j in range(keys.shape[1]):
            each = keys[i, j]
            if each == 0:
                row[i, j] = 0
                continue
            place = (each ^ (each >> 17)) & mask
            while slots[place] != 0 and key[slots[place]] != each:
                place = (place + 1) & mask
            if slots[place] == 0:
                slots[place], key[count], latest[count] = count, each, 0
                count += 1
            found = slots[place]
            row[i, j] = found
            latest[found] = max(latest[found], at[i])
    return count


def distinct(keys: Keys, at: Column) -> Distinct:
    """The different ones of `keys` `[rows]` or `[rows, width]`, asked about at `at` `[rows]` (ms)."""
    wide = np.ascontiguousarray(keys if keys.ndim == 2 else keys[:, None])
    slots = np.zeros(1 << (2 * wide.size).bit_length(), np.int32)
    key, latest = np.zeros(wide.size + 1, np.int64), np.zeros(wide.size + 1, np.int64)
    row = np.empty(wide.shape, np.int64)
    count = _distinct(wide, at, slots, key, row, latest)
    return Distinct(key[:count], row.reshape(keys.shape), latest[:count])


@njit(cache=True, nogil=True)
def _put_means(values, row, out, start):  # type: ignore[no-untyped-def]
    width = values.shape[1]
    for i in range(row.shape[0]):
        number = 0
        for k in range(width):
            out[i, start + k] = 0.0
        for j in range(row.shape[1]):
            if row[i, j] != 0:
                number += 1
                for k in range(width):
                    out[i, start + k] += values[row[i, j], k]
        if number > 1:
            for k in range(width):
                out[i, start + k] /= number


def put_means(values: Column, row: Rows, out: Column, start: int) -> None:
    """The mean of the `values` `[distinct, width]` of each row's keys, `row` as in `Distinct`, zero where there are
    none: into the columns of `out` from `start` on."""
    _put_means(values, row if row.ndim == 2 else row[:, None], out, start)
