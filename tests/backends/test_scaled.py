"""An index that changes its structure with its size: while it does, and while others search it."""

from __future__ import annotations

import threading
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import DTypeLike

from foryou.backends.arena import Arena, Attached
from foryou.backends.cells import Cells, probes_for, searches
from foryou.backends.dense import DenseIndex
from foryou.backends.scaled import AttachedIndex, ScaledIndex

DIM = 16


def some(count: int, seed: int = 0) -> np.ndarray:
    """Vectors of length 1 in thirty heaps, as those of videos lie by topic."""
    chance = np.random.default_rng(seed)
    heaps = chance.normal(size=(30, DIM))
    made = heaps[chance.integers(0, 30, count)] + 0.6 * chance.normal(size=(count, DIM))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def filled(count: int, exact_until: int = 0, stale: float = 0.1) -> ScaledIndex:
    index = ScaledIndex(exact_until, stale)
    index.add(np.arange(1, count + 1), some(count))
    return index


def test_few_vectors_are_all_looked_at_and_many_are_searched_in_cells() -> None:
    index = filled(100, exact_until=100 * DIM)
    assert index.cells is None
    index.add(np.arange(101, 201), some(100, 1))
    assert index.cells is not None and len(index.cells) == 200
    index.remove(np.arange(1, 170))
    index.settle()
    assert index.cells is None
    assert sorted(index.search(some(1)[0], 100)[0].tolist()) == list(range(170, 201))


def test_cells_find_at_least_95_percent_of_the_best_500() -> None:
    index, exact = filled(20_000), DenseIndex()
    exact.add(np.arange(1, 20_001), some(20_000))
    vectors = some(20_000)
    found = []
    for first in range(0, 400, 10):
        query = vectors[first : first + 1 + first % 3].sum(axis=0)
        best, scores = exact.search(query, 500)
        near, near_scores = index.search(query, 500)
        assert len(near) == 500
        true = dict(zip(*(each.tolist() for each in exact.search(query, 20_000)), strict=True))
        assert near_scores.tolist() == [true[each] for each in near.tolist()]
        assert near_scores[0] == scores[0]
        found.append(len(np.intersect1d(best, near)) / 500)
    assert index.cells is not None and index.cells.probes < index.cells.cells
    assert np.mean(found) >= 0.95


def test_a_search_for_few_looks_at_fewer_cells_and_finds_as_many_of_them() -> None:
    assert [probes_for(100, k) for k in (5_000, 500, 20, 1)] == [100, 100, 28, 9]
    assert probes_for(3, 1) == 3
    index, exact, vectors = filled(20_000), DenseIndex(), some(20_000)
    exact.add(np.arange(1, 20_001), vectors)
    found = [
        len(np.intersect1d(exact.search(query, 60)[0], index.search(query, 60)[0])) / 60 for query in vectors[::500]
    ]
    assert np.mean(found) >= 0.95


def test_a_query_of_another_length_is_refused_in_cells_too() -> None:
    with pytest.raises(ValueError, match=r"has to be \[16\]"):
        filled(2_000).search(np.ones(DIM + 1, np.float32), 10)


def test_what_came_while_cells_were_built_has_them_built_again() -> None:
    index = ScaledIndex(exact_until=1_000 * DIM)
    for first in range(0, 3_000, 250):
        index.add(np.arange(first + 1, first + 251), some(250, first))
    index.settle()
    assert index.cells is not None and len(index.cells) >= 3_000 / 1.1


def test_several_queries_in_cells_find_what_each_finds_alone() -> None:
    index = filled(3_000)
    index.add(np.arange(5_001, 5_101), some(100, 8))
    queries = some(4, 9)
    together = index.searches(queries, [50, 0, 7, 300])
    for query, k, (found, scores) in zip(queries, (50, 0, 7, 300), together, strict=True):
        alone, alone_scores = index.search(query, k)
        assert (found.tolist(), scores.tolist()) == (alone.tolist(), alone_scores.tolist())


def test_another_process_finds_the_same_and_what_is_newer_than_the_cells(tmp_path: Path) -> None:
    arena = Arena(tmp_path / "shared")
    index = ScaledIndex(0, memory=arena)
    index.add(np.arange(1, 2_001), some(2_000))
    index.publish("vectors")
    index.add(np.arange(5_001, 5_011), 1.1 * some(2_000)[:10])
    attached = AttachedIndex(Attached(tmp_path / "shared").published, "vectors")
    for query in some(2_000)[:10]:
        (here, scores), (there, scores_there) = index.search(query, 50), attached.search(query, 50)
        assert here[0] > 5_000
        assert (here.tolist(), scores.tolist()) == (there.tolist(), scores_there.tolist())


def test_the_same_vectors_give_the_same_cells() -> None:
    one, other = filled(3_000), filled(3_000)
    for query in some(20, 5):
        assert one.search(query, 50)[0].tolist() == other.search(query, 50)[0].tolist()


def test_what_is_newer_than_the_cells_is_found_and_what_moved_comes_with_its_new_score() -> None:
    index = filled(2_000)
    built, query = index.cells, some(1, 9)[0]
    index.add(np.array([5_000]), query[None])
    best = index.search(query, 10)[0]
    assert best[0] == 5_000
    index.add(best[1:2], -query[None])
    index.remove(best[2:3])
    after = index.search(query, 10)[0]
    assert index.cells is built, "two changes are no reason to build anew"
    assert after[:2].tolist() == [5_000, best[3]]
    assert not {best[1], best[2]} & set(after.tolist())


