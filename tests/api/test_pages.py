"""Comments, profiles, shelves and inboxes, as a page asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from foryou.app import Engine

Send = Callable[..., None]
Get = Callable[[str], Any]


def said(viewer: str, comment: str, **more: object) -> dict[str, object]:
    return {"kind": "comment", "viewer": viewer, "video": "v1", "comment": comment, "text": f"by {viewer}", **more}


def ids(told: Any) -> list[str]:
    return [each["id"] for each in told["comments"]]


@pytest.fixture
def talk(send: Send) -> None:
    """A video of bo with three threads, the second answered by bo and pinned."""
    send(
        {"kind": "video", "video": "v1", "author": "bo"},
        said("ada", "c1"),
        said("cy", "c2"),
        said("bo", "c3", parent="c2"),
        said("ada", "c4", parent="c3"),
        said("dan", "c5"),
        {"kind": "like_comment", "viewer": "cy", "video": "v1", "comment": "c1"},
        {"kind": "like_comment", "viewer": "dan", "video": "v1", "comment": "c1"},
        {"kind": "like_comment", "viewer": "dan", "video": "v1", "comment": "c1"},
        {"kind": "like_comment", "viewer": "bo", "video": "v1", "comment": "c1"},
    )


@pytest.mark.usefixtures("talk")
def test_threads_have_one_level_and_come_by_likes_by_time_or_the_creators_first(get: Get, send: Send) -> None:
    told = get("/v1/videos/v1/comments?viewer=dan")
    assert told["count"] == 5
    assert ids(told) == ["c1", "c2", "c5"]
    assert [each["likes"] for each in told["comments"]] == [3, 0, 0]
    assert [each["liked"] for each in told["comments"]] == [True, False, False]
    assert [each["id"] for each in told["comments"][1]["replies"]] == ["c3", "c4"]
    assert told["comments"][1]["replies"][0]["creator"]
    assert ids(get("/v1/videos/v1/comments?sort=new")) == ["c5", "c2", "c1"]
    assert ids(get("/v1/videos/v1/comments?sort=creator")) == ["c2", "c1", "c5"]
    send({"kind": "pin", "viewer": "bo", "video": "v1", "comment": "c5"})
    assert ids(get("/v1/videos/v1/comments")) == ["c5", "c1", "c2"]
    assert get("/v1/videos/v1/comments?sort=new")["comments"][0]["pinned"]
    send({"kind": "unpin", "viewer": "bo", "video": "v1", "comment": "c5"})
    assert ids(get("/v1/videos/v1/comments")) == ["c1", "c2", "c5"]


@pytest.mark.usefixtures("talk")
def test_pages_follow_each_other_though_there_are_new_comments(get: Get, send: Send) -> None:
    first = get("/v1/videos/v1/comments?sort=new&n=2")
    send(said("eve", "c6"))
    second = get(f"/v1/videos/v1/comments?sort=new&n=2&after={first['next']}")
    assert ids(first) + ids(second) == ["c5", "c2", "c1"]
    assert second["next"] is None
    answers = get("/v1/videos/v1/comments?parent=c2&n=1")
    assert ids(answers) == ["c3"]
    assert ids(get(f"/v1/videos/v1/comments?parent=c2&n=1&after={answers['next']}")) == ["c4"]


@pytest.mark.usefixtures("talk")
def test_what_is_taken_back_is_gone_with_what_hung_under_it(get: Get, send: Send) -> None:
    send({"kind": "unlike_comment", "viewer": "cy", "video": "v1", "comment": "c1"})
    assert [each["likes"] for each in get("/v1/videos/v1/comments")["comments"] if each["id"] == "c1"] == [2]
    send({"kind": "uncomment", "viewer": "ada", "video": "v1"})  # the latest: c4
    assert get("/v1/videos/v1")["counts"]["comments"] == 4
    send({"kind": "uncomment", "viewer": "dan", "video": "v1", "comment": "c1"})  # neither the viewer's nor the creator
    assert get("/v1/videos/v1")["counts"]["comments"] == 4
    send({"kind": "uncomment", "viewer": "bo", "video": "v1", "comment": "c2"})  # the creator's own video
    told = get("/v1/videos/v1/comments")
    assert (ids(told), told["count"]) == (["c1", "c5"], 2)
    assert get("/v1/videos/v1")["outcomes"]["comment"]["raw"] == 4  # ada, cy, bo and dan: it is not theirs to undo


@pytest.mark.usefixtures("talk")
def test_whoever_is_blocked_is_not_read(get: Get, send: Send) -> None:
    send({"kind": "block", "viewer": "dan", "author": "ada"}, {"kind": "block", "viewer": "dan", "author": "bo"})
    told = get("/v1/videos/v1/comments?viewer=dan")
    assert ids(told) == ["c2", "c5"]
    assert told["comments"][0]["replies"] == []
    assert ids(get("/v1/videos/v1/comments?viewer=cy")) == ["c1", "c2", "c5"]


@pytest.mark.mission("NO-22")
@pytest.mark.usefixtures("talk")
def test_a_video_can_answer_a_comment_and_says_which(get: Get, send: Send) -> None:
    send(
        {"kind": "video", "video": "v2", "author": "bo"},
        {"kind": "viewer", "viewer": "ada", "name": "Ada"},
        said("bo", "c7", parent="c1", reply_video="v2"),
    )
    answer = next(each for each in get("/v1/videos/v1/comments")["comments"] if each["id"] == "c1")["replies"][0]
    assert (answer["video"], answer["creator"]) == ("v2", True)
    answered = {"video": "v1", "author": "bo", "comment": "c1", "name": "Ada", "text": "by ada"}
    assert get("/v1/videos/v2")["answers"] == answered
    assert {each["video"]: each.get("answers") for each in get("/v1/feed?viewer=zoe")["items"]} == {
        "v1": None, "v2": answered
    }  # fmt: skip
    send({"kind": "block", "viewer": "zoe", "author": "ada"})
    assert [each["answers"] for each in get("/v1/feed?viewer=zoe&session=2")["items"] if each["video"] == "v2"] == [
        {"video": "v1", "author": "bo"}
    ]
    send({"kind": "uncomment", "viewer": "ada", "video": "v1", "comment": "c1"})
    assert get("/v1/videos/v2")["answers"] == {"video": "v1", "author": "bo"}  # the answer stands under the video still
    send({"kind": "uncomment", "viewer": "bo", "video": "v1", "comment": "c7"})
    assert "answers" not in get("/v1/videos/v2")


@pytest.mark.usefixtures("talk")
def test_nobody_says_what_the_video_of_another_answers(get: Get, send: Send) -> None:
    send({"kind": "video", "video": "v2", "author": "bo"}, said("mallory", "c7", parent="c1", reply_video="v2"))
    assert "answers" not in get("/v1/videos/v2")


@pytest.mark.mission("NO-54")
def test_every_episode_of_a_series_of_reactions_names_its_source(get: Get, send: Send) -> None:
    send({"kind": "video", "video": "v1", "author": "ada"})
    for n in (1, 2):
        send(
            {"kind": "video", "video": f"part {n}", "author": "bo", "series": "bo reacts", "episode": n},
            said("bo", f"c{n}", reply_video=f"part {n}"),
        )
    assert [each["answers"] for each in get("/v1/series/bo%20reacts")["videos"]] == [
        {"video": "v1", "author": "ada"}
    ] * 2


@pytest.mark.usefixtures("talk")
def test_the_thread_of_one_comment_comes_first_when_it_is_asked_for(get: Get, send: Send) -> None:
    send(*(said("eve", f"c{n}", parent="c5") for n in range(10, 16)))
    told = get("/v1/videos/v1/comments?about=c14&n=1")
    assert ids(told) == ["c5"]
    assert [each["id"] for each in told["comments"][0]["replies"]] == ["c10", "c11", "c12", "c13", "c14"]
    assert sorted(ids(told) + ids(get(f"/v1/videos/v1/comments?about=c14&after={told['next']}"))) == ["c1", "c2", "c5"]


@pytest.mark.usefixtures("talk")
def test_a_writer_has_a_page_where_there_is_one(get: Get, send: Send) -> None:
    send(
        {"kind": "viewer", "viewer": "cy", "name": "Cy"},
        {"kind": "viewer", "viewer": "web-2b1f-77c0", "name": "Nora"},
        {"kind": "viewer", "viewer": "web-9999-1234", "name": "Ole", "author": "oles"},
        {"kind": "video", "video": "v9", "author": "oles"},
        said("web-2b1f-77c0", "c90"),
        said("web-9999-1234", "c91"),
    )
    told = get("/v1/videos/v1/comments?sort=new")["comments"]
    assert {each["id"]: each["author"] for each in told} == {
        "c1": None, "c2": "cy", "c5": None, "c90": None, "c91": "oles"
    }  # fmt: skip
    assert get("/v1/authors/cy")["name"] == "Cy"
    assert next(each for each in told if each["id"] == "c2")["replies"][0]["author"] == "bo"


def test_scripts_are_text_like_any_other(get: Get, send: Send) -> None:
    bad = "<script>alert(1)</script>\u202e"
    send(
        {"kind": "video", "video": "v1", "author": bad, "caption": bad, "sound": bad, "hashtags": [bad]},
        {"kind": "viewer", "viewer": "ada", "name": bad},
        said("ada", "c1", text=bad),
        {"kind": "save", "viewer": "ada", "video": "v1", "collection": bad},
    )
    comment = get("/v1/videos/v1/comments")["comments"][0]
    assert (comment["text"], comment["name"]) == (bad, bad)
    assert get("/v1/viewers/ada/collections")["collections"][0]["name"] == bad
    assert get("/v1/videos/v1")["caption"] == bad


@pytest.mark.usefixtures("talk")
def test_nobody_learns_the_whole_id_of_a_guest_from_what_they_say(get: Get, send: Send) -> None:
    send(said("web-2b1f-77c0", "c90", text="me too"))
    for reader, viewer in (("web-2b1f-77c0", "web-2b1f-77c0"), ("bob", "web-77c0"), ("", "web-77c0")):
        told = get(f"/v1/videos/v1/comments?sort=new&viewer={reader}")["comments"]
        assert [(each["viewer"], each["name"]) for each in told if each["id"] == "c90"] == [(viewer, viewer)]


def test_a_comment_is_1_to_2000_characters(http: TestClient[Litestar]) -> None:
    rows = [
        {"id": f"x{n}", "kind": "comment", "viewer": "ada", "video": "v1", "text": "x" * n} for n in (0, 1, 2000, 2001)
    ]
    refused = http.post("/v1/events", json=rows).json()["refused"]
    assert [(each["index"], each["field"]) for each in refused] == [(0, "text"), (3, "text")]


def test_nobody_overwrites_the_comment_of_another(get: Get, send: Send) -> None:
    send({"kind": "video", "video": "v1", "author": "bo"}, said("ada", "c1"), said("mallory", "c1"))
    assert [(each["viewer"], each["text"]) for each in get("/v1/videos/v1/comments")["comments"]] == [("ada", "by ada")]


@pytest.mark.mission("NO-17")
def test_saves_lie_in_collections_and_are_taken_out_of_one_or_all(get: Get, send: Send) -> None:
    def shelf(name: str) -> list[str]:
        return [each["video"] for each in get(f"/v1/viewers/ada/saved{name}")["videos"]]

    send(*({"kind": "video", "video": f"v{n}", "author": "bo"} for n in range(3)))
    send(
        {"kind": "save", "viewer": "ada", "video": "v0", "collection": "food"},
        {"kind": "save", "viewer": "ada", "video": "v1", "collection": "food"},
        {"kind": "save", "viewer": "ada", "video": "v1", "collection": "cats"},
        {"kind": "save", "viewer": "ada", "video": "v2"},
    )
    assert shelf("") == ["v2", "v1", "v0"]
    assert (shelf("?collection=food"), shelf("?collection=cats"), shelf("?collection=")) == (
        ["v1", "v0"],
        ["v1"],
        ["v2"],
    )
    assert [(each["name"], each["count"]) for each in get("/v1/viewers/ada/collections")["collections"]] == [
        ("food", 2), ("cats", 1), ("", 1)
    ]  # fmt: skip
    send({"kind": "unsave", "viewer": "ada", "video": "v1", "collection": "food"})
    assert (shelf("?collection=food"), shelf("")) == (["v0"], ["v2", "v1", "v0"])
    assert get("/v1/videos/v1")["counts"]["saves"] == 1
    send({"kind": "unsave", "viewer": "ada", "video": "v1"})
    assert (shelf("?collection=cats"), shelf("")) == ([], ["v2", "v0"])
    assert get("/v1/videos/v1")["counts"]["saves"] == 0


@pytest.mark.mission("NO-17")
def test_counts_are_exact_on_cards_and_profiles(get: Get, send: Send) -> None:
    send(
        *({"kind": "video", "video": f"v{n}", "author": "bo", "hashtags": ["#Cats"], "sound": "purr"} for n in range(3))
    )
    for viewer in ("ada", "cy"):
        send(
            {"kind": "watch", "viewer": viewer, "video": "v1", "seconds": 5.0},
            {"kind": "like", "viewer": viewer, "video": "v1"},
            {"kind": "share", "viewer": viewer, "video": "v1"},
            {"kind": "follow", "viewer": viewer, "author": "bo"},
        )
    send({"kind": "unlike", "viewer": "cy", "video": "v1"}, {"kind": "save", "viewer": "cy", "video": "v1"})
    counts = {"likes": 1, "comments": 0, "shares": 2, "saves": 1, "views": 2}
    assert get("/v1/videos/v1")["counts"] == counts
    items = {each["video"]: each for each in get("/v1/feed?viewer=zoe")["items"]}
    assert items["v1"]["counts"] == counts
    profile = get("/v1/authors/bo?n=2")
    assert {name: profile[name] for name in ("posts", "followers", "likes")} == {"posts": 3, "followers": 2, "likes": 1}
    assert [each["video"] for each in profile["videos"]] == ["v2", "v1"]
    assert [each["video"] for each in get(f"/v1/authors/bo?after={profile['next']}")["videos"]] == ["v0"]
    for path in ("/v1/sounds/purr", "/v1/hashtags/%23CATS", "/v1/hashtags/cats"):
        assert [each["video"] for each in get(path)["videos"]] == ["v2", "v1", "v0"]


@pytest.mark.mission("NO-17")
def test_a_profile_says_whose_likes_may_be_seen(get: Get, send: Send) -> None:
    send({"kind": "video", "video": "v1", "author": "bo"}, {"kind": "viewer", "viewer": "bob", "author": "bo"})
    assert get("/v1/authors/bo")["liked_by"] is None
    send({"kind": "viewer", "viewer": "bob", "liked_public": True})
    assert get("/v1/authors/bo")["liked_by"] == "bob"
    send({"kind": "viewer", "viewer": "bob", "liked_public": False})
    assert get("/v1/authors/bo")["liked_by"] is None


@pytest.mark.mission("NO-53")
def test_a_series_goes_on_with_the_next_episode_that_there_is(get: Get, send: Send, http: TestClient[Litestar]) -> None:
    send(*({"kind": "video", "video": f"part {n}", "author": "bo", "series": "naps", "episode": n} for n in (4, 1, 2)))
    assert [each["video"] for each in get("/v1/series/naps")["videos"]] == ["part 1", "part 2", "part 4"]
    assert [each["video"] for each in get("/v1/series/naps?episode=1")["videos"]] == ["part 2", "part 4"]
    items = {each["video"]: each.get("next_episode") for each in get("/v1/feed?viewer=zoe")["items"]}
    assert items == {"part 1": "part 2", "part 2": "part 4", "part 4": None}
    send({"kind": "remove", "video": "part 2"})
    assert get("/v1/videos/part%201")["next_episode"] == "part 4"
    assert get("/v1/authors/bo")["series"] == [{"series": "naps", "episodes": 2, "first": "part 1"}]
    assert http.get("/v1/series/none").status_code == http.get("/v1/authors/none").status_code == 404


@pytest.mark.mission("NO-77")
@pytest.mark.usefixtures("talk")
def test_an_inbox_has_answers_likes_comments_and_followers(get: Get, send: Send, http: TestClient[Litestar]) -> None:
    send({"kind": "follow", "viewer": "cy", "author": "bo"}, {"kind": "follow", "viewer": "dan", "author": "bo"})
    mine = get("/v1/viewers/ada/inbox")
    assert [(each["kind"], each["from"], each["count"], each["comment"]) for each in mine["items"]] == [
        ("comment_like", ["bo", "dan", "cy"], 3, "c1")
    ]
    creator = get("/v1/viewers/bo/inbox")
    assert [(each["kind"], each["from"]) for each in creator["items"]] == [
        ("follow", ["dan", "cy"]), ("comment", ["dan"]), ("reply", ["ada"]), ("comment", ["cy"]), ("comment", ["ada"])
    ]  # fmt: skip
    assert (creator["unread"], creator["unanswered"], creator["reply_time_s"]) == (5, 2, 60.0)
    at = creator["items"][1]["at"]
    assert http.post("/v1/viewers/bo/inbox/read", json={"at": at}).json()["accepted"] == 1
    assert get("/v1/viewers/bo/inbox")["unread"] == 1
    send({"kind": "unfollow", "viewer": "cy", "author": "bo"})
    assert get("/v1/viewers/bo/inbox")["items"][0]["from"] == ["dan"]


@pytest.mark.usefixtures("talk")
def test_who_is_erased_is_gone_from_threads_and_inboxes(get: Get, engine: Engine) -> None:
    engine.erase("ada")
    told = get("/v1/videos/v1/comments")
    assert (ids(told), told["count"]) == (["c2", "c5"], 3)
    assert [each["id"] for each in told["comments"][0]["replies"]] == ["c3"]
    assert get("/v1/viewers/ada/inbox")["items"] == []
    engine.erase("cy")
    told = get("/v1/videos/v1/comments")
    assert (ids(told), told["count"]) == (["c5"], 1)
