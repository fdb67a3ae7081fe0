"""The ids of many names that lie in one buffer: the same as `core.ids` gives them, in compiled code."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.api.arrow import Texts
from foryou.core.ids import seed_of

_IV = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    np.uint64,
)  # fmt: skip
_SIGMA = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    np.int64,
)  # fmt: skip
_MIXED = np.array(
    [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13],
     [3, 4, 9, 14]],
    np.int64,
)  # fmt: skip


@njit(cache=True, nogil=True)
def _turned(word, by):  # type: ignore[no-untyped-def]
    return (word >> np.uint64(by)) | (word << np.uint64(64 - by))


@njit(cache=True, nogil=True)
def _same(data, one, other, length):  # type: ignore[no-untyped-def]
    j = 0
    while j < length and data[one + j] == data[other + j]:
        j += 1
    return j == length


@njit(cache=True, nogil=True)
def _hash(data, ends, there, seed, ids):  # type: ignore[no-untyped-def]
    """BLAKE2b (RFC 7693) with a digest of eight bytes, as `core.ids.id_of`; `seed`: its state before the first
    block."""
    h, v, m = np.empty(8, np.uint64), np.empty(16, np.uint64), np.empty(16, np.uint64)
    for i in range(len(there)):
        start, length = ends[i], ends[i + 1] - ends[i]
        if not there[i] or length == 0:
            ids[i] = 0
            continue
        if i and ends[i] - ends[i - 1] == length and _same(data, ends[i - 1], start, length):
            ids[i] = ids[i - 1]
            continue
        h[:] = seed
        done = 0
        while done < length:
            some = min(128, length - done)
            for word in range(16):
                m[word] = np.uint64(0)
            for byte in range(some):
                m[byte >> 3] |= np.uint64(data[start + done + byte]) << np.uint64(8 * (byte & 7))
            done += some
            v[:8] = h
            v[8:] = _IV
            v[12] ^= np.uint64(done)
            if done == length:
                v[14] = ~v[14]
            for turn in range(12):
                for step in range(8):
                    a, b, c, d = _MIXED[step, 0], _MIXED[step, 1], _MIXED[step, 2], _MIXED[step, 3]
                    va, vb, vc, vd = v[a], v[b], v[c], v[d]
                    va = va + vb + m[_SIGMA[turn, 2 * step]]
                    vd = _turned(vd ^ va, 32)
                    vc = vc + vd
                    vb = _turned(vb ^ vc, 24)
                    va = va + vb + m[_SIGMA[turn, 2 * step + 1]]
                    vd = _turned(vd ^ va, 16)
                    vc = vc + vd
                    vb = _turned(vb ^ vc, 63)
                    v[a], v[b], v[c], v[d] = va, vb, vc, vd
            for word in range(8):
                h[word] ^= v[word] ^ v[word + 8]
        ids[i] = max(np.int64(h[0] & np.uint64(0x7FFFFFFFFFFFFFFF)), 1)


def ids_in(kind: str, texts: Texts) -> NDArray[np.int64]:
    """The ids of names of a kind; 0 where there is none."""
    ids = np.zeros(len(texts), np.int64)
    _hash(texts.data, texts.ends, texts.there, seed_of(kind) ^ _IV, ids)
    return ids
