"""Who there is to look through the eyes of, where what is served is the demo's made-up world."""

from __future__ import annotations

import msgspec
from litestar import get
from msgspec import Struct

from foryou.api.answers import ABSENT, STRANGE
from foryou.api.asked import Asked
from foryou.core.errors import NotFound

GUIDE = "demo.json"
"""The file beside the data that `foryou demo` writes, as `Guide`."""


class DemoViewer(Struct, frozen=True):
    """A viewer with a past; `likes` are the names of topics, the dearest first."""

    viewer: str
    name: str
    language: str
    likes: list[str]


class DemoCreator(Struct, frozen=True):
    """A creator; an account of the same name watches."""

    author: str
    name: str
    language: str
    topics: list[str]


class DemoOperator(Struct, frozen=True):
    """Who runs the place."""

    viewer: str
    name: str


class Guide(Struct, frozen=True):
    """A few people of the demo."""

    viewers: list[DemoViewer]
    creators: list[DemoCreator]
    operator: DemoOperator


@get("/v1/demo", sync_to_thread=True, responses=STRANGE | ABSENT, summary="Who there is in the demo")
def guide(request: Asked) -> Guide:
    """A few viewers, creators and an operator of the demo's made-up world, to look through the eyes of; 404 where what
    is served is no demo.
    """
    directory = request.app.state.engine.settings.data.directory
    try:
        return msgspec.json.decode((directory / GUIDE).read_bytes() if directory is not None else b"", type=Guide)
    except (OSError, msgspec.MsgspecError) as error:
        raise NotFound("this is no demo: `foryou demo` starts one") from error
