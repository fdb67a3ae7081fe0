"""What every view does: it depends on the log alone, not on how that was cut, nor on when late news came in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foryou.app import Engine
from foryou.client import in_process
from foryou.core.batch import Batch
from foryou.core.clock import DAY, ManualClock
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features.catalog import VIDEO, VIEWER
from foryou.features.counters import COUNTED, HALF_LIVES, SINGLE, TOTAL
from foryou.features.fold import TABLES
from foryou.features.history import HISTORY_TABLE
from foryou.features.interests import look_up
from foryou.features.popular import HALF_LIFE, POPULAR
from foryou.features.seen import unseen
from foryou.features.taste import TASTE
from foryou.settings import DataSettings, Settings
from tests.features.plain import counts_at
from tests.loop.conftest import World
from tests.streams import (
    AUTHORS,
    FULL,
    LATER,
    SOUNDS,
    START,
    TAGS,
    VIDEOS,
    VIEWERS,
    Row,
    catalogue,
    cut,
    differences,
    log,
    reactions,
    store_of,
    tables_of,
    tellings,
)


@given(reactions(), st.lists(st.integers(1, 40), max_size=6))
@settings(max_examples=150)
def test_however_the_log_is_cut_into_batches_the_tables_are_the_same_bit_for_bit(
    batch: Batch, places: list[int]
) -> None:
    assert differences(store_of(catalogue(), batch), store_of(catalogue(), *cut(batch, places))) == []


@given(reactions(least=10, most=25))
@settings(max_examples=40)
def test_events_one_by_one_and_all_at_once_give_the_same_tables(batch: Batch) -> None:
    assert differences(store_of(catalogue(), batch), store_of(catalogue(), *cut(batch, range(len(batch))))) == []


upserts = st.lists(
    st.fixed_dictionaries(
        {"video": st.sampled_from(VIDEOS[:2]), "kind": st.just(Kind.VIDEO), "at": st.integers(0, 30)},
        optional={
            "author": st.sampled_from(AUTHORS),
            "duration": st.sampled_from((5.0, 20.0)),
            "topics": st.sampled_from(([TAGS[0]], [TAGS[1], TAGS[2]])),
            "uploaded": st.sampled_from((START - DAY, START - 2 * DAY)),
            "width": st.just(720),
            "height": st.sampled_from((720, 1280)),
        },
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row["at"],
)


@given(upserts, st.data())
@settings(max_examples=150)
def test_descriptions_of_a_video_give_the_same_catalogue_in_any_order_and_any_cut(
    rows: list[Row], data: st.DataObject
) -> None:
    batch = log(*rows)
    order = np.array(data.draw(st.permutations(range(len(batch)))), np.int64)
    places = data.draw(st.lists(st.integers(1, 8), max_size=4))
    there = store_of(*cut(batch.take(order), places))
    for name, values in tables_of(store_of(batch))[VIDEO.name].items():
        assert values.tolist() == tables_of(there)[VIDEO.name][name].tolist(), name
    assert differences(store_of(batch.take(order)), there) == [], "lists and boards keep the order, but know no batches"


@given(upserts)
def test_a_field_has_what_was_said_last_and_what_is_left_out_stays(rows: list[Row]) -> None:
    store = store_of(log(*rows))
    for video in {row["video"] for row in rows}:
        mine = sorted((row for row in rows if row["video"] == video), key=lambda row: row["at"])
        held = store.read(VIDEO.name, np.array([video]))
        for name, absent in (("author", 0), ("duration", -1), ("width", 0), ("height", 0)):
            said = [row[name] for row in mine if name in row]
            assert held[name][0] == (said[-1] if said else absent)
        topics = [row["topics"] for row in mine if "topics" in row]
        assert held["topics"][0][held["topics"][0] != 0].tolist() == (topics[-1] if topics else [])
        uploads = [row["uploaded"] for row in mine if "uploaded" in row]
        assert held["uploaded"][0] == (uploads[-1] if uploads else START + mine[0]["at"] * 60_000)


def test_a_profile_keeps_what_a_later_one_leaves_out() -> None:
    store = store_of(
        log(
            {"kind": Kind.VIEWER, "viewer": 10, "age": 1, "country": 5, "at": 0},
            {"kind": Kind.VIEWER, "viewer": 10, "country": 6, "at": 9},
            {"kind": Kind.VIEWER, "viewer": 10, "country": 7, "gender": 2, "at": 3},
        )
    )
    row = store.read(VIEWER.name, np.array([10]))
    assert (row["age"][0], row["country"][0], row["gender"][0], row["offset"][0]) == (1, 6, 2, -1)


@given(tellings())
@settings(max_examples=100)
def test_events_that_come_late_and_out_of_order_end_in_the_same_counters(both: tuple[Batch, Batch]) -> None:
    in_time, anyhow = (store_of(catalogue(), batch, trust=FULL) for batch in both)
    for name, _ in COUNTED:
        one, other = in_time.scan(name)[0], anyhow.scan(name)[0]
        assert set(one.tolist()) == set(other.tolist())
        later = np.full(len(one), LATER)
        rel, least = (1e-6, 1e-7) if name in SINGLE else (1e-9, 1e-12)
        assert counts_at(in_time.read(name, one), later) == pytest.approx(
            counts_at(anyhow.read(name, one), later), rel=rel, abs=least
        )
    keys = in_time.scan(POPULAR.name)[0]
    for name in ("positives", "impressions"):
        one, other = (_faded(store, keys, name) for store in (in_time, anyhow))
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12)


@given(tellings())
@settings(max_examples=50)
def test_what_was_told_in_all_is_the_same_in_any_order_however_far_it_is_trusted(both: tuple[Batch, Batch]) -> None:
    one, other = (tables_of(store_of(catalogue(), batch))[TOTAL.name] for batch in both)
    assert one["key"].tolist() == other["key"].tolist()
    assert one["raw"].tolist() == other["raw"].tolist()


def _faded(store: Store, keys: np.ndarray, name: str) -> np.ndarray:
    rows = store.read(POPULAR.name, keys)
    return np.asarray(rows[name] * np.exp2(-(LATER - rows["at"]) / HALF_LIFE))


@given(tellings())
@settings(max_examples=100)
def test_events_that_come_late_and_out_of_order_end_in_the_same_history_tastes_and_interests(
    both: tuple[Batch, Batch],
) -> None:
    in_time, anyhow = (store_of(catalogue(), batch) for batch in both)
    one, other = tables_of(in_time), tables_of(anyhow)
    for table in (HISTORY_TABLE, TASTE):
        for name, values in one[table.name].items():
            assert values.tolist() == other[table.name][name].tolist(), f"{table.name}.{name}"
    for viewer in VIEWERS:
        for days in range(0, 41, 4):
            item, since = np.array(VIDEOS), START + days * DAY
            assert unseen(in_time, viewer, item, since).tolist() == unseen(anyhow, viewer, item, since).tolist()
    viewers = np.array(VIEWERS)
    targets = np.tile([*TAGS, *AUTHORS, *SOUNDS], (len(viewers), 1))
    when = np.full(len(viewers), LATER)
    for here, there, near in zip(
        look_up(in_time, viewers, np.arange(len(viewers)), targets, when)[:3],
        look_up(anyhow, viewers, np.arange(len(viewers)), targets, when)[:3],
        (1e-6, 1e-6, 2e-3),  # rejections are kept in half precision
        strict=True,
    ):
        assert here == pytest.approx(there, rel=near, abs=near)


def test_half_lives_are_told_apart() -> None:
    assert len(set(HALF_LIVES)) == len(HALF_LIVES)


def _play(world: World) -> None:
    """A morning with a bit of everything in it."""
    for number in range(12):
        world.upload(f"v{number}", f"t{number % 3}", sound=f"s{number % 2}", language="nb" if number % 2 else "en")
    world.send({"kind": "viewer", "viewer": "ada", "age": "25-34", "country": "NO", "time_zone": "Europe/Oslo"})
    for viewer in ("ada", "bob"):
        for place, video in enumerate(world.feed(viewer, 8, session=f"{viewer}-1")):
            world.watch(viewer, video, 12.0 if place % 2 else 1.0)
            if place % 3 == 0:
                world.act(viewer, "like", video)
    world.act("ada", "unlike", world.feed("bob", 1)[0])
    world.act("bob", "not_interested", "v1", "v2")
    world.act("bob", "interested", "v1")
    world.send({"kind": "follow", "viewer": "ada", "author": "author-v3"}, {"kind": "remove", "video": "v4"})
    world.send({"kind": "block", "viewer": "bob", "author": "author-v5"})
    world.send({"kind": "like", "viewer": "ada", "video": "v9", "device_id": "d1", "network": "n1"})
    world.send(
        {"kind": "hide", "viewer": "bob", "word": "Crème brûlée"}, {"kind": "seen", "viewer": "bob", "video": "v6"}
    )
    world.send({"kind": "prefer", "viewer": "ada", "hashtag": "t1", "strength": 0.5})
    world.send({"kind": "snapshot", "viewer": "ada", "name": "one morning"}, {"kind": "refresh", "viewer": "bob"})
    world.act("bob", "save", "v8")
    world.send({"kind": "forget", "viewer": "ada", "hashtag": "t2"})
    world.upload("v12", "t1", series="mornings", episode=1)
    world.upload("v13", "t1", caption="Like if you agree")
    world.act("bob", "like", "v13")
    world.send({"kind": "comment", "viewer": "bob", "video": "v9", "text": "again", "comment": "c1"})
    world.send({"kind": "like_comment", "viewer": "ada", "video": "v9", "comment": "c1"})
    answer = {"text": "so", "parent": "c1", "reply_video": "v12"}
    world.send({"kind": "comment", "viewer": "ada", "video": "v9", **answer})
    world.send({"kind": "read", "viewer": "ada"})
    world.send({"kind": "watch", "viewer": "cleo", "video": "v3", "seconds": 9.0, "surface": "shared", "sharer": "ada"})
    world.engine.work()


def _world(url: str) -> World:
    clock = ManualClock(START)
    engine = Engine.open(Settings(data=DataSettings(url=url)), clock)
    return World(engine, clock, in_process(engine))


@pytest.mark.parametrize("kept", ["memory", "file"])
def test_deleting_the_tables_and_replaying_the_log_gives_the_same_tables(kept: str, tmp_path: Path) -> None:
    world = _world("memory:" if kept == "memory" else f"file:{tmp_path}")
    _play(world)
    store = world.engine.backend.store
    before = tables_of(store)
    told = world.engine.viewer("ada")
    assert all(len(before[table.name]["key"]) for table in TABLES), "the morning leaves no table empty"
    world.engine.rebuild()
    after = tables_of(store)
    for table, columns in before.items():
        for name, values in columns.items():
            assert values.tobytes() == after[table][name].tobytes(), f"{table}.{name}"
    assert world.engine.viewer("ada") == told
    world.engine.close()


def test_an_event_sent_twice_counts_once() -> None:
    once, twice = _world("memory:"), _world("memory:")
    for world in (once, twice):
        _play(world)
    like = {"id": "the-same", "kind": "like", "viewer": "ada", "video": "v7", "at": once.clock.at}
    for world, times in ((once, 1), (twice, 3)):
        for _ in range(times):
            receipt = world.client.events([like, like])
        assert receipt.accepted == (1 if times == 1 else 0)
        assert receipt.duplicates == (1 if times == 1 else 2)
    assert differences(once.engine.backend.store, twice.engine.backend.store) == []
