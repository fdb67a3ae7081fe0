"""The routes of one's own data: all of it, to read or to take along, and taking back one thing of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from litestar import delete, get
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import Parameter
from litestar.response import Stream

from foryou.api import calls, disclosure
from foryou.api.answers import ABSENT, BUSY, FULL, WHO
from foryou.api.asked import Asked, OfViewer, Spoken, engine_of, own
from foryou.api.calls import Calls, Language
from foryou.api.columns import KIND_OF
from foryou.api.paths import name_in
from foryou.api.schema import Event, Receipt
from foryou.core.errors import InvalidEvent
from foryou.core.event import KINDS, Kind

AT_ONCE = 500
"""Things that are read before they are sent."""
_UNDONE = {rule.undoes: kind for kind, rule in KINDS.items() if rule.undoes is not None} | {
    Kind.LIKE_COMMENT: Kind.UNLIKE_COMMENT,
    Kind.PIN: Kind.UNPIN,
}
"""What takes an act of a kind back."""
_encode = msgspec.json.Encoder(enc_hook=calls.plain).encode


@dataclass
class DataOperation(Operation):
    """Documents that `data` answers a page too."""

    def __post_init__(self) -> None:
        told = (self.responses or {})["200"]
        if isinstance(told, OpenAPIResponse):
            told.content = {
                "application/json": OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT)),
                "text/html": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
            }


@get(
    "/v1/viewers/{viewer:str}/data",
    sync_to_thread=True,
    operation_class=DataOperation,
    responses=WHO | BUSY,
    summary="Everything of a viewer",
)
def data(
    request: Asked,
    viewer: OfViewer,
    format: Annotated[Literal["json", "html"], Parameter(description="json, or html to read")] = "json",
    language: Spoken = "en",
) -> Stream:
    """What the log and the tables have of a viewer: `kept` says what kinds of data there are, why and for how long;
    `known` what the engine made of it, and `log` in order all that was sent (`event`, as it was) and what they were
    served (`shown`). It is streamed, however much it is."""
    engine, name = engine_of(request), own(request, viewer)
    known = engine.viewer(name)
    items = _items(engine, name)
    if format == "html":
        return Stream(disclosure.as_html(name, known, items, language), media_type="text/html")
    return Stream(_as_json(name, known, items, language), media_type="application/json")


@delete(
    "/v1/viewers/{viewer:str}/events/{event:str}",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | ABSENT | BUSY | FULL,
    summary="Take one act back",
)
def take_back(
    request: Asked, viewer: OfViewer, event: Annotated[str, Parameter(description="the event's id")]
) -> Receipt:
    """What was liked, commented, saved, followed, hidden, blocked or not wanted is taken back as of its own time, by an
    event of its own; a comment's text and what was searched for also go from every file. A watch cannot be taken out by
    itself: models and sums have it in them."""
    engine, name, which = engine_of(request), own(request, viewer), name_in(event)
    sent = msgspec.convert(engine.sent(name, which), Event)
    kind = KIND_OF[sent.kind]
    if kind == Kind.SEARCH:
        engine.strike_out(name, which)
        return Receipt(0, 0, [])
    if kind not in _UNDONE:
        raise InvalidEvent(
            "event",
            f"is a {sent.kind}, which cannot be taken out by itself",
            "a like, comment, save, follow, hide, block or not_interested; or erase everything",
        )
    receipt, _ = calls.accept(engine, [_undo(sent, _UNDONE[kind])])
    if kind == Kind.COMMENT and sent.text:
        engine.strike_out(name, which)
    return receipt


def _undo(sent: Event, kind: Kind) -> Event:
    rule = KINDS[kind]
    names = {*rule.needs, *rule.one_of, *(name for name in ("collection", "comment") if name in rule.may)}
    told = {name: getattr(sent, name) for name in names if getattr(sent, name) is not None}
    if kind == Kind.UNCOMMENT:
        told["comment"] = sent.comment or sent.id
    return msgspec.convert({**told, "id": f"undo-{secrets.token_hex(12)}", "kind": kind.wire}, Event)


def _items(engine: Calls, viewer: str) -> Iterator[dict[str, object]]:
    after = 0
    while True:
        found, after = engine.owned(viewer, after, AT_ONCE)
        yield from found
        if not after:
            return


def _as_json(
    viewer: str, known: dict[str, object], items: Iterator[dict[str, object]], language: Language
) -> Iterator[bytes]:
    told = {"viewer": viewer, "kept": disclosure.kept(language), "known": known}
    yield _encode(told)[:-1] + b',"log":['
    for place, item in enumerate(items):
        yield (b"," if place else b"") + _encode(item)
    yield b"]}"


ROUTES = (data, take_back)
