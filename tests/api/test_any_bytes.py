"""Whatever comes in, it is read or refused in words: no bytes make a parser fail in another way."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.api.decode import decode, from_lines
from foryou.api.files import FORMATS, read, readable, rows_in
from foryou.api.inflate import TooLarge, inflated
from foryou.api.schema import FIELDS, Event, Refusal
from foryou.client import _as_raised
from foryou.core.errors import ForYouError, InvalidEvent, SettingsError

EVENT = {"id": "e", "kind": "watch", "viewer": "ada", "video": "v1", "seconds": 3.5, "at": 1_700_000_000_000}


def mutated(whole: bytes) -> st.SearchStrategy[bytes]:
    """Bytes with some of them changed, left out, or others put between."""
    cut = st.tuples(st.integers(0, len(whole)), st.integers(0, 4), st.binary(max_size=4))
    return st.lists(cut, min_size=1, max_size=4).map(lambda cuts: _mutate(whole, cuts))


def _mutate(whole: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for at, removed, put in cuts:
        whole = whole[:at] + put + whole[at + removed :]
    return whole


JSON, PACKED = msgspec.json.encode([EVENT, EVENT]), msgspec.msgpack.encode([EVENT, EVENT])


@given(st.binary(max_size=60) | mutated(JSON) | mutated(PACKED), st.booleans())
@settings(max_examples=300)
def test_any_body_is_read_or_refused_with_a_field(body: bytes, packed: bool) -> None:
    try:
        rows = decode(body, packed)
    except InvalidEvent as refused:
        assert refused.field == "body"
        return
    assert rows
    for index, row in enumerate(rows):
        assert isinstance(row, Event) or (row.index == index and row.field and row.expected)


@pytest.mark.parametrize("deep", [b"[" * 5_000, b'{"id":' * 5_000, b"\x91" * 5_000, b"\x81\xa1a" * 5_000])
def test_a_body_nested_too_deeply_is_refused(deep: bytes) -> None:
    for packed in (False, True):
        try:
            assert all(isinstance(row, Refusal) for row in decode(deep, packed))
        except InvalidEvent as refused:
            assert refused.field == "body"


@given(st.lists(st.binary(max_size=40) | mutated(msgspec.json.encode(EVENT)), min_size=1, max_size=5))
@settings(max_examples=150)
def test_any_line_is_an_event_or_refused_with_its_number(lines: list[bytes]) -> None:
    rows = from_lines(lines)
    assert len(rows) == len(lines)
    for index, row in enumerate(rows):
        assert isinstance(row, Event) or row.index == index


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A good file of each format, as bytes."""
    line = msgspec.json.encode(EVENT) + b"\n"
    table = ",".join(EVENT).encode() + b"\n" + ",".join(map(str, EVENT.values())).encode() + b"\n"
    path = tmp_path_factory.mktemp("whole") / "events.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'e' as id, 'watch' as kind, 'v1' as video, 3.5 as seconds) to '{path}'")
    plain = {".parquet": path.read_bytes(), ".csv": table, ".jsonl": line * 2, ".ndjson": line}
    return {**plain, ".csv.gz": gzip.compress(table), ".jsonl.gz": gzip.compress(line * 20)}


