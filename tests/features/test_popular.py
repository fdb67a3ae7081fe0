"""Boards of the popular: what stands there is what a look at everything would put first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.backends.open import open_backend
from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.core.table import Field, Table
from foryou.features import popular
from foryou.features.fold import TABLES, fold_events
from foryou.features.popular import ANY_LANGUAGE, EVERYWHERE, HALF_LIFE, board_key, faded, read_boards
from tests.streams import FULL, LATER, START, Row, cut, differences, log, store_of

NORWAY = 1


def video(number: int, **more: object) -> Row:
    return {"kind": Kind.VIDEO, "video": number, "id": 10_000 + number, "at": 0, **more}


def likes(*pairs: tuple[int, int], at: float = 10) -> list[Row]:
    return [
        {"kind": Kind.LIKE, "viewer": viewer, "video": about, "at": at + n / 100}
        for n, (viewer, about) in enumerate(pairs)
    ]


def standing(store: Store, country: int, language: int) -> dict[int, float]:
    """What a board says of each video: what counts is what was noted last."""
    item, number, _ = read_boards(store, board_key(np.array([country]), np.array([language])), 99)
    return {int(each): float(score) for each, score in zip(item.ravel(), number.ravel(), strict=True) if each}


def test_a_new_video_is_on_the_boards_of_its_language_and_of_all_languages_and_of_no_country() -> None:
    store = store_of(log(video(1, language=2)))
    assert set(standing(store, EVERYWHERE, 2)) == set(standing(store, EVERYWHERE, ANY_LANGUAGE)) == {1}
    assert standing(store, EVERYWHERE, 3) == standing(store, NORWAY, 2) == {}


def test_likes_put_a_video_on_the_boards_of_their_country_by_its_faded_count() -> None:
    people: list[Row] = [
        {"kind": Kind.VIEWER, "viewer": viewer, "country": NORWAY, "id": 500 + viewer, "at": -9} for viewer in (11, 12)
    ]
    store = store_of(log(*people, video(1, language=2)), log(*likes((11, 1), (12, 1), (13, 1))), trust=FULL)
    for board in ((NORWAY, 2), (NORWAY, ANY_LANGUAGE)):
        count = np.exp2(standing(store, *board)[1] - LATER / HALF_LIFE)
        assert count == pytest.approx(faded(store, np.array([1]), (NORWAY,), LATER)[0, 0], rel=1e-6)
    assert np.exp2(standing(store, EVERYWHERE, 2)[1] - START / HALF_LIFE) == pytest.approx(3.1, rel=0.01)


def test_most_events_of_a_popular_video_write_nothing_and_what_stands_is_at_most_a_fifth_off() -> None:
    store = store_of(log(video(1)), log(*likes(*((viewer, 1) for viewer in range(11, 211)))), trust=FULL)
    noted = store.read("board", popular._rows_of(board_key(np.array([0]), np.array([-1])), np.zeros(1)))["held"][0]
    assert noted < 40
    assert 160 < np.exp2(standing(store, EVERYWHERE, ANY_LANGUAGE)[1] - START / HALF_LIFE) < 201


def test_likes_taken_back_bring_a_video_down_again() -> None:
    back: list[Row] = [{"kind": Kind.UNLIKE, "viewer": viewer, "video": 1, "at": 20} for viewer in (11, 12, 13)]
    store = store_of(log(video(1)), log(*likes((11, 1), (12, 1), (13, 1))))
    high = standing(store, EVERYWHERE, ANY_LANGUAGE)[1]
    store = store_of(log(video(1)), log(*likes((11, 1), (12, 1), (13, 1)), *back))
    assert standing(store, EVERYWHERE, ANY_LANGUAGE)[1] < high - 4


@given(
    st.lists(st.tuples(st.integers(11, 30), st.integers(1, 30), st.integers(0, 20_000)), max_size=120),
    st.lists(st.integers(0, 150), max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_a_board_that_overflows_keeps_the_most_popular_and_knows_no_batches(
    liked: list[tuple[int, int, int]], places: list[int]
) -> None:
    rows = log(
        *(video(n) for n in range(1, 31)),
        *({"kind": Kind.LIKE, "viewer": who, "video": what, "at": at, "id": 1 + n}
          for n, (who, what, at) in enumerate(liked)),
    )  # fmt: skip
    described, acts = rows.take(np.arange(30)), rows.take(np.arange(30, len(rows)))
    with pytest.MonkeyPatch.context() as small:
        small.setattr(popular, "SORTED", 2)
        small.setattr(popular, "CHUNK", 4)
        small.setattr(popular, "BOARD", _narrow())
        store = _stored(described, acts)
        again = _stored(described, *cut(acts, places))
        counts = faded(store, np.arange(1, 31), (EVERYWHERE,), LATER)[0]
        number = np.log2(counts + 0.1 * 2.0 ** ((START - LATER) / HALF_LIFE))
        best = set((np.argsort(-number)[:3] + 1).tolist())
        on = standing(store, EVERYWHERE, ANY_LANGUAGE)
        eighth = np.sort(number)[-8]
        assert {each for each in best if number[each - 1] > eighth + 0.5} <= set(on)
    assert differences(store, again) == []


def _narrow() -> Table:
    return Table("board", tuple(Field(f.name, f.dtype, 4 if f.width > 1 else 1) for f in popular.BOARD.fields))


def _stored(*batches: Batch) -> Store:
    store = open_backend("memory:").store
    store.create(popular.BOARD)
    for table in TABLES:
        if table.name != "board":
            store.create(table)
    for batch in batches:
        fold_events(store, batch)
    return store
