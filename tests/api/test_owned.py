"""One's own data: all of it, in words, and taking back one thing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from foryou.api.server import application
from foryou.app import Engine
from foryou.core.clock import ManualClock
from foryou.settings import load

BAD = "<script>alert(1)</script>"
ROWS = [
    {"id": "v", "kind": "video", "video": "v1", "author": "bo"},
    {"id": "l", "kind": "like", "viewer": "ada", "video": "v1"},
    {"id": "c", "kind": "comment", "viewer": "ada", "video": "v1", "text": BAD},
    {"id": "s", "kind": "search", "viewer": "ada", "text": "how to be alone"},
    {"id": "w", "kind": "watch", "viewer": "ada", "video": "v1", "seconds": 9.0},
    {"id": "o", "kind": "like", "viewer": "bo", "video": "v1"},
    {"id": "f", "kind": "save", "viewer": "ada", "video": "v1", "collection": "food"},
]


def test_everything_of_a_viewer_and_of_nobody_else(http: TestClient[Litestar]) -> None:
    http.post("/v1/events", json=ROWS)
    slate = http.get("/v1/feed?viewer=ada&n=1").json()
    told = http.get("/v1/viewers/ada/data").json()
    assert [each["event"]["id"] for each in told["log"] if "event" in each] == ["l", "c", "s", "w", "f"]
    assert [each["shown"]["request"] for each in told["log"] if "shown" in each] == [slate["request"]] * bool(
        slate["items"]
    )
    assert told["known"]["viewer"] == "ada"
    assert set(told["kept"][0]) == {"what", "why", "how_long"}


@pytest.mark.parametrize("language", ["en", "nl", "nb"])
def test_the_page_of_it_says_all_in_words_and_runs_nothing(http: TestClient[Litestar], language: str) -> None:
    http.post("/v1/events", json=ROWS)
    answer = http.get(f"/v1/viewers/ada/data?format=html&language={language}")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f'lang="{language}"' in answer.text
    assert BAD not in answer.text and "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "how to be alone" in answer.text and "style" not in answer.text


def test_an_act_is_taken_back_by_its_id(http: TestClient[Litestar]) -> None:
    http.post("/v1/events", json=ROWS)
    for event in ("l", "c", "f"):
        assert http.delete(f"/v1/viewers/ada/events/{event}").json()["accepted"] == 1
    counts = http.get("/v1/videos/v1").json()["counts"]
    assert (counts["likes"], counts["comments"], counts["saves"]) == (1, 0, 0)
    assert http.delete("/v1/viewers/ada/events/o").status_code == 404  # another viewer's
    refused = http.delete("/v1/viewers/ada/events/w")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "event")


def test_words_that_are_taken_back_are_in_no_file(tmp_path: Path) -> None:
    engine = Engine.open(load(environment={"FORYOU_DATA_URL": f"file:{tmp_path}"}), ManualClock(1_700_000_000_000))
    with TestClient(application(engine)) as http:
        http.post("/v1/events", json=ROWS)
        engine.save()
        for event in ("c", "s"):
            assert http.delete(f"/v1/viewers/ada/events/{event}").status_code == 200
        sent = [msgspec.msgpack.decode(raw) for raw in engine.export()]
        assert BAD not in str(sent) and "alone" not in str(sent)
    engine.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert BAD.encode() not in path.read_bytes(), path
            assert b"how to be alone" not in path.read_bytes(), path
