"""Peers that draw lists from all items: popularity, item-kNN, RP3beta, EASE, iALS and BPR.

Each is tuned over a grid, over which matrix it is given too where there is more than one (long views only, or
everything that was shown). RP3beta and EASE are their closed forms; the others are those of `implicit`, which is
optional: where it is not installed, those peers are named as missing.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from foryou.models.engagements import Engagements
from foryou.models.graph import Histories, Regression, walk
from foryou.protocols.interactions import Peer
from foryou.protocols.lists import Scorer

EXTRA = "pip install -e '.[peers]'"
Known = dict[str, Engagements]
Settings = dict[str, Any]
LARGEST = 15_000
"""Items up to which EASE is tried."""


def peers(matrices: tuple[str, ...], timed: bool, items: int) -> tuple[list[Peer], list[str]]:
    """The peers that can run here, and the packages that are missing for the others."""
    rows = {"rows": matrices}
    half_lives = (0.5, 1.0, 2.0, 4.0, 8.0, np.inf) if timed else (np.inf,)
    found = [
        Peer("popularity", _grid(**rows, half_life_days=half_lives), _popularity),
        Peer("RP3beta", _grid(**rows, alpha=(0.5, 0.7, 0.85, 1.0), beta=(-0.1, 0.0, 0.2, 0.4, 0.6)), _rp3),
    ]
    if items <= LARGEST:
        found.append(Peer("EASE", _grid(**rows, ridge=(30.0, 100.0, 300.0, 1000.0, 3000.0)), _ease))
    if find_spec("implicit") is None:
        return found, ["implicit"]
    found += [
        Peer("item-kNN", _grid(**rows, kind=("CosineRecommender", "TFIDFRecommender"), K=(50, 200)), _knn),
        Peer("iALS", _grid(**rows, factors=(32, 64, 128), regularization=(0.01, 1.0), alpha=(1.0, 10.0)), _als),
        Peer("BPR", _grid(**rows, factors=(63,), learning_rate=(0.05, 0.1), regularization=(0.002, 0.02)), _bpr),
    ]
    return found, []


def _grid(**options: tuple[Any, ...]) -> tuple[Settings, ...]:
    return tuple(dict(zip(options, values, strict=True)) for values in product(*options.values()))


def _of(known: Known, settings: Settings) -> Histories:
    return known[settings["rows"]].histories()


def _popularity(known: Known, settings: Settings, seed: int) -> Scorer:
    counts = known[settings["rows"]].counts(settings["half_life_days"]).astype(np.float32)
    return lambda viewers: np.tile(counts, (len(viewers), 1))


def _through(history: Histories, weights: Any) -> Scorer:
    def score(viewers: NDArray[np.int64]) -> NDArray[np.float32]:
        found = history[viewers] @ weights
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float32)

    return score


def _rp3(known: Known, settings: Settings, seed: int) -> Scorer:
    """Paudel et al., ACM TiiS 2016."""
    history = _of(known, settings)
    return _through(history, walk(history, settings["alpha"], settings["beta"]))


def _ease(known: Known, settings: Settings, seed: int) -> Scorer:
    """Steck, WWW 2019."""
    history = _of(known, settings)
    return _through(history, Regression(history, settings["ridge"]).itself())


def _knn(known: Known, settings: Settings, seed: int) -> Scorer:
    history, model = _of(known, settings), import_module("implicit.nearest_neighbours")
    neighbours = getattr(model, settings["kind"])(K=settings["K"], num_threads=1)
    _learn(neighbours, history)
    return _through(history, neighbours.similarity)


def _als(known: Known, settings: Settings, seed: int) -> Scorer:
    """Hu, Koren and Volinsky, ICDM 2008."""
    model = import_module("implicit.cpu.als").AlternatingLeastSquares(
        **_without_rows(settings), iterations=15, random_state=seed, num_threads=1
    )
    return _factors(model, _of(known, settings))


def _bpr(known: Known, settings: Settings, seed: int) -> Scorer:
    """Rendle et al., UAI 2009."""
    model = import_module("implicit.cpu.bpr").BayesianPersonalizedRanking(
        **_without_rows(settings), iterations=100, random_state=seed, num_threads=1
    )
    return _factors(model, _of(known, settings))


def _factors(model: Any, history: Histories) -> Scorer:
    _learn(model, history)
    viewer, item = np.asarray(model.user_factors), np.asarray(model.item_factors)
    return lambda viewers: np.asarray(viewer[viewers] @ item.T, np.float32)


def _learn(model: Any, history: Histories) -> None:
    with warnings.catch_warnings():
        # it warns of copies that it makes itself, and of threads that are one here
        warnings.simplefilter("ignore")
        model.fit(csr_matrix(history), show_progress=False)


def _without_rows(settings: Settings) -> Settings:
    return {name: value for name, value in settings.items() if name != "rows"}
