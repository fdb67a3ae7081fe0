"""The rows of an embedding table, compiled: how an id is found, admitted and started, and how rows are averaged.

It knows arrays only; what they are together says `embedding`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foryou.models.kernel import kernel
from foryou.models.sketch import count, mix

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]


@kernel
def key_of(slot: int, value: int) -> np.int64:
    """One non-zero key for an id in a slot; two of them meet as rarely as two 63-bit hashes do."""
    key = np.int64(mix(np.uint64(value) + np.uint64(slot + 1) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(1))
    return key if key != 0 else np.int64(1)


@kernel
def find(index: Ids, keys: Ids, born: Ids, stamp: int, slots: Ids, ids: Ids, rows: Ids) -> None:
    """The row of each id `[n, slots]` that was born until `stamp`; 0 for all others.

    The index may be one that a learning table goes on filling: then it holds rows that are not in `keys` yet.
    """
    mask = len(index) - 1
    for i in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            rows[i, j] = 0
            if ids[i, j] == 0:
                continue
            if i > 0 and ids[i, j] == ids[i - 1, j]:
                rows[i, j] = rows[i - 1, j]
                continue
            key = key_of(slots[j], ids[i, j])
            place = key & mask
            row = index[place]
            while row != 0:
                if row < len(keys) and keys[row] == key:
                    if born[row] <= stamp:
                        rows[i, j] = row
                    break
                place = (place + 1) & mask
                row = index[place]


@kernel
def admit(
    index: Ids,
    keys: Ids,
    born: Ids,
    stamp: int,
    last: Ids,
    now: int,
    used: int,
    free: Ids,
    left: int,
    counts: NDArray[np.uint8],
    after: int,
    slot: int,
    ids: Ids,
    seed: int,
    spread: float,
    vectors: Vectors,
    squares: Vectors,
    rows: Ids,
) -> tuple[int, int, int]:
    """As `find`, but an unknown id is counted, and gets a row once it came often enough: a free one, or the next.

    Returns the rows in use, the free ones that are left, and how many occurrences were counted.
    """
    mask = len(index) - 1
    counted = 0
    for i in range(len(ids)):
        rows[i] = 0
        if ids[i] == 0:
            continue
        key = key_of(slot, ids[i])
        place = key & mask
        while index[place] != 0 and keys[index[place]] != key:
            place = (place + 1) & mask
        row = index[place]
        if row == 0:
            if after > 1:
                counted += 1
                if count(counts, key) < after:
                    continue
            if left > 0:
                left -= 1
                row = free[left]
            else:
                row = used
                used += 1
            begin(key, seed, spread, vectors[row])
            squares[row] = 0.0
            born[row] = stamp
            keys[row] = key
            index[place] = row
        last[row] = now
        rows[i] = row
    return used, left, counted


@kernel
def rebuild(index: Ids, keys: Ids, used: int) -> None:
    mask = len(index) - 1
    for row in range(1, used):
        if keys[row] == 0:
            continue
        place = keys[row] & mask
        while index[place] != 0:
            place = (place + 1) & mask
        index[place] = row


@kernel
def begin(key: np.int64, seed: int, spread: float, out: Vectors) -> None:
    """The first value of a row: each component uniform in [-spread, spread], from the key and the seed alone."""
    state = np.uint64(key) ^ mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
    for d in range(len(out)):
        state += np.uint64(0x9E3779B97F4A7C15)
        unit = np.float64(mix(state) >> np.uint64(11)) / 9007199254740992.0
        out[d] = spread * (2.0 * unit - 1.0)


@kernel
def means(
    vectors: Vectors, slots: Ids, widths: Ids, ids: Ids, rows: Ids, seed: int, spread: float, out: Vectors
) -> None:
    dim = vectors.shape[1]
    first = np.empty(dim, np.float32)
    for i in range(ids.shape[0]):
        column = 0
        for j in range(len(widths)):
            start, number = j * dim, 0
            for d in range(dim):
                out[i, start + d] = 0.0
            for _ in range(widths[j]):
                each, row, slot = ids[i, column], rows[i, column], slots[column]
                column += 1
                if each == 0:
                    continue
                number += 1
                if row == 0:
                    begin(key_of(slot, each), seed, spread, first)
                for d in range(dim):
                    out[i, start + d] += vectors[row, d] if row != 0 else first[d]
            if number > 1:
                for d in range(dim):
                    out[i, start + d] /= number
