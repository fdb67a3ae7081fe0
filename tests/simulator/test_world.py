"""A world is what its sizes and its seed make it, and looks like what it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from foryou.api.decode import from_objects
from foryou.api.schema import to_columns
from foryou.core.batch import Batch
from foryou.core.clock import DAY
from foryou.simulator.creators import REUPLOADS
from foryou.simulator.follows import follows
from foryou.simulator.lives import uses
from foryou.simulator.viewers import LEAST_TASTES, MOST_TASTES
from foryou.simulator.world import Sizes, World, make, viewer_name, wire_video, wire_viewer

SIZES = Sizes(viewers=1500, creators=250, videos=4000)

COLUMNS = {
    "viewers": {
        "taste": "float32", "language": "int8", "country": "int8", "age": "int8", "gender": "int8", "device": "int8",
        "zone": "int16", "hours": "float32", "weekdays": "float32", "visits": "float32", "patience": "float32",
        "liking": "float32", "commenting": "float32", "sharing": "float32", "saving": "float32",
        "following": "float32", "visiting": "float32", "refusing": "float32", "drift": "float32", "joined": "int64",
        "friends": "int32", "script_topic": "int16", "script_presses": "int8", "script_from": "int64",
        "pair": "int32", "arm": "int8",
    },
    "creators": {
        "topic": "float32", "skill": "float32", "language": "int8", "country": "int8", "zone": "int16",
        "followers": "int32", "viewer": "int32", "posts_a_day": "float32", "hour": "int8", "kind": "int8",
    },
    "videos": {
        "creator": "int32", "leaf": "int16", "content": "float32", "format": "int8", "sound": "int32",
        "effect": "int32", "duration": "float32", "language": "int8", "uploaded": "int64", "hook": "float32",
        "appeal": "float32", "likeable": "float32", "shareable": "float32", "picture": "float32", "height": "int16",
        "series": "int32", "episode": "int16", "text": "int64", "copy_of": "int32", "bait": "bool",
        "set_hook": "float32", "set_finish": "float32", "set_like": "float32", "pair": "int32", "arm": "int8",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return make(SIZES, 1)


def same(one: Batch, two: Batch, names: list[str] | None = None, rows: int | None = None) -> bool:
    return all(
        np.array_equal(one[name][:rows], two[name][:rows], equal_nan=one[name].dtype.kind == "f")
        for name in names or one
    )


def ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values))


def test_the_same_seed_gives_the_same_world_and_another_seed_another(world: World) -> None:
    again, other = make(SIZES, 1), make(SIZES, 2)
    for part in COLUMNS:
        assert same(getattr(world, part), getattr(again, part))
        assert not same(getattr(world, part), getattr(other, part))


def test_more_viewers_change_no_video_no_creator_and_no_viewer_who_was_there(world: World) -> None:
    larger = make(Sizes(viewers=2500, creators=250, videos=4000), 1)
    assert same(world.videos, larger.videos)
    assert same(world.creators, larger.creators)
    assert same(world.viewers, larger.viewers, [name for name in world.viewers if name != "friends"], 1500)


def test_every_column_is_there_in_its_type(world: World) -> None:
    for part, columns in COLUMNS.items():
        batch: Batch = getattr(world, part)
        assert {name: batch[name].dtype.name for name in batch} == columns
        assert len(batch) == getattr(SIZES, part)


@pytest.mark.parametrize("sizes", [(9, 10, 10, 1), (10, 0, 10, 1), (10, 1, 0, 1), (10, 1, 1, 0)])
def test_impossible_sizes_are_refused(sizes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="every creator is a viewer"):
        Sizes(*sizes)


def test_the_smallest_world_can_be_made() -> None:
    tiny = make(Sizes(1, 1, 1, 1), 1)
    assert wire_video(tiny, 0)["author"] == "c0" == wire_viewer(tiny, 0)["viewer"]


# --- viewers ----------------------------------------------------------------------------------------------------------


def test_viewers_like_three_to_twelve_topics(world: World) -> None:
    taste = world.viewers["taste"]
    number = (taste > 0).sum(1)
    assert np.allclose(taste.sum(1), 1, atol=1e-5)
    assert number.min() >= LEAST_TASTES and number.max() <= MOST_TASTES


def test_creators_are_viewers_who_like_what_they_post_about(world: World) -> None:
    own = world.viewers.take(world.creators["viewer"])
    assert np.array_equal(own["taste"].argmax(1), world.creators["topic"].argmax(1))
    assert (own["joined"] < world.start).all()
    assert viewer_name(world, int(world.creators["viewer"][7])) == "c7"
    assert viewer_name(world, 1400) == "u1400"


def test_a_fifth_joins_during_the_days(world: World) -> None:
    joined = world.viewers["joined"][SIZES.creators :]
    late = joined >= world.start
    assert 0.16 < late.mean() < 0.24
    assert joined.max() < world.start + (SIZES.days + 1) * DAY


def test_people_look_in_the_morning_and_in_the_evening_by_their_type(world: World) -> None:
    hours, weekdays = world.viewers["hours"], world.viewers["weekdays"]
    assert np.allclose(hours.sum(1), 1, atol=1e-5)
    assert np.allclose(weekdays.mean(1), 1, atol=1e-5)
    all_of_them = hours.mean(0)
    assert all_of_them[7] > 2 * all_of_them[10] / 1.5 and all_of_them[19] > 2 * all_of_them[3]
    assert len(set(hours.argmax(1).tolist())) >= 4


def test_friends_mostly_like_the_same_and_are_nobody_twice(world: World) -> None:
    friends, main = world.viewers["friends"], world.viewers["taste"].argmax(1)
    there = friends >= 0
    assert 0.6 < (main[friends] == main[:, None])[there].mean() < 0.9
    assert not (friends == np.arange(len(friends))[:, None]).any()
    assert all(len(set(row[row >= 0].tolist())) == (row >= 0).sum() for row in friends)


def test_people_speak_what_is_spoken_where_they_live(world: World) -> None:
    events = [wire_viewer(world, v) for v in range(len(world.viewers))]
    spoken = {(event["country"], event["language"]) for event in events}
    assert {("NL", "nl"), ("NO", "nb"), ("US", "en"), ("BE", "nl"), ("NO", "en")} <= spoken
    assert ("NL", "nb") not in spoken
    assert {event["time_zone"] for event in events if event["country"] == "NL"} == {"Etc/GMT-1"}


# --- creators ---------------------------------------------------------------------------------------------------------


def test_followers_are_a_bad_guide_to_skill() -> None:
    makers = make(Sizes(viewers=3000, creators=3000, videos=3000), 3).creators
    together = np.corrcoef(ranks(makers["skill"]), ranks(makers["followers"]))[0, 1]
    assert 0.1 < together < 0.4
    assert makers["followers"].max() > 100 * np.median(makers["followers"])


def test_few_creators_make_many_of_the_videos(world: World) -> None:
    made = np.sort(np.bincount(world.videos["creator"], minlength=SIZES.creators))[::-1]
    assert 0.25 < made[: SIZES.creators // 10].sum() / made.sum() < 0.55
    assert np.isclose(world.creators["posts_a_day"].sum() * SIZES.days, 0.75 * SIZES.videos, rtol=1e-4)


def test_most_creators_are_honest(world: World) -> None:
    share = np.bincount(world.creators["kind"], minlength=4) / SIZES.creators
    assert share[0] > 0.8 and (share[1:] > 0).all()


def test_known_creators_have_followers_among_the_viewers(world: World) -> None:
    viewer, creator = follows(world)
    number = np.bincount(creator, minlength=SIZES.creators)
    known = world.creators["followers"] > 20_000
    assert number[known].min() > number[~known].mean()
    assert (world.viewers["joined"][viewer] < world.start).all()
    assert not (world.creators["viewer"][creator] == viewer).any()
    same_language = world.viewers["language"][viewer] == world.creators["language"][creator]
    assert same_language.mean() > 0.7


# --- videos -----------------------------------------------------------------------------------------------------------


def test_videos_come_in_the_order_of_their_upload_a_quarter_before_the_start(world: World) -> None:
    uploaded = world.videos["uploaded"]
    assert (np.diff(uploaded) >= 0).all()
    assert 0.22 < (uploaded < world.start).mean() < 0.28
    assert uploaded[-1] < world.start + SIZES.days * DAY


def test_durations_are_those_of_kuairand() -> None:
    """Quantiles of the 7,344 videos of KuaiRand-Pure, in seconds."""
    known = {0.05: 10.7, 0.1: 14.6, 0.2: 24.5, 0.3: 40.8, 0.4: 62.7, 0.5: 81.2, 0.7: 129.8, 0.9: 237.8, 0.95: 303.5}
    duration = make(Sizes(viewers=2000, creators=2000, videos=20_000), 1).videos["duration"]
    for share, seconds in known.items():
        assert abs((duration <= seconds).mean() - share) < 0.03


def test_appeal_is_partly_skill_and_hook_hardly_appeal(world: World) -> None:
    films = world.videos.take(~world.videos["bait"] & (world.videos["copy_of"] < 0))
    skill = world.creators["skill"][films["creator"]]
    assert abs(films["appeal"].mean()) < 0.4 and 0.8 < films["appeal"].std() < 1.2
    assert 0.4 < np.corrcoef(skill, films["appeal"])[0, 1] < 0.75
    assert 0.2 < np.corrcoef(films["hook"], films["appeal"])[0, 1] < 0.4


def test_content_is_mostly_of_the_main_topic_which_is_one_of_the_creators(world: World) -> None:
    films = world.videos
    assert np.allclose(films["content"].sum(1), 1, atol=1e-5)
    assert np.array_equal(films["content"].argmax(1), films["leaf"])
    own = world.creators["topic"][films["creator"], films["leaf"]] > 0
    assert own[films["copy_of"] < 0].all()


def test_episodes_of_a_series_follow_each_other_on_one_topic(world: World) -> None:
    films = world.videos.take(world.videos["series"] >= 0)
    assert 0.02 < len(films) / len(world.videos) < 0.4
    for series in np.unique(films["series"]):
        rows = films.take(films["series"] == series)
        assert rows["episode"].tolist() == list(range(1, len(rows) + 1))
        assert len(set(rows["creator"].tolist())) == 1
        assert len(set(rows["leaf"].tolist())) == 1


def test_reuploads_are_of_others_earlier_and_look_the_same(world: World) -> None:
    films = world.videos
    rows = np.flatnonzero(films["copy_of"] >= 0)
    of = films["copy_of"][rows]
    assert len(rows) > 10
    assert (world.creators["kind"][films["creator"][rows]] == REUPLOADS).all()
    assert (world.creators["kind"][films["creator"][of]] != REUPLOADS).all()
    assert (films["uploaded"][of] < films["uploaded"][rows]).all()
    assert np.array_equal(films["content"][of], films["content"][rows])
    assert (films["picture"][rows] < films["picture"][of]).all()


def test_sounds_rise_and_fall() -> None:
    days = np.arange(0, 60 * DAY, DAY)
    used = uses(days, 50, 0, int(days[-1]), 1, "sounds")
    peak = used.argmax(0)
    inside = (peak > 2) & (peak < 30)
    assert inside.sum() > 5
    assert (used[-1, inside] < 0.3 * used.max(0)[inside]).all()
    assert len(set(peak.tolist())) > 20


def test_a_few_sounds_are_used_by_many_and_most_by_one(world: World) -> None:
    number = np.bincount(world.videos["sound"])
    assert number.max() > 15
    assert (number[number > 0] == 1).mean() > 0.5


# --- what clients send ------------------------------------------------------------------------------------------------


def test_the_api_takes_what_clients_send(world: World) -> None:
    events = [wire_video(world, n) for n in range(0, 4000, 5)] + [wire_viewer(world, v) for v in range(500)]
    batch, refused = to_columns(from_objects(events), world.start + 60 * DAY)
    assert refused == []
    assert len(batch) == len(events)
    assert batch["duration"][0] == pytest.approx(float(world.videos["duration"][0]), abs=0.06)


def test_a_video_that_comes_out_later_says_so(world: World) -> None:
    event = wire_video(world, 3000, at=world.start)
    assert event["at"] == event["uploaded"] == world.start
