"""Stages: every video is in exactly one, moves for a reason, and the better it holds up the further it goes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from foryou.backends.open import open_backend
from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features import quality, reach, stages
from foryou.features.fold import create_tables, fold_events
from foryou.features.reach import MOVED, MOVES, REACH, room
from foryou.features.reach_settings import ReachSettings
from foryou.features.stages import RESTING, RUNNING, STOPPED, Reason
from tests.streams import FULL, START, Row, cut, differences, log

SMALL = ReachSettings(audiences=(20, 60, 200, 600), chance=0.0)


def folded(*batches: Batch, spread: ReachSettings = SMALL) -> Store:
    store = open_backend("memory:").store
    create_tables(store)
    for batch in batches:
        fold_events(store, batch, FULL, spread)
    return store


def videos(numbers: range | list[int], **more: object) -> list[Row]:
    return [
        {"kind": Kind.VIDEO, "video": n, "author": 10_000 + n, "topics": [50], "duration": 20.0, "at": 0, **more}
        for n in numbers
    ]


def watched(
    chance: np.random.Generator, video: int, viewers: range, hook: float, finish: float, like: float, **more: object
) -> list[Row]:
    """One exposure for each viewer, in turn."""
    rows: list[Row] = []
    for n, viewer in enumerate(viewers):
        at = 10 + n + 0.01 * (video % 50)
        stays, ends, likes = chance.random() < hook, chance.random() < finish / max(hook, 1e-9), chance.random() < like
        seconds = (20.0 if ends else 8.0) if stays else 1.0
        rows.append({"kind": Kind.IMPRESSION, "viewer": viewer, "video": video, "at": at, **more})
        rows.append({"kind": Kind.WATCH, "viewer": viewer, "video": video, "at": at, "seconds": seconds, **more})
        if likes:
            rows.append({"kind": Kind.LIKE, "viewer": viewer, "video": video, "at": at, **more})
    return rows


def evening(chance: np.random.Generator, of: dict[int, tuple[float, float, float]], each: int = 120) -> list[Row]:
    """Every video is shown to as many viewers, all at the same time."""
    rows = [
        row
        for video, (hook, finish, like) in of.items()
        for row in watched(
            chance, video, range(100_000 + each * video, 100_000 + each * video + each), hook, finish, like
        )
    ]
    return sorted(rows, key=lambda row: row["at"])


def stage_of(store: Store, video: int) -> int:
    return int(store.read(REACH.name, np.array([video]))["stage"][0])


def moves_of(store: Store, video: int) -> list[dict[str, float]]:
    row = store.read(MOVED.name, np.array([video]))
    count = int(row["count"][0])
    return [
        {name: float(row[name][0][i % MOVES]) for name in MOVED.names if name != "count"}
        for i in range(max(count - MOVES, 0), count)
    ]


USUAL = (0.65, 0.3, 0.02)


def world(seed: int = 1, count: int = 30, **better: tuple[float, float, float]) -> Store:
    """Usual videos, and one (number 1) that may be better."""
    chance = np.random.default_rng(seed)
    of = dict.fromkeys(range(2, count + 2), USUAL) | {1: better.get("one", USUAL)}
    return folded(log(*videos(list(of))), log(*evening(chance, of)).extend({}))


def test_a_new_video_looks_for_its_first_audience_and_an_old_one_waits() -> None:
    store = folded(log(*videos([1]), *videos([2], uploaded=START - 10 * DAY)))
    rows = store.read(REACH.name, np.array([1, 2, 3]))
    assert rows["status"].tolist() == [RUNNING, RESTING, 0], "who was never described is in no stage"
    assert room(rows, SMALL).tolist() == [20, 0, 0]
    assert [move["reason"] for n in (1, 2) for move in moves_of(store, n)] == [Reason.PUBLISHED, Reason.OLD]


@pytest.mark.mission("NL-03")
def test_every_video_is_in_exactly_one_stage_and_got_there_by_moves_that_have_reasons() -> None:
    chance = np.random.default_rng(3)
    of = {n: tuple(chance.uniform((0.3, 0.05, 0.0), (0.95, 0.3, 0.2))) for n in range(1, 60)}
    store = folded(log(*videos(list(of))), log(*evening(chance, of)))
    rows = store.read(REACH.name, np.arange(1, 60))
    assert set(rows["status"].tolist()) == {RUNNING, RESTING, STOPPED}
    assert len(set(rows["stage"].tolist())) >= 3
    for n in of:
        moves = moves_of(store, n)
        assert moves[0]["to"] == 0
        assert moves[-1]["to"] == stage_of(store, n)
        for before, after in pairwise(moves):
            assert after["start"] == before["to"], "a move begins where the one before ended"
            assert after["to"] - after["start"] in (0, 1)
            reason = Reason(int(after["reason"]))
            if reason == Reason.ABOVE:
                assert after["low"] > after["threshold"]
            if reason == Reason.BELOW:
                assert after["high"] < after["threshold"]


@pytest.mark.mission("NO-16", "NO-14", "NO-36", "NL-05", "E-14")
@pytest.mark.parametrize(
    "better", [(0.95, 0.3, 0.02), (0.65, 0.6, 0.02), (0.65, 0.3, 0.15)], ids=["hook", "completion", "likes"]
)
def test_what_holds_people_better_goes_further(better: tuple[float, float, float]) -> None:
    worse = [(world(seed, one=better), seed) for seed in range(6)]
    further = [stage_of(store, 1) for store, _ in worse]
    usual = [np.mean([stage_of(store, n) for n in range(2, 32)]) for store, _ in worse]
    assert np.mean(further) > np.mean(usual) + 0.7
    move = next(move for store, _ in worse for move in moves_of(store, 1) if move["reason"] == Reason.ABOVE)
    assert move["n"] >= 5
    assert move["low"] > move["threshold"]


def test_refusals_hold_a_video_back() -> None:
    refused = [{"kind": Kind.NOT_INTERESTED, "viewer": 5_000 + n, "video": 1, "at": 10 + 2 * n} for n in range(40)]
    chance = np.random.default_rng(1)
    of = dict.fromkeys(range(1, 31), USUAL)
    store = folded(log(*videos(list(of))), log(*sorted([*evening(chance, of), *refused], key=lambda row: row["at"])))
    assert store.read(REACH.name, np.array([1]))["status"][0] == STOPPED
    assert moves_of(store, 1)[-1]["reason"] == Reason.BELOW


@pytest.mark.mission("NO-14")
def test_a_long_video_is_held_against_long_ones() -> None:
    chance = np.random.default_rng(5)
    short, long = range(1, 31), range(31, 61)
    of = dict.fromkeys(short, (0.65, 0.5, 0.02)) | dict.fromkeys(long, (0.65, 0.15, 0.02))
    lengths = log(*videos(list(short), duration=10.0), *videos(list(long), duration=60.0))
    rows = evening(chance, of)
    for row in rows:
        if row["kind"] == Kind.WATCH and row["seconds"] == 20.0:
            row["seconds"] = 10.0 if row["video"] <= 30 else 60.0
    store = folded(lengths, log(*rows))
    held = store.read(REACH.name, np.arange(1, 61))
    assert abs(held["value"][:30].mean() - held["value"][30:].mean()) < 0.06
    assert abs(held["stage"][:30].mean() - held["stage"][30:].mean()) < 0.4


def test_one_in_a_hundred_goes_on_by_chance_always_the_same_one_and_marked() -> None:
    drawn = [stages.lucky(video, 0, 0.01) for video in range(20_000)]
    assert 150 <= sum(drawn) <= 250
    one = next(n for n in range(1, 2_000) if stages.lucky(n, 0, 0.5) and not stages.lucky(n, 1, 0.5))
    bad = {one: (0.2, 0.0, 0.0)} | dict.fromkeys(range(3_000, 3_020), USUAL)
    store = folded(
        log(*videos(list(bad))), log(*evening(np.random.default_rng(1), bad)), spread=replace(SMALL, chance=0.5)
    )
    moves = moves_of(store, one)
    assert [Reason(int(move["reason"])) for move in moves[1:]] == [Reason.CHANCE, Reason.BELOW]
    assert store.read(REACH.name, np.array([one]))["chanced"][0] == 1


def test_a_trial_ends_when_its_time_is_over_and_what_is_seen_later_may_still_lift_it() -> None:
    good = (0.95, 0.8, 0.3)
    chance = np.random.default_rng(2)
    usual = evening(chance, dict.fromkeys(range(2, 22), USUAL))
    late = watched(chance, 1, range(900, 950), *good)
    for row in late:
        row["at"] += 80 * 60
    store = folded(log(*videos(range(1, 22))), log(*usual, *late))
    reasons = [Reason(int(move["reason"])) for move in moves_of(store, 1)]
    assert reasons[:3] == [Reason.PUBLISHED, Reason.EXPIRED, Reason.RISEN]
    assert stage_of(store, 1) >= 1


@pytest.mark.mission("NO-08", "E-15")
def test_followers_change_nothing() -> None:
    """Two videos of which the same is seen, by authors with ten followers and with many: the same stages."""
    chance = np.random.default_rng(4)
    rest = evening(chance, dict.fromkeys(range(3, 23), USUAL))
    same = watched(np.random.default_rng(9), 1, range(500, 620), 0.9, 0.5, 0.1)
    twin = [{**row, "video": 2, "viewer": row["viewer"] + 1_000} for row in same]
    follows: list[Row] = [
        {"kind": Kind.FOLLOW, "viewer": 1_000_000 + n, "author": 10_001 if n < 10 else 10_002, "at": 1}
        for n in range(3_000)
    ]
    # The followers of the second see it too, and love it.
    fans = watched(np.random.default_rng(9), 2, range(1_000_010, 1_000_110), 1.0, 1.0, 0.9)
    store = folded(
        log(*videos(range(1, 23)), *follows),
        log(*sorted([*rest, *same, *twin, *fans], key=lambda row: row["at"])),
    )
    rows = store.read(REACH.name, np.array([1, 2]))
    assert rows["stage"][0] == rows["stage"][1] > 0
    assert rows["sums"][0, : quality.REFUSED] == pytest.approx(rows["sums"][1, : quality.REFUSED], abs=3)
    assert rows["followers"].tolist() == [0, 100]


def test_one_account_is_no_audience_however_often_it_watches() -> None:
    chance = np.random.default_rng(1)
    rows = watched(chance, 1, range(500, 501), 1.0, 1.0, 0.0)
    often = [{**row, "at": row["at"] + n} for n in range(200) for row in rows]
    store = folded(log(*videos([1])), log(*often))
    held = store.read(REACH.name, np.array([1]))
    assert (room(held, SMALL).tolist(), held["stage"].tolist()) == ([19], [0])


def test_only_the_for_you_feed_fills_an_audience() -> None:
    chance = np.random.default_rng(1)
    rows = watched(chance, 1, range(500, 600), 0.6, 0.3, 0.0, surface=77)
    store = folded(log(*videos([1])), log(*rows))
    held = store.read(REACH.name, np.array([1]))
    assert room(held, SMALL).tolist() == [20]
    assert held["total"].max() == 100


def test_what_an_author_and_hashtags_usually_do_is_expected_of_their_next_video() -> None:
    chance = np.random.default_rng(6)
    of = {n: (0.95, 0.7, 0.2) if n <= 6 else USUAL for n in range(1, 30)}
    described = [
        {**row, "author": 7 if row["video"] <= 6 else 8, "topics": [60 if row["video"] <= 6 else 61]}
        for row in videos(list(of))
    ]
    store = folded(
        log(*described),
        log(*evening(chance, of)),
        log(
            {**videos([100])[0], "author": 7, "topics": [60], "at": 500, "id": 9_000_001},
            {**videos([101])[0], "author": 9, "topics": [61], "at": 500, "id": 9_000_002},
        ),
    )
    good, usual = store.read(REACH.name, np.array([100, 101]))["value"].tolist()
    assert good > 0.1 > abs(usual)


def test_however_the_log_is_cut_the_stages_are_the_same() -> None:
    chance = np.random.default_rng(8)
    of = {n: tuple(chance.uniform((0.3, 0.05, 0.0), (0.95, 0.3, 0.2))) for n in range(1, 12)}
    rows = evening(chance, of, 60)
    follows: list[Row] = [
        {"kind": kind, "viewer": row["viewer"], "author": 10_000 + row["video"], "at": row["at"]}
        for row in rows[::7]
        for kind in (Kind.FOLLOW, Kind.UNFOLLOW)[: 1 + row["viewer"] % 2]
    ]
    batch = log(*sorted([*rows, *rows[::3], *follows], key=lambda row: row["at"]))
    made = log(*videos(list(of)))
    made = made.extend({"id": made["id"] + 10_000_000})
    assert differences(folded(made, batch), folded(made, *cut(batch, range(0, len(batch), 7)))) == []


def test_chance_may_move_a_video_that_nobody_has_seen_and_what_comes_then_is_judged_all_the_same() -> None:
    lucky, days = replace(SMALL, chance=1.0), [4, 8, 12]
    late = [{"kind": Kind.LIKE, "viewer": 7 + day, "video": 1, "at": day * 24 * 3600} for day in days]
    store = folded(log(*videos([1])), *(log(row) for row in late), spread=lucky)
    assert stage_of(store, 1) >= 2
    assert np.isfinite(store.read(REACH.name, np.array([1]))["value"]).all()


def test_what_is_taken_back_of_a_follower_takes_nothing_from_what_strangers_did() -> None:
    rows = watched(np.random.default_rng(2), 1, range(100, 108), 1.0, 1.0, 1.0)
    store = open_backend("memory:").store
    create_tables(store)
    fold_events(store, log(*videos([1])), FULL, SMALL)
    done = fold_events(store, log(*rows), FULL, SMALL)
    likes = done.take(np.flatnonzero(done["kind"] == Kind.LIKE))
    nobody = np.zeros(len(likes), np.int64)
    back = likes.extend({"viewer": nobody, "trusted": -likes["trusted"]})
    before = store.read(REACH.name, np.array([1]))["sums"].copy()
    reach.fold(store, back.extend({"followed": np.ones(len(back), np.bool_)}), SMALL)
    assert np.array_equal(store.read(REACH.name, np.array([1]))["sums"], before)
    reach.fold(store, back.extend({"followed": np.zeros(len(back), np.bool_)}), SMALL)
    assert store.read(REACH.name, np.array([1]))["sums"][0, quality.ENGAGED] < before[0, quality.ENGAGED]


def test_even_a_tiny_error_can_be_asked_for() -> None:
    assert (np.diff(stages.deviations(1e-12)[stages.LOOKS :]) > 0).all()
