"""The HTTP routes: they read a request, make one call, and write the answer. Computing happens in threads."""

from __future__ import annotations

import asyncio
import time  # only to measure how long a slate takes
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Response, delete, get, post
from litestar.datastructures import State
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody
from litestar.params import Body, Parameter

from foryou.access.open import Caller
from foryou.access.rules import ADMIN, ANALYSE
from foryou.api import account, admission, calls, demo, owned, pages, passkeys, shelves
from foryou.api.answers import ABSENT, BUSY, FULL, GONE, LARGE, STRANGE, WHO
from foryou.api.asked import Asked, OfVideo, OfViewer, Spoken
from foryou.api.calls import MOST_ITEMS, Calls, Surface
from foryou.api.decode import MOST_EVENTS, decode
from foryou.api.gate import caller_of
from foryou.api.inflate import inflated
from foryou.api.lanes import Held, held_of
from foryou.api.observe import Line, Metrics, arrived, hashed, line_of
from foryou.api.paths import name_in
from foryou.api.schema import Event, Receipt, Slate
from foryou.core.errors import ForYouError
from foryou.feed.preview import SHOWN
from foryou.feed.serve import Ask

MOST_DEADLINE_MS = 1_000
"""The latest that a request may ask a feed to be."""


def _event_body() -> RequestBody:
    """The request body of `events`, which the handler reads itself so that a bad row does not sink the others."""
    _, components = msgspec.json.schema_components([Event], ref_template="#/components/schemas/{name}")
    schema: Any = {"type": "array", "minItems": 1, "maxItems": MOST_EVENTS, "items": components["Event"]}
    media = {
        kind: OpenAPIMediaType(schema=schema) for kind in (MediaType.JSON.value, RequestEncodingType.MESSAGEPACK.value)
    }
    return RequestBody(content=media, required=True, description="1 to 1,000 events; a single one may stand alone")


@dataclass
class EventsOperation(Operation):
    """Documents the body of `events`."""

    def __post_init__(self) -> None:
        self.request_body = _event_body()


@post(
    "/v1/events",
    status_code=200,
    operation_class=EventsOperation,
    responses=WHO | LARGE | BUSY | FULL,
    summary="Send events",
)
async def events(request: Asked) -> Receipt:
    """Accept what happened. Accepted events are durable when the answer comes, and count in the next feed.

    An event whose id was seen before counts as a duplicate. A bad event is refused with its index, the field, the
    problem and what would be right; the others are accepted. The body may be compressed: `Content-Encoding: gzip`.
    """
    body = await request.body()
    packed = request.content_type[0] in {"application/msgpack", RequestEncodingType.MESSAGEPACK.value}
    zipped = request.headers.get("content-encoding", "").strip().lower() not in ("", "identity")
    held = held_of(request.scope) if zipped else None
    take = partial(_take, request.app.state, body, packed, held, line_of(request.scope), caller_of(request.scope))
    return await asyncio.get_running_loop().run_in_executor(request.app.state.get("writers"), take)


def _take(state: State, body: bytes, packed: bool, held: Held | None, line: Line, caller: Caller) -> Receipt:
    engine: Calls = state.engine
    metrics: Metrics = state.metrics
    if held is not None:
        body = inflated(body, engine.settings.server.body_mb * 1_000_000, held.more)
    receipt, new = calls.accept(engine, calls.own(engine, decode(body, packed), caller))
    metrics.accepted(new)
    line.accepted, line.refused = receipt.accepted, len(receipt.refused)
    return receipt


@get("/v1/feed", sync_to_thread=True, responses=WHO | BUSY, summary="Get a feed")
def feed(
    request: Asked,
    viewer: Annotated[str, Parameter(max_length=256, description="who asks; empty or unknown is fine")] = "",
    n: Annotated[int, Parameter(ge=1, le=MOST_ITEMS, description="how many videos, 1 to 100")] = 10,
    surface: Annotated[
        Surface, Parameter(description="for_you, following or plain (without personal data)")
    ] = "for_you",
    session: Annotated[str, Parameter(max_length=256, description="pages of one session never overlap")] = "",
    device: Annotated[str, Parameter(max_length=256, description="a device class such as phone or tablet")] = "",
    language: Annotated[str, Parameter(max_length=256, description="a language code such as en, nb or nl")] = "",
    country: Annotated[str, Parameter(max_length=256, description="a country code such as NL")] = "",
    time_zone: Annotated[str, Parameter(max_length=256, description=calls.ZONE)] = "",
    deadline_ms: Annotated[
        int, Parameter(ge=0, le=MOST_DEADLINE_MS, description="degraded rather than later; 0: as the server is set")
    ] = 0,
) -> Slate:
    """Videos for a viewer, best first. The answer's `request` goes into the events about its videos.

    `degraded` says what the slate had to do without to be in time, or because it failed; it is empty normally.
    """
    started = time.perf_counter()
    caller = caller_of(request.scope)
    if viewer or surface != "plain":
        caller.act_for(viewer)
    else:
        caller.act_for_nobody()
    ask = Ask(viewer, n, surface, session, device, language, country, time_zone)
    line = line_of(request.scope)
    line.viewer = hashed(viewer)
    engine: Calls = request.app.state.engine
    within_ms = deadline_ms or engine.settings.server.deadline_ms
    due = arrived(request.scope) + within_ms / 1e3 if within_ms else inf
    slate, took = calls.feed(engine, ask, due)
    request.app.state.metrics.served(surface, time.perf_counter() - started, took)
    line.request, line.candidates, line.degraded = slate.request, took.found, slate.degraded
    line.failed = [f"{step.stage} {step.name}: {step.error[:200]}" for step in took.steps if step.error]
    return slate


