"""Every route is in the table, and no way of writing its path gets around it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar

from foryou.access.rules import CLOSED, PAGE, RULES, SCHEMA, AccessSettings, Role, rule_of
from foryou.api.routes import ROUTES
from foryou.core.errors import SettingsError

AHEAD: set[tuple[str, str]] = set()
"""In the table before there is such a route."""
APP = Litestar(list(ROUTES), openapi_config=None)
LISTED = {(rule.method, rule.path) for rule in RULES}


def routes() -> set[tuple[str, str]]:
    return {(method, path) for route in ROUTES for path in route.paths for method in route.http_methods}


def test_every_route_says_which_role_it_needs() -> None:
    assert routes() - LISTED == set()


def test_every_row_of_the_table_has_its_route() -> None:
    assert LISTED - routes() - AHEAD == set()


def test_only_health_how_it_works_the_demo_and_the_way_to_an_account_are_public() -> None:
    assert {rule.path for rule in RULES if rule.public and not rule.own_page} == {
        "/health/live", "/health/ready", "/v1/how", "/v1/demo"
    }  # fmt: skip
    assert {rule.path for rule in RULES if rule.own_page} == {
        "/v1/account", "/v1/account/delete", "/v1/account/password", "/v1/account/passkeys",
        "/v1/account/passkeys/options", "/v1/account/passkeys/{passkey:str}", "/v1/session", "/v1/session/passkey",
        "/v1/session/passkey/options",
    }  # fmt: skip
    assert all(rule.roles for rule in RULES if not rule.public)


def test_whatever_is_for_admins_alone_is_noted() -> None:
    assert all(rule.audited for rule in RULES if rule.roles == {Role.ADMIN})


_PARTS = st.sampled_from(
    ["v1", "V1", "feed", "events", "viewers", "ada", "..", ".", "", "%2e%2e", "explain", "7", "videos", "models",
     "metrics", "health", "live", "ready", "tokens", "audit", "schema", "feed ", "a?b", "ø"]
)  # fmt: skip


@given(st.lists(_PARTS, min_size=1, max_size=6), st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD"]))
def test_the_gate_and_the_router_agree_about_every_path(parts: list[str], method: str) -> None:
    path = "/" + "/".join(parts)
    try:
        handler = APP.asgi_router.handle_routing(path=re.sub("//+", "/", "/" + path.strip("/")), method=method)
    except Exception:  # no such route: then there is nothing to guard
        return
    assert rule_of(method, path).path == handler[-1]


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "//v1/new", "/v1/feed/more", "/v1/feedback", "/metrics/x", "/health", "/v1/explain"]
)
def test_paths_that_nobody_listed_are_closed(path: str) -> None:
    assert rule_of("GET", path) is CLOSED
    assert not CLOSED.roles


def test_the_page_and_the_schema_are_told_apart() -> None:
    assert rule_of("GET", "/") is rule_of("GET", "/assets/index.js") is PAGE
    assert rule_of("GET", "/schema") is rule_of("GET", "/schema/openapi.json") is SCHEMA
    assert rule_of("PUT", "/v1/feed") is CLOSED


@pytest.mark.parametrize(
    "wrong", [{"per_key": -1}, {"rotate_days": 0}, {"cors": ("example.org",)}, {"cors": ("https://a.example/",)}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        AccessSettings(**wrong)  # type: ignore[arg-type]
