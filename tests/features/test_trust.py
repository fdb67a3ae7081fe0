"""How much engagement counts for others: a person's nearly all of it, a farm's hardly any, and exactly as much is taken
back as was added."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from foryou.core.batch import Batch
from foryou.core.clock import MINUTE
from foryou.core.errors import SettingsError
from foryou.core.event import Kind
from foryou.core.ports import Store
from foryou.features.counters import TOTAL, counts_at
from foryou.features.enrich import OUTCOMES
from foryou.features.fold import create_tables, fold_events
from foryou.features.interests import INTERESTS
from foryou.features.trust import TRUST, TrustSettings, suspicious, trust_of
from tests.streams import START, Row, cut, differences, log, store_of

LIKE = OUTCOMES.index("like")
DWELLS = (0.4, 1.5, 3.0, 5.0, 8.0, 13.0, 20.0, 45.0)


def seen(viewer: int, video: int, at: float, seconds: float, *acts: Kind, **more: int) -> list[Row]:
    """An exposure, what was done after most of it, and its watch; `at` in minutes."""
    about = {"viewer": viewer, "video": video, **more}
    return [
        {"kind": Kind.IMPRESSION, **about, "at": at},
        *({"kind": kind, **about, "at": at + 0.9 * seconds / 60} for kind in acts),
        {"kind": Kind.WATCH, **about, "at": at + seconds / 60, "seconds": seconds},
    ]


def people(viewers: range, videos: int = 40, first: float = 0.0) -> list[Row]:
    """Each viewer watches videos of their own choice for differing times, and likes one in eight."""
    rng = np.random.default_rng(5)
    return [
        row
        for viewer in viewers
        for n in range(24)
        for row in seen(viewer, 100 + int(rng.integers(videos)), first + n + viewer / 1000, DWELLS[n % 8],
                        *([Kind.LIKE] if n % 8 == 5 else []))
    ]  # fmt: skip


def farm(accounts: range, targets: range, at: float, watched: float = 0.0) -> list[Row]:
    """Each account likes every target, and as many other videos; one target after another."""
    rng = np.random.default_rng(int(at))
    rows: list[Row] = []
    for n, target in enumerate(targets):
        for account in accounts:
            for video in (target, 100 + int(rng.integers(40))):
                when = at + 2 * n + float(rng.random())
                like: Row = {"kind": Kind.LIKE, "viewer": account, "video": video, "at": when}
                rows += seen(account, video, when, watched + account % 7, Kind.LIKE) if watched else [like]
    return rows


def in_time(*rows: Row) -> Batch:
    """A log of these, in order of time."""
    return log(*sorted(rows, key=lambda row: row["at"]))


def weights(batch: Batch, kind: Kind = Kind.LIKE) -> np.ndarray:
    """What each event of a kind counts."""
    store = store_of()
    reactions = fold_events(store, batch)
    return np.asarray(reactions["trust"][reactions["kind"] == kind])


def likes_of(store: Store, video: int, at: int = START) -> float:
    """The likes that count for others, of the longest half-life."""
    row = store.read("count_video", np.array([video]))
    return float(counts_at(row, np.maximum(row["at"], at))[0, LIKE, -1])


def raw_likes(store: Store, video: int) -> int:
    return int(store.read(TOTAL.name, np.array([video]))["raw"][0, LIKE])


def test_a_newcomers_watches_count_fully_and_likes_nearly_and_more_within_minutes() -> None:
    rows = [row for n in range(8) for row in seen(10, 100 + n, n, 6.0 + n, Kind.LIKE)]
    assert (weights(in_time(*rows), Kind.WATCH) == 1).all()
    likes = weights(in_time(*rows))
    assert likes[0] >= 0.5
    assert (np.diff(likes) >= 0).all()
    assert likes[-1] == pytest.approx(1.0)


def test_a_like_at_first_sight_counts_little_from_a_stranger_and_more_from_someone_who_looks() -> None:
    quick = seen(10, 500, 600, 0.2, Kind.LIKE)
    others = people(range(20, 24))
    stranger = weights(in_time(*others, *quick))[-1]
    known = weights(in_time(*others, *people(range(10, 11)), *quick))[-1]
    assert stranger < 0.05
    assert known > 0.7


def test_a_like_counts_while_the_video_is_on_the_screen_though_its_watch_is_told_afterwards() -> None:
    rows = [{"kind": Kind.IMPRESSION, "viewer": 10, "video": 100, "at": 700},
            {"kind": Kind.LIKE, "viewer": 10, "video": 100, "at": 700.05}]  # fmt: skip
    assert weights(in_time(*people(range(20, 24)), *rows))[-1] >= 0.5


def test_where_no_watches_are_told_of_likes_without_them_count() -> None:
    rows = [{"kind": Kind.LIKE, "viewer": viewer, "video": 100 + viewer, "at": viewer} for viewer in range(10, 40)]
    assert weights(in_time(*rows)).min() >= 0.5


def test_a_video_that_a_thousand_people_like_within_minutes_is_no_lockstep() -> None:
    rows = people(range(1000, 2000), videos=400)
    for viewer in range(1000, 2000):
        for n, video in enumerate((777, 778, 779)):
            rows += seen(viewer, video, 60 + 2 * n + viewer % 90 / 60, 9.0 + viewer % 7, Kind.LIKE)
    store = store_of(in_time(*rows))
    assert suspicious(store) == 0
    assert likes_of(store, 777) > 0.95 * raw_likes(store, 777) == 950


@pytest.mark.parametrize("watched", [0.0, 6.0])
def test_a_farm_counts_for_hardly_anything_and_the_innocent_count_as_before(watched: float) -> None:
    honest, accounts, targets = people(range(1000, 1200)), range(50, 90), range(900, 912)
    store = store_of(in_time(*honest, *farm(accounts, targets, 100.0, watched)))
    alone = store_of(in_time(*honest))
    assert np.median(trust_of(store, np.array(accounts))) < 0.3
    assert suspicious(store) >= 0.9 * len(accounts)
    assert [raw_likes(store, target) for target in targets] == [len(accounts)] * len(targets)
    added = [likes_of(store, target) for target in targets]
    assert np.mean(added) < (0.15 if watched else 0.02) * len(accounts)
    people_now = np.arange(1000, 1200)
    assert trust_of(store, people_now) == pytest.approx(trust_of(alone, people_now), abs=0.01)


def test_when_accounts_become_suspicious_what_they_did_before_is_taken_back_too() -> None:
    honest, accounts = people(range(1000, 1200)), range(50, 90)
    first = farm(accounts, range(900, 901), 100.0, 6.0)
    rest = farm(accounts, range(901, 912), 102.0, 6.0)
    before = store_of(in_time(*honest, *first))
    after = store_of(in_time(*honest, *first, *rest))
    assert likes_of(before, 900) > 0.7 * len(accounts), "one target alone is what people do"
    assert likes_of(after, 900) < 0.5 * likes_of(before, 900)
    assert raw_likes(after, 900) == raw_likes(before, 900) == len(accounts)


@pytest.mark.parametrize("watched", [0.0, 6.0])
def test_taking_a_like_back_leaves_nothing_however_much_it_counted(watched: float) -> None:
    rows = farm(range(50, 60), range(900, 906), 100.0, watched)
    back: list[Row] = [{**row, "kind": Kind.UNLIKE, "at": 500} for row in rows if row["kind"] == Kind.LIKE]
    store = store_of(in_time(*people(range(1000, 1100)), *rows, *back))
    for target in range(900, 906):
        assert likes_of(store, target) == pytest.approx(0.0, abs=1e-6)
        assert raw_likes(store, target) == 0


def test_the_tables_of_a_farm_do_not_depend_on_how_the_log_was_cut() -> None:
    batch = in_time(*people(range(1000, 1060)), *farm(range(50, 80), range(900, 912), 100.0, 6.0))
    whole = store_of(batch)
    assert suspicious(whole) > 10
    assert differences(whole, store_of(*cut(batch, range(0, len(batch), 7)))) == []


def test_more_likes_than_a_person_gives_count_for_nothing() -> None:
    rows = [row for n in range(60) for row in seen(10, 100 + n, n * 0.02, 1.1, Kind.LIKE)]
    counted = weights(in_time(*rows))
    assert counted[:20].min() > 0.5
    assert counted[-20:].sum() < 6


def test_the_accounts_of_one_network_share_a_bucket() -> None:
    def counted(**origin: int) -> float:
        rows = [
            row for account in range(200) for row in seen(5000 + account, 100, account / 500, 4.0, Kind.LIKE, **origin)
        ]
        return float(weights(in_time(*rows)).sum())

    alone = counted()
    assert alone > 150
    assert counted(network=77) == pytest.approx(counted(device_id=77))
    assert counted(network=77) < 0.85 * alone


def test_seconds_that_cannot_have_passed_count_for_nothing() -> None:
    rows = [{"kind": Kind.WATCH, "viewer": 10, "video": 100 + n, "seconds": 60.0, "at": n / 60} for n in range(100)]
    counted = weights(in_time(*rows), Kind.WATCH)
    assert counted[0] == 1
    assert counted[-1] < 0.05


def test_a_machine_that_watches_everything_equally_long_is_told_from_people() -> None:
    def viewer(seconds: Iterator[float]) -> list[Row]:
        return [row for n in range(200) for row in seen(10, 100 + n, n, next(seconds))]

    machine = store_of(in_time(*viewer(iter([7.0] * 200))))
    person = store_of(in_time(*viewer(iter(DWELLS * 25))))
    ten = np.array([10])
    assert trust_of(machine, ten)[0] < 0.1
    assert trust_of(person, ten)[0] == 1


def test_a_suspicious_account_still_has_interests_of_its_own() -> None:
    mine = farm(range(50, 90), range(900, 912), 100.0)
    batch = in_time(*people(range(1000, 1060)), *mine)
    account = np.array([50])
    doubted, believed = store_of(batch), store_of(batch, trust=TrustSettings(least=1.0))
    assert trust_of(doubted, account)[0] < 0.5
    for table in (INTERESTS.name, "history", "taste", "count_viewer"):
        one, other = doubted.read(table, account), believed.read(table, account)
        for name in one:
            if name not in ("unexplained", "weight"):  # against what others make of the same videos
                assert one[name].tolist() == other[name].tolist(), f"{table}.{name}"


def test_with_least_at_one_everything_counts_fully() -> None:
    batch = in_time(*farm(range(50, 90), range(900, 912), 100.0))
    store = store_of(batch, trust=TrustSettings(least=1.0))
    assert likes_of(store, 900, START + 100 * MINUTE) == pytest.approx(40, rel=0.01)


def test_nothing_is_kept_of_viewers_that_is_not_in_the_log() -> None:
    store = store_of(log(*seen(10, 100, 0, 5.0)))
    assert store.read(TRUST.name, np.array([11]))["first"][0] == 0
    create_tables(store)


def test_settings_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"trust\.least is 1\.5"):
        TrustSettings(least=1.5)
    with pytest.raises(SettingsError, match=r"trust\.burst is -1"):
        TrustSettings(burst=-1)
