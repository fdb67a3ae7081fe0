"""Viewers are in charge: what they ask of their feed is so in the very next one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from foryou.core.clock import DAY, HOUR
from foryou.core.errors import InvalidEvent
from foryou.feed.recipe import FeedSettings
from tests.loop.conftest import World, all_shown, interest, make_world, tastes, told


@pytest.fixture(scope="module")
def library() -> Iterator[World]:
    """One world for tests whose viewers are their own."""
    made = make_world()
    yield made
    made.engine.close()


# --- who asks for nothing ---------------------------------------------------------------------------------------------


def test_who_asks_for_nothing_gets_what_they_would_without_any_of_this() -> None:
    with_, without = make_world(), make_world(FeedSettings(wished=0, wishes=0.0))
    for world in (with_, without):
        world.finish("ada", *world.videos("topic3")[:5])
        world.act("ada", "not_interested", "v4")
    one, other = (world.client.feed("ada", n=50).items for world in (with_, without))
    assert one == other
    slate = with_.client.feed("ada", n=5)
    why: Any = with_.client.explain(slate.request, str(slate.items[0]["video"]))
    assert why["wishes"] == 0
    assert why["neutral"] + sum(family["part"] for family in why["families"]) == pytest.approx(why["score"], abs=1e-9)
    for world in (with_, without):
        world.engine.close()


# --- knew it already --------------------------------------------------------------------------------------------------


def test_a_video_that_a_viewer_knew_already_is_not_shown_again_and_teaches_no_dislike(library: World) -> None:
    library.finish("sam", *library.videos("topic3")[:3])
    before = tastes(library, "sam")
    target = library.videos("topic3")[10]
    library.act("sam", "seen", target)
    library.send({"kind": "watch", "viewer": "sam", "video": target, "seconds": 0.4})
    assert tastes(library, "sam") == before
    assert target not in all_shown(library, "sam")


def test_what_a_swipe_taught_before_it_was_said_that_the_video_was_known_is_taken_back(library: World) -> None:
    library.finish("sid", *library.videos("topic3")[:3])
    target = library.videos("topic3")[10]
    before = interest(library, "sid", "topic3")["strength"]
    library.watch("sid", target, 0.4)
    assert interest(library, "sid", "topic3")["strength"] < before
    library.act("sid", "seen", target)
    assert interest(library, "sid", "topic3")["strength"] == pytest.approx(before, abs=1e-4)


# --- less of one thing ------------------------------------------------------------------------------------------------


@pytest.mark.mission("NO-07")
def test_a_dislike_of_the_topic_or_of_the_author_is_of_nothing_else(library: World) -> None:
    video, author = library.videos("topic5")[0], f"author-{library.videos('topic5')[0]}"
    library.send({"kind": "not_interested", "viewer": "tom", "video": video, "about": "topic"})
    library.send({"kind": "not_interested", "viewer": "tim", "video": video, "about": "author"})
    assert interest(library, "tom", "topic5")["strength"] < 0 == interest(library, "tom", author, "author")["strength"]
    assert interest(library, "tim", author, "author")["strength"] < 0 == interest(library, "tim", "topic5")["strength"]
    assert library.share("tom", "topic5", 100) < 0.05 < library.share("tim", "topic5", 100)
    library.send({"kind": "interested", "viewer": "tom", "video": video, "about": "topic"})
    assert interest(library, "tom", "topic5")["strength"] == 0
    assert library.share("tom", "topic5", 100) > 0.05


def test_a_dislike_of_something_that_is_neither_is_refused(library: World) -> None:
    (refusal,) = library.client.events(
        [{"id": "odd", "kind": "not_interested", "viewer": "ada", "video": "v1", "about": "weather"}]
    ).refused
    assert (refusal.field, refusal.expected) == ("about", "topic or author: what the dislike is of")


@pytest.mark.mission("NO-07")
def test_a_hidden_word_is_in_no_video_that_is_shown_whatever_its_case_and_marks(library: World) -> None:
    world = make_world()
    world.upload("caption", "topic1", caption="Le CAFÉ du coin")
    world.upload("description", "topic2", description="where coffee is called cafe.")
    world.upload("hashtag", "topic3", hashtags=["topic3", *(f"tag{n}" for n in range(9)), "Cafe-Society"])
    world.upload("long", "topic4", description=" ".join(f"word{n}" for n in range(200)) + " café")
    world.upload("other", "topic5", caption="A cafeteria")
    assert {"caption", "description", "hashtag", "long", "other"} <= all_shown(world, "eve")
    world.send({"kind": "hide", "viewer": "eve", "word": "Café"})
    assert all_shown(world, "eve then") - {"caption"}
    shown = {video for _ in range(5) for video in world.feed("eve", 100, session="again")}
    assert shown & {"caption", "description", "hashtag", "long", "other"} == {"other"}
    assert {"kind": "word", "name": "Café"}.items() <= told(world, "eve")["hidden"][0].items()
    world.send({"kind": "unhide", "viewer": "eve", "word": "CAFE"})
    assert told(world, "eve")["hidden"] == []
    assert "caption" in {video for _ in range(5) for video in world.feed("eve", 100, session="and again")}
    world.engine.close()


def test_of_several_words_all_have_to_be_said_and_words_written_together_are_found(library: World) -> None:
    world = make_world()
    world.upload("both", "topic1", caption="The cup of the world")
    world.upload("one", "topic1", caption="A cup of tea")
    world.upload("together", "topic1", caption="今日は猫の動画です")
    world.send(
        {"kind": "hide", "viewer": "eve", "word": "world cup"}, {"kind": "hide", "viewer": "eve", "word": "動画"}
    )
    assert all_shown(world, "eve") & {"both", "one", "together"} == {"one"}
    (refusal,) = world.client.events([{"id": "dots", "kind": "hide", "viewer": "eve", "word": "..."}]).refused
    assert refusal.field == "word"
    world.engine.close()


# --- what a viewer sets -----------------------------------------------------------------------------------------------


@pytest.mark.mission("NO-05")
def test_only_languages_that_were_asked_for_and_videos_whose_language_nobody_knows_are_shown() -> None:
    world = make_world()
    for number in range(30):
        world.upload(f"said{number}", "topic1", language=("nb", "en", "nl")[number % 3])
    world.send({"kind": "viewer", "viewer": "ida", "languages": ["nb", "nl"]})
    shown = all_shown(world, "ida")
    assert not shown & {f"said{number}" for number in range(1, 30, 3)}
    assert {f"said{number}" for number in (0, 2)} <= shown and "v1" in shown
    assert told(world, "ida")["settings"]["languages"] == ["nb", "nl"]
    world.send({"kind": "viewer", "viewer": "ida", "languages": []})
    assert "said1" in {video for _ in range(5) for video in world.feed("ida", 100, session="again")}
    world.engine.close()


def test_short_or_long_and_popular_or_niche_videos_are_what_was_asked_for() -> None:
    world = make_world()
    for number in range(100):
        world.upload(f"long{number}", f"topic{number % 10}", duration=60.0 + number)
    for viewer in range(10):
        world.finish(f"fan{viewer}", *(f"v{number}" for number in range(0, 300, 6)))
    seen = {f"v{number}" for number in range(0, 300, 6)}

    def long(viewer: str) -> int:
        return sum(video.startswith("long") for video in world.feed(viewer, 30))

    def popular(viewer: str) -> int:
        return len(seen.intersection(world.feed(viewer, 30)))

    usual = long("lou"), popular("lou")
    world.send({"kind": "viewer", "viewer": "lou", "length": 1})
    assert long("lou") > usual[0]
    world.send({"kind": "viewer", "viewer": "lou", "length": -1})
    assert long("lou") < max(usual[0], 1)
    world.send({"kind": "viewer", "viewer": "lou", "length": 0, "niche": -1})
    most = popular("lou")
    assert most > max(usual[1], 5)
    world.send({"kind": "viewer", "viewer": "lou", "niche": 1})
    assert popular("lou") <= min(usual[1], 1)
    assert told(world, "lou")["settings"]["niche"] == 1
    world.engine.close()


@pytest.mark.mission("NO-05")
def test_age_gender_and_country_are_not_used_for_who_does_not_want_that(library: World) -> None:
    library.send({"kind": "viewer", "viewer": "max", "age": "25-34", "gender": "x", "country": "NL"})
    library.send({"kind": "viewer", "viewer": "max", "demographics": False})
    slate = library.client.feed("max", n=5, country="NL")
    why: Any = library.client.explain(slate.request, str(slate.items[0]["video"]))
    assert {row["family"]: row["part"] for row in why["families"]}["demographics"] == pytest.approx(0, abs=1e-12)
    assert told(library, "max")["settings"]["demographics"] is False


@pytest.mark.mission("NO-06")
def test_nothing_is_learned_during_a_pause_but_what_was_seen_liked_and_followed_is_so(library: World) -> None:
    library.finish("pam", *library.videos("topic3")[:3])
    before = tastes(library, "pam")
    counted = library.engine.video("v5")["outcomes"]
    now = library.clock.at
    library.send({"kind": "viewer", "viewer": "pam", "pause_until": now + HOUR})
    learned = library.engine.status()["joined"]
    library.finish("pam", *library.videos("topic5")[:5])
    library.act("pam", "like", "v5")
    library.send({"kind": "follow", "viewer": "pam", "author": "author-v7"})
    assert tastes(library, "pam") == before
    assert library.engine.status()["joined"] == learned
    assert told(library, "pam")["paused_until"] == now + HOUR
    after: Any = library.engine.video("v5")["outcomes"]
    assert after["like"]["raw"] == counted.get("like", {"raw": 0})["raw"] + 1  # type: ignore[attr-defined]
    assert not all_shown(library, "pam") & set(library.videos("topic5")[:5])
    assert "v7" in library.feed("pam", 10, surface="following")
    library.send({"kind": "viewer", "viewer": "pam", "pause_until": 0})
    library.act("pam", "unlike", "v5")
    assert tastes(library, "pam") == before, "what taught nothing has nothing to take back"
    library.finish("pam", library.videos("topic5")[6])
    assert interest(library, "pam", "topic5")["strength"] > 0
    assert told(library, "pam")["paused_until"] is None


# --- how much of what -------------------------------------------------------------------------------------------------


@pytest.mark.mission("NO-08")
def test_more_of_a_hashtag_that_was_never_learned_is_twice_as_much_at_least(library: World) -> None:
    before = library.share("pia", "topic6")
    library.send({"kind": "prefer", "viewer": "pia", "hashtag": "#Topic6", "strength": 2})
    assert library.share("pia", "topic6") >= max(2 * before, 0.2)
    assert {"kind": "hashtag", "name": "topic6", "strength": 2.0}.items() <= told(library, "pia")["prefers"][0].items()
    library.send({"kind": "prefer", "viewer": "pia", "hashtag": "topic6", "strength": 1})
    assert library.share("pia", "topic6") <= before + 0.05
    assert told(library, "pia")["prefers"] == []


@pytest.mark.mission("NO-07")
def test_of_a_hashtag_at_0_none_comes_even_if_it_is_what_the_viewer_watched(library: World) -> None:
    library.finish("pit", *library.videos("topic3")[:10])
    assert library.share("pit", "topic3") > 0.2
    library.send({"kind": "prefer", "viewer": "pit", "hashtag": "topic3", "strength": 0})
    shown = [video for turn in range(10) for video in library.feed("pit", 20, session=f"turn {turn}")]
    assert len(shown) == 200
    assert "topic3" not in {library.topic_of[video] for video in shown}


def test_more_of_an_author_brings_their_videos_and_a_sound_moves_too() -> None:
    world = make_world()
    for number in range(6):
        world.upload(f"hers{number}", f"topic{number}", author="herself", sound="song")
    world.clock.forward(20 * DAY)
    world.send({"kind": "prefer", "viewer": "pat", "author": "herself", "strength": 2})
    assert sum(video.startswith("hers") for video in world.feed("pat", 20)) >= 3
    world.send({"kind": "prefer", "viewer": "pat", "sound": "song", "strength": 0})
    assert not any(video.startswith("hers") for video in world.feed("pat", 20))
    world.engine.close()


# --- forgetting -------------------------------------------------------------------------------------------------------


def targets(world: World, viewer: str, video_of: str, family: str = "behaviour") -> list[str]:
    slate = world.client.feed(viewer, n=50)
    video = next(str(item["video"]) for item in slate.items if world.topic_of[str(item["video"])] == video_of)
    why: Any = world.client.explain(slate.request, video)
    return [row["name"] for row in why["targets"] if row["family"] == family]


@pytest.mark.mission("NO-06")
def test_a_forgotten_hashtag_is_nothing_in_the_next_request_and_is_learned_anew(library: World) -> None:
    library.finish("fay", *library.videos("topic3")[:6], *library.videos("topic4")[:2])
    usual = 0.25
    assert library.share("fay", "topic3") > usual
    assert "topic3" in targets(library, "fay", "topic3")
    kept = interest(library, "fay", "topic4")
    library.send({"kind": "forget", "viewer": "fay", "hashtag": "topic3"})
    assert interest(library, "fay", "topic3")["evidence"] == 0
    assert interest(library, "fay", "topic4")["strength"] == pytest.approx(kept["strength"], abs=1e-4)
    assert library.share("fay", "topic3") < usual
    assert "topic3" not in targets(library, "fay", "topic3")
    slate = library.client.feed("fay", n=50)
    video = next(str(item["video"]) for item in slate.items if library.topic_of[str(item["video"])] == "topic3")
    assert not any("topic3" in words for words in library.client.explain(slate.request, video)["words"])  # type: ignore[attr-defined]
    library.finish("fay", library.videos("topic3")[8])
    assert interest(library, "fay", "topic3")["evidence"] == pytest.approx(1, abs=0.01)


@pytest.mark.mission("NO-06")
def test_what_one_video_taught_can_be_taken_out_and_what_the_others_taught_stays(library: World) -> None:
    one, two = library.videos("topic8")[:2]
    library.finish("flo", one)
    before = interest(library, "flo", "topic8")
    library.finish("flo", two)
    library.act("flo", "like", two)
    lines = library.client.evidence("flo", "hashtag", "#Topic8")
    assert [(row["video"], row["kind"]) for row in lines] == [(two, "long_view"), (two, "like"), (one, "long_view")]
    assert sum(float(str(row["part"])) for row in lines) == pytest.approx(3, abs=0.01)
    library.send({"kind": "forget", "viewer": "flo", "video": two})
    assert interest(library, "flo", "topic8")["strength"] == pytest.approx(before["strength"], abs=1e-3)
    assert [row["video"] for row in library.client.evidence("flo", "hashtag", "topic8")] == [one]
    library.send({"kind": "forget", "viewer": "flo", "video": one})
    assert interest(library, "flo", "topic8")["strength"] == 0
    assert not all_shown(library, "flo") & {one, two}, "it stays seen"


def test_evidence_of_a_dislike_speaks_against_what_it_is_of_and_nothing_else(library: World) -> None:
    video = library.videos("topic9")[0]
    library.send({"kind": "impression", "viewer": "fin", "video": video})
    library.send({"kind": "not_interested", "viewer": "fin", "video": video, "about": "author"})
    (line,) = library.client.evidence("fin", "author", f"author-{video}")
    assert line["kind"] == "not_interested" and float(str(line["part"])) == pytest.approx(-2, abs=0.01)
    assert library.client.evidence("fin", "hashtag", "topic9") == []
    with pytest.raises(InvalidEvent, match="nothing to steer by"):
        library.client.evidence("fin", "mood", "blue")
