"""The ring of the newest uploads: who gets in, what it says of them, and who has to leave."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.clock import DAY
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features import young
from foryou.features.young import YOUNG
from tests.streams import START, Row, log, store_of


def video(number: int, **more: object) -> Row:
    return {"kind": Kind.VIDEO, "video": number, "id": 10_000 + number, "at": 0, **more}


def ring(store: Store) -> dict[int, tuple[float, float]]:
    """The items of the ring, each with its upload in days from the start, and the exposures that it looks for."""
    _, rows = store.scan(YOUNG.name)
    return {
        int(item): (0.0 if at == 0 else (at - START) / DAY, float(room))
        for item, at, room in zip(rows["item"], rows["uploaded"], rows["room"], strict=True)
        if item
    }


def test_the_young_get_in_once_and_the_old_do_not() -> None:
    old = {"uploaded": START - 40 * DAY}
    store = store_of(log(video(1), video(2, **old), video(1, id=5, language=2)), log(video(3, uploaded=START - DAY)))
    assert ring(store) == {1: (0, 6), 3: (-1, 6)}


def test_exposures_count_and_a_removed_video_is_of_no_age() -> None:
    seen: list[Row] = [{"kind": Kind.WATCH, "viewer": n, "video": 1, "at": 1, "seconds": 4.0} for n in (10, 11)]
    store = store_of(log(video(1, uploaded=START - DAY), video(2), *seen))
    assert ring(store)[1] == (-1, pytest.approx(4, rel=1e-2))
    store = store_of(log(video(1), *seen), log({"kind": Kind.REMOVE, "video": 1, "id": 9, "at": 2}))
    assert ring(store)[1][0] == 0.0
    assert store.read(YOUNG.name, np.array([1]))["uploaded"][0] == 0


def test_in_a_full_ring_the_newest_take_the_places_of_those_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(young, "SIZE", 4)
    store = store_of(log(*(video(n) for n in range(1, 4))), log(*(video(n) for n in range(4, 7))))
    assert sorted(ring(store)) == [3, 4, 5, 6]
    store = store_of(log(*(video(n) for n in range(1, 10))))
    assert sorted(ring(store)) == [6, 7, 8, 9]
    seen = log({"kind": Kind.WATCH, "viewer": 10, "video": 1, "seconds": 4.0, "id": 77})
    store = store_of(log(*(video(n) for n in range(1, 6))), seen)
    assert ring(store)[5][1] == 6, "what left the ring says nothing of who came to its place"
