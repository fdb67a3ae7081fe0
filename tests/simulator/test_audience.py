"""Viewers who come, watch, leave, come back and send videos to friends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, HOUR
from foryou.simulator.audience import Audience
from foryou.simulator.behaviour import Behaviour
from foryou.simulator.world import START, Sizes, World, make

Feed = Callable[[Audience, Column], Column]
SLATE, VIDEOS = 10, 800
COLUMNS = {
    "viewer", "video", "at", "session", "position", "surface", "seconds", "furthest", "replays", "finish", "skip",
    "like", "comment", "share", "save", "follow", "visit", "not_interested", "report", "match", "pleasure",
}  # fmt: skip


def small(viewers: int = 300) -> World:
    """A world in which everybody is there at the start and reads every video."""
    made = make(Sizes(viewers, 40, VIDEOS, 7), 1)
    made = of_viewers(made, joined=np.full(viewers, START - 1), language=np.zeros(viewers, np.int8))
    return of_videos(made, language=np.zeros(VIDEOS, np.int8), copy_of=np.full(VIDEOS, -1, np.int32))


def of_viewers(world: World, **columns: Column) -> World:
    return replace(world, viewers=world.viewers.extend(columns))


def of_videos(world: World, **columns: Column) -> World:
    return replace(world, videos=world.videos.extend(columns))


def days(world: World, feed: Feed, count: float = 2, behaviour: Behaviour | None = None) -> tuple[Audience, Batch]:
    """What everybody did in some days of a feed, by steps of an hour or as soon as everybody wants more."""
    audience = Audience(world, behaviour or Behaviour(), 3)
    found = []
    for until in range(START + HOUR, START + int(count * DAY) + 1, HOUR):
        while len((due := audience.due(until))[0]):
            viewer, at, _ = due
            found.append(audience.watch(viewer, at, feed(audience, viewer)))
        sent = audience.shares(until)
        if len(sent):
            found.append(audience.watch_shared(sent))
    return audience, Batch.concat(found)


def same_for_all(audience: Audience, viewer: Column) -> Column:
    return np.random.default_rng(len(viewer)).integers(0, VIDEOS, (len(viewer), SLATE)).astype(np.int32)


def by_match(best: bool) -> Feed:
    def feed(audience: Audience, viewer: Column) -> Column:
        among = np.random.default_rng(1).integers(0, VIDEOS, (len(viewer), 60)).astype(np.int32)
        match = audience.match(np.repeat(viewer, 60), among.ravel()).reshape(among.shape)
        return np.take_along_axis(among, np.argsort(-match if best else match, axis=1)[:, :SLATE], axis=1)

    return feed


def test_exposures_have_every_column_in_time_order() -> None:
    _, rows = days(small(), same_for_all, 0.5)
    assert set(rows) == COLUMNS
    for call in np.split(rows["at"], np.flatnonzero(np.diff(rows["at"]) < 0) + 1):
        assert (np.diff(call) >= 0).all()
    assert (rows["finish"] & rows["skip"]).sum() == 0
    assert (rows["pleasure"] >= 0).all() and (rows["pleasure"] <= 1).all()
    assert (rows["furthest"] <= rows["seconds"]).all()


def test_the_same_seed_gives_the_same_world() -> None:
    first, second = (days(small(), same_for_all)[1] for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)


def test_the_same_video_meets_the_same_luck_under_any_feed() -> None:
    still = Behaviour(
        keep=1.0, hold_satiation=0.0, stay_satiation=0.0, value_satiation=0.0, value_novelty=0.0, leave=1e-9
    )
    viewers = np.arange(50, dtype=np.int32)
    at = np.full(50, START + HOUR)
    slate = np.tile(np.arange(SLATE, dtype=np.int32), (50, 1))
    one, other = (Audience(small(), still, 3) for _ in range(2))
    rows = one.watch(viewers, at, slate)
    other.watch(viewers, at, slate[:, ::-1] + 100)
    turned = other.watch(viewers, at + HOUR, slate[:, ::-1])
    for name in ("seconds", "like", "comment", "visit", "pleasure"):
        each = [dict(zip(zip(r["viewer"], r["video"], strict=True), r[name], strict=True)) for r in (rows, turned)]
        assert each[0] == each[1]


def test_a_good_feed_is_stayed_with_longer_and_come_back_to() -> None:
    world = small()
    good, bad = (days(world, by_match(best), 6)[1] for best in (True, False))
    assert good["pleasure"].mean() > bad["pleasure"].mean() + 0.2
    visits = [len(np.unique(rows["viewer"].astype(np.int64) << 32 | rows["session"])) for rows in (good, bad)]
    assert len(good) / visits[0] > 1.4 * len(bad) / visits[1]
    late = [rows["viewer"][rows["at"] > START + 4 * DAY] for rows in (good, bad)]
    assert len(np.unique(late[0])) > 1.15 * len(np.unique(late[1]))


def test_who_leaves_has_no_rows_for_the_rest_and_comes_later() -> None:
    audience = Audience(small(), Behaviour(leave=50.0), 3)
    viewer, at, session = audience.due(START + DAY)
    assert (session == 1).all()
    rows = audience.watch(viewer, at, same_for_all(audience, viewer))
    assert len(rows) < 1.2 * len(viewer)
    again, later, session = audience.due(START + 9 * DAY)
    left = np.isin(again, rows["viewer"])
    assert (later[left] > at.min() + 20 * 60_000).all() and (session[left] == 2).all()


def test_an_empty_slate_ends_the_visit() -> None:
    audience = Audience(small(), Behaviour(), 3)
    viewer, at, _ = audience.due(START + HOUR)
    assert len(audience.watch(viewer, at, np.full((len(viewer), SLATE), -1, np.int32))) == 0
    assert not np.isin(audience.due(START + HOUR)[0], viewer).any()


def test_viewers_come_in_their_own_hours_and_on_their_own_days() -> None:
    world = small()
    hours = np.zeros((len(world.viewers), 24))
    hours[:, 20] = 1.0
    weekdays = np.tile([0.0, 0.0, 0.0, 0.0, 0.0, 3.5, 3.5], (len(world.viewers), 1))
    audience = Audience(of_viewers(world, hours=hours, weekdays=weekdays), Behaviour(), 3)
    viewer, at, _ = audience.due(START + 7 * DAY)
    zone = world.viewers["zone"][viewer].astype(np.int64) // 60
    local = at + zone * HOUR
    assert len(at) > 50
    assert set((local // HOUR % 24).tolist()) == {20}
    assert set(((local - START) // DAY % 7).tolist()) <= {5, 6}


def test_who_joins_later_comes_as_they_join() -> None:
    world = small()
    joined = np.where(np.arange(len(world.viewers)) == 5, START + 2 * DAY, START - 1)
    audience = Audience(of_viewers(world, joined=joined), Behaviour(), 3)
    assert 5 not in audience.due(START + 2 * DAY)[0]
    viewer, at, _ = audience.due(START + 2 * DAY + 1)
    assert at[viewer == 5].tolist() == [START + 2 * DAY]


def test_friends_look_at_what_they_are_sent_later_and_outside_the_feed() -> None:
    world = small()
    world = of_viewers(world, sharing=np.full(len(world.viewers), 20.0, np.float32))
    audience = Audience(world, Behaviour(), 3)
    viewer, at, _ = audience.due(START + HOUR)
    rows = audience.watch(viewer, at, same_for_all(audience, viewer))
    assert rows["share"].all()
    assert len(audience.shares(START)) == 0
    sent = audience.shares(START + 9 * DAY)
    assert 0 < len(sent) < len(rows)
    assert np.isin(sent["from"], viewer).all() and (sent["at"] > at.min()).all()
    seen = audience.watch_shared(sent)
    assert len(seen) == len(sent)
    assert (seen["surface"] == 1).all() and (seen["session"] == -1).all()
    assert (seen["at"] == sent["at"]).all()
    assert len(audience.shares(START + 99 * DAY)) > 0  # and sent on


def test_a_copy_is_recognised_by_those_who_saw_the_original() -> None:
    world = small(viewers=400)
    copies = np.full(len(world.videos), -1, np.int32)
    copies[1] = 0
    world = of_videos(
        world,
        copy_of=copies,
        **{name: np.repeat(world.videos[name][:1], len(copies), axis=0) for name in ("content", "appeal")},
    )
    audience = Audience(world, Behaviour(leave=1e-9), 3)
    viewers, at = np.arange(400, dtype=np.int32), np.full(400, START + HOUR)
    audience.watch(viewers[:200], at[:200], np.zeros((200, 1), np.int32))
    audience.watch(viewers[200:], at[200:], np.full((200, 1), 2, np.int32))
    rows = audience.watch(viewers, at + HOUR, np.ones((400, 1), np.int32))
    knew = rows["viewer"] < 200
    assert rows["pleasure"][knew].mean() < 0.7 * rows["pleasure"][~knew].mean()


def test_a_scripted_viewer_presses_not_interested_and_then_no_more() -> None:
    world = small()
    count = len(world.viewers)
    leaf = int(world.videos["leaf"][0])
    of_leaf = np.flatnonzero(world.videos["leaf"] == leaf)[:SLATE].astype(np.int32)
    assert len(of_leaf) > 4
    script = np.full(count, -1, np.int16)
    script[7] = leaf
    world = of_viewers(
        world, script_topic=script, script_presses=np.full(count, 3, np.int8), refusing=np.full(count, -20.0)
    )
    audience = Audience(world, Behaviour(leave=1e-9), 3)
    rows = audience.watch(np.array([7]), np.array([START + HOUR]), of_leaf[None, :])
    assert rows["not_interested"].tolist() == [True] * 3 + [False] * (len(of_leaf) - 3)


def test_tastes_drift_a_little_each_day_and_still_sum_to_one() -> None:
    one, other = (Audience(small(), Behaviour(), 3) for _ in range(2))
    before = one.taste.copy()
    one.due(START + DAY)
    assert (one.taste == before).all()
    one.due(START + 8 * DAY)
    for day in range(1, 9):
        other.due(START + day * DAY)
    moved = np.abs(one.taste - before).sum(1) / 2
    assert 0.01 < moved.mean() < 0.08
    assert np.allclose(one.taste.sum(1), 1, atol=1e-4)
    assert (one.taste == other.taste).all()


def test_a_video_in_a_language_one_does_not_speak_fits_less() -> None:
    world = small()
    foreign = of_videos(world, language=np.full(len(world.videos), 2, np.int8))
    pairs = np.arange(100, dtype=np.int32), np.arange(100, dtype=np.int32)
    one, other = (Audience(each, Behaviour(), 3).match(*pairs) for each in (world, foreign))
    assert np.allclose(other, one * Behaviour().foreign, atol=1e-5)
