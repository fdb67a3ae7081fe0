"""The HTTP API: what it takes, what it answers, and the one shape of its errors."""

import json
import logging
import resource
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from gated import Gated
from litestar import Litestar
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from foryou.api.server import application
from foryou.app import Engine
from foryou.core.clock import DAY, SECOND, ManualClock
from foryou.settings import Settings

Videos = list[dict[str, object]]

Http = TestClient[Litestar]
LIKE = {"id": "e1", "kind": "like", "viewer": "ada", "video": "v1"}


def error_of(http: Http, path: str, status: int, method: str = "GET", body: bytes | None = None) -> dict[str, str]:
    """The error of an answer, whose shape is always the same."""
    answer = http.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    error: dict[str, str] = answer.json()["error"]
    assert set(error) == {"field", "problem", "expected"}
    assert all(error.values())
    return error


@pytest.mark.mission("NL-04")
def test_an_event_counts_once_however_often_it_is_sent(http: Http) -> None:
    assert http.post("/v1/events", json=[LIKE]).json() == {"accepted": 1, "duplicates": 0, "refused": []}
    again = [LIKE, {**LIKE, "id": "e2"}, {**LIKE, "id": "e2"}]
    assert http.post("/v1/events", json=again).json() == {"accepted": 1, "duplicates": 2, "refused": []}
    assert http.get("/health/ready").json()["events"] == 2


def test_a_bad_row_is_refused_with_its_index_and_the_others_are_accepted(http: Http) -> None:
    answer = http.post("/v1/events", json=[LIKE, {**LIKE, "id": "e2", "video": ""}, {**LIKE, "id": "e3"}])
    assert answer.status_code == 200
    assert (answer.json()["accepted"], len(answer.json()["refused"])) == (2, 1)
    assert answer.json()["refused"][0] == {
        "index": 1,
        "field": "video",
        "problem": "is empty",
        "expected": "the video's id, a string of 1 to 256 characters",
    }


def test_events_may_be_packed_and_a_single_one_may_stand_alone(http: Http) -> None:
    packed = msgspec.msgpack.encode([LIKE])
    answer = http.post("/v1/events", content=packed, headers={"content-type": "application/msgpack"})
    assert answer.json()["accepted"] == 1
    assert http.post("/v1/events", json={**LIKE, "id": "alone"}).json()["accepted"] == 1


@pytest.mark.parametrize("body", [b"", b"[", b"3", b"[]", json.dumps([LIKE] * 1_001).encode()])
def test_a_body_that_is_no_array_of_events_is_refused_whole(http: Http, body: bytes) -> None:
    assert error_of(http, "/v1/events", 400, "POST", body)["field"] == "body"
    assert http.get("/health/ready").json()["events"] == 0


def test_a_feed_shows_what_was_sent_before_and_nothing_twice_in_a_session(http: Http, videos: Videos) -> None:
    assert http.get("/v1/feed").json()["items"] == []
    http.post("/v1/events", json=videos)
    pages = [http.get("/v1/feed", params={"viewer": "ada", "session": "s", "n": 15}).json() for _ in range(2)]
    shown = [item["video"] for page in pages for item in page["items"]]
    assert len(shown) == len(set(shown)) == 30
    first = pages[0]["items"][0]
    assert (first["position"], first["caption"].split()[0]) == (0, "number")
    assert pages[0]["surface"] == "for_you"
    assert pages[0]["request"].isdecimal()


@pytest.mark.parametrize("surface", ["for_you", "following", "plain"])
def test_every_feed_answers_a_viewer_who_was_never_heard_of(http: Http, videos: Videos, surface: str) -> None:
    http.post("/v1/events", json=videos[:5])
    answer = http.get("/v1/feed", params={"surface": surface, "time_zone": "Europe/Oslo", "language": "nb"})
    assert (answer.status_code, answer.json()["surface"]) == (200, surface)


@pytest.mark.parametrize(
    ("query", "field"),
    [("n=0", "n"), ("n=101", "n"), ("n=many", "n"), ("surface=all", "surface"), ("time_zone=Europe", "time_zone"),
     ("viewer=" + "v" * 257, "viewer")],
)  # fmt: skip
def test_a_wrong_parameter_is_named_with_what_would_be_right(http: Http, query: str, field: str) -> None:
    assert error_of(http, f"/v1/feed?{query}", 400)["field"] == field


