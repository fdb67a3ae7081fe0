"""Sharing chains: who came because of whom, on trees made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.event import Kind
from foryou.features import chains
from foryou.features.chains import SHARED, chain_of
from tests.streams import FULL, Row, catalogue, cut, differences, log, store_of

TREE = {1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 2, 7: 4, 8: 4, 9: 7, 10: 9}
"""Who came by whose share; 0: found it in the feed. Generations: 3, then 3 (4, 5, 6), 2 (7, 8), 1 (9), 1 (10)."""


def seen(viewer: int, sharer: int, **more: object) -> list[Row]:
    by = {"sharer": sharer, "surface": SHARED} if sharer else {}
    row: Row = {"viewer": viewer, "video": 100, "at": viewer, **by, **more}
    return [{**row, "kind": Kind.IMPRESSION}, {**row, "kind": Kind.WATCH, "seconds": 9.0}]


def tree() -> list[Row]:
    return [row for viewer, sharer in TREE.items() for row in seen(viewer, sharer)]


@pytest.mark.mission("NL-06")
def test_depth_sizes_and_reproduction_of_a_tree_made_by_hand() -> None:
    chain = chain_of(store_of(catalogue(), log(*tree())), 100)
    assert chain.views == 10
    assert chain.generations == (3, 2, 1, 1)
    assert chain.depth == 4
    assert chain.reproduction == 0.7
    assert (round(chain.low, 3), round(chain.high, 3)) == (0.397, 0.892)


def test_who_comes_again_counts_once_and_nobody_comes_because_of_themselves() -> None:
    again = [*seen(4, 2, at=50), *seen(1, 1, at=51)]
    chain = chain_of(store_of(catalogue(), log(*tree(), *again)), 100)
    assert chain.generations == (3, 2, 1, 1)
    assert chain.views == 12


def test_a_share_of_nobody_in_particular_brings_the_first_generation() -> None:
    chain = chain_of(store_of(catalogue(), log(*seen(1, 0), *seen(2, 0, surface=SHARED))), 100)
    assert chain.generations == (1,)


def test_a_video_that_nobody_saw_has_no_chain() -> None:
    chain = chain_of(store_of(catalogue()), 100)
    assert (chain.views, chain.generations, chain.depth, chain.reproduction) == (0, (), 0, 0.0)
    assert (chain.low, chain.high) == (0.0, 1.0)


def test_what_is_remembered_is_bounded_and_the_rest_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    chains._grow.py_func.__globals__["MOST"] = 3
    try:
        monkeypatch.setattr(chains, "_grow", chains._grow.py_func)
        store = store_of(catalogue(), log(*[row for n in range(2, 12) for row in seen(n, 1)]))
    finally:
        chains.MOST = 10_000
    assert len(store.scan("came")[0]) == 3
    assert chain_of(store, 100).generations == (10,)


def test_however_the_log_is_cut_the_chains_are_the_same() -> None:
    rows = [*tree(), *seen(4, 2, at=50)]
    batch = log(*[rows[i] for i in np.random.default_rng(1).permutation(len(rows))])
    whole, parts = (store_of(catalogue(), *some, trust=FULL) for some in ([batch], cut(batch, range(0, 30, 3))))
    assert differences(whole, parts) == []
