"""Rows of Parquet files become the same columns whether they are read as columns or one by one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.api import files, tables
from foryou.api.arrow import Texts
from foryou.api.decode import from_objects
from foryou.api.names import ids_in
from foryou.api.plain import PLAIN
from foryou.api.schema import Refusal, to_columns
from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ids import id_of

NAN = float("nan")
NOW = 1_760_000_000_000
Row = dict[str, object]

NAMES = st.one_of(st.sampled_from(["a", "b", "é" * 130, "x" * 256, "x" * 257, ""]), st.text(min_size=1, max_size=40))
FIELDS: dict[str, tuple[str, st.SearchStrategy[object]]] = {
    "at": ("BIGINT", st.sampled_from([0, NOW - 5, NOW, NOW + 9, 1_200_000_000_000, 1 << 60, -1])),
    "viewer": ("VARCHAR", NAMES),
    "video": ("VARCHAR", NAMES),
    "author": ("VARCHAR", NAMES),
    "request": ("VARCHAR", st.sampled_from(["1", "0", "12x", "9223372036854775807", "9223372036854775808", "1" * 20])),
    "session": ("VARCHAR", NAMES),
    "position": ("INTEGER", st.sampled_from([0, 1, 127, 128, 255, 256, 32_767, 32_768, -1])),
    "seconds": ("DOUBLE", st.sampled_from([0.0, 0.1, 1e6, 1e6 + 1, -1.0, -0.5, float("inf"), NAN])),
    "furthest": ("DOUBLE", st.sampled_from([0.0, 7.25, -1.0])),
    "replays": ("SMALLINT", st.sampled_from([0, 3, -1])),
    "long_view": ("BOOLEAN", st.booleans()),
    "text": ("VARCHAR", st.sampled_from(["", "words", "æ" * 300, "w" * 70_000])),
    "duration": ("DOUBLE", st.sampled_from([0.0, 12.5])),
    "hashtag": ("VARCHAR", NAMES),
    "hashtags": ("VARCHAR[]", st.lists(NAMES, max_size=3)),
}


def _rows() -> st.SearchStrategy[Row]:
    kinds = st.one_of(st.sampled_from([kind.wire for kind in (*PLAIN, Kind.VIDEO, Kind.HIDE)]), st.just("dance"))
    often = {name: values for name, (_, values) in FIELDS.items() if name in ("viewer", "video", "at", "seconds")}
    seldom = {name: values for name, (_, values) in FIELDS.items() if name not in often}
    return st.one_of(
        st.fixed_dictionaries({"id": NAMES, "kind": kinds}, optional={**often, **seldom}),
        st.fixed_dictionaries({"id": NAMES, "kind": kinds}, optional=often),
        st.fixed_dictionaries({"kind": kinds, "id": NAMES, "viewer": st.just("v"), "video": st.just("w")}),
    )


def _written(path: Path, rows: list[Row]) -> Path:
    """A file with a column for every field."""
    types = {"id": "VARCHAR", "kind": "VARCHAR", **{name: kind for name, (kind, _) in FIELDS.items()}}
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({columns})")
        marks = ", ".join("?" * len(types))
        connection.executemany(f"insert into t values ({marks})", [[row.get(name) for name in types] for row in rows])
        connection.execute(f"copy t to '{path}' (format parquet)")
    return path


def _taken(path: Path) -> tuple[Batch, list[tuple[int, str, str, str]]]:
    done, refused = [], []
    for chunk in files.read(path):
        batch, no = chunk.columns(NOW)
        done.append(batch)
        refused += [(chunk.numbers[each.index], each.field, each.problem, each.expected) for each in no]
        assert all(chunk.found(each.index) is not None for each in no)
    return Batch.concat(done), refused


def _empty(value: object) -> bool:
    return value is None or value == [] or value is NAN


@settings(max_examples=40, deadline=None)
@given(st.lists(_rows(), min_size=1, max_size=12))
def test_columns_say_what_the_rows_one_by_one_say(rows: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        batch, refused = _taken(_written(Path(folder) / "e.parquet", rows))
    order = ("id", "kind", *FIELDS)
    sent = [{name: row[name] for name in order if not _empty(row.get(name))} for row in rows]
    expected, no = to_columns(from_objects(sent, strict=False), NOW)
    assert refused == [(each.index + 1, each.field, each.problem, each.expected) for each in no]
    assert len(batch) == len(expected)
    for name in expected:
        np.testing.assert_array_equal(batch[name], expected[name], err_msg=name)


def test_one_bad_row_is_named_and_sinks_no_other(tmp_path: Path) -> None:
    rows: list[Row] = [{"id": f"e{i}", "kind": "like", "viewer": "v", "video": "w", "at": NOW} for i in range(300)]
    rows[170] = {"id": "bad", "kind": "like", "video": "w"}
    batch, refused = _taken(_written(tmp_path / "e.parquet", rows))
    assert len(batch) == 299
    assert [(number, field) for number, field, *_ in refused] == [(171, "viewer")]


def test_files_of_many_row_groups_keep_their_order_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    with duckdb.connect() as connection:
        rows = "select 'e' || i as id, if(i = 130000, 'dance', 'like') as kind, 'v' as viewer, 'w' || i as video"
        connection.execute(f"copy ({rows} from range(150000) t(i)) to '{path}' (format parquet)")
    batch, refused = _taken(path)
    assert [(number, field) for number, field, *_ in refused] == [(130_001, "kind")]
    sent = [msgspec.msgpack.decode(raw)["id"] for raw in batch["raw"][::1000].tolist()]
    assert sent == [f"e{i}" for i in (*range(0, 130_000, 1000), *range(130_001, 150_000, 1000))]


def test_tables_with_other_columns_or_types_are_read_one_by_one() -> None:
    assert tables.known({"id": "VARCHAR", "kind": "VARCHAR", "at": "TIMESTAMP WITH TIME ZONE", "hashtags": "VARCHAR"})
    assert not tables.known({"id": "VARCHAR", "kind": "VARCHAR", "at": "VARCHAR"})
    assert not tables.known({"id": "VARCHAR", "kind": "VARCHAR", "what": "VARCHAR"})
    assert not tables.known({"id": "VARCHAR", "kind": "VARCHAR", "seconds": "FLOAT"})


@pytest.mark.parametrize("length", [1, 7, 8, 127, 128, 129, 256, 1000])
def test_ids_of_many_names_are_those_of_each(length: int) -> None:
    names = ["n" * length, "n" * length, "", "m" * length]
    ends = np.cumsum([0, *map(len, names)])
    texts = Texts(np.ones(4, np.bool_), ends, np.frombuffer("".join(names).encode(), np.uint8))
    assert ids_in("viewer", texts).tolist() == [id_of("viewer", name) for name in names]


def test_a_refusal_says_where_the_row_is(tmp_path: Path) -> None:
    path = _written(tmp_path / "e.parquet", [{"id": "a", "kind": "dance"}])
    (chunk,) = files.read(path)
    _, (no,) = chunk.columns(NOW)
    assert isinstance(no, Refusal)
    assert files.readable(chunk.found(no.index)) is not None