@get(
    "/v1/explain/{request_id:str}/{video:path}",
    sync_to_thread=True,
    responses=WHO | ABSENT | GONE | BUSY,
    summary="Ask why a video was shown",
)
def explain(
    request: Asked,
    request_id: Annotated[str, Parameter(description="the `request` of a feed answer")],
    video: Annotated[str, Parameter(description="a video of that answer")],
    language: Spoken = "en",
) -> dict[str, object]:
    """Why a video was in a slate, from what was logged when it was served; `baited` is what its words ask for and so
    counts for less. Kept for 30 days, then 410."""
    line_of(request.scope).request = request_id
    return calls.explain(
        request.app.state.engine, request_id, video.removeprefix("/"), language, caller_of(request.scope)
    )


@get(
    "/v1/viewers/{viewer:str}",
    sync_to_thread=True,
    responses=WHO | ABSENT | BUSY,
    summary="What is known of a viewer",
    description="Interests and non-interests, and the signals behind them; what the viewer asked of their feed, what "
    "came of it, and what their latest act taught.",
)
def viewer(request: Asked, viewer: OfViewer) -> dict[str, object]:
    """Described above: of a path with several methods Litestar reads the docstring of GET from its own wrapper."""
    name = name_in(viewer)
    line_of(request.scope).viewer = hashed(name)
    caller_of(request.scope).act_for(name)
    known: dict[str, object] = request.app.state.engine.viewer(name)
    return known


@get(
    "/v1/viewers/{viewer:str}/evidence",
    sync_to_thread=True,
    responses=WHO | BUSY,
    summary="What speaks for an interest",
)
def evidence(
    request: Asked,
    viewer: OfViewer,
    kind: Annotated[str, Parameter(description="author, sound or hashtag")],
    name: Annotated[str, Parameter(max_length=256, description="which one")],
) -> list[dict[str, object]]:
    """What the viewer did lately that speaks for or against an author, a sound or a hashtag, newest first, at most 50:
    each with the video, when it was, and `part`, what is left of what it says."""
    whose = name_in(viewer)
    line_of(request.scope).viewer = hashed(whose)
    caller_of(request.scope).act_for(whose)
    found: list[dict[str, object]] = request.app.state.engine.evidence(whose, kind, name)
    return found


@post(
    "/v1/viewers/{viewer:str}/preview",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | BUSY,
    summary="What a feed would be",
)
def preview(
    request: Asked,
    viewer: OfViewer,
    data: Annotated[list[dict[str, object]], Body(description="events without `id` and `viewer`, at most 100")],
    session: Annotated[str, Parameter(max_length=256, description="as in the feed")] = "",
    device: Annotated[str, Parameter(max_length=256, description="as in the feed")] = "",
    language: Annotated[str, Parameter(max_length=256, description="as in the feed")] = "",
    country: Annotated[str, Parameter(max_length=256, description="as in the feed")] = "",
    time_zone: Annotated[str, Parameter(max_length=256, description="as in the feed")] = "",
) -> dict[str, object]:
    """The next 12 videos as they would be if these events had come (they need no `id` and no `viewer`), each with
    whether it is new (`added`), and those of now that would go (`removed`). Nothing is logged or learned. Only events
    that change a feed on purpose: `viewer`, `prefer`, `forget`, `refresh`, `restore`, `hide`, `not_interested`, ...
    """
    whose = name_in(viewer)
    line_of(request.scope).viewer = hashed(whose)
    caller_of(request.scope).act_for(whose)
    ask = Ask(whose, SHOWN, "for_you", session, device, language, country, time_zone)
    return calls.preview(request.app.state.engine, ask, data)


