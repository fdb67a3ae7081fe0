"""Where candidates come from: each source on the smallest catalogue that shows what it does."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.backends.dense import DenseIndex
from foryou.core.batch import Batch
from foryou.core.clock import DAY, HOUR
from foryou.core.event import Kind
from foryou.core.pipeline import Request, Source
from foryou.core.ports import Store
from foryou.features.hydrate import viewer_columns
from foryou.features.reach import lacking_look
from foryou.sources.following import Following
from foryou.sources.nearest import Nearest
from foryou.sources.popular import Popular
from foryou.sources.similar import Similar
from foryou.sources.trial import Trial
from tests.streams import START, Row, log, store_of

NORWEGIAN, ENGLISH = 1, 2
NORWAY, BRITAIN = 1, 2


def video(number: int, **more: object) -> Row:
    return {"kind": Kind.VIDEO, "video": number, "author": number + 100, "id": 10_000 + number, "at": -1440, **more}


def asking(
    store: Store, viewer: int = 10, at: int = START, language: int = 0, country: int = 0, seed: int = 1
) -> Request:
    known = viewer_columns(store, np.array([viewer]), np.array([at]), {})
    return Request(1, at, viewer, 10, 0, 0, language, country, known, seed)


def items(source: Source, request: Request) -> list[int]:
    found = source(request)
    assert found["source_score"].dtype == np.float32
    return [int(item) for item in found["item"]]


def likes(*pairs: tuple[int, int], at: float = -60) -> list[Row]:
    return [{"kind": Kind.LIKE, "viewer": viewer, "video": about, "at": at} for viewer, about in pairs]


def test_nearest_asks_the_index_for_what_fits_the_viewers_vector() -> None:
    index = DenseIndex()
    index.add(np.array([1, 2, 3]), np.array([[1, 0], [0, 1], [-1, 0]], np.float32))
    request = Request(1, START, 10, 10, 0, 0, 0, 0, Batch({"vector": np.array([[0.9, 0.1]], np.float32)}), 1)
    assert items(Nearest(lambda: index, most=2), request) == [1, 2]


def test_similar_brings_what_others_liked_who_liked_what_i_liked() -> None:
    rows = likes((11, 1), (11, 2), (12, 1), (12, 2), (13, 1), (13, 3), (14, 4), (14, 5), (10, 1))
    store = store_of(log(*(video(n) for n in range(1, 6)), *rows))
    assert items(Similar(store), asking(store)) == [2, 3]
    assert items(Similar(store, most=1), asking(store)) == [2]
    assert items(Similar(store), asking(store, viewer=99)) == []


def test_two_who_liked_both_weigh_more_than_one_even_for_a_video_that_many_others_like() -> None:
    beside = likes((11, 1), (11, 2), (12, 1), (12, 2), (13, 1), (13, 3), (10, 1))
    many = likes(*((viewer, 2) for viewer in range(20, 48)))
    store = store_of(log(*(video(n) for n in range(1, 4)), *beside, *many))
    assert items(Similar(store), asking(store)) == [2, 3]


def test_following_brings_the_latest_of_the_followed_and_nothing_from_the_future() -> None:
    uploads = {1: START - 3 * HOUR, 2: START - HOUR, 3: START - 2 * HOUR, 4: START + HOUR, 5: START - 9 * HOUR}
    videos = [video(n, author=7 if n != 3 else 8, uploaded=at) for n, at in uploads.items()]
    store = store_of(log(*videos, {"kind": Kind.FOLLOW, "viewer": 10, "author": 7, "at": -5}))
    assert items(Following(store), asking(store)) == [2, 1, 5]
    assert items(Following(store, most=2), asking(store)) == [2, 1]
    assert items(Following(store), asking(store, viewer=11)) == []
    assert items(Following(store), asking(store, viewer=0)) == []


def test_following_goes_as_far_back_in_an_author_of_many_videos_as_the_latest_need() -> None:
    often = [video(n, author=7, uploaded=START - n * HOUR, at=-n) for n in range(90, 0, -1)]
    seldom = [video(100 + n, author=200 + n, uploaded=START - (n * 7 + 1) * DAY // 7) for n in range(30)]
    follows: list[Row] = [
        {"kind": Kind.FOLLOW, "viewer": 10, "author": author, "at": -5} for author in (7, *range(200, 230))
    ]
    store = store_of(log(*often, *seldom, *follows))
    every = {int(n): int(at) for n, at in zip(*_uploads(store), strict=True)}
    for most in (5, 40, 100, 500):
        latest = sorted(every, key=lambda n: (-every[n], n))[:most]
        assert items(Following(store, most=most), asking(store)) == latest


def _uploads(store: Store) -> tuple[np.ndarray, np.ndarray]:
    item, videos = store.scan("video", ("uploaded",))
    return item, videos["uploaded"]


def test_a_video_that_is_another_authors_now_comes_from_them_alone() -> None:
    moved = [video(1, author=7), video(2, author=7), video(1, author=8, at=-9, id=77)]
    follow: Row = {"kind": Kind.FOLLOW, "viewer": 10, "author": 7, "at": -5}
    store = store_of(log(*moved, follow))
    assert items(Following(store), asking(store)) == [2]
    store = store_of(log(*moved, {**follow, "author": 8}))
    assert items(Following(store), asking(store)) == [1]


def test_what_is_popular_on_the_boards_is_what_a_look_at_everything_finds() -> None:
    chance = np.random.default_rng(3)
    people: list[Row] = [
        {"kind": Kind.VIEWER, "viewer": n, "country": 1 + n % 3, "id": 5000 + n, "at": -2000} for n in range(11, 61)
    ]
    videos = [video(n, language=n % 4, at=-int(chance.integers(1, 9000))) for n in range(1, 301)]
    liked = [
        {"kind": Kind.LIKE, "viewer": 11 + int(chance.integers(50)), "video": 1 + int(chance.zipf(1.3) % 300),
         "at": -int(chance.integers(0, 8000))}
        for _ in range(600)
    ]  # fmt: skip
    store = store_of(log(*people, *videos, *liked))
    every = store.scan("video")[0]
    for country in (0, 1, 3):
        for language in (0, 1, 2):
            source, asked = Popular(store, most=60), asking(store, country=country, language=language)
            assert items(source, asked) == [int(item) for item in source.among(asked, every)["item"]]


def test_who_has_had_everything_on_the_boards_is_given_the_rest_of_the_catalogue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = store_of(log(*(video(n, uploaded=START - n * HOUR) for n in range(1, 31))))
    source, full = Popular(store, most=8), Popular._on_boards

    def short(self: Popular, request: Request, depth: int) -> tuple[np.ndarray, np.ndarray]:
        item, score = full(self, request, depth)
        best = np.argsort(-score)[:10]
        return item[best], score[best]

    monkeypatch.setattr(Popular, "_on_boards", short)
    assert items(source, asking(store)) == list(range(1, 9))
    seen: list[Row] = [{"kind": Kind.IMPRESSION, "viewer": 10, "video": n, "at": -9, "id": n} for n in range(1, 11)]
    source = Popular(store_of(log(*(video(n, uploaded=START - n * HOUR) for n in range(1, 31)), *seen)), most=8)
    assert items(source, asking(source.store)) == list(range(11, 19))


def test_popular_counts_the_country_first_and_everywhere_a_little() -> None:
    people: list[Row] = [{"kind": Kind.VIEWER, "viewer": viewer, "country": NORWAY if viewer < 20 else BRITAIN,
                          "id": 5000 + viewer, "at": -2000} for viewer in range(11, 31)]  # fmt: skip
    rows = likes(*((viewer, 1) for viewer in range(21, 31)), *((viewer, 2) for viewer in range(11, 15)), (25, 3))
    store = store_of(log(*people, *(video(n) for n in range(1, 5)), *rows))
    assert items(Popular(store), asking(store, country=NORWAY))[:3] == [2, 1, 3]
    assert items(Popular(store), asking(store, country=BRITAIN))[:3] == [1, 3, 2]
    assert items(Popular(store), asking(store))[:3] == [1, 2, 3]


def test_popularity_fades_and_a_like_taken_back_is_none() -> None:
    videos = [video(n, uploaded=START - 90 * DAY) for n in (1, 2, 3)]
    old = likes(*((viewer, 1) for viewer in range(11, 14)), at=-20 * 1440)
    new = likes((11, 2), (11, 3), (12, 3))
    back: list[Row] = [{"kind": Kind.UNLIKE, "viewer": viewer, "video": 3, "at": -30} for viewer in (11, 12)]
    store = store_of(log(*videos, *old, *new, *back))
    assert items(Popular(store), asking(store))[0] == 2
    assert items(Popular(store), asking(store))[-1] == 3


def test_popular_in_another_language_counts_a_tenth() -> None:
    videos = [video(1, language=ENGLISH), video(2, language=NORWEGIAN), video(3)]
    store = store_of(log(*videos, *likes(*((viewer, 1) for viewer in range(11, 16)), (11, 2), (12, 3))))
    assert items(Popular(store), asking(store, language=NORWEGIAN)) == [2, 3, 1]
    assert items(Popular(store), asking(store, language=ENGLISH))[0] == 1


def test_what_was_seen_makes_room_for_the_next_popular() -> None:
    seen: list[Row] = [{"kind": Kind.IMPRESSION, "viewer": 10, "video": n, "at": -9} for n in (1, 2)]
    store = store_of(log(*(video(n) for n in range(1, 6)), *likes((11, 1), (12, 1), (11, 2), (11, 3)), *seen))
    assert items(Popular(store, most=1), asking(store)) == [3]
    assert items(Popular(store, most=1), asking(store, viewer=0)) == [1]
    assert items(Popular(store, most=1), asking(store, at=START + 40 * DAY))[0] in (1, 2, 3)
    assert len(items(Popular(store), asking(store, at=START + 40 * DAY))) == 5


def test_removed_videos_are_not_popular_and_undescribed_ones_are_nowhere() -> None:
    rows = [video(1), video(2), {"kind": Kind.REMOVE, "video": 1, "at": -3}, *likes((11, 1), (11, 9))]
    store = store_of(log(*rows))
    assert items(Popular(store), asking(store)) == [2]
    assert items(Trial(store), asking(store)) == [2]


def test_a_trial_brings_new_videos_with_room_left_those_that_are_behind_first() -> None:
    ages = {1: 1 * HOUR, 2: 5 * HOUR, 3: 5 * DAY, 4: -HOUR, 5: 2 * HOUR}
    seen: list[Row] = [{"kind": Kind.IMPRESSION, "viewer": viewer, "video": 1, "at": -9} for viewer in range(20, 25)]
    store = store_of(log(*(video(n, uploaded=START - age) for n, age in ages.items()), *seen))
    assert sorted(items(Trial(store), asking(store))) == [1, 2, 5]
    assert items(Trial(store), asking(store))[-1] == 1, "it had most of its audience"
    assert len(items(Trial(store, most=1), asking(store))) == 1


def test_a_first_look_comes_before_all_else_whatever_the_age() -> None:
    """Two videos of one age and one that is older; one of the two was seen by five, and the older by four."""
    ages = {1: HOUR, 2: HOUR, 3: 3 * HOUR}
    seen: list[Row] = [
        {"kind": Kind.WATCH, "viewer": viewer, "video": of, "at": -9, "seconds": 4.0}
        for of, viewers in ((2, range(20, 25)), (3, range(30, 34)))
        for viewer in viewers
    ]
    store = store_of(log(*(video(n, uploaded=START - age) for n, age in ages.items()), *seen))
    assert all(items(Trial(store), asking(store, seed=seed))[0] == 1 for seed in range(20))
    assert lacking_look(store, np.array([1, 2, 3])).tolist() == pytest.approx([1.0, 0.0, 0.0], abs=0.02)


def test_watches_that_never_come_do_not_keep_a_video_from_its_audience() -> None:
    """Of seven impressions two bring no watch: they are waited for, and then others are asked."""
    seen: list[Row] = []
    for viewer in range(20, 27):
        about = {"viewer": viewer, "video": 1, "at": -viewer / 10}
        seen.append({"kind": Kind.IMPRESSION, **about})
        if viewer < 25:
            seen.append({"kind": Kind.WATCH, "seconds": 4.0, **about})
    store = store_of(log(video(1, uploaded=START - HOUR), *sorted(seen, key=lambda row: row["at"])))
    assert items(Trial(store), asking(store)) == []
    assert items(Trial(store), asking(store, at=START + HOUR)) == [1]
    late = {"kind": Kind.WATCH, "video": 1, "at": 9, "seconds": 4.0}
    more: list[Row] = [{**late, "viewer": n, "id": n} for n in (25, 26)]
    store = store_of(log(video(1, uploaded=START - HOUR), *sorted(seen, key=lambda row: row["at"])), log(*more))
    assert items(Trial(store), asking(store, at=START + HOUR)) == [], "the audience was there"


def test_what_is_on_trial_takes_turns() -> None:
    store = store_of(log(*(video(n, uploaded=START - HOUR) for n in range(1, 41))))
    firsts = {items(Trial(store, most=1), asking(store, seed=seed))[0] for seed in range(40)}
    assert len(firsts) > 15
    assert items(Trial(store), asking(store, seed=5)) == items(Trial(store), asking(store, seed=5))


@pytest.mark.parametrize("source", [Following, Trial, Popular, Similar])
def test_an_empty_catalogue_brings_nothing(source: type) -> None:
    store = store_of()
    assert items(source(store), asking(store)) == []
