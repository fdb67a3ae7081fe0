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
from foryou.api.files import FORMATS, read, rows_in
from foryou.api.schema import Event, Refusal
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
    for ask in (lambda: rows_in(path), lambda: [row for chunk in read(path) for row in chunk.rows]):
        try:
            ask()
        except ForYouError as refused:
            assert isinstance(refused, SettingsError)
            assert path.name in str(refused)


def test_a_file_that_ends_too_early_is_refused_by_name(tmp_path: Path, whole: dict[str, bytes]) -> None:
    for format_ in (".parquet", ".jsonl.gz", ".csv.gz"):
        path = tmp_path / f"cut{format_}"
        path.write_bytes(whole[format_][:-12])
        with pytest.raises(SettingsError, match=rf"cannot read .*cut\{format_}"):
            list(read(path))
