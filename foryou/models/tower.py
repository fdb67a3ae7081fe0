"""Two towers: a viewer's vector is the pooled vectors of their history, an item's joins its id and its content.

Trained to find what was left out of a history again, by a softmax over all items that anyone engaged with (which needs
no correction for how often an item is drawn; Liang et al., WWW 2018, without the hidden layers). Content alone stands
for an item that nobody engaged with yet: ids are dropped at random while it learns (Volkovs et al., NIPS 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foryou.models.graph import Histories

Vectors = NDArray[np.float32]
BATCH = 256
"""Histories in a step."""


@dataclass(frozen=True, slots=True)
class TowerSettings:
    """How the towers are shaped and trained."""

    dim: int = 64
    passes: int = 30
    rate: float = 0.02
    ridge: float = 3e-5
    left_out: float = 0.5
    """Share of a history that is left out, to be found again."""
    no_id: float = 0.2
    """Share of items that a step knows by their content only."""
    content: float = 0.3
    """What content weighs beside ids; 0: ids only."""


@dataclass(frozen=True, slots=True)
class Towers:
    """Vectors of items in histories, of items as candidates (both `[items, dim]`), and how popular each is apart from
    that."""

    past: Vectors
    item: Vectors
    popular: Vectors

    def __call__(self, history: Histories) -> Vectors:
        """The scores `[viewers, items]`."""
        return np.asarray(self.viewer(history) @ self.item.T + self.popular, np.float32)

    def viewer(self, history: Histories) -> Vectors:
        """The viewers' vectors `[viewers, dim]`; a new item moves them at once."""
        return np.asarray(_pooled(history) @ self.past, np.float32)


class _Adam:
    """Parameters with their two moments (Kingma and Ba, 2015)."""

    def __init__(self, parts: list[Vectors]) -> None:
        self.parts = parts
        self._first = [np.zeros_like(part) for part in parts]
        self._second = [np.zeros_like(part) for part in parts]
        self._steps = 0

    def step(self, changes: list[Vectors], rate: float) -> None:
        self._steps += 1
        fade = np.float32(rate * np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps))
        for place, change in enumerate(changes):
            self._first[place] += np.float32(0.1) * (change - self._first[place])
            self._second[place] += np.float32(0.001) * (change * change - self._second[place])
            self.parts[place] -= fade * self._first[place] / (np.sqrt(self._second[place]) + np.float32(1e-7))


def train(
    history: Histories, content: Vectors, settings: TowerSettings, seed: int, more: Callable[[], bool] = lambda: True
) -> Towers:
    """Train on histories `[viewers, items]` and content `[items, features]` (no columns: none), for as long as `more`.

    Histories of a single item teach nothing.
    """
    chance = np.random.default_rng(seed)
    content = content * np.float32(settings.content) if settings.content else content[:, :0]
    counts = np.asarray(history.sum(axis=0)).ravel()
    warm = np.flatnonzero(counts > 0)
    ids, dim, features = history.shape[1], settings.dim, content.shape[1]
    small = 0.1 / np.sqrt(dim)
    popular = np.zeros(ids, np.float32)
    popular[warm] = np.log(counts[warm]) - np.log(counts[warm]).mean()
    shapes = ((ids, dim), (ids, dim), (features, dim), (features, dim), (features, 1))
    adam = _Adam([*(chance.normal(0, small, shape).astype(np.float32) for shape in shapes), popular])
    rows = np.flatnonzero(np.diff(history.indptr) >= 2)
    steps, done = settings.passes * max(-(-len(rows) // BATCH), 1), 0
    for _ in range(settings.passes):
        if not more():
            break
        order = chance.permutation(rows)
        for start in range(0, len(order), BATCH):
            done += 1
            known = (chance.random(ids) >= settings.no_id) if features else np.ones(ids, bool)
            given, wanted = _split(history[order[start : start + BATCH]], settings.left_out, chance)
            changes = _gradients(adam.parts, given, wanted[:, warm], content, warm, known)
            shrunk = [
                change + np.float32(settings.ridge) * part
                for part, change in zip(adam.parts[:-1], changes[:-1], strict=True)
            ]
            adam.step([*shrunk, changes[-1]], settings.rate * (1 - done / (steps + 1)))
    past, item, past_content, item_content, popular_content, popular = adam.parts
    cold = counts == 0
    return Towers(
        np.where(cold[:, None], 0, past) + content @ past_content,
        np.where(cold[:, None], 0, item) + content @ item_content,
        np.where(cold, popular[warm].min(initial=0), popular) + (content @ popular_content)[:, 0],
    )


def _split(history: Histories, left_out: float, chance: np.random.Generator) -> tuple[Histories, Histories]:
    out = chance.random(history.nnz) < left_out
    given, wanted = history.copy(), history.copy()
    given.data = np.where(out, np.float32(0), history.data)
    wanted.data = np.where(out, history.data, np.float32(0))
    for part in (given, wanted):
        part.eliminate_zeros()
    return given, wanted


def _pooled(history: Histories) -> Histories:
    """Each row over the root of its sum of squares: long histories say more, but not in proportion."""
    length = np.sqrt(np.asarray(history.power(2).sum(axis=1), np.float64)).ravel()
    return sparse.diags_array(np.where(length > 0, 1 / np.maximum(length, 1e-9), 0).astype(np.float32)) @ history


def _gradients(
    parts: list[Vectors],
    given: Histories,
    wanted: Histories,
    content: Vectors,
    warm: NDArray[np.int64],
    known: NDArray[np.bool_],
) -> list[Vectors]:
    """Gradients of the mean loss of a batch, in the order of `parts`."""
    past, item, past_content, item_content, popular_content, popular = parts
    there = content[warm]
    with_id = known[warm].astype(np.float32)[:, None]
    pooled = _pooled(given.tocsr())
    of_content = np.asarray(pooled @ content, np.float32)
    viewer = np.asarray(pooled @ past, np.float32) + of_content @ past_content
    candidate = item[warm] * with_id + there @ item_content
    bias = popular[warm] + (there @ popular_content)[:, 0]
    score = viewer @ candidate.T + bias
    inside = given[:, warm].tocoo()
    score[inside.row, inside.col] = -1e4
    score -= score.max(axis=1, keepdims=True)
    np.exp(score, out=score)
    total = np.asarray(wanted.sum(axis=1), np.float32).reshape(-1, 1)
    score *= total / score.sum(axis=1, keepdims=True)
    found = wanted.tocoo()
    score[found.row, found.col] -= found.data
    score /= np.float32(max(float(total.sum()), 1.0))
    to_viewer, to_candidate, to_bias = score @ candidate, score.T @ viewer, score.sum(axis=0)
    to_item, to_popular = np.zeros_like(item), np.zeros_like(popular)
    to_item[warm], to_popular[warm] = to_candidate * with_id, to_bias
    return [
        np.asarray(pooled.T @ to_viewer, np.float32),
        to_item,
        of_content.T @ to_viewer,
        there.T @ to_candidate,
        there.T @ to_bias[:, None],
        to_popular,
    ]