@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data())
@settings(max_examples=25)
def test_any_file_is_read_or_refused_by_name(
    format_: str, data: st.DataObject, whole: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{format_}"
    path.write_bytes(data.draw(st.binary(max_size=50) | mutated(whole[format_])))
    for ask in (lambda: rows_in(path), lambda: [chunk.columns(1_700_000_000_000) for chunk in read(path)]):
        try:
            ask()
        except ForYouError as refused:
            assert isinstance(refused, SettingsError)
            assert path.name in str(refused)


CELLS = {
    "boolean": st.booleans().map(str),
    "tinyint": st.integers(-128, 127).map(str),
    "hugeint": st.integers(-(1 << 126), 1 << 126).map(str),
    "decimal(18,3)": st.integers(-(10**9), 10**9).map(lambda n: f"{n}.125"),
    "double": st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.sampled_from(["'nan'", "'-inf'"]),
    "date": st.sampled_from(["'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'infinity'"]),
    "timestamp": st.sampled_from(["'2024-02-29 12:00:00.123456'", "'1969-12-31'", "'-infinity'"]),
    "timestamptz": st.sampled_from(["'2024-02-29 12:00:00+02'", "'epoch'"]),
    "time": st.just("'12:00'"),
    "interval": st.just("'3 days'"),
    "blob": st.sampled_from(["''", "'\\xAA\\xFF'"]),
    "uuid": st.just("'7f9c24e5-2f35-4c4d-9f4d-1d6bb1c2a0ff'"),
    "varchar": st.text("aé '\n\",", max_size=6).map(lambda text: "'" + text.replace("'", "''") + "'"),
    "varchar[]": st.sampled_from(["['a', null]", "[]", "['']"]),
    "integer[]": st.just("[1, 2]"),
    "struct(a integer)": st.just("{'a': 1}"),
    "map(varchar, integer)": st.just("map {'a': 1}"),
}
"""Values in SQL, by their type."""


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A query whose columns have the names of events' fields, or odd ones, and any types."""
    names = draw(st.lists(st.sampled_from((*FIELDS, "ID", 'od"d', " ")), unique_by=str.lower, min_size=1, max_size=6))
    types = [draw(st.sampled_from(sorted(CELLS))) for _ in names]
    rows = [
        "select " + ", ".join(
            f"cast({draw(st.just('null') | CELLS[kind])} as {kind}) as \"{name.replace(chr(34), chr(34) * 2)}\""
            for name, kind in zip(names, types, strict=True)
        )
        for _ in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    return " union all ".join(rows)


@pytest.mark.parametrize("format_", [".parquet", ".csv"])
@given(query=tables())
@settings(max_examples=60)
def test_a_table_of_any_types_is_read_row_by_row_or_refused_by_name(
    format_: str, query: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"types{format_}"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{path}'")
    try:
        chunks = list(read(path))
    except SettingsError as refused:
        assert path.name in str(refused)
        return
    for chunk in chunks:
        batch, no = chunk.columns(1_700_000_000_000)
        assert len(batch) + len(no) == len(chunk.numbers)
        for index in range(len(chunk.numbers)):
            msgspec.json.encode(readable(chunk.found(index)))


def test_a_file_that_ends_too_early_is_refused_by_name(tmp_path: Path, whole: dict[str, bytes]) -> None:
    for format_ in (".parquet", ".jsonl.gz", ".csv.gz"):
        path = tmp_path / f"cut{format_}"
        path.write_bytes(whole[format_][:-12])
        with pytest.raises(SettingsError, match=rf"cannot read .*cut\{format_}"):
            list(read(path))


@given(st.data(), st.binary(max_size=400), st.integers(1, 1_000))
@settings(max_examples=200)
def test_any_compressed_body_is_inflated_or_refused_and_never_grows_beyond_its_bound(
    data: st.DataObject, body: bytes, most: int
) -> None:
    zipped = gzip.compress(body * data.draw(st.integers(1, 50)), mtime=0)
    sent = data.draw(st.just(zipped) | st.just(zipped * 2) | mutated(zipped) | st.binary(max_size=40))
    held = 0

    def hold(count: int) -> None:
        nonlocal held
        held += count

    try:
        whole = inflated(sent, most, hold)
    except InvalidEvent as refused:
        assert refused.field == "body"
        assert held <= most
        assert not isinstance(refused, TooLarge) or sent != zipped or len(gzip.decompress(zipped)) > most
        return
    assert held == len(whole) <= most
    if sent == zipped:
        assert whole == gzip.decompress(zipped)


FAILURE = msgspec.json.encode({"error": {"field": "n", "problem": "is 0", "expected": "1 to 100"}})


@given(st.integers(400, 599), st.binary(max_size=40) | mutated(FAILURE), st.text(max_size=5) | st.just("3"))
@settings(max_examples=200)
def test_any_answer_that_is_no_success_is_an_error_of_ours(status: int, body: bytes, after: str) -> None:
    assert str(_as_raised(status, body, after))
