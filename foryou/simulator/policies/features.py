"""What a video is as numbers, of what its client sent: hashtags, author and language, hashed, and its length."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from foryou.simulator.public import Public

TAGS, AUTHORS, LANGUAGES = 32, 12, 4
WIDTH = TAGS + AUTHORS + LANGUAGES + 2


def hashed(names: Iterable[str], width: int) -> NDArray[np.float32]:
    """The names as one vector of length 1 `[width]`: each is a random direction (Weinberger et al., 2009)."""
    out = np.zeros(width, np.float32)
    for name in names:
        bits = crc32(name.lower().lstrip("#").encode())
        for turn in range(4):
            out[(bits >> (7 * turn)) % width] += 1.0 if (bits >> (28 + turn)) & 1 else -1.0
    norm = float(np.linalg.norm(out))
    return out / np.float32(norm) if norm else out


def features(public: Public) -> NDArray[np.float32]:
    """Of all videos `[videos, WIDTH]`; the last is 1 everywhere. Only rows of videos that are out may be looked at."""
    out = np.zeros((public.videos, WIDTH), np.float32)
    for number, tags in enumerate(public.hashtags):
        out[number, :TAGS] = hashed(tags, TAGS)
        out[number, TAGS : TAGS + AUTHORS] = 0.5 * hashed([f"author-{public.author[number]}"], AUTHORS)
    rows = np.arange(public.videos)
    out[rows, TAGS + AUTHORS + public.language % LANGUAGES] = 0.5
    length = np.log(np.maximum(public.duration, 1.0))
    out[:, -2] = 0.3 * (length - 3.0)
    out[:, -1] = 1.0
    return out
