"""The HTTP routes: they read a request, make one call, and write the answer. Computing happens in threads."""

from __future__ import annotations

import asyncio
import time  # only to measure how long a slate takes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody
from litestar.params import Parameter

from foryou.api import calls
from foryou.api.calls import MOST_ITEMS, Language, Surface
from foryou.api.decode import MOST_EVENTS, decode
from foryou.api.observe import Line, Metrics, hashed, line_of
from foryou.api.schema import Event, Failure, Receipt, Slate
from foryou.core.errors import ForYouError
from foryou.feed.serve import Ask

if TYPE_CHECKING:
    from foryou.app import Engine

Asked = Request[Any, Any, State]  # Litestar's own type parameters: user, token, state

BAD = {400: ResponseSpec(Failure, generate_examples=False, description="something in the request is wrong")}
BUSY = {503: ResponseSpec(Failure, generate_examples=False, description="the log or a table cannot be reached")}
FULL = {
    507: ResponseSpec(Failure, generate_examples=False, description="the log cannot take more: nothing was accepted")
}
ABSENT = {404: ResponseSpec(Failure, generate_examples=False, description="there is no such thing")}
GONE = {410: ResponseSpec(Failure, generate_examples=False, description="it was there, but is no longer kept")}


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


@post("/v1/events", status_code=200, operation_class=EventsOperation, responses=BAD | FULL, summary="Send events")
async def events(request: Asked) -> Receipt:
    """Accept what happened. Accepted events are durable when the answer comes, and count in the next feed.

    An event whose id was seen before counts as a duplicate. A bad event is refused with its index, the field, the
    problem and what would be right; the others are accepted.
    """
    body = await request.body()
    packed = request.content_type[0] in {"application/msgpack", RequestEncodingType.MESSAGEPACK.value}
    line = line_of(request.scope)
    return await asyncio.to_thread(_take, request.app.state, body, packed, line)


def _take(state: State, body: bytes, packed: bool, line: Line) -> Receipt:
    engine: Engine = state.engine
    metrics: Metrics = state.metrics
    receipt, new = calls.accept(engine, decode(body, packed))
    metrics.accepted(new)
    line.accepted, line.refused = receipt.accepted, len(receipt.refused)
    return receipt


@get("/v1/feed", sync_to_thread=True, responses=BAD | BUSY, summary="Get a feed")
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
) -> Slate:
    """Videos for a viewer, best first. The answer's `request` goes into the events about its videos."""
    started = time.perf_counter()
    ask = Ask(viewer, n, surface, session, device, language, country, time_zone)
    line = line_of(request.scope)
    line.viewer = hashed(viewer)
    slate, took = calls.feed(request.app.state.engine, ask)
    request.app.state.metrics.served(surface, time.perf_counter() - started, took)
    line.request, line.candidates = slate.request, took.found
    line.failed = [step.name for step in took.steps if step.error]
    return slate


@get(
    "/v1/explain/{request_id:str}/{video:path}",
    sync_to_thread=True,
    responses=BAD | ABSENT | GONE | BUSY,
    summary="Ask why a video was shown",
)
def explain(
    request: Asked,
    request_id: Annotated[str, Parameter(description="the `request` of a feed answer")],
    video: Annotated[str, Parameter(description="a video of that answer")],
    language: Annotated[Language, Parameter(description="en, nb or nl")] = "en",
) -> dict[str, object]:
    """Why a video was in a slate, from what was logged when it was served. Kept for 30 days, then 410."""
    line_of(request.scope).request = request_id
    return calls.explain(request.app.state.engine, request_id, video.removeprefix("/"), language)


@get("/v1/viewers/{viewer:path}", sync_to_thread=True, responses=ABSENT | BUSY, summary="What is known of a viewer")
def viewer(request: Asked, viewer: Annotated[str, Parameter(description="the viewer's id")]) -> dict[str, object]:
    """Interests and non-interests, and the signals behind them."""
    name = viewer.removeprefix("/")
    line_of(request.scope).viewer = hashed(name)
    known: dict[str, object] = request.app.state.engine.viewer(name)
    return known


@delete(
    "/v1/viewers/{viewer:path}", status_code=200, sync_to_thread=True, responses=BAD | BUSY, summary="Erase a viewer"
)
def erase(request: Asked, viewer: Annotated[str, Parameter(description="the viewer's id")]) -> dict[str, object]:
    """Take everything of a viewer out of the log, the tables, the model and every file; the receipt says what went
    from where. It answers when no file holds anything of them any more: the longer the log, the longer that takes.
    """
    name = viewer.removeprefix("/")
    line_of(request.scope).viewer = hashed(name)
    return calls.erase(request.app.state.engine, name)


@get("/v1/videos/{video:path}", sync_to_thread=True, responses=ABSENT | BUSY, summary="What is known of a video")
def video(request: Asked, video: Annotated[str, Parameter(description="the video's id")]) -> dict[str, object]:
    """The video as it was described; 404 if it never was, or was removed."""
    card: dict[str, object] = request.app.state.engine.video(video.removeprefix("/"))
    return card


@get("/v1/models", sync_to_thread=True, responses=BUSY, summary="How well the model predicts")
def models(request: Asked) -> dict[str, object]:
    """The version in use and those that are kept with their measures; for each head the running measures of what is
    predicted before it is learned, and a reliability curve: predicted beside observed, in bins of about equal mass.
    """
    told: dict[str, object] = request.app.state.engine.models()
    return told


@get("/health/live", sync_to_thread=False, summary="Is the process alive")
def live() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "alive"}


@get("/health/ready", sync_to_thread=True, responses=BUSY, summary="Can it serve")
def ready(request: Asked) -> Response[dict[str, object]]:
    """Counts of what is known, once feeds can be served."""
    try:
        status: dict[str, object] = request.app.state.engine.status()
    except ForYouError as error:
        return Response({"status": "not ready", "problem": str(error)}, status_code=503)
    return Response({"status": "ready", **status})


@get("/metrics", sync_to_thread=True, media_type="text/plain; version=0.0.4", summary="Prometheus metrics")
def metrics(request: Asked) -> bytes:
    """Counters, histograms and gauges in Prometheus' text format."""
    text: bytes = request.app.state.metrics.text()
    return text


ROUTES = (events, feed, explain, video, viewer, erase, models, live, ready, metrics)
