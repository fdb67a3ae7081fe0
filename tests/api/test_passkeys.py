"""Passkeys over HTTP, with a real authenticator in software: what gets in, and all that does not."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from gated import Gated
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from foryou.access.limits import Buckets
from foryou.access.rules import Role
from foryou.api import passkeys
from foryou.core.clock import MINUTE, ManualClock
from tests.authenticator import Authenticator

PASSWORD = "correct horse"
HOST = "localhost:8080"
HERE = {"sec-fetch-site": "same-origin"}


class Person:
    """Somebody with an account, in one browser."""

    def __init__(self, site: Gated, name: str = "Ada") -> None:
        self.site = site
        who = {"name": name, "password": PASSWORD, "birth_year": 1990}
        self.shown = cookie(ask(site, "POST", "/v1/account", json=who))

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        return ask(self.site, method, path, headers=self.shown, **more)

    def options(self) -> Any:
        answer = self.ask("POST", "/v1/account/passkeys/options", json={"password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def adds(self, with_: Authenticator, name: str = "a key") -> httpx.Response:
        return self.ask("POST", "/v1/account/passkeys", json={"name": name, "credential": with_.make(self.options())})

    @property
    def passkeys(self) -> Any:
        return self.ask("GET", "/v1/account/passkeys").json()["passkeys"]


def ask(site: Gated, method: str, path: str, host: str = HOST, **more: Any) -> httpx.Response:
    return site.ask(method, path, host=host, **({"headers": HERE} | more))


def cookie(answer: httpx.Response) -> dict[str, str]:
    return {**HERE, "cookie": answer.headers["set-cookie"].split(";")[0]}


def asked(site: Gated, host: str = HOST) -> Any:
    """What a page asks to be shown a passkey with."""
    return ask(site, "POST", "/v1/session/passkey/options", host).json()


def sign_in(site: Gated, shown: object, host: str = HOST) -> httpx.Response:
    return ask(site, "POST", "/v1/session/passkey", host, json={"credential": shown})


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["field"]


@pytest.fixture
def site(gated: Gated) -> Gated:
    gated.access.accounts.kept.look_s = 0.0
    return gated


@pytest.fixture
def ada(site: Gated) -> Person:
    return Person(site)


@pytest.fixture
def key(ada: Person) -> Authenticator:
    """A passkey of Ada's."""
    made = Authenticator()
    assert ada.adds(made).status_code == 201
    return made


def test_a_passkey_signs_in_without_name_or_password(site: Gated, ada: Person, clock: ManualClock) -> None:
    key = Authenticator()
    added = ada.adds(key, " my phone ")
    mine = ada.ask("GET", "/v1/account").json()
    assert added.json() == {
        "id": added.json()["id"], "name": "my phone", "host": "localhost", "created": clock(), "used": None
    }  # fmt: skip
    clock.forward(MINUTE)
    answer = sign_in(site, key.show(asked(site)))
    assert answer.status_code == 200 and answer.json()["viewer"] == mine["viewer"]
    assert ask(site, "GET", "/v1/account", headers=cookie(answer)).json() == mine
    assert ada.passkeys == [added.json() | {"used": clock()}]


def test_browsers_are_told_nothing_of_who_somebody_is(site: Gated, ada: Person, key: Authenticator) -> None:
    options = ada.options()
    viewer = ada.ask("GET", "/v1/account").json()["viewer"]
    assert len(base64url_to_bytes(options["user"]["id"])) == 32
    assert viewer not in json.dumps(options) and options["user"]["id"] == bytes_to_base64url(key.handle)
    assert [each["id"] for each in options["excludeCredentials"]] == [bytes_to_base64url(key.name)]
    assert (options["attestation"], options["rp"]["id"]) == ("none", "localhost")
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert asked(site)["allowCredentials"] == []


def test_who_adds_a_passkey_knows_the_password_and_who_sees_or_removes_them_is_signed_in(
    site: Gated, ada: Person, key: Authenticator
) -> None:
    wrong = ada.ask("POST", "/v1/account/passkeys/options", json={"password": "wrong horse"})
    assert problem(wrong) == (403, "password")
    (mine,) = ada.passkeys
    for method, path in (("GET", ""), ("POST", "/options"), ("DELETE", f"/{mine['id']}")):
        answer = ask(site, method, f"/v1/account/passkeys{path}", json={"password": PASSWORD})
        assert problem(answer) == (401, "session")
    bo = Person(site, "Bo")
    assert bo.ask("DELETE", f"/v1/account/passkeys/{mine['id']}").status_code == 404
    assert bo.passkeys == [] and ada.passkeys == [mine]


