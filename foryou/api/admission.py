"""The routes of access: tokens for viewers, and what admins did."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import Body, Parameter
from msgspec import Meta, Struct

from foryou.access import audit
from foryou.access.audit import Noted
from foryou.access.open import Access
from foryou.access.tokens import LONGEST_S
from foryou.api.answers import BUSY, FULL, LARGE, WHO
from foryou.api.gate import caller_of
from foryou.api.schema import Name

MOST_LINES = 10_000
"""How many lines of the audit log one request may ask for."""


class TokenAsk(Struct, frozen=True, forbid_unknown_fields=True):
    """For whom a token is, and for how long."""

    viewer: Annotated[Name, Meta(description="the viewer's id, a string of 1 to 256 characters")]
    seconds: Annotated[int, Meta(ge=1, le=LONGEST_S, description="how long it counts, 1 to 86,400")] = 3600


class Token(Struct, frozen=True):
    """A token: send it as `Authorization: Bearer`. `expires` is ms UTC."""

    token: str
    viewer: str
    expires: int


class Audit(Struct, frozen=True):
    """Lines of the audit log, oldest first, and whether all of it is as it was written."""

    whole: bool
    lines: list[Noted]


@post(
    "/v1/tokens",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY | FULL,
    summary="Get a token for a viewer",
)
def tokens(
    request: Request[Any, Any, State], data: Annotated[TokenAsk, Body(description="for whom, and for how long")]
) -> Token:
    """A token with which an app may call as one viewer, for a while: feeds, explanations, profile and erasure of that
    viewer, and events in their name. The body is an object with `viewer`, and `seconds` that it counts (3,600 unless
    said, at most 86,400)."""
    access: Access = request.app.state.access
    caller = caller_of(request.scope)
    caller.check(data.viewer)
    by = access.keys.named(caller.key)
    token, expires = access.tokens.sign(data.viewer, data.seconds, by, request.app.state.engine.clock())
    return Token(token, data.viewer, expires)


@get("/v1/audit", sync_to_thread=True, responses=WHO | BUSY, summary="What admins did")
def audited(
    request: Request[Any, Any, State],
    last: Annotated[int, Parameter(ge=1, le=MOST_LINES, description="how many lines, 1 to 10,000")] = 100,
) -> Audit:
    """The latest lines of the audit log. Viewers are named in it by a hash that only this deployment can make."""
    access: Access = request.app.state.access
    return Audit(audit.broken(access.kept) is None, audit.lines(access.kept, last))


ROUTES = (tokens, audited)
