"""Tables captured at one moment and written while they change."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.backends import captured
from foryou.backends.rows import KeyedRows
from foryou.backends.saves import Saves
from foryou.backends.tables import Tables
from foryou.core.batch import Batch
from foryou.core.table import Field, Table

WIDE = Table("wide", (Field("x", "float32", 4, 7.5), Field("n", "int32")))
BARE = Table("bare")


def row(keys: list[int], n: int) -> tuple[np.ndarray, Batch]:
    held = np.array(keys, np.int64)
    return held, Batch({"x": np.full((len(keys), 4), n, np.float32), "n": np.full(len(keys), n, np.int32)})


def test_what_is_written_after_the_capture_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured, "PART", 32)  # two rows at a time
    rows = KeyedRows(WIDE)
    rows.write(*row([1, 2, 3, 4, 5], 10))
    then = rows.capture()
    parts = then.column("n")
    assert next(parts)[:2].tolist() == [10, 10]
    rows.write(*row([2, 4, 9], 20))
    rows.write(*row([4, 5], 30))
    rows.write(np.array([1]), Batch({"n": np.array([40], np.int32)}))
    assert np.concatenate(list(then.keys())).tolist() == [1, 2, 3, 4, 5]
    assert np.concatenate(list(then.column("n"))).tolist() == [10] * 5
    assert np.concatenate(list(then.column("x"))).tolist() == [[10.0] * 4] * 5
    assert rows.read(np.array([1, 2, 4, 5, 9]), ("n",))["n"].tolist() == [40, 20, 30, 30, 20]


@settings(max_examples=30, deadline=None)
@given(
    writes=st.lists(st.tuples(st.lists(st.integers(0, 300), min_size=1, max_size=40, unique=True), st.booleans())),
    at=st.integers(0, 20),
)
def test_a_capture_reads_what_a_copy_of_that_moment_holds(writes: list[tuple[list[int], bool]], at: int) -> None:
    store = Tables()
    store.create(WIDE)
    store.create(BARE)
    then, kept = store.capture(0), [each.copy() for each in store._tables.values()]
    for number, (keys, delete) in enumerate(writes, 1):
        if number == at:
            then, kept = store.capture(number), [each.copy() for each in store._tables.values()]
        if delete:
            store.delete("wide", np.array(keys[:3], np.int64))
        else:
            store.write("wide", *row(keys, number))
            fresh = np.array(keys, np.int64)
            store.write("bare", fresh[~store.has("bare", fresh)], Batch({}, int((~store.has("bare", fresh)).sum())))
    for each, copy in zip(then.tables, kept, strict=True):
        table, keys, rows = captured.copied(each)
        there, as_it_was = copy.scan(table.names)
        assert keys.tolist() == there.tolist()
        for name in table.names:
            assert rows[name].tobytes() == as_it_was[name].tobytes()


def test_a_save_is_of_the_moment_of_its_capture(tmp_path: Path) -> None:
    store = Tables(tmp_path)
    store.create(WIDE)
    store.write("wide", *row([1, 2, 3], 10))
    then = store.capture(5)
    store.write("wide", *row(list(range(2, 500)), 20))  # grows, too
    store.delete("wide", np.array([1]))
    then.write()
    saved = Saves(tmp_path).read()
    assert saved is not None
    assert saved.offset == 5
    _, keys, rows = saved.tables["wide"]
    assert keys.tolist() == [1, 2, 3]
    assert rows["n"].tolist() == [10, 10, 10]


def test_a_capture_that_was_given_up_keeps_nothing_aside() -> None:
    rows = KeyedRows(WIDE)
    rows.write(*row([1, 2], 10))
    then = rows.capture()
    rows.write(*row([1], 20))
    then.release()
    rows.write(*row([2], 30))
    then.keep(np.array([0, 1]))
    assert rows.read(np.array([1, 2]), ("n",))["n"].tolist() == [20, 30]
    assert rows._captured is None
