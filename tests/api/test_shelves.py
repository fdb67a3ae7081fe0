"""What is a viewer's own wherever they are: what they marked, and whom they may want to follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from foryou.app import Engine

Send = Callable[..., None]
Get = Callable[[str], Any]


def test_marks_are_the_same_wherever_they_were_made_and_go_when_they_are_taken_back(get: Get, send: Send) -> None:
    send(*({"kind": "video", "video": f"v{n}", "author": f"a{n}"} for n in range(6)))
    assert get("/v1/viewers/ada/marks") == {"like": [], "save": [], "follow": [], "not_interested": []}
    send(
        {"kind": "like", "viewer": "ada", "video": "v2"},
        {"kind": "like", "viewer": "ada", "video": "v0"},
        {"kind": "save", "viewer": "ada", "video": "v1", "collection": "food"},
        {"kind": "follow", "viewer": "ada", "author": "a3"},
        {"kind": "not_interested", "viewer": "ada", "video": "v4", "about": "topic"},
        {"kind": "not_interested", "viewer": "ada", "video": "v5"},
        {"kind": "like", "viewer": "bob", "video": "v5"},
    )
    told = get("/v1/viewers/ada/marks")
    assert told == {"like": ["v2", "v0"], "save": ["v1"], "follow": ["a3"], "not_interested": ["v4", "v5"]}
    send(
        {"kind": "unlike", "viewer": "ada", "video": "v2"},
        {"kind": "unsave", "viewer": "ada", "video": "v1"},
        {"kind": "unfollow", "viewer": "ada", "author": "a3"},
        {"kind": "interested", "viewer": "ada", "video": "v4", "about": "topic"},
    )
    assert get("/v1/viewers/ada/marks") == {"like": ["v0"], "save": [], "follow": [], "not_interested": ["v5"]}


def tastes(send: Send) -> None:
    """Four who like bread, four who like chess; each lot follows two creators, and ada likes bread."""
    for topic in ("bread", "chess"):
        send(
            *(
                {"kind": "video", "video": f"{topic} {n}", "author": f"{topic} {n % 3}", "hashtags": [topic],
                 "caption": f"{topic} and {topic} again"}
                for n in range(9)
            )
        )  # fmt: skip
        for who in range(4):
            send(*({"kind": "like", "viewer": f"{topic} fan {who}", "video": f"{topic} {n}"} for n in range(6)))
            send(*({"kind": "follow", "viewer": f"{topic} fan {who}", "author": f"{topic} {n}"} for n in (0, 1)))
    send({"kind": "follow", "viewer": "bread fan 0", "author": "bread 2"})
    send({"kind": "viewer", "viewer": "bread 1", "name": "Bea"})


@pytest.mark.mission("NO-23")
def test_creators_are_suggested_whom_people_of_a_similar_taste_follow(get: Get, send: Send, engine: Engine) -> None:
    tastes(send)
    send(*({"kind": "like", "viewer": "ada", "video": f"bread {n}"} for n in range(5)))
    while engine.work():
        pass
    told = get("/v1/viewers/ada/suggestions")["authors"]
    assert {(each["author"], each["because"], each["count"]) for each in told[:2]} == {
        ("bread 0", "alike", 4),
        ("bread 1", "alike", 4),
    }
    assert {each["author"]: each["because"] for each in told[2:]} == {"chess 0": "many", "chess 1": "many"}
    bea = next(each for each in told if each["author"] == "bread 1")
    assert bea == {"author": "bread 1", "name": "Bea", "followers": 4, "posts": 3, "because": "alike", "count": 4}
    send(
        {"kind": "follow", "viewer": "ada", "author": "bread 0"},
        {"kind": "block", "viewer": "ada", "author": "chess 0"},
    )
    assert [each["author"] for each in get("/v1/viewers/ada/suggestions")["authors"]] == ["bread 1", "chess 1"]


def test_whom_fewer_than_three_follow_is_not_suggested_to_anybody(get: Get, send: Send) -> None:
    tastes(send)
    named = {each["author"] for each in get("/v1/viewers/somebody%20new/suggestions?n=50")["authors"]}
    assert named == {"bread 0", "bread 1", "chess 0", "chess 1"}  # and not bread 2, whom one person follows


def test_suggestions_of_nobody_in_an_empty_world_are_none(get: Get, http: TestClient[Litestar]) -> None:
    assert get("/v1/viewers/ada/suggestions") == {"authors": []}
    assert http.get("/v1/viewers/ada/suggestions?n=51").status_code == 400


@pytest.mark.mission("NO-23")
def test_a_creator_sees_what_they_take_part_in_beside_what_they_post_about(get: Get, send: Send) -> None:
    send(
        {"kind": "video", "video": "own 1", "author": "bo", "hashtags": ["#Bread"]},
        {"kind": "video", "video": "own 2", "author": "bo", "hashtags": ["bread", "cats"]},
        {"kind": "video", "video": "v0", "author": "ada", "hashtags": ["chess"]},
        {"kind": "video", "video": "v1", "author": "ada", "hashtags": ["cats"]},
        {"kind": "like", "viewer": "bo", "video": "v0"},
        {"kind": "save", "viewer": "bo", "video": "v0"},
        {"kind": "comment", "viewer": "bo", "video": "v1", "text": "so fluffy"},
        {"kind": "like", "viewer": "bo", "video": "own 1"},
    )  # fmt: skip
    told = get("/v1/viewers/bo/engagement")
    assert (told["engaged"], told["posted"]) == (2, 2)
    assert {each["hashtag"]: each["share"] for each in told["engages"]} == {"cats": 0.5, "chess": 0.5}
    assert [(each["hashtag"], each["count"], each["share"]) for each in told["posts"]] == [
        ("bread", 2, 1),
        ("cats", 1, 0.5),
    ]
    assert get("/v1/viewers/nobody/engagement") == {"engaged": 0, "posted": 0, "engages": [], "posts": []}
