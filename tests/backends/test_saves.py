"""Tables on disk: a save is whole or not there."""

import os
from pathlib import Path

import numpy as np
import pytest

from foryou.backends.tables import Tables
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.core.table import Field, Table

WIDE = Table(
    "wide", (Field("x", "float32", 4, np.nan, help="a default that does not equal itself"), Field("n", "int8"))
)
KEYS = np.array([3, 1, 2], np.int64)


def opened(directory: Path, *tables: Table) -> Tables:
    store = Tables(directory / "tables")
    for table in tables or (WIDE,):
        store.create(table)
    return store


def saved(directory: Path, offset: int) -> Tables:
    store = opened(directory)
    store.write("wide", KEYS, Batch({"x": np.arange(12, dtype=np.float32).reshape(3, 4) + offset}))
    store.save(offset)
    return store


def saves(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "tables").iterdir())


def test_another_process_loads_what_this_one_saved(tmp_path: Path) -> None:
    saved(tmp_path, 5)
    store = opened(tmp_path)
    assert store.load() == 5
    keys, rows = store.scan("wide")
    assert keys.tolist() == [3, 1, 2]
    assert rows["x"].tolist() == (np.arange(12).reshape(3, 4) + 5).tolist()
    assert np.isnan(store.read("wide", np.array([9]))["x"]).all()
    store.write("wide", np.array([9]), Batch({"n": np.array([1], np.int8)}))
    assert store.read("wide", np.array([9, 3]))["n"].tolist() == [1, 0]


def test_the_two_newest_saves_are_kept(tmp_path: Path) -> None:
    for offset in (5, 6, 7):
        saved(tmp_path, offset)
    assert len(saves(tmp_path)) == 2
    assert opened(tmp_path).load() == 7
    assert opened(tmp_path).load(lambda offset: offset < 7) == 6


def test_a_base_replaces_what_was_saved_before_and_outlives_clearing(tmp_path: Path) -> None:
    saved(tmp_path, 5)
    store = saved(tmp_path, 6)
    store.save(6, base=True)
    assert saves(tmp_path) == ["base-00000003", "save-00000003"]
    store.save(7)
    store.clear()
    assert saves(tmp_path) == ["base-00000003"]
    store = opened(tmp_path)
    assert store.load() == 6
    assert store.read("wide", KEYS)["x"][0].tolist() == [6, 7, 8, 9]
    store.save(8, base=True)
    assert saves(tmp_path) == ["base-00000004", "save-00000004"]


def test_a_save_that_was_cut_off_is_not_loaded_and_the_one_before_is(tmp_path: Path) -> None:
    saved(tmp_path, 5)
    partial = tmp_path / "tables" / "partial"
    partial.mkdir()
    (partial / "0.columns").write_bytes(b"half of it")
    assert opened(tmp_path).load() == 5
    saved(tmp_path, 6)
    assert opened(tmp_path).load() == 6
    assert not partial.exists()


def test_a_save_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    store = saved(tmp_path, 5)
    (tmp_path / "tables" / "partial").write_bytes(b"a file where a directory has to be")
    with pytest.raises(BackendError, match="cannot save tables to"):
        store.save(6)
    assert opened(tmp_path).load() == 5


def test_a_damaged_save_is_named_and_the_one_before_it_is_loaded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved(tmp_path, 5)
    saved(tmp_path, 6)
    columns = tmp_path / "tables" / "save-00000002" / "0.columns"
    whole = columns.read_bytes()
    columns.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert opened(tmp_path).load() == 5
    assert "save-00000002/0.columns are damaged: a checksum does not match" in caplog.text
    os.truncate(columns, len(whole) - 5)
    assert opened(tmp_path).load() == 5
    assert "damaged: it is too short" in caplog.text
    (tmp_path / "tables" / "save-00000002" / "manifest").write_bytes(b"\x00")
    assert opened(tmp_path).load() == 5
    assert "damaged: its manifest" in caplog.text
    (tmp_path / "tables" / "save-00000001" / "manifest").unlink()
    assert opened(tmp_path).load() == 0


def test_tables_whose_fields_have_changed_are_rebuilt_from_the_start(tmp_path: Path) -> None:
    saved(tmp_path, 5)
    wider = Table("wide", (Field("x", "float32", 5, np.nan), Field("n", "int8")))
    store = opened(tmp_path, wider)
    assert store.load() == 0
    assert len(store.scan("wide")[0]) == 0


def test_a_table_that_is_no_longer_wanted_is_not_loaded(tmp_path: Path) -> None:
    store = opened(tmp_path, WIDE, Table("old", (Field("n", "int8"),)))
    store.save(5)
    store = opened(tmp_path)
    assert store.load() == 5
    with pytest.raises(BackendError, match="no table 'old'"):
        store.scan("old")


def test_what_the_tables_were_made_from_is_durable_before_they_are(tmp_path: Path) -> None:
    saved_before = list[bool]()
    store = Tables(tmp_path / "tables", lambda: saved_before.append((tmp_path / "tables").exists()))
    store.save(1)
    assert saved_before == [False]


def test_a_table_of_objects_is_refused() -> None:
    with pytest.raises(ValueError, match="field 'raw' of table 'bad' is of type object"):
        Tables().create(Table("bad", (Field("raw", "object"),)))