@pytest.mark.mission("NL-18")
def test_why_is_answered_in_three_languages_until_it_is_30_days_old(
    http: Http, clock: ManualClock, videos: Videos
) -> None:
    http.post("/v1/events", json=videos[:5])
    slate = http.get("/v1/feed", params={"viewer": "ada"}).json()
    path = f"/v1/explain/{slate['request']}/{slate['items'][0]['video']}"
    words = [http.get(path, params={"language": language}).json()["words"] for language in ("en", "nl", "nb")]
    assert len({tuple(each) for each in words}) == 3
    why = http.get(path).json()
    assert why["neutral"] + sum(family["part"] for family in why["families"]) == pytest.approx(why["score"], abs=1e-6)
    assert why["score"] == pytest.approx(slate["items"][0]["score"], abs=1e-6)
    assert error_of(http, f"{path}?language=fr", 400)["field"] == "language"
    assert error_of(http, f"/v1/explain/{slate['request']}/other", 404)["problem"]
    clock.forward(31 * DAY)
    assert "30 days" in error_of(http, path, 410)["problem"]


def test_how_it_works_is_told_with_what_really_counted_in_what_was_shown(http: Http, videos: Videos) -> None:
    assert {each["influence"] for each in http.get("/v1/how?language=nb").json()["families"]} == {None}
    http.post("/v1/events", json=videos)
    slate = http.get("/v1/feed?viewer=ada&n=3").json()
    http.get(f"/v1/explain/{slate['request']}/{slate['items'][0]['video']}")
    told = http.get("/v1/how?language=nb").json()
    assert told["videos"] == len(slate["items"])
    assert sum(each["influence"] for each in told["families"]) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("request_id", ["1", "x", "²", "9" * 40, "-3", "0"])
def test_a_request_that_never_was_is_not_found(http: Http, request_id: str) -> None:
    answer = http.get(f"/v1/explain/{request_id}/v1")
    assert answer.status_code in (404, 410)
    assert set(answer.json()["error"]) == {"field", "problem", "expected"}


def test_a_name_with_a_slash_is_one_name(http: Http) -> None:
    assert http.get("/v1/viewers/one%2Ftwo").json()["viewer"] == "one/two"


def test_unknown_paths_wrong_methods_and_large_bodies_have_the_shape_of_errors(http: Http) -> None:
    assert error_of(http, "/v1/nothing", 404)["field"] == "path"
    assert error_of(http, "/v1/feed", 405, "POST")["field"] == "path"
    assert error_of(http, "/v1/events", 413, "POST", b" " * 33_000_000)["field"] == "body"


def test_our_own_mistakes_are_told_to_the_log_and_not_to_the_client(
    http: Http, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.feeds.recipes = {}
    error = error_of(http, "/v1/feed", 500)
    assert "KeyError" not in str(error)
    assert "KeyError" in caplog.text


def test_a_log_that_cannot_take_events_answers_507_and_goes_on_when_it_can(settings: Settings, tmp_path: Path) -> None:
    on_disk = replace(settings, data=replace(settings.data, url=f"file:{tmp_path / 'data'}"))
    engine = Engine.open(on_disk)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with TestClient(application(engine)) as http:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))  # as on a full disk
            full = http.post("/v1/events", json=[LIKE])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (full.status_code, full.json()["error"]["field"]) == (507, "server")
        assert http.post("/v1/events", json=[LIKE]).json()["accepted"] == 1
    engine.close()


def test_health_and_the_page_that_was_not_built(engine: Engine, tmp_path: Path) -> None:
    with TestClient(application(engine, static=tmp_path)) as http:
        assert http.get("/health/live").json() == {"status": "alive"}
        assert http.get("/health/ready").json()["status"] == "ready"
        assert "make setup" in http.get("/").text


def test_the_page_is_served_beside_the_api_and_nothing_outside_of_it(engine: Engine, tmp_path: Path) -> None:
    page = tmp_path / "static"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<title>page</title>", "utf-8")
    (page / "assets" / "a.js").write_text("1", "utf-8")
    (tmp_path / "secret").write_text("secret", "utf-8")
    with TestClient(application(engine, static=page), raise_server_exceptions=False) as http:
        assert http.get("/").text == "<title>page</title>"
        assert http.get("/assets/a.js").headers["content-type"].startswith("text/javascript")
        assert error_of(http, "/assets/b.js", 404)["field"] == "path"
        assert http.get("/%2e%2e/secret").status_code == 404
        assert http.get("/v1/feed").status_code == 200


