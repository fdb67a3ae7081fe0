"""The compiled inputs equal their laws in plain NumPy, whoever asks about whatever at whatever time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.event import Kind
from foryou.core.ids import id_of
from foryou.core.inputs import INPUTS
from foryou.core.ports import Store
from foryou.features import content
from foryou.features.distinct import distinct, put_means
from foryou.features.hydrate import item_columns, viewer_columns
from foryou.text.embedder import DIM
from tests.features import plain
from tests.streams import AUTHORS, LATER, START, VIDEOS, VIEWERS, Row, catalogue, log, reactions, store_of

SURFACES = np.array([0, id_of("surface", "for_you"), id_of("surface", "following")])


def world(batch: Batch, seed: int) -> Store:
    """What viewers did to videos of which most have a text; some of it on a surface, and all of them follow someone."""
    rng = np.random.default_rng(seed)
    follows: list[Row] = [{"kind": Kind.FOLLOW, "viewer": viewer, "author": AUTHORS[n % 3], "at": 1, "id": 9_000 + n}
                          for n, viewer in enumerate(VIEWERS)]  # fmt: skip
    store = store_of(catalogue(), log(*follows), batch.extend({"surface": rng.choice(SURFACES, len(batch))}))
    some = np.array(VIDEOS[:-1])
    vectors = rng.normal(size=(len(some), DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    content.fold_vectors(store, content.embedded(some, [str(each) for each in some], vectors, 1), 1)
    return store


def asked(store: Store, viewers: int, items: int, seed: int) -> tuple[Batch, np.ndarray, np.ndarray, np.ndarray]:
    """Viewers, and which of them is asked about which video at which time."""
    rng = np.random.default_rng(seed)
    viewer = rng.permutation([*VIEWERS, 0, 77])[:viewers]
    context = {"surface": rng.choice(SURFACES, viewers), "language": rng.integers(0, 3, viewers)}
    columns = viewer_columns(store, viewer, np.full(viewers, LATER), context)
    item = rng.choice([*VIDEOS, 0, 12_345], items)
    at = START + rng.integers(0, 50, items) * DAY if viewers > 1 else np.full(items, LATER)
    return columns, rng.integers(0, viewers, items), item, at


@given(reactions(least=10, most=60), st.integers(1, 5), st.integers(0, 20), st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_every_column_is_what_plain_numpy_says(batch: Batch, viewers: int, items: int, seed: int) -> None:
    store = world(batch, seed)
    columns, of, item, at = asked(store, viewers, items, seed)
    found, law = (each(store, columns, of, item, at) for each in (item_columns, plain.item_columns))
    assert set(found) == set(law)
    for name, values in law.items():
        assert found[name].shape == values.shape, name
        assert found[name].dtype == values.dtype, name
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-6, err_msg=name)


def test_none_of_the_numbers_is_always_zero() -> None:
    """So that the law above is not about nothing."""
    rng = np.random.default_rng(1)
    rows: list[Row] = []
    for n in range(400):
        about = {"viewer": int(rng.choice(VIEWERS)), "video": int(rng.choice(VIDEOS)), "at": n}
        rows.append({"kind": Kind.IMPRESSION, **about})
        rows.append({"kind": Kind.WATCH, "seconds": float(rng.exponential(12)), **about})
        rows.append({"kind": int(rng.choice([Kind.LIKE, Kind.SHARE, Kind.NOT_INTERESTED])), **about})
    store = world(log(*rows), 1)
    columns, of, item, at = asked(store, 5, 200, 1)
    found = item_columns(store, columns, of, item, at)
    zero = [each.name for each in INPUTS if each.side == "item" and not found[each.name].any()]
    assert zero == []


def test_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    """One viewer is a matrix product and many are a loop: a request and a lesson of many say the same of a video."""
    store = world(log(*({"kind": Kind.WATCH, "viewer": 10, "video": video, "seconds": 60.0, "at": n}
                        for n, video in enumerate(VIDEOS))), 3)  # fmt: skip
    columns, of, item, _ = asked(store, 5, 30, 3)
    at = np.full(len(item), LATER)
    together = item_columns(store, columns, of, item, at)
    for viewer in range(5):
        mine = np.flatnonzero(of == viewer)
        alone = item_columns(
            store, columns.take(np.array([viewer])), np.zeros(len(mine), np.int64), item[mine], at[mine]
        )
        for name, values in alone.items():
            np.testing.assert_allclose(values, together[name][mine], rtol=1e-5, atol=1e-6, err_msg=name)


@given(st.lists(st.lists(st.integers(-5, 5), min_size=3, max_size=3), max_size=30))
def test_distinct_keys_come_once_each_and_lead_back_to_all(rows: list[list[int]]) -> None:
    keys = np.array(rows, np.int64).reshape(-1, 3)
    at = np.arange(len(keys))
    found = distinct(keys, at)
    assert found.key[found.row].tolist() == keys.tolist()
    assert found.key[0] == 0 and len(set(found.key.tolist())) == len(found.key)
    assert found.latest[1:].tolist() == [int(at[(keys == key).any(axis=1)].max()) for key in found.key[1:]]
    values = np.arange(2.0 * len(found.key)).reshape(-1, 2)
    means = np.empty((len(keys), 2), np.float32)
    put_means(values, found.row, means, 0)
    for row, mean in zip(found.row, means, strict=True):
        some = row[row != 0]
        assert mean.tolist() == pytest.approx(values[some].mean(axis=0).tolist() if len(some) else [0, 0])