@delete(
    "/v1/viewers/{viewer:str}",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | BUSY,
    summary="Erase a viewer",
)
def erase(request: Asked, viewer: OfViewer) -> dict[str, object]:
    """Take everything of a viewer out of the log, the tables, the model and every file; the receipt says what went
    from where. It answers when no file holds anything of them any more: the longer the log, the longer that takes.
    """
    name = name_in(viewer)
    caller_of(request.scope).act_for(name)
    line_of(request.scope).viewer = hashed(name)
    return calls.erase(request.app.state.engine, name)


@get(
    "/v1/videos/{video:str}",
    sync_to_thread=True,
    responses=WHO | ABSENT | GONE | BUSY,
    summary="What is known of a video",
)
def video(request: Asked, video: OfVideo) -> dict[str, object]:
    """The video as it was described; 404 if it never was, 410 if it was removed. `counts` are exact: likes, comments
    that can be read, shares, saves, views (watches). `outcomes` has every outcome, and how much of it counts for
    others. `next_episode` is the video after it in its series. `asks` are the outcomes that its words ask for, `baits`
    those of them that count for less for it.
    """
    caller_of(request.scope).act_for_nobody()
    card: dict[str, object] = request.app.state.engine.video(name_in(video))
    return card


@get(
    "/v1/videos/{video:str}/reach",
    sync_to_thread=True,
    responses=WHO | ABSENT | GONE | BUSY,
    summary="How far a video has come",
)
def reach(
    request: Asked,
    video: OfVideo,
    language: Spoken = "en",
) -> dict[str, object]:
    """The stage that a video is in, how much of its audience has seen it, its quality against videos of its length and
    format, every move with its reason, who saw it and when, what sharing brought, the chance to break out, and what is
    next; as of now. 404 if it was never described, 410 if it was removed.
    """
    caller_of(request.scope).act_for_nobody()
    told: dict[str, object] = request.app.state.engine.reach(name_in(video), language)
    return told


@get("/v1/reach", sync_to_thread=True, responses=WHO | BUSY, summary="How new videos fare")
def stages(request: Asked) -> list[dict[str, object]]:
    """Every stage: its audience, how many videos are in it and what they do there, the quality above which they go on,
    and of those that left it by chance, beside those that earned it, how many went on from the next one too: as many
    would mean that good videos are stopped too early.
    """
    told: list[dict[str, object]] = request.app.state.engine.stages()
    return told


@get("/v1/how", sync_to_thread=True, responses=WHO | BUSY, summary="How the feed works")
def how(request: Asked, language: Spoken = "en") -> dict[str, object]:
    """What decides in For You, with its present weight: outcomes for and against, factor families with what one can do
    about each and how much it moved the latest videos, rules, the stages of a new video, and what is not used.
    """
    told: dict[str, object] = request.app.state.engine.how(language)
    return told


@get("/v1/models", sync_to_thread=True, responses=WHO | BUSY, summary="How well the model predicts")
def models(request: Asked) -> dict[str, object]:
    """The version in use and those that are kept with their measures; for each head the running measures of what is
    predicted before it is learned, and a reliability curve: predicted beside observed, in bins of about equal mass.
    """
    told: dict[str, object] = request.app.state.engine.models()
    return told


@get("/health/live", sync_to_thread=False, responses=STRANGE, summary="Is the process alive")
def live() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "alive"}


@get("/health/ready", sync_to_thread=True, responses=STRANGE | BUSY, summary="Can it serve")
def ready(request: Asked) -> Response[dict[str, object]]:
    """Counts of what is known, once feeds can be served; without a key that may see them (analyse, admin) no counts."""
    try:
        status = dict(request.app.state.engine.status())
    except ForYouError as error:
        return Response({"status": "not ready", "problem": str(error)}, status_code=503)
    told = status if caller_of(request.scope).roles & (ANALYSE | ADMIN) else {}
    return Response({"status": "ready", **told})


@get(
    "/metrics",
    sync_to_thread=True,
    responses=WHO | BUSY,
    media_type="text/plain; version=0.0.4",
    summary="Prometheus metrics",
)
def metrics(request: Asked) -> bytes:
    """Counters, histograms and gauges in Prometheus' text format."""
    text: bytes = request.app.state.metrics.text()
    return text


ROUTES = (
    *(events, feed, explain, video, reach, stages, viewer, evidence, preview, erase, how, models, demo.guide),
    *(live, ready, metrics),
    *pages.ROUTES,
    *shelves.ROUTES,
    *owned.ROUTES,
    *account.ROUTES,
    *passkeys.ROUTES,
    *admission.ROUTES,
)
