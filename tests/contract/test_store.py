"""What every store does, and that it does it like a dictionary."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from foryou.backends.arena import Arena, Attached
from foryou.backends.tables import AttachedTables, Tables
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table

VIDEO = Table(
    "video", (Field("likes", "int32"), Field("rate", "float32", default=0.5), Field("topics", "int64", 3, -1))
)
FIRST, SECOND, THIRD, NEVER = 10, -5, 2**62, 99


class OtherEyes(Tables):
    """Tables whose rows are read as another process reads them."""

    def __init__(self, directory: Path) -> None:
        super().__init__(memory=Arena(directory))
        self.eyes = AttachedTables(Attached(directory).published)

    def create(self, table: Table) -> None:
        super().create(table)
        self.eyes.create(table)

    def read(self, table: str, keys: Keys) -> Batch:
        return self.eyes.read(table, keys)

    def columns(self, table: str, keys: Keys, names: tuple[str, ...]) -> Batch:
        return self.eyes.columns(table, keys, names)

    def has(self, table: str, keys: Keys) -> np.ndarray:
        return self.eyes.has(table, keys)

    def scan(self, table: str, names: tuple[str, ...] = ()) -> tuple[Keys, Batch]:
        return self.eyes.scan(table, names)


@pytest.fixture(params=["memory", "file", "shared"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "shared":
        opened: Tables = OtherEyes(tmp_path / "shared")
    else:
        opened = Tables(tmp_path / "tables" if request.param == "file" else None)
    opened.create(VIDEO)
    return opened


def keys(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def likes(*values: int) -> Batch:
    return Batch({"likes": np.array(values, np.int32)})


def test_a_key_never_written_has_the_defaults(store: Store) -> None:
    row = store.read("video", keys(NEVER))
    assert row["likes"].tolist() == [0]
    assert row["rate"].tolist() == [0.5]
    assert row["topics"].tolist() == [[-1, -1, -1]]
    assert row["likes"].dtype == np.int32
    assert not store.has("video", keys(NEVER)).any()


def test_rows_come_in_the_order_of_the_keys_asked_for_also_twice(store: Store) -> None:
    store.write("video", keys(FIRST, SECOND, THIRD), likes(1, 2, 3))
    assert store.read("video", keys(THIRD, NEVER, FIRST, THIRD, SECOND))["likes"].tolist() == [3, 0, 1, 3, 2]


def test_a_column_that_is_left_out_keeps_its_value(store: Store) -> None:
    store.write("video", keys(FIRST), likes(7))
    store.write("video", keys(FIRST, SECOND), Batch({"topics": np.array([[1, 2, 3], [4, 5, 6]])}))
    row = store.read("video", keys(FIRST, SECOND))
    assert row["likes"].tolist() == [7, 0]
    assert row["rate"].tolist() == [0.5, 0.5]
    assert row["topics"].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_some_columns_may_be_asked_for(store: Store) -> None:
    store.write("video", keys(FIRST), likes(7))
    assert list(store.columns("video", keys(FIRST), ("topics", "likes"))) == ["topics", "likes"]


def test_what_was_read_does_not_change_when_the_key_is_written_again(store: Store) -> None:
    store.write("video", keys(FIRST), likes(1))
    row = store.read("video", keys(FIRST))
    store.write("video", keys(FIRST), likes(2))
    assert row["likes"].tolist() == [1]


def test_no_keys_at_all_are_read_and_written(store: Store) -> None:
    store.write("video", keys(), likes())
    assert len(store.read("video", keys())) == 0
    assert len(store.scan("video")[0]) == 0


def test_a_scan_is_in_the_order_of_first_writing_and_read_only(store: Store) -> None:
    store.write("video", keys(THIRD, FIRST), likes(3, 1))
    store.write("video", keys(SECOND, THIRD), likes(2, 4))
    found, rows = store.scan("video", ("likes",))
    assert found.tolist() == [THIRD, FIRST, SECOND]
    assert rows["likes"].tolist() == [4, 1, 2]
    assert list(rows) == ["likes"]
    assert list(store.scan("video")[1]) == ["likes", "rate", "topics"]
    assert not found.flags.writeable
    assert not rows["likes"].flags.writeable


def test_a_deleted_key_is_gone_from_everything_and_may_come_back(store: Store) -> None:
    store.write("video", keys(FIRST, SECOND, THIRD), likes(1, 2, 3))
    held, rows = store.scan("video")
    store.delete("video", keys(FIRST, NEVER))
    assert store.has("video", keys(FIRST, SECOND, THIRD)).tolist() == [False, True, True]
    assert store.read("video", keys(FIRST, SECOND, THIRD))["likes"].tolist() == [0, 2, 3]
    assert store.scan("video")[0].tolist() == [SECOND, THIRD]
    assert (held.tolist(), rows["likes"].tolist()) == ([FIRST, SECOND, THIRD], [1, 2, 3])
    store.write("video", keys(FIRST), Batch({"rate": np.array([0.25], np.float32)}))
    assert store.scan("video")[0].tolist() == [SECOND, THIRD, FIRST]
    assert store.read("video", keys(FIRST))["likes"].tolist() == [0]


def test_an_unknown_table_is_named_beside_those_there_are(store: Store) -> None:
    with pytest.raises(BackendError, match=r"no table 'vidoe'; there are video"):
        store.read("vidoe", keys(FIRST))


def test_rows_that_do_not_fit_are_refused_and_change_nothing(store: Store) -> None:
    with pytest.raises(ValueError, match="no column 'like'; there are likes, rate, topics"):
        store.write("video", keys(FIRST), Batch({"like": np.array([1])}))
    with pytest.raises(ValueError, match=r"for 2 keys it has to be \[2, 3\]"):
        store.write("video", keys(FIRST, SECOND), Batch({"topics": np.array([1, 2])}))
    with pytest.raises(ValueError, match="unique"):
        store.write("video", keys(FIRST, FIRST), likes(1, 2))
    assert not store.has("video", keys(FIRST, SECOND)).any()


def test_making_a_table_again_keeps_its_rows_and_needs_the_same_fields(store: Store) -> None:
    store.write("video", keys(FIRST), likes(1))
    store.create(VIDEO)
    assert store.has("video", keys(FIRST)).all()
    with pytest.raises(BackendError, match="other fields: likes, rate, topics"):
        store.create(Table("video", (Field("likes", "int64"),)))


def test_loading_brings_back_the_last_save_with_its_offset(store: Store) -> None:
    assert store.load() == 0
    store.write("video", keys(FIRST, SECOND), likes(1, 2))
    store.save(5)
    store.write("video", keys(SECOND, THIRD), likes(8, 9))
    store.save(7)
    store.write("video", keys(FIRST, NEVER), likes(-1, -1))
    store.delete("video", keys(SECOND))
    for _ in range(2):
        assert store.load() == 7
        assert store.scan("video")[0].tolist() == [FIRST, SECOND, THIRD]
        assert store.read("video", keys(FIRST, SECOND, THIRD, NEVER))["likes"].tolist() == [1, 8, 9, 0]
        store.write("video", keys(FIRST), likes(-1))


def test_loading_after_a_table_was_added_starts_from_nothing(store: Store) -> None:
    store.write("video", keys(FIRST), likes(1))
    store.save(5)
    store.create(Table("viewer", (Field("age", "int64"),)))
    assert store.load() == 0
    assert not store.has("video", keys(FIRST)).any()


def test_clearing_forgets_rows_and_saves_but_not_the_tables(store: Store) -> None:
    store.write("video", keys(FIRST), likes(1))
    store.save(5)
    store.clear()
    assert not store.has("video", keys(FIRST)).any()
    assert store.load() == 0
    store.write("video", keys(FIRST), likes(2))
    assert store.read("video", keys(FIRST))["likes"].tolist() == [2]


SOME_KEYS = st.lists(st.integers(-40, 40).map(lambda n: n * 2**56 if n % 2 else n), unique=True, max_size=30)


class LikeADictionary(RuleBasedStateMachine):
    """Tables beside a dictionary that is told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = Tables()
        self.rows: dict[int, tuple[int, list[int]]] = {}
        self.saved: tuple[int, dict[int, tuple[int, list[int]]]] = (0, {})

    @initialize()
    def create(self) -> None:
        self.tables.create(VIDEO)

    @rule(chosen=SOME_KEYS, value=st.integers(0, 1000), wide=st.booleans())
    def write(self, chosen: list[int], value: int, wide: bool) -> None:
        values = np.arange(value, value + len(chosen))
        topics = np.stack((values, values + 1, values + 2), axis=1)
        columns = {"topics": topics} if wide else {"likes": values.astype(np.int32)}
        self.tables.write("video", keys(*chosen), Batch(columns))
        for key, each, of in zip(chosen, values.tolist(), topics.tolist(), strict=True):
            old = self.rows.get(key, (0, [-1, -1, -1]))
            self.rows[key] = (old[0], of) if wide else (each, old[1])

    @rule(chosen=SOME_KEYS)
    def delete(self, chosen: list[int]) -> None:
        self.tables.delete("video", keys(*chosen))
        for key in chosen:
            self.rows.pop(key, None)

    @rule(offset=st.integers(1, 100))
    def save(self, offset: int) -> None:
        self.tables.save(offset)
        self.saved = (offset, dict(self.rows))

    @rule()
    def load(self) -> None:
        assert self.tables.load() == self.saved[0]
        self.rows = dict(self.saved[1])

    @rule(chosen=SOME_KEYS)
    def read(self, chosen: list[int]) -> None:
        found = self.tables.read("video", keys(*chosen))
        expected = [self.rows.get(key, (0, [-1, -1, -1])) for key in chosen]
        assert list(zip(found["likes"].tolist(), found["topics"].tolist(), strict=True)) == expected
        assert self.tables.has("video", keys(*chosen)).tolist() == [key in self.rows for key in chosen]

    @invariant()
    def scans_the_same(self) -> None:
        if self.tables._tables:
            found, rows = self.tables.scan("video")
            assert found.tolist() == list(self.rows)
            assert rows["likes"].tolist() == [row[0] for row in self.rows.values()]


TestLikeADictionary = LikeADictionary.TestCase
TestLikeADictionary.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
