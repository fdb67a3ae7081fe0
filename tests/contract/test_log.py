"""What every log does, in memory or in a file."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from foryou.backends.log import SqliteLog
from foryou.backends.memory import MemoryLog
from foryou.core.batch import Batch
from foryou.core.ports import Log, Record


@pytest.fixture(params=["memory", "file"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    makers: dict[str, Callable[[], Log]] = {"memory": MemoryLog, "file": lambda: SqliteLog(tmp_path / "log.sqlite")}
    opened = makers[request.param]()
    yield opened
    opened.close()


def rows(*items: int) -> Batch:
    item = np.array(items, np.int64)
    return Batch(
        {"item": item, "score": item.astype(np.float32) / 2, "raw": np.array([b"x" * i for i in items], object)}
    )


def items(log: Log, after: int = 0, streams: tuple[str, ...] = ()) -> list[tuple[int, str, list[int]]]:
    return [(r.offset, r.stream, r.rows["item"].tolist()) for r in log.read(after, streams)]


def test_an_empty_log_ends_at_zero_and_has_nothing_to_read(log: Log) -> None:
    assert log.end == 0
    assert items(log) == []


def test_what_is_appended_is_read_at_once_in_order(log: Log) -> None:
    assert [log.append("events", rows(1, 2)), log.append("served", rows(3))] == [1, 2]
    assert items(log) == [(1, "events", [1, 2]), (2, "served", [3])]
    assert log.end == 2


def test_reading_sees_the_same_before_and_after_a_sync(log: Log) -> None:
    for number in range(100):
        log.append("events", rows(number))
        if number % 7 == 0:
            log.sync()
    before = items(log)
    log.sync()
    assert items(log) == before == [(n + 1, "events", [n]) for n in range(100)]


def test_marks_come_with_their_batches_until_they_are_forgotten(log: Log) -> None:
    log.append("served", rows(1), ("a", 10))
    log.append("served", rows(2), ("b", 5))
    log.sync()
    log.append("served", rows(3), ("a", 20))
    assert log.marks() == {"a": 20, "b": 5}
    log.unmark(["a"])
    log.sync()
    assert log.marks() == {"b": 5}


def test_reading_starts_after_an_offset_and_keeps_to_the_named_streams(log: Log) -> None:
    for number in range(40):
        log.append(("events", "served", "other")[number % 3], rows(number))
        if number == 20:
            log.sync()
    assert [offset for offset, *_ in items(log, after=30)] == list(range(31, 41))
    assert [offset for offset, *_ in items(log, 10, ("served",))] == [n + 1 for n in range(10, 40) if n % 3 == 1]
    assert {stream for _, stream, _ in items(log, 0, ("served", "other"))} == {"served", "other"}
    assert items(log, 0, ("nobody",)) == []
    assert items(log, after=40) == []


def test_a_batch_comes_back_with_its_types_and_widths(log: Log) -> None:
    batch = Batch({"wide": np.arange(6, dtype=np.int16).reshape(3, 2), "nothing": np.full(3, np.nan, np.float32)})
    log.append("events", batch)
    log.sync()
    (record,) = log.read()
    assert record.rows["wide"].dtype == np.int16
    assert record.rows["wide"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert np.isnan(record.rows["nothing"]).all()


def test_an_empty_batch_has_an_offset_too(log: Log) -> None:
    log.append("events", rows())
    assert items(log) == [(1, "events", [])]


def test_one_may_append_while_reading(log: Log) -> None:
    for number in range(50):
        log.append("events", rows(number))
    seen = []
    for record in log.read():
        seen.append(record.offset)
        if record.offset <= 50:
            log.append("copies", record.rows)
            log.sync()
    assert seen[:50] == list(range(1, 51))
    assert log.end == 100
    assert [c for _, _, (c,) in items(log, 0, ("copies",))] == list(range(50))


def test_trimming_keeps_some_columns_of_the_batches_before_an_offset(log: Log) -> None:
    for number in range(1, 41):
        log.append("served" if number % 2 else "events", rows(number))
    assert log.trim("served", 31, ("item", "score")) == 15
    thinned = {r.offset for r in log.read() if "raw" not in r.rows}
    assert thinned == set(range(1, 30, 2))
    assert items(log) == [(n, "served" if n % 2 else "events", [n]) for n in range(1, 41)]


def test_trimming_again_changes_only_what_is_new(log: Log) -> None:
    for number in range(1, 21):
        log.append("served", rows(number))
    assert log.trim("served", 11, ("item",)) == 10
    assert log.trim("served", 16, ("item",)) == 5
    assert log.trim("served", 16, ("item", "score", "raw")) == 0


def test_trimming_to_no_columns_removes_the_batches(log: Log) -> None:
    for number in range(1, 11):
        log.append("served" if number > 5 else "events", rows(number))
    assert log.trim("served", 8, ()) == 2
    assert [offset for offset, *_ in items(log)] == [1, 2, 3, 4, 5, 8, 9, 10]


def test_an_offset_is_never_given_twice_even_after_the_last_batch_was_removed(log: Log) -> None:
    log.append("served", rows(1))
    log.append("served", rows(2))
    log.trim("served", 3, ())
    assert log.end == 2
    assert log.append("served", rows(3)) == 3


def test_reading_for_some_bytes_brings_the_batches_that_hold_them_and_may_bring_others(log: Log) -> None:
    for number in range(1, 31):
        log.append("events", Batch({"item": np.array([10**12 + number, number])}))
        if number == 15:
            log.sync()
    wanted = (10**12 + 7).to_bytes(8, "little")
    found = [record.offset for record in log.read(0, ("events",), (wanted,))]
    assert 7 in found
    assert list(log.read(7, ("events",), (b"not in any of them",))) == [] or len(found) == 30


def test_rewriting_takes_rows_out_and_leaves_offsets_as_they_are(log: Log) -> None:
    for number in range(1, 41):
        log.append("served" if number % 2 else "events", rows(number, 100 + number % 3))

    def without(record: Record) -> Batch:
        keep = record.rows["item"] > 100
        return record.rows if keep.all() else record.rows.take(keep)

    assert log.rewrite(("served",), 30, without) == 15
    assert log.rewrite(("served",), 30, without) == 0
    left = {offset: item for offset, stream, item in items(log, 0, ("served",))}
    assert [offset for offset, item in left.items() if item[0] < 100] == [31, 33, 35, 37, 39]
    assert all(len(item) == 1 for offset, item in left.items() if offset < 30)
    assert [offset for offset, *_ in items(log, 0, ("events",))] == list(range(2, 41, 2))
    assert log.append("served", rows(1)) == 41


def test_a_batch_that_is_left_with_no_rows_goes(log: Log) -> None:
    log.append("served", rows(1, 2))
    log.append("served", rows(3))
    assert log.rewrite(("served",), 1, lambda record: record.rows.take(np.zeros(2, np.bool_))) == 1
    assert items(log) == [(2, "served", [3])]


def test_the_latest_batch_of_a_stream_is_found_whether_it_is_synced_or_not(log: Log) -> None:
    assert log.latest(("events",)) is None
    log.append("events", rows(1))
    log.append("served", rows(2))
    log.sync()
    for last in (1, 3):
        found = log.latest(("events",))
        assert found is not None
        assert found.rows["item"].tolist() == [last]
        log.append("events", rows(3))


def test_what_is_durable_cannot_be_withdrawn(log: Log) -> None:
    offset = log.append("events", rows(1))
    log.sync()
    assert log.withdraw([offset]) == {offset}
    assert items(log) == [(1, "events", [1])]


def test_many_threads_may_append_and_sync(log: Log) -> None:
    def work(thread: int) -> list[int]:
        offsets = []
        for number in range(20):
            offsets.append(log.append("events", rows(thread, number)))
            log.sync()
        return offsets

    with ThreadPoolExecutor(8) as pool:
        offsets = list(pool.map(work, range(8)))
    read = {offset: item for offset, _, item in items(log)}
    assert sorted(read) == list(range(1, 161))
    assert all(read[offset] == [t, n] for t, mine in enumerate(offsets) for n, offset in enumerate(mine))
