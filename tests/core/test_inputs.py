"""What the ranker is told, and what it is never told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.event import Kind
from foryou.core.heads import HEADS, NAMES
from foryou.core.inputs import FAMILIES, HISTORY_COLUMNS, INPUTS, RATES
from foryou.core.ports import Pairs, Store
from foryou.features.catalog import VIDEO, VIEWER
from foryou.features.hydrate import item_columns, viewer_columns
from foryou.models.linear import Linear
from foryou.models.ranker import Ranker
from foryou.scorers.value import value_of
from foryou.training.examples import ITEM_COLUMNS, VIEWER_COLUMNS
from tests.streams import START, VIDEOS, Row, catalogue, log, store_of

AT = START + 2 * DAY


def columns(store: Store, *item: int, viewer: int = 10) -> Pairs:
    """The model's inputs for some videos beside a viewer."""
    viewers = viewer_columns(store, np.array([viewer]), np.array([AT]), {})
    of = np.zeros(len(item), np.int64)
    rows = Batch(item_columns(store, viewers, of, np.array(item), np.full(len(item), AT)))
    return Pairs(viewers, rows, of)


def test_every_input_is_hydrated_with_its_width_and_nothing_is_infinite() -> None:
    watch: Row = {"kind": Kind.WATCH, "viewer": 10, "video": VIDEOS[0], "seconds": 9.0, "at": 0}
    for store in (store_of(), store_of(catalogue(), log(watch))):
        pairs = columns(store, *VIDEOS, 999)
        for known in INPUTS:
            side = pairs.viewers if known.side == "viewer" else pairs.items
            rows = len(side)
            assert side[known.name].shape == ((rows,) if known.width == 1 else (rows, known.width)), known.name
            assert np.isfinite(side[known.name]).all(), known.name
            if known.kind == "dense":
                assert np.abs(side[known.name]).max() < 8, known.name
    assert set(VIEWER_COLUMNS) <= set(pairs.viewers)
    assert set(ITEM_COLUMNS) <= set(pairs.items)


def test_the_tables_of_inputs_heads_and_families_fit_together() -> None:
    assert set(RATES) == set(NAMES) == {head.name for head in HEADS}
    assert {known.family for known in INPUTS} == set(FAMILIES)
    assert len({known.name for known in INPUTS}) == len(INPUTS)
    assert not {known.name for known in INPUTS} & set(HISTORY_COLUMNS)


@pytest.mark.mission("NO-08")
def test_no_input_and_no_column_of_the_catalogue_is_a_number_of_followers_or_of_views() -> None:
    names = [known.name for known in INPUTS] + [f.name for table in (VIDEO, VIEWER) for f in table.fields]
    for name in names:
        assert not any(word in name for word in ("follower", "views", "popular", "fans", "subscriber")), name
    of_the_author = [known for known in INPUTS if "author" in known.name]
    assert {known.name for known in of_the_author} == {
        "author",
        "author_rates",
        "author_effects",
        "interest_author",
        "lift_author",
    }


@pytest.fixture(scope="module")
def twins() -> Iterator[tuple[int, int]]:
    yield 7001, 7002


def two_authors(twins: tuple[int, int], *more: Row) -> Store:
    """The same video by two authors who have one other video each; something happened to the second author."""
    same = {"kind": Kind.VIDEO, "topics": [5], "duration": 20.0, "language": 1, "at": -10, "uploaded": START - DAY}
    videos: list[Row] = [
        {**same, "video": twins[0], "author": 71}, {**same, "video": twins[1], "author": 72},
        {**same, "video": 7003, "author": 71}, {**same, "video": 7004, "author": 72},
    ]  # fmt: skip
    return store_of(log(*videos), log(*({"id": 1000 + n, **row} for n, row in enumerate(more))))


@pytest.mark.mission("NO-08")
def test_followers_change_nothing_for_those_who_do_not_follow(twins: tuple[int, int]) -> None:
    follows: list[Row] = [{"kind": Kind.FOLLOW, "viewer": 100 + n, "author": 72, "at": n} for n in range(500)]
    pairs = columns(two_authors(twins, *follows), *twins)
    for known in INPUTS:
        if known.side == "item" and known.name not in ("item", "author"):
            first, second = pairs.items[known.name]
            assert np.array_equal(first, second), known.name
    for model in (Linear(), Ranker(seed=3)):
        heads = model.predict(pairs)
        for name in NAMES:
            assert heads[name][0] == heads[name][1], name


@pytest.mark.mission("NO-08")
@pytest.mark.parametrize("views", [30, 3000])
def test_how_often_a_creator_was_watched_before_is_worth_nothing(twins: tuple[int, int], views: int) -> None:
    """Both are watched as everybody is over the same days, the second up to a hundred times as often: nothing but noise
    may come of it."""

    def watched(video: int, times: int) -> list[Row]:
        return [
            {
                "kind": Kind.WATCH,
                "viewer": 100 + n,
                "video": video,
                "at": n * views / times / 10,
                "seconds": 20.0 if n % 3 == 0 else 1.0,
            }
            for n in range(times)
        ]

    both = sorted([*watched(7003, 30), *watched(7004, views)], key=lambda row: float(row["at"]))
    pairs = columns(two_authors(twins, *both), *twins)
    heads = Linear().predict(pairs)
    value = value_of(heads, {head.name: head.weight for head in HEADS})
    assert abs(value[1] - value[0]) < 0.02 * abs(value[0])