def test_many_small_changes_have_the_cells_built_anew() -> None:
    index = filled(1_000)
    built = index.cells
    for first in range(2_000, 2_200, 10):
        index.add(np.arange(first, first + 10), some(10, first))
    index.settle()
    assert index.cells is not built
    assert index.cells is not None and len(index.cells) > 1_000


def test_where_so_many_were_removed_that_cells_propose_too_few_everything_is_looked_at() -> None:
    index = filled(2_000, stale=10.0)
    query = some(1)[0]
    best = index.search(query, 400)[0]
    index.remove(best[:300])
    exact = DenseIndex()
    exact.add(np.arange(1, 2_001), some(2_000))
    exact.remove(best[:300])
    assert index.search(query, 200)[0].tolist() == exact.search(query, 200)[0].tolist()


def test_vectors_that_move_a_little_are_followed_and_need_no_new_cells() -> None:
    index, exact = filled(4_000, stale=0.1), DenseIndex()
    built, vectors = index.cells, some(4_000)
    assert built is not None
    moved = vectors + 0.02 * np.random.default_rng(3).normal(size=vectors.shape).astype(np.float32)
    for first in range(0, 4_000, 100):
        index.add(np.arange(first + 1, first + 101), moved[first : first + 100])
    index.settle()
    assert index.cells is built, "nearly all stayed in their cells"
    exact.add(np.arange(1, 4_001), moved)
    found = [len(np.intersect1d(exact.search(query, 100)[0], index.search(query, 100)[0])) for query in some(20, 5)]
    assert np.mean(found) >= 95


def test_a_vector_that_leaves_its_cell_and_one_that_is_no_number_are_not_followed() -> None:
    held = Cells(np.arange(1, 501), some(500))
    before = held.held.codes.copy()
    assert held.move(np.array([1, 2, 900]), np.stack([-some(500)[0], np.full(DIM, np.nan), some(1)[0]])).tolist() == [
        False, False, False,
    ]  # fmt: skip
    assert np.array_equal(held.held.codes, before)


def test_cells_live_where_they_are_told_to() -> None:
    made: list[np.ndarray] = []

    def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        made.append(np.zeros(shape, dtype))
        return made[-1]

    held = Cells(np.arange(1, 501), some(500), zeros).held
    assert len(made) == 5 and all(any(getattr(held, field.name) is each for each in made) for field in fields(held))
    found, begins = searches(held, np.array([len(held.centroids)]), some(500)[7:8], np.array([10]))
    assert 8 in held.ids[found] and begins.tolist() == [0, 10]


def faults(index: ScaledIndex, query: np.ndarray, came: list[int], gone: list[int]) -> list[str]:
    """What a search does wrong, by what had come and gone before it began."""
    lost, there = set(gone), set(came)
    found = index.search(query, 240)[0].tolist()
    stayed = there.intersection(came)
    return [
        what
        for what, holds in {
            "an id comes twice": len(set(found)) != len(found),
            "a removed id was found": bool(lost & set(found)),
            "what had come and stayed was not found": not stayed <= set(found),
        }.items()
        if holds
    ]


@pytest.mark.parametrize("seed", range(4))
def test_searches_beside_changes_miss_nothing_that_is_there_and_find_nothing_that_is_gone(seed: int) -> None:
    """Every id is one of three kinds: always there, comes and stays, or goes for good; each search is checked against
    what had been said before it began."""
    index = filled(1_000, stale=0.02)
    always = index.search(some(1)[0], 1_000)[0][:1]
    query = some(1)[0]
    came: list[int] = []
    gone: list[int] = []
    wrong: list[str] = []
    done = threading.Event()

    def change() -> None:
        chance = np.random.default_rng(seed)
        for number in range(2_000, 2_300):
            index.add(np.array([number]), query[None] * np.float32(1 + chance.random()))
            came.append(number)
            if number % 3 == 0:
                leaves = came.pop(int(chance.integers(len(came))))
                index.remove(np.array([leaves]))
                gone.append(leaves)
            if number % 5 == 0:
                index.add(np.array([came[0]]), query[None] * np.float32(3.0))
        done.set()

    def look() -> None:
        while not done.is_set():
            wrong.extend(faults(index, query, came, gone))
            if not set(always.tolist()) <= set(index.search(query, 10_000)[0].tolist()):
                wrong.append("what never changed was not found")

    lookers = [threading.Thread(target=look) for _ in range(3)]
    changer = threading.Thread(target=change)
    for thread in (*lookers, changer):
        thread.start()
    for thread in (changer, *lookers):
        thread.join()
    index.settle()
    assert wrong == []
    assert set(came) <= set(index.search(query, 240)[0].tolist())
    assert not set(gone) & set(index.search(query, 10_000)[0].tolist())


def test_cells_that_take_long_are_built_beside_while_all_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foryou.backends.scaled.WAITED_FOR", 500 * DIM)
    built, begins = threading.Event(), Cells.__init__

    def waits(cells: Cells, *about: object) -> None:
        assert built.wait(10)
        begins(cells, *about)  # type: ignore[arg-type]

    monkeypatch.setattr(Cells, "__init__", waits)
    index = filled(501)
    assert index.cells is None
    query = some(1, 7)[0]
    ids, _ = index.search(query, 5)
    assert ids.tolist() == (np.argsort(-(some(501) @ query))[:5] + 1).tolist()
    built.set()
    index.settle()
    assert index.cells is not None
