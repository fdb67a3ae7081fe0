"""Which route needs which role, in one table; and the settings of access.

A path under `/v1`, `/health`, `/metrics` or `/schema` that is not in the table is closed to every key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from foryou.core.errors import SettingsError


class Role(StrEnum):
    """What a key is for; one key may have several, and none includes another."""

    INGEST = "ingest"
    SERVE = "serve"
    ANALYSE = "analyse"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call a route."""

    method: str
    path: str
    roles: frozenset[Role] = frozenset()
    """Those of which a key needs one."""
    viewer: bool = False
    """Whether a viewer's token may: its handler has to ask `Caller.act_for` for whom it acts."""
    public: bool = False
    """Whether anybody may, without key or token."""
    audited: bool = False
    """Whether each call is noted in the audit log."""
    own_page: bool = False
    """Whether only pages of this server may call it, since it gives or takes the cookie of a session."""

    @property
    def name(self) -> str:
        """The path as logs and counters have it."""
        return re.sub(r":\w+}", "}", self.path)


INGEST, SERVE, ANALYSE, ADMIN = (frozenset({role}) for role in Role)
_VIEWER = "/v1/viewers/{viewer:str}"

RULES = (
    Rule("POST", "/v1/events", INGEST, viewer=True),
    Rule("GET", "/v1/feed", SERVE, viewer=True),
    Rule("GET", "/v1/explain/{request_id:str}/{video:path}", SERVE | ANALYSE, viewer=True),
    Rule("GET", _VIEWER, SERVE | ANALYSE, viewer=True),
    Rule("GET", _VIEWER + "/evidence", SERVE | ANALYSE, viewer=True),
    Rule("POST", _VIEWER + "/preview", SERVE, viewer=True),
    Rule("DELETE", _VIEWER, ADMIN, viewer=True, audited=True),
    *(
        Rule("GET", f"{_VIEWER}/{part}", SERVE | ANALYSE, viewer=True)
        for part in ("liked", "saved", "collections", "marks", "suggestions", "engagement", "inbox", "data")
    ),
    Rule("POST", f"{_VIEWER}/inbox/read", SERVE, viewer=True),
    Rule("DELETE", _VIEWER + "/events/{event:str}", ADMIN, viewer=True, audited=True),
    *(
        Rule("GET", path, SERVE | ANALYSE, viewer=True)
        for path in (
            "/v1/videos/{video:str}",
            "/v1/videos/{video:str}/reach",
            "/v1/videos/{video:str}/comments",
            "/v1/authors/{author:str}",
            "/v1/sounds/{sound:str}",
            "/v1/hashtags/{hashtag:str}",
            "/v1/series/{series:str}",
        )
    ),
    *(
        Rule(method, path, public=True, own_page=True)
        for method, path in (
            ("GET", "/v1/account"),
            ("POST", "/v1/account"),
            ("POST", "/v1/account/delete"),
            ("POST", "/v1/account/password"),
            ("GET", "/v1/account/passkeys"),
            ("POST", "/v1/account/passkeys"),
            ("POST", "/v1/account/passkeys/options"),
            ("DELETE", "/v1/account/passkeys/{passkey:str}"),
            ("POST", "/v1/session"),
            ("DELETE", "/v1/session"),
            ("POST", "/v1/session/passkey"),
            ("POST", "/v1/session/passkey/options"),
        )
    ),
    Rule("GET", "/v1/how", public=True),
    Rule("GET", "/v1/demo", public=True),
    Rule("GET", "/v1/models", ANALYSE | ADMIN),
    Rule("GET", "/v1/reach", ANALYSE | ADMIN),
    Rule("POST", "/v1/tokens", SERVE | ADMIN),
    Rule("GET", "/v1/audit", ADMIN, audited=True),
    Rule("GET", "/metrics", ANALYSE | ADMIN),
    Rule("GET", "/health/live", public=True),
    Rule("GET", "/health/ready", public=True),
)
"""Every route of the API. The page is public; `/schema` is, unless `access.schema` says otherwise."""

PAGE = Rule("GET", "/", public=True)
SCHEMA = Rule("GET", "/schema", ANALYSE | ADMIN)
CLOSED = Rule("", "unknown")

_REMEMBERED = 256
"""Letters of the longest path that is remembered: strangers choose paths, and should not fill the memory."""
_ROOTS = {"v1", "health", "metrics"}
_EXACT = {(rule.method, rule.path): rule for rule in RULES if "{" not in rule.path}
_UNDER = tuple((rule.method, rule.path.partition("{")[0], rule) for rule in RULES if "{" in rule.path)


def rule_of(method: str, path: str) -> Rule:
    """The rule of a request. Slashes at the ends and beside each other do not count, as in the router.

    >>> rule_of("GET", "//v1//feed/").path
    '/v1/feed'
    """
    return (_found if len(path) <= _REMEMBERED else _found.__wrapped__)(method, path)


@lru_cache(maxsize=4096)
def _found(method: str, path: str) -> Rule:
    parts = [part for part in path.split("/") if part]
    plain = "/" + "/".join(parts)
    verb = "GET" if method == "HEAD" else method
    if rule := _EXACT.get((verb, plain)):
        return rule
    for known, start, rule in _UNDER:
        if known == verb and plain.startswith(start):
            return rule
    if parts and parts[0] == "schema":
        return SCHEMA
    return CLOSED if parts and parts[0] in _ROOTS else PAGE


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may do what, and how often. Limits are for each serving process's share; 0: no limit."""

    per_key: int = field(
        default=60_000, metadata={"help": "requests a minute of one key that was made without --per-minute; 0: any"}
    )
    per_viewer: int = field(
        default=1_200, metadata={"help": "requests a minute for one viewer, once there are keys; 0: any"}
    )
    per_address: int = field(
        default=12_000,
        metadata={"help": "requests a minute from one network address (IPv6: /64) that is not this machine; 0: any"},
    )
    schema: bool = field(default=True, metadata={"help": "whether /schema needs no key"})
    rotate_days: int = field(default=7, metadata={"help": "days that one key signs viewers' tokens, 1 to 365"})
    cors: tuple[str, ...] = field(
        default=(), metadata={"help": 'origins whose pages may call the API, such as `["https://app.example.org"]`'}
    )

    def __post_init__(self) -> None:
        for name in ("per_key", "per_viewer", "per_address"):
            if getattr(self, name) < 0:
                raise SettingsError(f"access.{name} is {getattr(self, name)}; expected 0 (any) or more")
        if not 1 <= self.rotate_days <= 365:
            raise SettingsError(f"access.rotate_days is {self.rotate_days}; expected 1 to 365")
        for origin in self.cors:
            if origin != "*" and ("://" not in origin or origin.endswith("/")):
                raise SettingsError(f"access.cors has {origin!r}; expected a scheme and host such as https://a.example")