def test_the_addresses_of_the_app_are_answered_with_the_page_and_others_are_told_as_failures(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("<title>page</title>", "utf-8")
    with TestClient(application(engine, static=tmp_path), raise_server_exceptions=False) as http:
        for path in ("/following", "/plain", "/v/a/b", "/@ada", "/s/s1", "/t/æ", "/series/x", "/tune", "/you", "/how"):
            answer = http.get(path)
            assert (answer.status_code, answer.text) == (200, "<title>page</title>"), path
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["cache-control"] == "no-cache"
        assert http.head("/you").status_code == 200
        for path in ("/nowhere", "/you/more", "/v/", "/assets/a.js"):
            assert error_of(http, path, 404)["field"] == "path"
        assert error_of(http, "/v1/none", 404)["field"] == "path"
        assert http.post("/you").status_code in (404, 405)


@pytest.mark.mission("NL-20")
def test_models_tells_how_good_and_how_calibrated_every_head_is(engine: Engine, clock: ManualClock, http: Http) -> None:
    seen = [{"kind": kind, "viewer": f"u{n}", "video": "v1", "id": f"{kind}-{n}", **more}
            for n in range(20) for kind, more in (("impression", {}), ("watch", {"seconds": 1.0 + n}))]  # fmt: skip
    assert http.post("/v1/events", json=[*seen, {**LIKE, "viewer": "u3"}]).json()["accepted"] == 41
    clock.forward(SECOND)
    while engine.work():
        pass
    told = http.get("/v1/models").json()
    assert (told["learning"], told["held"], told["kept"]) == ("r-20", False, [])
    assert told["heads"]["like"]["observed"] == pytest.approx(0.05, abs=0.001)
    (point,) = told["reliability"]["like"]
    assert point["predicted"] == pytest.approx(told["heads"]["like"]["predicted"])
    assert set(told["reliability"]) == set(told["heads"]) - {"watch"}


def test_the_schema_lists_every_route_and_every_field_of_an_event(http: Http) -> None:
    schema = http.get("/schema/openapi.json").json()
    paths = {"/v1/events", "/v1/feed", "/v1/explain/{request_id}/{video}", "/v1/viewers/{viewer}"}
    assert paths <= set(schema["paths"])
    body = schema["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "furthest" in body["items"]["properties"]
    page = http.get("/schema").text
    assert all(f"<code>{path}</code>" in page for path in paths)
    assert "not_interested" in page
    assert "http://" not in page
    assert "https://" not in page


def test_metrics_count_requests_events_and_stages(gated: Gated, videos: Videos) -> None:
    gated.ask("POST", "/v1/events", json=[*videos[:5], LIKE])
    gated.ask("GET", "/v1/feed", params={"viewer": "ada"})
    text = gated.ask("GET", "/metrics").text
    samples = {(s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(text) for s in f.samples}
    assert samples["foryou_requests_total", "POST", "/v1/events", "200"] == 1
    assert samples["foryou_events_total", "video"] == 5
    assert samples["foryou_events_total", "like"] == 1
    assert samples["foryou_feed_seconds_count", "for_you"] == 1
    assert samples["foryou_stage_seconds_count", "fresh", "source"] == 1
    assert samples["foryou_engine_videos",] == 5


def test_one_line_a_request_says_what_happened_and_never_who(
    gated: Gated, videos: Videos, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "foryou.requests")
    gated.ask("POST", "/v1/events", json=[*videos[:5], LIKE])
    gated.ask("GET", "/v1/feed", params={"viewer": "ada-lovelace"})
    gated.ask("GET", "/v1/viewers/ada-lovelace")
    gated.ask("GET", "/v1/feed", params={"viewer": "ada-lovelace", "n": 0})
    lines = [json.loads(record.message) for record in caplog.records if record.name == "foryou.requests"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/v1/events", 200),
        ("GET", "/v1/feed", 200),
        ("GET", "/v1/viewers/{viewer}", 200),
        ("GET", "/v1/feed", 400),
    ]
    assert (lines[0]["accepted"], lines[1]["candidates"]) == (6, 5)
    assert lines[1]["viewer"] == lines[2]["viewer"]
    assert lines[1]["request"].isdecimal()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("foryou")]
    assert "lovelace" not in "".join(ours)


@pytest.mark.parametrize("viewer", ["ada", "a/d/a"])
def test_evidence_and_previews_are_there_for_any_name_of_a_viewer(http: Http, videos: Videos, viewer: str) -> None:
    http.post("/v1/events", json=videos)
    video = str(videos[0]["video"])
    http.post("/v1/events", json=[{"id": "l", "kind": "like", "viewer": viewer, "video": video}])
    topic = http.get(f"/v1/viewers/{viewer}").json()["interests"][0]
    answer = http.get(f"/v1/viewers/{viewer}/evidence", params={"kind": "hashtag", "name": topic["name"]})
    assert answer.status_code == 200, answer.text
    assert [(row["video"], row["kind"]) for row in answer.json()] == [(video, "like")]
    wrong = http.get(f"/v1/viewers/{viewer}/evidence", params={"kind": "mood", "name": "blue"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "kind")
    tried = http.post(f"/v1/viewers/{viewer}/preview", json=[{"kind": "hide", "hashtag": topic["name"]}])
    assert tried.status_code == 200, tried.text
    assert set(tried.json()) == {"items", "removed", "withheld"}
    wrong = http.post(f"/v1/viewers/{viewer}/preview", json=[{"kind": "hide"}])
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "0.author")
    assert http.post(f"/v1/viewers/{viewer}", json=[]).status_code == 405
