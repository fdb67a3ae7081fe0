"""The routes of what is a viewer's own: what they liked and saved, and their inbox."""

from __future__ import annotations

import secrets
from typing import Annotated

from litestar import get, post
from litestar.params import Body, Parameter
from msgspec import Meta, Struct

from foryou.api import calls
from foryou.api.answers import ABSENT, BUSY, FULL, LARGE, WHO
from foryou.api.calls import Calls
from foryou.api.gate import caller_of
from foryou.api.observe import hashed, line_of
from foryou.api.pages import After, Answer, Asked, Rows
from foryou.api.paths import name_in
from foryou.api.schema import EARLIEST, LATEST, Event, Receipt
from foryou.core.errors import Forbidden
from foryou.core.event import Kind

Of = Annotated[str, Parameter(description="the viewer's id")]


class ReadAsk(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to when an inbox was read."""

    at: Annotated[int, Meta(ge=EARLIEST, le=LATEST, description="ms since 1970 UTC")]


@get(
    "/v1/viewers/{viewer:str}/liked", sync_to_thread=True, responses=WHO | ABSENT | BUSY, summary="What a viewer likes"
)
def liked(request: Asked, viewer: Of, n: Rows = 20, after: After = "") -> Answer:
    """Videos, the latest like first. For the viewer alone, unless their `viewer` event said `liked_public`."""
    name, caller, engine = name_in(viewer), caller_of(request.scope), _engine(request)
    line_of(request.scope).viewer = hashed(name)
    if not caller.may_send(name):
        if not engine.pages.is_liked_public(name):
            raise Forbidden("viewer", "keeps what they like to themselves", "a viewer who shows it, or yourself")
        caller.act_for_nobody()
    return engine.pages.liked(name, n, after)


@get("/v1/viewers/{viewer:str}/saved", sync_to_thread=True, responses=WHO | BUSY, summary="What a viewer saved")
def saved(
    request: Asked,
    viewer: Of,
    collection: Annotated[
        str | None, Parameter(max_length=256, description="one collection; empty: what is in none; left out: all")
    ] = None,
    n: Rows = 20,
    after: After = "",
) -> Answer:
    """Videos, the latest first."""
    return _engine(request).pages.saved(_own(request, viewer), collection, n, after)


@get(
    "/v1/viewers/{viewer:str}/collections", sync_to_thread=True, responses=WHO | BUSY, summary="A viewer's collections"
)
def collections(request: Asked, viewer: Of) -> Answer:
    """Those with videos in them: name (empty: that without a name), how many, and the latest as the cover."""
    return _engine(request).pages.collections(_own(request, viewer))


@get("/v1/viewers/{viewer:str}/inbox", sync_to_thread=True, responses=WHO | BUSY, summary="What others did")
def inbox(request: Asked, viewer: Of, n: Rows = 20, after: After = "") -> Answer:
    """Answers to a viewer's comments (`reply`) and likes of them (`comment_like`); for one who posts videos also
    comments on these (`comment`, with `answered` where it starts a thread) and new followers by day (`follow`).
    `unread` counts those since it was read; `unanswered` the threads that wait for the creator; `reply_time_s` is the
    median time until they answer."""
    return _engine(request).pages.inbox(_own(request, viewer), n, after)


@post(
    "/v1/viewers/{viewer:str}/inbox/read",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY | FULL,
    summary="An inbox was read",
)
def inbox_read(
    request: Asked, viewer: Of, data: Annotated[ReadAsk, Body(description="up to when (ms UTC)")]
) -> Receipt:
    """What came until `at` counts as read. It is the same as sending a `read` event."""
    event = Event(id=f"read-{secrets.token_hex(12)}", kind=Kind.READ.wire, viewer=_own(request, viewer), at=data.at)
    return calls.accept(_engine(request), [event])[0]


def _own(request: Asked, viewer: str) -> str:
    """The viewer's name, for who may act for them."""
    name = name_in(viewer)
    line_of(request.scope).viewer = hashed(name)
    caller_of(request.scope).act_for(name)
    return name


def _engine(request: Asked) -> Calls:
    engine: Calls = request.app.state.engine
    return engine


ROUTES = (liked, saved, collections, inbox, inbox_read)