def test_a_removed_passkey_and_one_that_nobody_added_are_told_so(site: Gated, ada: Person, key: Authenticator) -> None:
    assert problem(sign_in(site, Authenticator(handle=key.handle).show(asked(site)))) == (401, "passkey")
    (mine,) = ada.passkeys
    assert ada.ask("DELETE", f"/v1/account/passkeys/{mine['id']}").status_code == 200
    assert problem(sign_in(site, key.show(asked(site)))) == (401, "passkey")
    assert ada.adds(key).status_code == 201  # it may come back


def test_a_challenge_is_answered_once(site: Gated, ada: Person, key: Authenticator) -> None:
    options = asked(site)
    assert sign_in(site, key.show(options)).status_code == 200
    assert problem(sign_in(site, key.show(options))) == (403, "challenge")
    options = ada.options()
    for made, status in ((Authenticator(), 201), (Authenticator(), 403)):
        body = {"name": "k", "credential": made.make(options)}
        assert ada.ask("POST", "/v1/account/passkeys", json=body).status_code == status


def test_a_challenge_lasts_five_minutes(site: Gated, key: Authenticator, clock: ManualClock) -> None:
    in_time, late = asked(site), asked(site)
    clock.forward(5 * MINUTE - 1)
    assert sign_in(site, key.show(in_time)).status_code == 200
    clock.forward(1)
    assert problem(sign_in(site, key.show(late))) == (403, "challenge")


def test_a_challenge_is_for_whom_and_what_it_was_made(site: Gated, ada: Person, key: Authenticator) -> None:
    bo = Person(site, "Bo")
    stolen = {"name": "k", "credential": Authenticator().make(ada.options())}
    assert problem(bo.ask("POST", "/v1/account/passkeys", json=stolen)) == (403, "challenge")
    assert problem(sign_in(site, key.show(ada.options()))) == (403, "challenge")
    for made_up in (b"", bytes(24), bytes(56), bytes([255]) * 56):
        assert problem(sign_in(site, key.show({"challenge": bytes_to_base64url(made_up)}))) == (403, "challenge")
    foreign = {"name": "k", "credential": Authenticator().make(ada.options() | asked(site))}
    assert problem(ada.ask("POST", "/v1/account/passkeys", json=foreign)) == (403, "challenge")


@pytest.mark.parametrize(
    "told",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:9090"},
        {"origin": "http://127.0.0.1:8080"},
        {"host": "evil.example"},
    ],
)
def test_what_was_signed_for_another_page_does_not_count(
    site: Gated, ada: Person, key: Authenticator, told: dict[str, str]
) -> None:
    for name, value in told.items():
        setattr(key, name, value)
    assert problem(sign_in(site, key.show(asked(site)))) == (401, "credential")
    assert problem(ada.adds(Authenticator(**told))) == (400, "credential")


def test_a_page_inside_another_does_not_count(site: Gated, key: Authenticator) -> None:
    shown = key.show(asked(site))
    client = json.loads(base64url_to_bytes(shown["response"]["clientDataJSON"])) | {"crossOrigin": True}
    shown["response"]["clientDataJSON"] = bytes_to_base64url(json.dumps(client).encode())
    assert problem(sign_in(site, shown)) == (400, "credential")


def test_nobody_signs_for_another(site: Gated, ada: Person, key: Authenticator) -> None:
    bo, other = Person(site, "Bo"), Authenticator()
    bo.adds(other)
    other.name = key.name  # Bo's key under the name of Ada's
    assert problem(sign_in(site, other.show(asked(site)))) == (401, "passkey")
    other.handle = key.handle
    assert problem(sign_in(site, other.show(asked(site)))) == (401, "credential")
    key.handle = b""
    assert problem(sign_in(site, key.show(asked(site)))) == (401, "passkey")
    taken = Authenticator(name=key.name)
    assert problem(bo.adds(taken)) == (400, "credential")


