"""The loop closed: what viewers do changes what they, and others, are shown next."""

from __future__ import annotations

import pytest

from foryou.feed.recipe import FeedSettings
from tests.loop.conftest import World, make_world


@pytest.mark.mission("NL-04")
@pytest.mark.mission("NL-19")
def test_finishing_videos_of_one_topic_raises_that_topic_in_the_next_feed(world: World) -> None:
    before = world.share("ada", "topic3")
    world.finish("ada", *world.videos("topic3")[:8])
    assert world.share("ada", "topic3") > max(2 * before, 0.2)


@pytest.mark.mission("NL-19")
def test_a_viewer_who_watches_only_one_topic_gets_three_times_its_share(world: World) -> None:
    base = 1 / 10
    for number in range(30, 60):
        world.upload(f"more{number}", "topic3")
    world.finish("ada", *world.videos("topic3")[:20])
    assert world.share("ada", "topic3") >= 3 * base


@pytest.mark.mission("NO-07")
def test_three_not_interesteds_cut_a_topic_to_a_quarter(world: World) -> None:
    world.finish("ada", *world.videos("topic3")[:6], *world.videos("topic4")[:6])
    before = world.share("ada", "topic3")
    assert before > 0.1
    seen = world.videos("topic3")[:6]
    world.act("ada", "not_interested", *seen[:3])
    assert world.share("ada", "topic3") <= before / 4


@pytest.mark.mission("NO-07")
def test_one_not_interested_halves_a_topic_and_taking_it_back_brings_the_topic_back(world: World) -> None:
    world.finish("ada", *world.videos("topic3")[:6], *world.videos("topic4")[:6])
    before = world.share("ada", "topic3")
    world.act("ada", "not_interested", world.videos("topic3")[0])
    assert world.share("ada", "topic3") <= before / 2
    world.act("ada", "interested", world.videos("topic3")[0])
    assert world.share("ada", "topic3") >= 0.8 * before


@pytest.mark.mission("NL-05")
def test_a_like_by_similar_viewers_raises_a_video_for_me(world: World) -> None:
    shared, target = world.videos("topic5")[:4], world.videos("topic8")[7]
    for viewer in ("ada", "bob", "cleo", "dirk"):
        world.finish(viewer, *shared)
        world.act(viewer, "like", *shared)
    before = place(world.feed("ada", 100), target)
    for viewer in ("bob", "cleo", "dirk"):
        world.finish(viewer, target)
        world.act(viewer, "like", target)
    after = place(world.feed("ada", 100), target)
    assert after < before
    assert after < 10


def place(slate: list[str], video: str) -> int:
    return slate.index(video) if video in slate else len(slate)


@pytest.mark.mission("NO-26")
def test_nothing_is_served_twice_in_two_hundred_items(world: World) -> None:
    shown: list[str] = []
    for _ in range(20):
        for video in world.feed("ada", 10, session="one"):
            shown.append(video)
            world.watch("ada", video, 0.3 if len(shown) % 2 else 12.0)
    assert len(shown) == 200
    assert len(set(shown)) == 200


def test_pages_of_a_session_do_not_overlap_even_if_nothing_was_watched(world: World) -> None:
    pages = [world.feed("ada", 20, session="one") for _ in range(10)]
    shown = [video for page in pages for video in page]
    assert len(shown) == len(set(shown)) == 200
    assert set(world.feed("ada", 20, session="two")) & set(shown)


@pytest.mark.mission("NO-26")
def test_a_swipe_after_a_third_of_a_second_counts_as_seen_and_what_was_not_shown_does_not(world: World) -> None:
    first = world.feed("ada", 10, session="one")
    world.watch("ada", first[0], 0.3)
    everything = [video for _ in range(4) for video in world.feed("ada", 100, session="two")]
    assert set(everything) == set(world.topic_of) - {first[0]}


@pytest.mark.mission("NL-22")
def test_viewers_with_different_interests_get_different_feeds_and_the_plain_feed_is_the_same_for_all(
    world: World,
) -> None:
    world.finish("ada", *world.videos("topic1")[:10])
    world.finish("bob", *world.videos("topic2")[:10])
    ada, bob = set(world.feed("ada", 20)), set(world.feed("bob", 20))
    assert len(ada & bob) / len(ada | bob) <= 0.5
    plain = [
        world.feed(viewer, 50, session=viewer, surface="plain", language="nl", country="NL")
        for viewer in ("ada", "bob")
    ]
    assert plain[0] == plain[1]
    assert len(plain[0]) == 50


def test_the_following_feed_is_chronological_and_only_of_followed_authors(world: World) -> None:
    followed = ["v3", "v250", "v100"]
    for video in followed:
        world.send({"kind": "follow", "viewer": "ada", "author": f"author-{video}"})
    assert world.feed("ada", 10, surface="following") == ["v250", "v100", "v3"]
    world.send({"kind": "unfollow", "viewer": "ada", "author": "author-v100"})
    assert world.feed("ada", 10, surface="following") == ["v250", "v3"]
    assert world.feed("bob", 10, surface="following") == []


@pytest.mark.mission("NO-06")
def test_hidden_and_blocked_and_removed_and_own_videos_are_not_shown(world: World) -> None:
    world.upload("mine", "topic1", author="ada")
    world.send(
        {"kind": "hide", "viewer": "ada", "hashtag": "#topic2"},
        {"kind": "block", "viewer": "ada", "author": "author-v3"},
        {"kind": "hide", "viewer": "ada", "author": "author-v4"},
        {"kind": "remove", "video": "v5"},
    )
    shown = {video for _ in range(5) for video in world.feed("ada", 100, session="one")}
    assert shown == set(world.topic_of) - set(world.videos("topic2")) - {"mine", "v3", "v4", "v5"}
    world.send({"kind": "unhide", "viewer": "ada", "hashtag": "topic2"})
    assert set(world.feed("ada", 100, session="one")) <= set(world.videos("topic2"))


def test_an_unknown_viewer_and_an_empty_viewer_get_a_feed(world: World) -> None:
    assert len(world.feed("nobody-yet", 10)) == 10
    assert len(world.feed("", 10)) == 10


def test_an_empty_catalogue_gives_an_empty_feed() -> None:
    world = make_world()
    world.send(*({"kind": "remove", "video": video} for video in world.topic_of))
    assert world.feed("ada", 10) == []


def test_who_has_seen_everything_gets_an_empty_feed_that_lacks_nothing(world: World) -> None:
    while slate := world.feed("ada", 100):
        world.finish("ada", *slate)
    answer = world.client.feed("ada", n=5)
    assert (answer.items, answer.degraded) == ([], [])


def test_a_new_video_gets_its_part_of_the_places() -> None:
    world = make_world(FeedSettings(exploration=0.1, freshness=0.0))
    world.finish("ada", *world.videos("topic3")[:10])
    world.clock.forward(20 * 24 * 3_600_000)
    world.upload("newest", "topic9")
    slates = [world.feed(f"viewer{number}", 10) for number in range(60)]
    assert 20 <= sum("newest" in slate for slate in slates) <= 50, "1 - 0.9^8 of them: 34"
    world.engine.close()


@pytest.mark.mission("NL-17")
def test_the_same_log_and_seed_give_the_same_slates() -> None:
    def play() -> list[list[str]]:
        world = make_world()
        slates = []
        for turn in range(6):
            slate = world.feed("ada", 10, session="one")
            slates.append(slate)
            for number, video in enumerate(slate):
                world.watch("ada", video, 12.0 if (number + turn) % 3 else 0.5)
            world.act("ada", "like", slate[0])
            world.engine.work()
        return slates

    assert play() == play()
