"""Files with changed bytes: what is read is what was written, or it is refused; nothing fails in another way."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foryou.backends.memory import MemoryLog
from foryou.backends.models import Models, read_state
from foryou.backends.pipe import Answering, Asking
from foryou.backends.spool import Spool, Spooled
from foryou.backends.states import States
from foryou.backends.tables import Tables
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.core.table import Field, Table

STATE = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "keys": np.array([3, 1, 2]), "none": np.zeros(0)}
TABLE = Table("wide", (Field("x", "float32", 4, np.nan), Field("n", "int8")))
KEYS = np.array([3, 1, 2], np.int64)

again = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
FLIPS = st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), min_size=1, max_size=3)
"""Where, of as many bytes as there are, and which bits."""


def flipped(whole: bytes, flips: list[tuple[int, int]], cut: int | None) -> bytes:
    changed = bytearray(whole)
    for at, bits in flips:
        changed[at % len(whole)] ^= bits
    return bytes(changed if cut is None else changed[: cut % len(whole)])


DAMAGE = st.tuples(FLIPS, st.none() | st.integers(0, 1 << 20))


@given(damage=DAMAGE)
@again
def test_a_state_of_the_learner_is_whole_or_not_there(
    damage: tuple[list[tuple[int, int]], int | None], tmp_path: Path
) -> None:
    states = States(tmp_path)
    states.write(7, STATE)
    path = tmp_path / "7.npz"
    path.write_bytes(flipped(path.read_bytes(), *damage))
    read = states.read(7)
    if read is not None:
        _same(read)


@given(damage=DAMAGE)
@again
def test_a_version_of_the_model_is_whole_or_refused(
    damage: tuple[list[tuple[int, int]], int | None], tmp_path: Path
) -> None:
    Models(tmp_path).keep("r-1", STATE, {"version": "r-1", "learned": 1})
    path = tmp_path / "r-1.npz"
    path.write_bytes(flipped(path.read_bytes(), *damage))
    with suppress(BackendError):
        _same(read_state(path))


def _same(read: object) -> None:
    assert isinstance(read, dict)
    for name, values in read.items():
        assert values.tobytes() == STATE[name].tobytes()
        assert (values.dtype, values.shape) == (STATE[name].dtype, STATE[name].shape)
    assert set(read) == set(STATE)


@given(damage=DAMAGE)
@again
def test_a_version_whose_description_is_damaged_is_still_listed_and_goes_first(
    damage: tuple[list[tuple[int, int]], int | None], tmp_path: Path
) -> None:
    for left in tmp_path.iterdir():
        left.unlink()
    models = Models(tmp_path, most=2)
    models.keep("r-1", STATE, {"version": "r-1"})
    path = tmp_path / "r-1.json"
    path.write_bytes(flipped(path.read_bytes(), *damage))
    assert [row["version"] for row in models.all()] == ["r-1"]
    models.keep("r-2", STATE, {"version": "r-2"})
    models.keep("r-3", STATE, {"version": "r-3"})
    assert [row["version"] for row in models.all()] == ["r-2", "r-3"]


@given(damage=DAMAGE, name=st.sampled_from(["manifest", "0.columns"]))
@again
def test_saved_tables_are_whole_or_those_before_are_read(
    damage: tuple[list[tuple[int, int]], int | None], name: str, tmp_path: Path
) -> None:
    store = Tables(tmp_path)
    store.create(TABLE)
    for offset in (5, 6):
        rows = {"x": np.arange(12, dtype=np.float32).reshape(3, 4) + offset, "n": np.full(3, offset, np.int8)}
        store.write("wide", KEYS, Batch(rows))
        store.save(offset)
    newest = max(tmp_path.glob("save-*"))
    path = newest / name
    path.write_bytes(flipped(path.read_bytes(), *damage))
    again_ = Tables(tmp_path)
    again_.create(TABLE)
    offset = again_.load()
    assert offset in (5, 6)
    assert again_.read("wide", KEYS)["n"].tolist() == [offset] * 3
    assert again_.read("wide", KEYS)["x"][0].tolist() == [offset, offset + 1, offset + 2, offset + 3]


def test_a_save_of_the_format_before_is_read(tmp_path: Path) -> None:
    store = Tables(tmp_path)
    store.create(TABLE)
    store.write("wide", KEYS, Batch({"x": np.zeros((3, 4), np.float32), "n": np.full(3, 9, np.int8)}))
    store.save(5)
    (path,) = tmp_path.glob("save-*/manifest")
    told = msgspec.msgpack.decode(path.read_bytes()[:-4])
    path.write_bytes(msgspec.msgpack.encode({**told, "format": 1}))
    store = Tables(tmp_path)
    store.create(TABLE)
    assert store.load() == 5
    assert store.read("wide", KEYS)["n"].tolist() == [9] * 3


@given(flips=FLIPS)
@again
def test_what_is_taken_from_a_damaged_spool_is_what_was_put_first(flips: list[tuple[int, int]], tmp_path: Path) -> None:
    putting = Spool(tmp_path, "a")
    for number in range(5):
        putting.put(Batch({"n": np.array([number])}))
    length = putting._at
    putting.close()
    path = tmp_path / "a-1"
    with path.open("r+b") as file:
        whole = file.read(length)
        file.seek(0)
        file.write(flipped(whole, flips, None))
    spooled = Spooled(tmp_path, MemoryLog())
    taken = [int(rows["n"][0]) for rows, _ in spooled.take()]
    assert taken == list(range(len(taken)))
    spooled.close()
    path.unlink()


def test_who_asks_nonsense_is_sent_away_and_others_are_answered(tmp_path: Path) -> None:
    answering = Answering(tmp_path / "socket", lambda what, body: body * 2)
    ask = Asking(tmp_path / "socket")

    @given(frame=st.binary(max_size=30) | st.recursive(st.integers() | st.text(), st.lists).map(msgspec.json.encode))
    @settings(max_examples=100)
    def nonsense(frame: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            other.connect(str(tmp_path / "socket"))
            other.settimeout(5)
            other.sendall(struct.pack("<I", len(frame)) + frame)
            assert other.recv(1) == b""
        assert ask("double", b"x") == b"xx"

    nonsense()
    ask.close()
    answering.close()


@pytest.mark.parametrize("length", [1, 1 << 31, (1 << 32) - 1])
def test_who_announces_more_than_comes_is_in_nobodys_way(length: int, tmp_path: Path) -> None:
    answering = Answering(tmp_path / "socket", lambda what, body: body)
    ask = Asking(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.connect(str(tmp_path / "socket"))
        other.sendall(struct.pack("<I", length))
        assert ask("same", b"x") == b"x"
    ask.close()
    answering.close()
