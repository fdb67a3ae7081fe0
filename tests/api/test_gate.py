"""Who comes in, to what, how often, and with which headers the answers go out."""

from __future__ import annotations

import logging

import pytest
from gated import Gated
from litestar import Litestar, get
from litestar.params import FromPath

from foryou.access import audit
from foryou.access.open import Access
from foryou.access.rules import RULES, AccessSettings, Role, Rule
from foryou.api.gate import guarded
from foryou.api.server import application
from foryou.app import Engine
from foryou.core.clock import HOUR, ManualClock
from foryou.core.errors import SettingsError

FAR = "203.0.113.7"
ROLES = list(Role)


def example(rule: Rule) -> str:
    return rule.path.replace("{request_id:str}", "123").replace("{video:path}", "v1").replace("{viewer:str}", "ada")


def refusal(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["field"]  # type: ignore[attr-defined]


def event(viewer: str | None, number: int = 0) -> dict[str, object]:
    row: dict[str, object] = {"id": f"{viewer}-{number}", "kind": "watch", "video": "v1", "seconds": 3.0}
    return row if viewer is None else {**row, "viewer": viewer}


# --- no keys ----------------------------------------------------------------------------------------------------------


def test_without_keys_this_machine_may_do_everything(gated: Gated, videos: list[dict[str, object]]) -> None:
    assert gated.ask("POST", "/v1/events", json=videos).status_code == 200
    assert len(gated.ask("GET", "/v1/feed?viewer=ada&n=3").json()["items"]) == 3
    assert "events" in gated.ask("GET", "/health/ready").json()
    assert gated.ask("GET", "/metrics").status_code == 200


@pytest.mark.parametrize(
    "far",
    [
        {"address": FAR},
        {"host": "rebound.example"},
        {"headers": {"origin": "https://evil.example"}},
        {"headers": {"origin": "null"}},
        {"headers": {"origin": "http://127.0.0.1:9999"}},
    ],
)
def test_without_keys_nobody_else_may_nor_any_page_from_elsewhere(gated: Gated, far: dict[str, str]) -> None:
    for method, path in (("GET", "/v1/feed"), ("POST", "/v1/events"), ("GET", "/")):
        assert gated.ask(method, path, **far).status_code == 403
    assert gated.ask("POST", "/v1/events", json=[event("ada")], headers={"origin": "http://127.0.0.1:8080"}).is_success


def test_something_wrong_is_never_taken_for_nothing(gated: Gated) -> None:
    for shown in ("Bearer fy_00000000_" + "0" * 64, "Bearer x", "Bearer", "Basic YTpi", "fy_x"):
        assert gated.ask("GET", "/v1/feed", headers={"authorization": shown}).status_code == 401


def test_it_listens_beyond_this_machine_only_with_an_admin_key(
    gated: Gated, clock: ManualClock, tmp_path: object
) -> None:
    with pytest.raises(SettingsError, match="--data DIR"):
        gated.access.may_listen("0.0.0.0", clock())
    access = Access(tmp_path, AccessSettings())  # type: ignore[arg-type]
    for host in ("127.0.0.1", "localhost", "::1"):
        access.may_listen(host, clock())
    access.keys.create("app", [Role.SERVE], clock(), "test")
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", ""):
        with pytest.raises(SettingsError, match="foryou key create NAME --role admin"):
            access.may_listen(host, clock())
    access.keys.create("ops", [Role.ADMIN], clock(), "test", days=1)
    access.may_listen("0.0.0.0", clock())
    with pytest.raises(SettingsError):
        access.may_listen("0.0.0.0", clock() + 25 * HOUR)
    access.close()


# --- keys -------------------------------------------------------------------------------------------------------------


def test_from_the_first_key_on_everybody_needs_one(gated: Gated) -> None:
    gated.key("ops", Role.ADMIN)
    for rule in RULES:
        answer = gated.ask(rule.method, example(rule))
        right = {404 if rule.path == "/v1/demo" else 200} if rule.public else {401}  # there is no demo here
        assert answer.status_code in right or rule.own_page, rule
        if not rule.public:
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert gated.ask("GET", "/health/ready").json() == {"status": "ready"}
    assert gated.ask("GET", "/").status_code == 200
    assert gated.ask("GET", "/schema").status_code == 200
    assert gated.ask("GET", "/v1/unheard-of").status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_a_key_opens_what_the_table_says_and_nothing_else(gated: Gated, role: Role) -> None:
    shown = gated.key("one", role)
    for rule in RULES:
        answer = gated.ask(rule.method, example(rule), shown)
        may = rule.public or role in rule.roles
        assert (answer.status_code != 403) == may, (rule, answer)
        # The key opens it; whose passkeys are meant, only a session says.
        assert answer.status_code != 401 or (rule.own_page and refusal(answer) == (401, "session"))
    assert refusal(gated.ask("GET", "/v1/unheard-of", shown)) == (403, "path")


def test_a_key_may_have_several_roles(gated: Gated) -> None:
    shown = gated.key("app", Role.INGEST, Role.SERVE)
    assert gated.ask("POST", "/v1/events", shown, json=[event("ada")]).json()["accepted"] == 1
    assert gated.ask("GET", "/v1/feed?viewer=ada", shown).status_code == 200
    assert gated.ask("GET", "/v1/models", shown).status_code == 403


def test_a_revoked_key_opens_nothing_at_once(gated: Gated, clock: ManualClock) -> None:
    shown = gated.key("app", Role.SERVE)
    assert gated.ask("GET", "/v1/feed", shown).status_code == 200
    gated.access.keys.revoke("app", clock(), "test")
    assert gated.ask("GET", "/v1/feed", shown).status_code == 401


def test_counts_of_readiness_are_for_who_may_see_measures(gated: Gated) -> None:
    assert "events" in gated.ask("GET", "/health/ready", gated.key("grafana", Role.ANALYSE)).json()
    assert gated.ask("GET", "/health/ready", gated.key("app", Role.SERVE)).json() == {"status": "ready"}
    assert gated.ask("GET", "/health/ready", "fy_nonsense").json() == {"status": "ready"}


def test_the_schema_can_be_closed(engine: Engine, clock: ManualClock) -> None:
    app = application(engine)
    app.state.access = Access(None, AccessSettings(schema=False))
    gated = Gated(app, clock)
    shown = gated.key("ops", Role.ADMIN)
    assert gated.ask("GET", "/schema/openapi.json").status_code == 401
    assert gated.ask("GET", "/schema/openapi.json", shown).status_code == 200
    gated.access.close()


def test_the_line_of_a_request_names_its_key_and_never_a_secret(gated: Gated, caplog: pytest.LogCaptureFixture) -> None:
    shown = gated.key("app", Role.SERVE)
    with caplog.at_level(logging.INFO, "foryou"):
        gated.ask("GET", "/v1/feed?viewer=ada", shown)
        gated.ask("GET", "/v1/models", shown)
        gated.ask("GET", "/v1/feed?viewer=ada", shown[:-1] + "x")
    assert '"key":"app"' in caplog.text
    assert '"status":403' in caplog.text
    assert '"status":401' in caplog.text
    assert shown[:-1] not in caplog.text


# --- viewers' tokens --------------------------------------------------------------------------------------------------


def test_a_token_acts_for_its_viewer_and_nobody_else(gated: Gated, videos: list[dict[str, object]]) -> None:
    assert gated.ask("POST", "/v1/events", json=videos).status_code == 200
    other = gated.ask("GET", "/v1/feed?viewer=bea&n=2").json()
    shown = gated.token()
    mine = gated.ask("GET", "/v1/feed?viewer=ada&n=2", shown).json()
    assert len(mine["items"]) == 2
    video = mine["items"][0]["video"]
    assert gated.ask("GET", f"/v1/explain/{mine['request']}/{video}", shown).json()["video"] == video
    assert gated.ask("GET", "/v1/viewers/ada", shown).json()["viewer"] == "ada"
    assert gated.ask("GET", f"/v1/videos/{video}", shown).json()["video"] == video
    plain = gated.ask("GET", "/v1/feed?surface=plain&n=1", shown).json()
    assert gated.ask("GET", f"/v1/explain/{plain['request']}/{plain['items'][0]['video']}", shown).is_success
    for path in (
        "/v1/feed?viewer=bea",
        "/v1/feed",
        "/v1/feed?surface=plain&viewer=bea",
        "/v1/viewers/bea",
        "/v1/viewers/ada/x",
        "/v1/viewers//bea",
    ):
        assert refusal(gated.ask("GET", path, shown)) == (403, "viewer"), path
    others = f"/v1/explain/{other['request']}/{other['items'][0]['video']}"
    assert refusal(gated.ask("GET", others, shown)) == (403, "request")
    assert gated.ask("GET", others).status_code == 401


def test_a_token_opens_nothing_but_what_is_a_viewers_own(gated: Gated) -> None:
    shown = gated.token()
    for rule in RULES:
        if not (rule.viewer or rule.public):
            assert refusal(gated.ask(rule.method, example(rule), shown)) == (403, "authorization"), rule
    assert gated.ask("GET", "/health/ready", shown).json() == {"status": "ready"}


def test_events_of_others_are_refused_row_by_row(gated: Gated) -> None:
    shown = gated.token()
    video = {"id": "up", "kind": "video", "video": "v1", "author": "ada", "duration": 3.0}
    rows = [event("ada", 1), event("bea", 1), event("ada", 2), event(None), video, {"id": "x", "kind": 7}]
    receipt = gated.ask("POST", "/v1/events", shown, json=rows).json()
    assert receipt["accepted"] == 2
    assert [(no["index"], no["field"]) for no in receipt["refused"]] == [
        (1, "viewer"), (3, "viewer"), (4, "viewer"), (5, "kind")
    ]  # fmt: skip


def test_a_token_ends_with_its_time_and_with_its_key(gated: Gated, clock: ManualClock) -> None:
    shown, brief = gated.token(), gated.token(seconds=60)
    clock.forward(60_000)
    assert gated.ask("GET", "/v1/feed?viewer=ada", brief).status_code == 401
    assert gated.ask("GET", "/v1/feed?viewer=ada", shown).status_code == 200
    gated.access.keys.revoke("server", clock(), "test")
    assert gated.ask("GET", "/v1/feed?viewer=ada", shown).status_code == 401


def test_a_token_from_before_there_were_keys_ends_with_the_first_key(gated: Gated) -> None:
    shown = str(gated.ask("POST", "/v1/tokens", json={"viewer": "ada"}).json()["token"])
    assert gated.ask("GET", "/v1/viewers/bea", shown).status_code == 403
    gated.key("ops", Role.ADMIN)
    assert gated.ask("GET", "/v1/viewers/ada", shown).status_code == 401


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"viewer": "a", "seconds": 86_401}, "seconds"),
        ({"viewer": "a", "seconds": 0}, "seconds"),
        ({"viewer": ""}, "viewer"),
        ({}, "viewer"),
        ({"viewer": "a", "admin": True}, "admin"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_field(gated: Gated, asked: dict[str, object], field: str) -> None:
    answer = gated.ask("POST", "/v1/tokens", gated.key("app", Role.SERVE), json=asked)
    assert refusal(answer) == (400, field)


def test_a_handler_that_does_not_say_for_whom_it_acts_is_held_back(gated: Gated, clock: ManualClock) -> None:
    @get("/v1/viewers/{viewer:str}")
    async def careless(viewer: FromPath[str]) -> dict[str, str]:
        return {"secret of": viewer}

    shown = gated.token()
    app = Litestar([careless], openapi_config=None)
    app.state.access = gated.access
    app.state.engine = gated.app.state.engine
    app.state.metrics = gated.app.state.metrics
    answer = Gated(app, clock).ask("GET", "/v1/viewers/ada", shown)
    assert answer.status_code == 403
    assert "secret" not in answer.text


# --- limits -----------------------------------------------------------------------------------------------------------


LIMITS = AccessSettings(per_viewer=3, per_address=12, cors=("https://app.example",))


def test_a_key_has_its_own_limit(gated: Gated) -> None:
    shown = gated.key("app", Role.SERVE, per_minute=2)
    other = gated.key("other", Role.SERVE)
    answers = [gated.ask("GET", "/v1/feed", shown) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["problem"] == "are more than 2 a minute of one key"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert gated.ask("GET", "/v1/feed", other).status_code == 200


def test_a_viewer_has_one_limit_whoever_asks_for_them(gated: Gated) -> None:
    gated.access.settings = LIMITS
    shown = gated.key("app", Role.SERVE)
    mine = gated.token()
    assert [gated.ask("GET", "/v1/feed?viewer=ada", by).status_code for by in (shown, mine, shown, mine, shown)] == [
        200, 200, 200, 429, 429
    ]  # fmt: skip
    assert gated.ask("GET", "/v1/feed?viewer=bea", shown).status_code == 200


def test_an_address_has_a_limit_right_or_wrong_but_not_this_machine(gated: Gated) -> None:
    gated.access.settings = LIMITS
    shown = gated.key("app", Role.SERVE)
    statuses = [gated.ask("GET", "/v1/feed", by, address=FAR).status_code for by in [shown, "fy_wrong"] * 7]
    assert statuses == [200, 401] * 6 + [429, 429]
    assert gated.ask("GET", "/health/live", address=FAR).status_code == 429
    assert {gated.ask("GET", "/health/live").status_code for _ in range(20)} == {200}
    assert gated.ask("GET", "/health/live", address="203.0.113.8").status_code == 200


# --- other pages ------------------------------------------------------------------------------------------------------


def test_only_pages_that_are_listed_may_call(gated: Gated) -> None:
    gated.access.settings = LIMITS
    shown = gated.key("app", Role.SERVE)
    asks = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    listed = gated.ask("OPTIONS", "/v1/feed", headers={"origin": "https://app.example", **asks})
    assert listed.status_code == 204
    assert listed.headers["access-control-allow-origin"] == "https://app.example"
    assert "Authorization" in listed.headers["access-control-allow-headers"]
    other = gated.ask("OPTIONS", "/v1/feed", headers={"origin": "https://evil.example", **asks})
    assert other.status_code == 403
    assert "access-control-allow-origin" not in other.headers
    answer = gated.ask("GET", "/v1/feed", shown, headers={"origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers
    refused = gated.ask("GET", "/v1/feed", headers={"origin": "https://app.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://app.example")
    silent = gated.ask("GET", "/v1/feed", shown, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in silent.headers


def test_answers_of_the_api_are_not_kept_and_not_shown(gated: Gated) -> None:
    shown = gated.key("app", Role.SERVE)
    for answer in (
        gated.ask("GET", "/v1/feed", shown),
        gated.ask("GET", "/v1/feed"),
        gated.ask("GET", "/v1/nothing", shown),
        gated.ask("GET", "/v1/feed?n=x", shown),
        gated.ask("GET", "/health/live"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")


def test_pages_run_only_what_came_with_them(gated: Gated) -> None:
    for path in ("/", "/schema"):
        answer = gated.ask("GET", path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]


# --- the audit log ----------------------------------------------------------------------------------------------------


def test_what_admins_do_is_noted_with_who_and_what_came_of_it(gated: Gated) -> None:
    shown = gated.key("ops", Role.ADMIN)
    assert gated.ask("GET", "/v1/audit", shown, address="198.51.100.4").status_code == 200
    assert gated.ask("GET", "/v1/audit?last=0", shown).status_code == 400
    gated.ask("DELETE", "/v1/viewers/ada", shown)
    told = gated.ask("GET", "/v1/audit?last=10", shown).json()
    assert told["whole"] is True
    assert [(line["who"], line["what"], line["result"]) for line in told["lines"][:3]] == [
        ("test", "key create ops (admin)", "ok"),
        ("ops", "GET /v1/audit", "200"),
        ("ops", "GET /v1/audit", "400"),
    ]
    assert told["lines"][1]["address"] == "198.51.100.4"
    erased = told["lines"][3]
    assert erased["what"] == "DELETE /v1/viewers/{viewer}"
    assert erased["subject"] == audit.subject_of(gated.access.kept, "ada")
    assert "ada" not in str(told["lines"])
    assert shown not in str(told)


def test_an_admins_call_that_cannot_be_noted_gets_no_answer(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = gated.key("ops", Role.ADMIN)
    with gated.access.kept.writing() as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    answer = gated.ask("GET", "/v1/audit", shown)
    assert answer.status_code == 503
    assert answer.json()["error"]["field"] == "server"


def test_without_an_audited_role_nothing_is_noted(gated: Gated) -> None:
    shown = gated.key("app", Role.SERVE)
    gated.ask("GET", "/v1/audit", shown)
    gated.ask("GET", "/v1/audit")
    assert [line.what for line in audit.lines(gated.access.kept)] == ["key create app (serve)"]


def test_a_gate_lets_no_websocket_through(gated: Gated, clock: ManualClock) -> None:
    sent: list[dict[str, object]] = []

    async def never(*_: object) -> None:
        raise AssertionError("it went through")

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    gate = guarded(never, gated.access, clock)  # type: ignore[arg-type]
    call = gate({"type": "websocket", "path": "/v1/feed", "headers": []}, never, send)  # type: ignore[arg-type]
    with pytest.raises(StopIteration):
        call.send(None)  # type: ignore[attr-defined]
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": ""}]