def test_a_count_that_goes_back_is_a_copy_and_does_not_count(site: Gated, ada: Person, key: Authenticator) -> None:
    assert sign_in(site, key.show(asked(site))).status_code == 200
    key.signed -= 1
    assert problem(sign_in(site, key.show(asked(site)))) == (401, "credential")
    assert sign_in(site, key.show(asked(site))).status_code == 200
    uncounted = Authenticator(counts=False)  # as of passkeys that are on several devices
    assert ada.adds(uncounted).status_code == 201
    assert [sign_in(site, uncounted.show(asked(site))).status_code for _ in range(2)] == [200, 200]


def test_passkeys_stay_with_another_password_and_go_with_the_account(
    site: Gated, ada: Person, key: Authenticator
) -> None:
    change = {"old": PASSWORD, "new": "battery staple"}
    ada.shown = cookie(ada.ask("POST", "/v1/account/password", json=change))
    assert sign_in(site, key.show(asked(site))).status_code == 200
    assert ada.ask("POST", "/v1/account/delete", json={"password": "battery staple"}).status_code == 200
    assert problem(sign_in(site, key.show(asked(site)))) == (401, "passkey")
    assert [site.access.accounts.kept.rows(f"SELECT * FROM {table}") for table in ("passkeys", "handles")] == [[], []]


def test_an_address_in_numbers_has_no_passkeys_and_a_name_needs_https(site: Gated, ada: Person) -> None:
    site.key("ops", Role.ADMIN)  # or only this machine may call
    for host in ("127.0.0.1:8080", "[::1]:8080", "192.0.2.7"):
        answer = ask(site, "POST", "/v1/session/passkey/options", host)
        assert problem(answer) == (400, "host")
    options = ask(
        site, "POST", "/v1/account/passkeys/options", "foryou.example", headers=ada.shown, json={"password": PASSWORD}
    ).json()
    for scheme, status in (("http", 400), ("https", 201)):
        made = Authenticator(f"{scheme}://foryou.example", "foryou.example").make(options)
        body = {"name": "k", "credential": made}
        answer = ask(site, "POST", "/v1/account/passkeys", "foryou.example", headers=ada.shown, json=body)
        assert answer.status_code == status, answer.text


def test_tries_are_counted_by_address_and_asking_writes_nothing(site: Gated) -> None:
    site.key("ops", Role.ADMIN)
    site.access.buckets = Buckets(clock=lambda: 0.0)
    before = site.access.accounts.kept.version(at_once=True)
    far = [ask(site, "POST", "/v1/session/passkey/options", address="203.0.113.7").status_code for _ in range(11)]
    assert far == [200] * 10 + [429]
    shown = Authenticator().show({"challenge": ""})
    tried = [
        ask(site, "POST", "/v1/session/passkey", address="203.0.113.7", json={"credential": shown}).status_code
        for _ in range(11)
    ]
    assert tried == [403] * 10 + [429]
    assert site.access.accounts.kept.version(at_once=True) == before


def test_an_account_has_at_most_twenty_with_names_that_can_be_read(ada: Person) -> None:
    for name in ("", "  ", "x" * 61, "a\u202eb"):
        assert problem(ada.adds(Authenticator(), name)) == (400, "name")
    ada.site.access.buckets = Buckets(clock=lambda: 0.0, share=10.0)
    assert [ada.adds(Authenticator()).status_code for _ in range(21)] == [201] * 20 + [400]


def test_a_server_without_the_extra_says_so(site: Gated, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "takes_passkeys", lambda: False)
    answer = ask(site, "POST", "/v1/session/passkey/options")
    assert problem(answer) == (400, "passkeys") and "foryou[passkeys]" in answer.json()["error"]["expected"]
    assert problem(ada.ask("GET", "/v1/account/passkeys")) == (400, "passkeys")


@given(
    st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"]),
    st.binary(max_size=60),
    st.integers(0, 200),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_bytes_that_mean_nothing_are_refused(
    site: Gated, ada: Person, key: Authenticator, part: str, junk: bytes, at: int
) -> None:
    site.access.buckets = Buckets(clock=lambda: 0.0)
    new = part == "attestationObject"
    told = Authenticator().make(ada.options()) if new else key.show(asked(site))
    was = base64url_to_bytes(told["response"][part])
    sent = was[:at] + junk + was[at + len(junk) + 1 :]
    assume(sent != was)
    told["response"][part] = bytes_to_base64url(sent)
    if new:
        answer = ada.ask("POST", "/v1/account/passkeys", json={"name": "k", "credential": told})
        assert answer.status_code in (201, 400), answer.text  # not every byte of it is meant
    else:
        assert sign_in(site, told).status_code in (400, 401, 403)
