"""The signals of sparse interactions and content: graph walks, regression, smooth part, like viewers, towers, content.

Each is made of the histories alone, so that more histories make the same signals again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foryou.models import content, graph, tower
from foryou.models.engagements import Engagements
from foryou.models.graph import Histories
from foryou.models.retriever import Signal, constant
from foryou.models.tower import TowerSettings

NEAR = 20
"""Neighbours by content."""
SHARP = 10.0
LARGEST = 15_000
"""Items up to which a dense matrix of items is solved: 900 MB, and some minutes."""


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """What is chosen on validation rows."""

    alpha: float = 0.8
    beta: float = -0.1
    ridge: float = 50.0
    power: float = 0.3
    rank: int = 64
    towers: tuple[TowerSettings, ...] = ()
    half_lives: tuple[float, ...] = (1.0, 4.0, 16.0)
    """Days; for rows that have a time."""
    content_dim: int = 64


@dataclass(frozen=True, slots=True)
class Sources:
    """What signals are made from: engagements, feature vectors of the items by name, and the start of all chance."""

    rows: Engagements
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    seed: int = 1


def popular(sources: Sources, settings: SignalSettings) -> list[Signal]:
    """How often each item was engaged with; lately, where times are known; and how often its likes by content were."""
    rows, history = sources.rows, sources.rows.histories()
    counts = rows.counts()
    out = [constant("popular", history, counts)]
    if rows.days.any():
        out += [constant(f"popular {half:g} d", history, rows.counts(half)) for half in settings.half_lives]
    if sources.vectors:
        near = [content.alike(vectors, NEAR, SHARP, counts > 0) @ counts for vectors in sources.vectors.values()]
        out.append(constant("popular by content", history, np.mean(near, axis=0)))
        out.append(constant("new", history, (counts == 0).astype(np.float64), log=True))
    return out


def walks(sources: Sources, settings: SignalSettings) -> list[Signal]:
    """The three-step walk, with popular ends as they are and rarer, and the five-step walk."""
    history = sources.rows.histories()
    once = graph.walk(history, settings.alpha, settings.beta)
    rarer = graph.walk(history, settings.alpha, settings.beta + 0.4)
    return [
        Signal("walk", history, lambda rows: rows @ once),
        Signal("rare walk", history, lambda rows: rows @ rarer),
        Signal("long walk", history, lambda rows: (rows @ once) @ once),
    ]


def regression(sources: Sources, settings: SignalSettings) -> list[Signal]:
    """EASE; none where there are too many items for it."""
    history = sources.rows.histories()
    if history.shape[1] > LARGEST:
        return []
    weights = graph.Regression(history, settings.ridge, settings.power).itself()
    return [Signal("regression", history, lambda rows: rows @ weights)]


def smooth(sources: Sources, settings: SignalSettings) -> list[Signal]:
    """The smoothest part of the graph."""
    history = sources.rows.histories()
    into, out = graph.low_pass(history, settings.rank)
    return [Signal("smooth", history, lambda rows: (rows @ into) @ out)]


def by_content(sources: Sources, settings: SignalSettings) -> list[Signal]:
    """For each kind of vectors: what is like the viewer's items, and what is like the items that a walk reaches."""
    history = sources.rows.histories()
    warm = sources.rows.counts() > 0
    once = graph.walk(history, settings.alpha, settings.beta)
    out: list[Signal] = []
    for name, vectors in sources.vectors.items():
        near = content.alike(vectors, NEAR, SHARP, warm).T.tocsr()
        out.append(Signal(f"like mine by {name}", history, partial(_step, near)))
        out.append(Signal(f"like reached by {name}", history, partial(_step, once @ near)))
    return out


def _step(matrix: Histories, rows: Histories) -> Histories:
    return rows @ matrix


def towers(
    sources: Sources, settings: TowerSettings, dim: int, more: Callable[[], bool] = lambda: True
) -> list[Signal]:
    """The two towers."""
    history = sources.rows.histories()
    parts = [content.compressed(vectors, dim) for vectors in sources.vectors.values()]
    features = np.concatenate(parts, axis=1) if parts else np.zeros((history.shape[1], 0), np.float32)
    trained = tower.train(history, features, settings, sources.seed, more)
    return [Signal("towers", history, trained, log=True)]


def like_viewers(sources: Sources, settings: SignalSettings) -> list[Signal]:
    """What viewers with the same, rarer, items engaged with; nearer viewers count more than in proportion."""
    history = sources.rows.histories()
    counts = np.maximum(np.asarray(history.sum(axis=0)).ravel(), 1)
    length = np.sqrt(np.maximum(np.asarray(history.sum(axis=1)).ravel(), 1))
    others = (sparse.diags_array(1 / length) @ history).astype(np.float32)
    rarely = sparse.diags_array((counts**-0.5).astype(np.float32)) @ others.T.tocsr()

    def through(rows: Histories) -> NDArray[np.float32]:
        alike = (rows @ rarely).tocsr()
        alike.data = alike.data**2
        return np.asarray((alike @ history).toarray(), np.float32)

    return [Signal("like viewers", history, through)]
