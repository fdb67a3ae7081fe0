"""Vectors from the company that words keep on this very site: no model, no download, in any language that is posted.

Words that stand in the same captions point the same way, so two texts about one theme are alike without sharing a word.
A word's vector is a row of the singular vectors of the positive pointwise mutual information of words that come
together, weighed by the root of the singular values (Levy and Goldberg, NIPS 2014; Levy et al., TACL 2015), and a
text's is the sum of those of its words, rare ones more. There is too little to learn from at first: until then it is
the hashed words, and later both, for names that came only once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foryou.text.embedder import DIM, Vectors
from foryou.text.hashed import Hashed
from foryou.text.words import words

FEWEST = 200
"""Texts to begin with; it learns anew at each doubling."""
MOST = 10_000
"""The latest texts that it learns from."""
WORDS, WORDS_OF_ONE = 20_000, 32
"""Words that get a vector, and words of one text that are counted, the rarest."""
TWICE = 2
"""A word has come in so many texts before anything is made of it."""
SMOOTHED = 0.75
"""The power of how often a word comes as company, so that rare company does not count for too much (Levy et al.)."""
HASHED = 0.3
"""How long the hashed words are beside the learned ones at length 1."""
_ROUNDS, _BESIDE = 6, 32


class Learned:
    """An `Embedder` that learns from the texts it is for. What it makes of a text changes when it has learned, but not
    the space: a new reading is turned so that it agrees best with the vectors that are there."""

    name = "learned-1"
    at_once = 256

    def __init__(self) -> None:
        self._hashed = Hashed()
        self._of: dict[str, int] = {}
        self._vectors = np.zeros((0, DIM), np.float32)
        self._learned_from = 0

    def __call__(self, texts: Iterable[str]) -> Vectors:
        """Vectors `[texts, DIM]` of length 1; zero for a text without words."""
        said = list(texts)
        plain = self._hashed(said)
        if not self._of or not said:
            return plain
        learned = np.stack([self._sum(text) for text in said])
        both = learned + np.where(np.any(learned, axis=1, keepdims=True), HASHED, 1.0) * plain
        return _unit(both).astype(np.float32)

    def due(self, texts: int) -> bool:
        """Whether there are so many texts that it should learn, from the first or anew."""
        return texts >= max(FEWEST, 2 * self._learned_from)

    def learn(self, texts: Sequence[str], vectors: Vectors, number: int) -> bool:
        """Learn from some texts, of `number` that there are; whether it had learned before. `vectors` `[texts, DIM]`
        are those that are in use, zero for texts without one."""
        before, self._learned_from = self._learned_from, number
        has, vocabulary, often = _counted(texts)
        if len(vocabulary) <= DIM:
            return before > 0
        rare = np.log(len(texts) / often)
        own = _company(has) * rare[:, None]
        made = _unit(has @ own)
        there = np.any(vectors, axis=1)
        anchor = vectors[there] if there.any() else self._hashed(texts)[: len(texts)]
        turned = _turn(made[there] if there.any() else made, anchor)
        self._of, self._vectors = vocabulary, np.asarray(own @ turned, np.float32)
        return before > 0

    def _sum(self, text: str) -> NDArray[np.float64]:
        """The sum of the vectors of a text's words, at length 1; zero where it knows none."""
        known = [self._of[word] for word in dict.fromkeys(words(text)) if word in self._of]
        return _unit(self._vectors[known].sum(axis=0, dtype=np.float64)[None])[0] if known else np.zeros(DIM)


def _counted(texts: Sequence[str]) -> tuple[sparse.csr_array, dict[str, int], NDArray[np.float64]]:
    """Which words each text has `[texts, words]`, the column of each word, and in how many texts it is."""
    each = [dict.fromkeys(words(text)) for text in texts]
    often = Counter(word for found in each for word in found)
    kept = sorted((word for word, count in often.items() if TWICE <= count < len(texts)), key=lambda w: (-often[w], w))
    vocabulary = {word: column for column, word in enumerate(kept[:WORDS])}
    column, start = list[int](), [0]
    for found in each:
        column += sorted((vocabulary[word] for word in found if word in vocabulary), reverse=True)[:WORDS_OF_ONE]
        start.append(len(column))
    ones = np.ones(len(column), np.float64)
    has = sparse.csr_array((ones, column, start), shape=(len(texts), len(vocabulary)))
    return has, vocabulary, np.array([often[word] for word in vocabulary], np.float64)


def _company(has: sparse.csr_array) -> NDArray[np.float64]:
    """The words' vectors `[words, DIM]` of length 1."""
    together = sparse.csr_array(has.T @ has)
    together.setdiag(0)
    together.eliminate_zeros()
    here = np.asarray(together.sum(axis=1)).ravel()
    total, company = here.sum(), here**SMOOTHED
    company *= total / max(company.sum(), 1e-12)
    row, column = together.nonzero()
    told = np.log(together.data * total / (here[row] * company[column]))
    above = told > 0
    wide = together.shape[0]
    information = sparse.csr_array((told[above], (row[above], column[above])), shape=(wide, wide))
    left, strength = _largest(information)
    return _unit(left * np.sqrt(strength))


def _largest(matrix: sparse.csr_array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The DIM largest left singular vectors and values, by randomised subspace iteration (Halko et al., 2011); the same
    each time."""
    start = np.random.default_rng(0).standard_normal((matrix.shape[1], min(DIM + _BESIDE, matrix.shape[0])))
    across = sparse.csr_array(matrix.T)
    basis, _ = np.linalg.qr(matrix @ start)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(matrix @ (across @ basis))
    left, strength, _ = np.linalg.svd((across @ basis).T, full_matrices=False)
    return basis @ left[:, :DIM], strength[:DIM]


def _turn(made: NDArray[np.float64], anchor: Vectors) -> NDArray[np.float64]:
    """The rotation `[DIM, DIM]` after which `made` is nearest to `anchor` (orthogonal Procrustes; Schönemann, 1966)."""
    left, _, right = np.linalg.svd(made.T @ anchor.astype(np.float64))
    return np.asarray(left @ right)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
