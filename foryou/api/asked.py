"""What several routes are asked: the parameters they share, whom a request acts for, and the engine that answers."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from litestar import Request
from litestar.datastructures import State
from litestar.params import Parameter

from foryou.api.calls import Calls, Language
from foryou.api.gate import caller_of
from foryou.api.observe import hashed, line_of
from foryou.api.paths import name_in

Asked = Request[Any, Any, State]  # Litestar's own type parameters: user, token, state
Answer = dict[str, object]
MOST = 100

Rows: TypeAlias = Annotated[int, Parameter(ge=1, le=MOST, description="how many, 1 to 100")]
After: TypeAlias = Annotated[
    str, Parameter(max_length=256, description="the `next` of the answer before; empty: the first")
]
OfViewer: TypeAlias = Annotated[str, Parameter(description="the viewer's id")]
OfVideo: TypeAlias = Annotated[str, Parameter(description="the video's id")]
Spoken: TypeAlias = Annotated[Language, Parameter(description="en, nb or nl")]


def own(request: Asked, viewer: str) -> str:
    """The viewer's name, for who may act for them."""
    name = name_in(viewer)
    line_of(request.scope).viewer = hashed(name)
    caller_of(request.scope).act_for(name)
    return name


def public(request: Asked) -> Calls:
    """The engine, for what acts for nobody."""
    caller_of(request.scope).act_for_nobody()
    return engine_of(request)


def engine_of(request: Asked) -> Calls:
    engine: Calls = request.app.state.engine
    return engine
