"""Vectors from hashed words and pieces of words: no model, no download, 0.1 ms a text, the same on every machine.

Feature hashing with signs (Weinberger et al., ICML 2009): the inner product of two texts estimates how much of their
words they share. It knows no meanings: another language, or another word for the same thing, is another text.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from foryou.text.embedder import DIM, Vectors
from foryou.text.words import pieces, words

SPREAD = 4
"""Entries that a feature goes to, so that no single collision makes two texts alike."""
PIECES = 0.6
"""What all pieces of a word weigh together, against 1 for the word itself."""


class Hashed:
    """An `Embedder` of words."""

    name = "hashed-1"
    at_once = 256

    def __call__(self, texts: Iterable[str]) -> Vectors:
        """Unit vectors `[texts, DIM]`; zero for a text without words."""
        rows = [_vector(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, DIM), np.float32)


def _vector(text: str) -> NDArray[np.float32]:
    total = np.zeros(DIM)
    for word, times in Counter(words(text)).items():
        total += (1 + math.log(times)) * _word(word)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)


@lru_cache(maxsize=1 << 15)
def _word(word: str) -> NDArray[np.float64]:
    """The word and its pieces, each piece by its share."""
    parts = list(pieces(word))
    total = np.zeros(DIM)
    _add(total, word, 1.0)
    for part in parts:
        _add(total, part, PIECES / math.sqrt(len(parts)))
    return total


def _add(total: NDArray[np.float64], feature: str, weight: float) -> None:
    data = feature.encode()
    for turn in range(SPREAD):
        mixed = (zlib.crc32(data, turn + 1) * 0x9E3779B1) & 0xFFFFFFFF
        total[(mixed >> 8) % DIM] += math.copysign(weight / math.sqrt(SPREAD), (mixed & 0x80) - 1)
