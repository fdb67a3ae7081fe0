"""The map of rows is a dictionary, also while it grows under a reader's eyes."""

import threading

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.backends.intmap import IntMap

EDGES = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 64, 128, 192])
KEYS = st.lists(st.one_of(EDGES, st.integers(-200, 200), st.integers(-(2**63), 2**63 - 1)), max_size=80)


@given(st.lists(st.tuples(st.booleans(), KEYS), max_size=6), KEYS)
@settings(max_examples=80, deadline=None)
def test_it_finds_what_a_dictionary_finds(steps: list[tuple[bool, list[int]]], asked: list[int]) -> None:
    rows, model = IntMap(), dict[int, int]()
    for insert, chosen in steps:
        keys = np.array(chosen, np.int64)
        if insert:
            found = rows.insert(keys)
            assert found.tolist() == [model.setdefault(key, len(model)) for key in chosen]
        else:
            rows, kept = rows.without(keys)
            assert kept.tolist() == [row for key, row in model.items() if key not in chosen]
            model = {key: row for row, key in enumerate(key for key in model if key not in chosen)}
        assert rows.keys.tolist() == list(model)
        assert len(rows) == len(model)
    everything = asked + list(model)
    assert rows.find(np.array(everything, np.int64)).tolist() == [model.get(key, -1) for key in everything]


def test_keys_that_lie_in_a_row_or_far_apart_are_found_after_growing() -> None:
    for step in (1, 2**32, 2**40):
        keys = np.arange(20_000, dtype=np.int64) * step
        rows = IntMap()
        for part in np.array_split(keys, 37):
            rows.insert(part)
        assert np.array_equal(rows.find(keys), np.arange(20_000))
        assert (rows.find(keys + 3 * step * 20_000) == -1).all()


def test_a_reader_never_finds_a_wrong_row_while_a_writer_adds() -> None:
    keys = np.random.default_rng(1).permutation(np.arange(1, 60_001, dtype=np.int64)) * 7_919
    rows, done, wrong = IntMap(), threading.Event(), list[int]()

    def read() -> None:
        rng = np.random.default_rng(2)
        while not done.is_set():
            known = len(rows)
            at = rng.integers(0, len(keys), 2_000)
            found = rows.find(keys[at])
            wrong.extend(at[(found != at) & ((found != -1) | (at < known))].tolist())

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for part in np.array_split(keys, 600):
        rows.insert(part)
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
