"""A table of keys alone is a set, also when it is made of many runs, is saved, and is read by another process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.backends import runs
from foryou.backends.arena import Arena, Attached
from foryou.backends.runs import KeyedRuns
from foryou.backends.tables import AttachedTables, Tables
from foryou.core.batch import Batch
from foryou.core.memory import HEAP
from foryou.core.table import Field, Table

SENT = Table("sent")
EDGES = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 64, 128, 192])
KEYS = st.lists(st.one_of(EDGES, st.integers(-200, 200), st.integers(-(2**63), 2**63 - 1)), max_size=60, unique=True)


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs begin at eight keys, and end at 2,000."""
    monkeypatch.setattr(runs, "YOUNG", 8)
    monkeypatch.setattr(runs, "MOST", 2_000)


def bare(keys: np.ndarray) -> Batch:
    return Batch({}, len(keys))


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@settings(deadline=None, max_examples=80)
@given(steps=st.lists(st.tuples(st.booleans(), KEYS), max_size=8), asked=KEYS)
def test_it_holds_what_a_set_holds(steps: list[tuple[bool, list[int]]], asked: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs, "YOUNG", 8)
        held, model = KeyedRuns(SENT), set[int]()
        for add, chosen in steps:
            keys = ints(*chosen)
            if add:
                held.write(keys, bare(keys))
                model |= set(chosen)
            else:
                held = held.without(keys)
                model -= set(chosen)
            assert len(held) == len(model)
            assert sorted(held.scan(())[0].tolist()) == sorted(model)
    assert held.has(ints(*asked, *model)).tolist() == [key in model for key in (*asked, *model)]


@pytest.mark.parametrize("step", [1, 2**32, 2**40])
def test_many_keys_are_found_in_few_runs_and_no_others(step: int) -> None:
    keys = np.arange(20_000, dtype=np.int64) * step
    held = KeyedRuns(SENT)
    for part in np.array_split(keys, 300):
        held.write(part, bare(part))
    assert held.has(keys).all() and len(held) == len(keys)
    assert not held.has(keys + step * 20_000).any()
    sizes = [len(run) for run in held._held.runs]
    assert sum(sizes) > 19_900 and max(sizes) <= runs.MOST
    assert len(sizes) < 30


def test_a_large_run_keeps_six_bytes_of_each_key_and_tells_them_all() -> None:
    rng = np.random.default_rng(1)
    keys = np.unique(rng.integers(-(2**63), 2**63 - 1, 600_000))
    halves = [runs._Run.of(part.copy(), HEAP) for part in (keys[::2], keys[1::2])]
    large = halves[0].with_next(halves[1], HEAP)
    assert [len(run.top) for run in (*halves, large)] == [len(halves[0]), len(halves[1]), 0]
    assert np.array_equal(np.sort(large.keys()), keys)
    found, others = np.zeros(len(keys), np.bool_), np.zeros(len(keys), np.bool_)
    large.find(keys, found)
    large.find(rng.integers(-(2**63), 2**63 - 1, len(keys)), others)
    assert found.all() and not others.any()


def test_a_key_that_comes_twice_in_one_writing_and_columns_are_refused() -> None:
    held = KeyedRuns(SENT)
    with pytest.raises(ValueError, match="unique"):
        held.write(ints(3, 3), bare(ints(3, 3)))
    with pytest.raises(ValueError, match="no column 'at'"):
        held.write(ints(3), Batch({"at": ints(1)}))
    with pytest.raises(ValueError, match="has columns"):
        KeyedRuns(Table("seen", (Field("at", "int64"),)))
    assert len(held) == 0


@pytest.mark.parametrize("directory", [True, False])
def test_keys_come_back_from_a_save(tmp_path: Path, directory: bool) -> None:
    store = Tables(tmp_path if directory else None)
    store.create(SENT)
    keys = np.arange(100, dtype=np.int64)
    for part in np.array_split(keys, 7):
        store.write("sent", part, bare(part))
    store.save(5)
    store.write("sent", keys + 100, bare(keys))
    assert store.load() == 5
    assert store.count("sent") == 100
    assert store.has("sent", np.arange(200)).tolist() == [True] * 100 + [False] * 100


def test_another_process_finds_keys_as_they_come_and_go(tmp_path: Path) -> None:
    store = Tables(memory=Arena(tmp_path / "shared"))
    store.create(SENT)
    eyes = AttachedTables(Attached(tmp_path / "shared").published)
    eyes.create(SENT)
    for first in range(0, 3_000, 7):
        keys = np.arange(first, first + 7, dtype=np.int64)
        assert not eyes.has("sent", keys).any()
        store.write("sent", keys, bare(keys))
        assert eyes.has("sent", keys).all()
        assert eyes.count("sent") == first + 7
    assert eyes.has("sent", np.arange(3_003)).all()
    store.delete("sent", np.arange(0, 3_003, 2))
    assert eyes.has("sent", np.arange(4)).tolist() == [False, True, False, True]
    assert sorted(eyes.scan("sent")[0].tolist()) == list(range(1, 3_003, 2))
    files = len(list((tmp_path / "shared").iterdir()))
    assert files < 60  # those of runs that were merged are gone


def test_runs_that_were_saved_are_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "YOUNG", 50)
    keys = np.random.default_rng(3).permutation(10_000).astype(np.int64)
    held = runs.KeyedRuns(Table("bare"))
    for start in range(0, 1_010, 30):
        held.write(keys[start : start + 30], Batch({}, 30))
    there, _ = held.scan(())
    again = runs.KeyedRuns.of(Table("bare"), there)
    assert [len(run) for run in again._held.runs] == [len(run) for run in held._held.runs]
    assert len(again._held.young) == len(held._held.young)
    assert again.has(keys).tolist() == held.has(keys).tolist()
    assert len(again) == len(held)
