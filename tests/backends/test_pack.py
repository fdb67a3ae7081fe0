"""Packing keeps every bit, and notices every bit that was lost."""

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foryou.backends.pack import deflated, pack, unpack
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.core.event import events

DTYPES = st.sampled_from(
    [
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint64",
        "float16",
        "float32",
        "float64",
        "bool",
        ">i4",
        "S3",
        "U2",
        "datetime64[ms]",
        "complex64",
    ]
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    rows = draw(st.integers(0, 12))
    columns: dict[str, np.ndarray] = {}
    for name in draw(st.lists(st.text(max_size=6), unique=True, max_size=5)):
        width = draw(st.sampled_from([(), (1,), (3,), (0,), (2, 2)]))
        if draw(st.booleans()):
            column = draw(hnp.arrays(draw(DTYPES), (rows, *width)))
        else:
            column = np.empty((rows, *width), object)
            column.reshape(-1)[:] = draw(st.lists(st.binary(max_size=9), min_size=column.size, max_size=column.size))
        if rows and draw(st.booleans()):
            column = np.repeat(column[:1], rows, axis=0)
        columns[name] = column
    return Batch(columns, rows)


def same(left: Batch, right: Batch) -> bool:
    """Whether every column is, bit for bit."""
    return (
        list(left) == list(right)
        and len(left) == len(right)
        and all(
            (a.dtype, a.shape) == (b.dtype, b.shape)
            and (a.tolist() == b.tolist() if a.dtype.hasobject else a.tobytes() == b.tobytes())
            for a, b in zip(left.columns.values(), right.columns.values(), strict=True)
        )
    )


@given(batches())
@settings(max_examples=150, deadline=None)
def test_what_is_unpacked_is_what_was_packed(batch: Batch) -> None:
    assert same(unpack(pack(batch)), batch)


@given(batches(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_payload_with_a_changed_byte_or_cut_short_is_refused_or_reads_the_same(
    batch: Batch, data: st.DataObject
) -> None:
    payload = bytearray(pack(batch))
    at = data.draw(st.integers(0, len(payload) - 1))
    with pytest.raises(BackendError):
        unpack(bytes(payload[:at]))
    payload[at] ^= data.draw(st.integers(1, 255))
    with suppress(BackendError):
        assert same(unpack(bytes(payload)), batch)  # the padding of the head says nothing


@given(batches(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_payload_made_wrong_on_purpose_is_read_or_refused(batch: Batch, data: st.DataObject) -> None:
    """Whoever writes a wrong directory can write the right checksum of it."""
    head = struct.Struct("<3sBBxxxIIQ")
    payload = pack(batch)
    magic, version, flags, _, directory, _ = head.unpack_from(payload)
    body = bytearray(zlib.decompress(payload[24:]) if flags else payload[24:])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, directory - 1))] = data.draw(st.integers(0, 255))
    wrong = head.pack(magic, version, 0, zlib.crc32(body), directory, len(body)) + body
    with suppress(BackendError):
        unpack(wrong)


def test_a_type_that_is_no_type_is_refused() -> None:
    payload = pack(Batch({"x": np.arange(3.0)}))
    for wrong in (b"<8)", b"<f0", b"(1,", b"08,"):
        body = payload[24:].replace(b"<f8", wrong)
        with pytest.raises(BackendError, match="is damaged"):
            unpack(struct.pack("<3sBBxxxI", b"FYB", 1, 0, zlib.crc32(body)) + payload[12:24] + body)


def test_a_zero_and_a_negative_zero_are_not_a_constant() -> None:
    batch = Batch({"x": np.array([0.0, -0.0, 0.0]), "y": np.full(3, np.nan)})
    assert same(unpack(pack(batch)), batch)


def test_a_strided_column_is_packed_as_it_reads() -> None:
    wide = np.arange(12).reshape(3, 4)
    assert unpack(pack(Batch({"x": wide[:, 1]})))["x"].tolist() == [1, 5, 9]


def test_columns_that_say_nothing_take_next_to_no_room() -> None:
    watched = events({"id": np.arange(1_000), "viewer": np.full(1_000, 7)})
    assert len(pack(watched)) < 3_000


def test_a_batch_of_another_format_says_so() -> None:
    payload = bytearray(pack(Batch({"x": np.arange(3)})))
    payload[3] = 9
    with pytest.raises(BackendError, match=r"format 9\.0.*upgrade"):
        unpack(bytes(payload))
    with pytest.raises(BackendError, match="not a packed batch"):
        unpack(b"SQLite format 3\x00" * 4)


def test_objects_other_than_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match="column 'x' holds a str; object columns hold bytes"):
        pack(Batch({"x": np.array(["a"], object)}))


def test_columns_come_back_aligned_for_compiled_code() -> None:
    batch = Batch(
        {"odd": np.arange(5, dtype=np.int8), "x": np.arange(5), "text": np.array([b"abc"] * 4 + [b""], object)}
    )
    assert all(column.flags.aligned and column.flags.c_contiguous for column in unpack(pack(batch)).columns.values())


@given(batches())
def test_deflating_later_is_deflating_at_once(batch: Batch) -> None:
    assert deflated(pack(batch, deflate=False)) == pack(batch)
    assert deflated(pack(batch)) == pack(batch)


def test_a_row_that_stands_for_all_is_stored_once() -> None:
    row = np.arange(1_000)
    one = Batch({"wide": np.broadcast_to(row, (50, 1_000))})
    assert len(pack(one, deflate=False)) < 1.1 * row.nbytes
    assert (unpack(pack(one))["wide"] == row).all()
