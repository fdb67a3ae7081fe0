"""What a viewer has seen: all of it for as long as it is kept, in no more rows than that takes."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.core.clock import DAY
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features.seen import CHUNK, KEPT, SEEN, rows_of, unseen
from tests.streams import START, Row, cut, differences, log, store_of

DAY_MIN = 1440


def shown(video: int, day: float, viewer: int = 10) -> Row:
    return {"kind": Kind.IMPRESSION, "viewer": viewer, "video": video, "at": day * DAY_MIN}


def seen(store: Store, videos: range, since: float, viewer: int = 10) -> list[int]:
    item = np.array(videos)
    return item[~unseen(store, viewer, item, START + int(since * DAY))].tolist()


@pytest.mark.mission("NO-26")
def test_all_that_was_seen_is_known_however_much_it_is() -> None:
    store = store_of(log(*(shown(1_000 + n, n / 10, 10 + n % 2) for n in range(20 * CHUNK))))
    assert seen(store, range(900, 2_000), -1) == list(range(1_000, 1_000 + 20 * CHUNK, 2))
    assert seen(store, range(900, 2_000), -1, 11) == list(range(1_001, 1_000 + 20 * CHUNK, 2))
    assert seen(store, range(900, 2_000), 10) == list(range(1_100, 1_000 + 20 * CHUNK, 2))


def test_what_is_seen_again_counts_from_then() -> None:
    again = [shown(1_000, 0), *(shown(2_000 + n, 1) for n in range(2 * CHUNK)), shown(1_000, 5)]
    store = store_of(log(*again))
    assert seen(store, range(1_000, 1_002), 5) == [1_000]
    assert seen(store, range(1_000, 1_002), 5.001) == []


def test_rows_of_what_is_kept_no_longer_take_what_is_new() -> None:
    """Two a day for two years are as many rows as 90 days need, with some room to turn."""
    store = store_of(log(*(shown(1_000 + n, n / 2) for n in range(2 * 730))))
    need = 2 * 90 // CHUNK + 1
    assert need <= len(rows_of(store, 10)) <= need + 3
    assert len(store.scan(SEEN.name)[0]) == len(rows_of(store, 10))
    last = 1_000 + 2 * 730
    assert set(range(last - 180, last)) <= set(seen(store, range(900, last + 9), 730 - KEPT / DAY))


def test_however_the_log_is_cut_the_rows_are_the_same() -> None:
    rng = np.random.default_rng(3)
    days = np.cumsum(rng.choice([0.01, 0.4, 60.0], 600, p=[0.85, 0.13, 0.02]))
    batch = log(
        *(
            shown(int(video), day, int(viewer))
            for video, day, viewer in zip(rng.integers(1, 400, 600), days, rng.integers(10, 13, 600), strict=True)
        )
    )
    whole = store_of(batch)
    assert max(whole.scan(SEEN.name)[1]["oldest"]) > 0
    assert differences(whole, store_of(*cut(batch, range(600)))) == []
    assert differences(whole, store_of(*cut(batch, range(0, 600, 170)))) == []
