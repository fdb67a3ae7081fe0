"""Accounts: who may be whom, and for how long."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from gated import Gated
from litestar.testing import TestClient

from foryou.access.accounts import SESSION_MS
from foryou.access.limits import Buckets
from foryou.access.rules import Role
from foryou.api.server import application
from foryou.app import Engine
from foryou.core.clock import DAY, ManualClock

HERE = {"sec-fetch-site": "same-origin"}
ADA = {"name": "Ada", "password": "correct horse", "birth_year": 1990}


@pytest.fixture
def site(gated: Gated) -> Gated:
    gated.access.accounts.kept.look_s = 0.0
    return gated


def sign_up(site: Gated, **more: object) -> httpx.Response:
    return site.ask("POST", "/v1/account", headers=HERE, json={**ADA, **more})


def cookie(answer: httpx.Response) -> dict[str, str]:
    """What a page of the server sends with it."""
    return {**HERE, "cookie": answer.headers["set-cookie"].split(";")[0]}


def who(site: Gated, shown: dict[str, str]) -> Any:
    return site.ask("GET", "/v1/account", headers=shown).json()


def test_signing_up_signs_in_with_a_cookie_that_no_script_reads(site: Gated) -> None:
    answer = sign_up(site)
    assert answer.status_code == 201
    told = answer.headers["set-cookie"].split("; ")
    assert told[1:] == ["HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={SESSION_MS // 1000}"]
    assert len(told[0]) > 43
    mine = who(site, cookie(answer))
    assert (mine["signed_in"], mine["name"], mine["roles"], mine["minor"]) == (True, "Ada", ["viewer"], False)
    assert who(site, HERE) == {"signed_in": False, "passkeys": True}
    assert "correct horse" not in answer.text


def test_the_cookie_is_for_https_alone_where_that_is_spoken(engine: Engine) -> None:
    with TestClient(application(engine), base_url="https://testserver.local") as http:
        assert http.post("/v1/account", json=ADA).headers["set-cookie"].endswith("; Secure")


def test_neither_password_nor_session_is_in_a_file_or_in_the_log(site: Gated, engine: Engine) -> None:
    token = sign_up(site).headers["set-cookie"].split(";")[0].split("=")[1]
    kept = repr(site.access.accounts.kept.rows("SELECT * FROM accounts")) + repr(
        site.access.accounts.kept.rows("SELECT * FROM sessions")
    )
    assert "correct horse" not in kept and token not in kept
    assert all(b"correct" not in raw for raw in engine.export())


def test_names_are_one_whatever_their_letters_look_like(site: Gated) -> None:
    assert sign_up(site).status_code == 201
    for name in ("ADA", " ada ", "\uff21da"):
        answer = sign_up(site, name=name)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")
    assert sign_up(site, name="a\u202eda").status_code == 400
    assert sign_up(site, name="<b>Ada</b>").json()["name"] == "<b>Ada</b>"


def test_signing_in_and_out_here_and_everywhere(site: Gated) -> None:
    first = cookie(sign_up(site))
    right, wrong = ({"name": "ada", "password": each} for each in ("correct horse", "wrong horse"))
    refused = site.ask("POST", "/v1/session", headers=HERE, json=wrong)
    nobody = site.ask("POST", "/v1/session", headers=HERE, json={**wrong, "name": "nobody"})
    assert refused.status_code == nobody.status_code == 401
    assert refused.json() == nobody.json()
    second = cookie(site.ask("POST", "/v1/session", headers=HERE, json=right))
    assert who(site, first)["viewer"] == who(site, second)["viewer"]
    assert site.ask("DELETE", "/v1/session", headers=second).status_code == 200
    assert not who(site, second)["signed_in"] and who(site, first)["signed_in"]
    third = cookie(site.ask("POST", "/v1/session", headers=HERE, json=right))
    site.ask("DELETE", "/v1/session?everywhere=true", headers=third)
    assert not who(site, first)["signed_in"]


def test_a_session_lasts_30_days_from_its_last_use(site: Gated, clock: ManualClock) -> None:
    shown = cookie(sign_up(site))
    for _ in range(3):
        clock.forward(20 * DAY)
        assert who(site, shown)["signed_in"]
    clock.forward(31 * DAY)
    assert not who(site, shown)["signed_in"]


def test_passwords_are_tried_ten_times_a_minute(site: Gated) -> None:
    site.access.buckets = Buckets(clock=lambda: 0.0)
    sign_up(site)
    tried = [site.ask("POST", "/v1/session", headers=HERE, json={"name": "ADA", "password": "guess"}).status_code
             for _ in range(11)]  # fmt: skip
    assert tried == [401] * 10 + [429]


def test_another_password_ends_every_other_session(site: Gated) -> None:
    shown = cookie(sign_up(site))
    change = {"old": "correct horse", "new": "battery staple"}
    assert site.ask("POST", "/v1/account/password", headers=shown, json={**change, "old": "no"}).status_code == 403
    fresh = cookie(site.ask("POST", "/v1/account/password", headers=shown, json=change))
    assert not who(site, shown)["signed_in"] and who(site, fresh)["signed_in"]
    assert (
        site.ask("POST", "/v1/session", headers=HERE, json={"name": "Ada", "password": "correct horse"}).status_code
        == 401
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:9"},
        {},
    ],
)
def test_another_page_changes_nothing_with_a_cookie(site: Gated, headers: dict[str, str]) -> None:
    shown = cookie(sign_up(site))
    sent = {**headers, "cookie": shown["cookie"]}
    row = {"id": "e", "kind": "like", "viewer": who(site, shown)["viewer"], "video": "v1"}
    assert site.ask("POST", "/v1/events", headers=sent, json=[row]).status_code == 403
    assert site.ask("DELETE", "/v1/session", headers=sent).status_code == 403
    assert who(site, shown)["signed_in"]
    own = {"cookie": shown["cookie"], "origin": "http://127.0.0.1:8080"}
    assert site.ask("POST", "/v1/events", headers=own, json=[row]).json()["accepted"] == 1


def test_an_account_acts_for_its_own_viewer_and_nobody_else_for_it(site: Gated) -> None:
    mine, theirs = cookie(sign_up(site)), cookie(sign_up(site, name="Bo"))
    viewer, other = who(site, mine)["viewer"], who(site, theirs)["viewer"]
    for part in ("", "/inbox", "/liked", "/saved", "/collections", "/data"):
        assert site.ask("GET", f"/v1/viewers/{viewer}{part}", headers=mine).status_code == 200
        assert site.ask("GET", f"/v1/viewers/{other}{part}", headers=mine).status_code == 403
        assert site.ask("GET", f"/v1/viewers/{viewer}{part}").status_code == 403  # a guest
    assert site.ask("GET", f"/v1/feed?viewer={other}", headers=mine).status_code == 403
    assert site.ask("DELETE", f"/v1/viewers/{other}", headers=mine).status_code == 403
    assert (
        site.ask("POST", f"/v1/viewers/{other}/inbox/read", headers=mine, json={"at": 1_700_000_000_000}).status_code
        == 403
    )
    assert site.ask("POST", "/v1/tokens", json={"viewer": other}).status_code == 403
    rows = [
        {"id": f"e{n}", "kind": "like", "viewer": each, "video": "v1"}
        for n, each in enumerate((viewer, other, "web-guest"))
    ]
    assert [each["index"] for each in site.ask("POST", "/v1/events", headers=mine, json=rows).json()["refused"]] == [
        1,
        2,
    ]
    told = site.ask("POST", "/v1/events", json=[{**row, "id": f"g{n}"} for n, row in enumerate(rows)]).json()
    assert [each["index"] for each in told["refused"]] == [0, 1]
    assert site.ask("GET", "/v1/feed?viewer=web-guest").status_code == 200


def test_what_is_liked_is_private_unless_it_is_said_to_be_public(site: Gated) -> None:
    mine, theirs = cookie(sign_up(site)), cookie(sign_up(site, name="Bo"))
    viewer = who(site, mine)["viewer"]
    assert site.ask("GET", f"/v1/viewers/{viewer}/liked", headers=theirs).status_code == 403
    site.ask(
        "POST", "/v1/events", headers=mine, json=[{"id": "p", "kind": "viewer", "viewer": viewer, "liked_public": True}]
    )
    assert site.ask("GET", f"/v1/viewers/{viewer}/liked", headers=theirs).status_code == 200
    assert site.ask("GET", f"/v1/viewers/{viewer}/saved", headers=theirs).status_code == 403


def test_only_the_author_of_a_video_pins_and_nobody_claims_an_author(site: Gated) -> None:
    mine = cookie(sign_up(site))
    viewer = who(site, mine)["viewer"]
    site.ask("POST", "/v1/events", json=[
        {"id": "v", "kind": "video", "video": "v1", "author": "bo"},
        {"id": "c", "kind": "comment", "viewer": "cy", "video": "v1", "text": "hi"},
    ])  # fmt: skip
    pin = {"kind": "pin", "viewer": viewer, "video": "v1", "comment": "c"}
    claim = {"kind": "viewer", "viewer": viewer, "author": "bo"}
    told = site.ask("POST", "/v1/events", headers=mine, json=[{"id": "p", **pin}, {"id": "q", **claim}]).json()
    assert [(each["index"], each["field"]) for each in told["refused"]] == [(0, "viewer"), (1, "author")]
    key = site.key("app", Role.INGEST)
    assert site.ask("POST", "/v1/events", key, json=[{"id": "q", **claim}]).json()["accepted"] == 1
    mine_again = who(site, mine)
    assert (mine_again["author"], mine_again["roles"]) == ("bo", ["viewer", "creator"])
    assert site.ask("POST", "/v1/events", headers=mine, json=[{"id": "p", **pin}]).json()["accepted"] == 1


def test_a_guest_takes_along_what_was_learned(site: Gated) -> None:
    site.ask("POST", "/v1/events", json=[{"id": "w", "kind": "like", "viewer": "web-0123456789", "video": "v1"}])
    mine = cookie(sign_up(site, adopt="web-0123456789"))
    assert who(site, mine)["viewer"] == "web-0123456789"
    assert site.ask("GET", "/v1/viewers/web-0123456789", headers=mine).json()["signals_this_week"] == 1
    assert sign_up(site, name="Eve", adopt="web-0123456789").status_code == 403
    assert sign_up(site, name="Eve", adopt="ada").status_code == 400


def test_children_are_refused_kindly_and_minors_get_defaults_of_their_own(site: Gated, engine: Engine) -> None:
    young = sign_up(site, birth_year=2012)  # it is 2023
    assert (young.status_code, young.json()["error"]["field"]) == (403, "birth_year")
    minor = who(site, cookie(sign_up(site, birth_year=2008)))
    assert (minor["minor"], minor["defaults"]) == (True, {"autoplay": False, "stop_after_min": 60})
    told = [msgspec.msgpack.decode(raw) for raw in engine.export()]
    assert [(event["age"], event["demographics"]) for event in told] == [("13-17", False)]  # known, and not to be used
    assert sign_up(site, name="Old", birth_year=1800).status_code == 400


def test_leaving_erases_the_viewer_and_the_account(site: Gated, engine: Engine) -> None:
    mine = cookie(sign_up(site))
    viewer = who(site, mine)["viewer"]
    site.ask("POST", "/v1/events", headers=mine, json=[{"id": "l", "kind": "like", "viewer": viewer, "video": "v1"}])
    assert site.ask("POST", "/v1/account/delete", headers=mine, json={"password": "no"}).status_code == 403
    answer = site.ask("POST", "/v1/account/delete", headers=mine, json={"password": "correct horse"})
    assert answer.json()["removed"]["log events"] == 2
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not who(site, mine)["signed_in"]
    assert list(engine.export()) == []
    assert sign_up(site).status_code == 201


def test_with_keys_an_account_opens_what_a_viewers_token_does(site: Gated) -> None:
    site.key("ops", Role.ADMIN)
    mine = cookie(sign_up(site))
    viewer = who(site, mine)["viewer"]
    assert site.ask("GET", f"/v1/feed?viewer={viewer}", headers=mine).status_code == 200
    assert site.ask("GET", "/v1/models", headers=mine).status_code == 403
    assert site.ask("GET", "/v1/feed").status_code == 401
