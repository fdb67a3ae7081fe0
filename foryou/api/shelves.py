"""The routes of what is a viewer's own: what they marked, liked and saved, whom they may want to follow, and their
inbox."""

from __future__ import annotations

import secrets
from typing import Annotated

from litestar import get, post
from litestar.params import Body, Parameter
from msgspec import Meta, Struct

from foryou.api import calls
from foryou.api.answers import ABSENT, BUSY, FULL, LARGE, WHO
from foryou.api.asked import After, Answer, Asked, OfViewer, Rows, engine_of, own
from foryou.api.gate import caller_of
from foryou.api.observe import hashed, line_of
from foryou.api.paths import name_in
from foryou.api.schema import EARLIEST, LATEST, Event, Receipt
from foryou.core.errors import Forbidden
from foryou.core.event import Kind

MOST_SUGGESTED = 50


class ReadAsk(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to when an inbox was read."""

    at: Annotated[int, Meta(ge=EARLIEST, le=LATEST, description="ms since 1970 UTC")]


@get(
    "/v1/viewers/{viewer:str}/liked", sync_to_thread=True, responses=WHO | ABSENT | BUSY, summary="What a viewer likes"
)
def liked(request: Asked, viewer: OfViewer, n: Rows = 20, after: After = "") -> Answer:
    """Videos, the latest like first. For the viewer alone, unless their `viewer` event said `liked_public`."""
    name, caller, engine = name_in(viewer), caller_of(request.scope), engine_of(request)
    line_of(request.scope).viewer = hashed(name)
    if not caller.may_send(name):
        if not engine.pages.is_liked_public(name):
            raise Forbidden("viewer", "keeps what they like to themselves", "a viewer who shows it, or yourself")
        caller.act_for_nobody()
    return engine.pages.liked(name, n, after)


@get("/v1/viewers/{viewer:str}/saved", sync_to_thread=True, responses=WHO | BUSY, summary="What a viewer saved")
def saved(
    request: Asked,
    viewer: OfViewer,
    collection: Annotated[
        str | None, Parameter(max_length=256, description="one collection; empty: what is in none; left out: all")
    ] = None,
    n: Rows = 20,
    after: After = "",
) -> Answer:
    """Videos, the latest first."""
    return engine_of(request).pages.saved(own(request, viewer), collection, n, after)


@get(
    "/v1/viewers/{viewer:str}/collections", sync_to_thread=True, responses=WHO | BUSY, summary="A viewer's collections"
)
def collections(request: Asked, viewer: OfViewer) -> Answer:
    """Those with videos in them: name (empty: that without a name), how many, and the latest as the cover."""
    return engine_of(request).pages.collections(own(request, viewer))


@get("/v1/viewers/{viewer:str}/marks", sync_to_thread=True, responses=WHO | BUSY, summary="What a viewer marked")
def marks(request: Asked, viewer: OfViewer) -> dict[str, list[str]]:
    """The videos that they `like`, `save`d and are `not_interested` in, and the authors that they `follow`, the latest
    1,000 of each, the latest last: what every device of theirs shows."""
    return engine_of(request).pages.marks(own(request, viewer))


@get("/v1/viewers/{viewer:str}/suggestions", sync_to_thread=True, responses=WHO | BUSY, summary="Whom to follow")
def suggestions(
    request: Asked,
    viewer: OfViewer,
    n: Annotated[int, Parameter(ge=1, le=MOST_SUGGESTED, description="how many, 1 to 50")] = 12,
) -> Answer:
    """`authors` whom the viewer does not follow, best first: `author`, `name`, `followers`, `posts`, and `because`:
    "alike" (`count` people who like and follow what the viewer does follow them) or "many" (`count` people do). Who
    these are is not told, and three or more they always are."""
    engine, name = engine_of(request), own(request, viewer)
    return {"authors": engine.pages.suggestions(name, n, engine.clock())}


@get(
    "/v1/viewers/{viewer:str}/engagement",
    sync_to_thread=True,
    responses=WHO | BUSY,
    summary="What a viewer takes part in",
)
def engagement(request: Asked, viewer: OfViewer) -> Answer:
    """`engages`: the hashtags of the videos of others that they like, saved and commented (`engaged` videos in all);
    `posts`: those of their own videos (`posted`). The ten most frequent of each, with `count` and `share` of the
    videos."""
    return engine_of(request).pages.engagement(own(request, viewer))


@get("/v1/viewers/{viewer:str}/inbox", sync_to_thread=True, responses=WHO | BUSY, summary="What others did")
def inbox(request: Asked, viewer: OfViewer, n: Rows = 20, after: After = "") -> Answer:
    """Answers to a viewer's comments (`reply`) and likes of them (`comment_like`); for one who posts videos also
    comments on these (`comment`, with `answered` where it starts a thread) and new followers by day (`follow`).
    `unread` counts those since it was read; `unanswered` the threads that wait for the creator; `reply_time_s` is the
    median time until they answer."""
    return engine_of(request).pages.inbox(own(request, viewer), n, after)


@post(
    "/v1/viewers/{viewer:str}/inbox/read",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY | FULL,
    summary="An inbox was read",
)
def inbox_read(
    request: Asked, viewer: OfViewer, data: Annotated[ReadAsk, Body(description="up to when (ms UTC)")]
) -> Receipt:
    """What came until `at` counts as read. It is the same as sending a `read` event."""
    event = Event(id=f"read-{secrets.token_hex(12)}", kind=Kind.READ.wire, viewer=own(request, viewer), at=data.at)
    return calls.accept(engine_of(request), [event])[0]


ROUTES = (liked, saved, collections, marks, suggestions, engagement, inbox, inbox_read)
