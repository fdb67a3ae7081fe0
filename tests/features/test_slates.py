"""Finding a slate in the log by its request."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from foryou.backends.memory import MemoryLog
from foryou.backends.tables import Tables
from foryou.core.batch import Batch
from foryou.features.slates import MOMENT, SLATES, find_slate, fold_slate, forget_slates


def logged(requests: Sequence[int]) -> tuple[Tables, MemoryLog]:
    """A log with a slate of each request, and an event between any two."""
    store, log = Tables(), MemoryLog()
    store.create(SLATES)
    for request in requests:
        log.append("events", Batch({"id": np.array([request])}))
        rows = Batch({"request": np.full(2, request, np.int64)})
        fold_slate(store, rows, log.append("served", rows))
    return store, log


def request(moment: int, count: int) -> int:
    return moment << MOMENT | count


def test_every_slate_is_found_whatever_came_between() -> None:
    requests = [request(moment, count) for moment in (5, 6, 900) for count in range(20)]
    store, log = logged(requests)
    assert len(store.scan(SLATES.name)[0]) == 3
    for offset, each in enumerate(requests, 1):
        record = find_slate(store, log, "served", each)
        assert record is not None
        assert (record.offset, record.stream, record.rows["request"].tolist()) == (2 * offset, "served", [each, each])


def test_what_was_never_logged_is_not_found() -> None:
    store, log = logged([request(5, 1), request(7, 1)])
    for each in (request(5, 2), request(4, 1), request(7, 2), request(6, 1), 0):
        assert find_slate(store, log, "served", each) is None


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (0, 2, 1, 3), (2, 0, 3, 1)])
def test_slates_of_several_processes_may_come_a_little_out_of_order(order: tuple[int, ...]) -> None:
    requests = [request(5, 1), request(5, 9), request(6, 1), request(6, 2)]
    store, log = logged([requests[which] for which in order])
    for each in requests:
        assert find_slate(store, log, "served", each) is not None


def test_old_moments_are_forgotten() -> None:
    store, log = logged([request(5, 1), request(6, 1), request(7, 1)])
    forget_slates(store, request(7, 0))
    assert find_slate(store, log, "served", request(6, 1)) is None
    assert find_slate(store, log, "served", request(7, 1)) is not None
