"""Puts the routes, the page, the errors and the schema into one application, and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import traceback
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from math import ceil
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import uvicorn
from litestar import Litestar, MediaType, Request, Response, asgi, get
from litestar.datastructures import CacheControlHeader, State
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, ControllerRouterHandler

import foryou
from foryou.access.open import Access
from foryou.api import calls, gate, observe, page
from foryou.api.calls import Calls
from foryou.api.connections import guarded
from foryou.api.decode import why
from foryou.api.door import Door, Progress, Server
from foryou.api.inflate import TooLarge
from foryou.api.lanes import LATER, Lanes
from foryou.api.manual import ManualPlugin
from foryou.api.paths import with_whole_names
from foryou.api.refuse import retry_after
from foryou.api.routes import ROUTES
from foryou.api.schema import Failure, Problem
from foryou.api.unchanging import Unchanging
from foryou.background import settled
from foryou.core.clock import SystemClock
from foryou.core.errors import AccessError, BackendError, ForYouError, InvalidEvent, NotFound, Overloaded
from foryou.settings import Settings

STATIC = Path(__file__).parent / "static"
"""Where the built page lies."""

MEDIA = "media"
"""The directory beside the data whose clips, posters and subtitles are served under `/media`."""

NO_PAGE = "The page was not built: run `make setup`, then start again. The API is here; /schema says what it can do.\n"

FINISH_S = 10
"""How long requests that are under way may take once the server was told to stop."""

LOG = logging.getLogger("foryou.errors")


def application(engine: Calls, static: Path = STATIC) -> Litestar:
    """The API and the page over an engine, which stays the caller's to close."""
    settings = engine.settings
    files: ControllerRouterHandler
    if (static / "index.html").is_file():
        fresh = CacheControlHeader(no_cache=True)  # it names the assets of its own version
        files = create_static_files_router(
            "/", directories=[static], html_mode=True, cache_control=fresh, before_request=_page
        )
    else:
        files = no_page
    app = Litestar(
        route_handlers=[*ROUTES, *_unchanging(settings.data.directory, static), files],
        state=State(
            {
                "engine": engine,
                "metrics": observe.Metrics(engine.status),
                "static": static,
                "access": Access(settings.data.directory, settings.access, 1 / settings.server.workers),
            }
        ),
        lifespan=[_threads],
        exception_handlers={ForYouError: _of_engine, HTTPException: _of_http, Exception: _of_us},
        type_encoders={np.generic: calls.plain, np.ndarray: calls.plain},
        openapi_config=OpenAPIConfig(
            title="ForYou",
            version=foryou.__version__,
            description="An open, explainable For You engine. Send what happens, ask for feeds, ask why.",
            use_handler_docstrings=True,
            path="/schema",
            render_plugins=[ManualPlugin(), JsonRenderPlugin()],
        ),
        request_max_body_size=engine.settings.server.body_mb * 1_000_000,
        logging_config=None,
    )
    app.asgi_handler = with_whole_names(app.asgi_handler)
    return app


def _unchanging(data: Path | None, static: Path) -> list[ControllerRouterHandler]:
    """What browsers keep: the clips beside the data, and the page's assets."""
    media = None if data is None else data / MEDIA
    of = {"/media": Unchanging(media), "/assets": Unchanging(static / "assets")}
    return [asgi(path, is_mount=True, copy_scope=True)(files.__call__) for path, files in of.items()]


def watched(app: Litestar) -> ASGIApp:
    """The application behind its limits and its gate, with its requests counted and logged."""
    settings = app.state.engine.settings
    limited = Lanes.of(app, settings.server, settings.limits)
    return observe.observed(gate.guarded(limited, app.state.access, app.state.engine.clock), app.state.metrics)


def serve(settings: Settings, load: Callable[[Progress], Calls], port: socket.socket | None = None) -> None:
    """Serve until SIGTERM or SIGINT: then take no more requests, finish those there are, close the engine, and return.

    Only from the main thread. The port is open at once; what `load` does, and is told of, is seen at `/health/ready`.
    What it raises is raised. The engine's background work runs meanwhile. `port` is one that listens already, if it is
    not to be opened here. SettingsError if nobody may listen there.
    """
    observe.log_to_stderr()
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # whoever sends what is no HTTP fills no log
    with closing(Access(settings.data.directory, settings.access)) as access:
        access.may_listen(settings.server.host, SystemClock()())
    door = Door(lambda told: settled(load(told)), application, watched)
    config = uvicorn.Config(
        door,
        host=settings.server.host,
        port=settings.server.port,
        http=guarded(settings.limits),  # type: ignore[arg-type]  # a class, or whatever makes one
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=ceil(settings.limits.idle_s),
        timeout_graceful_shutdown=FINISH_S,
    )
    signal.signal(signal.SIGTERM, stop)
    try:
        Server(config, door, settings.limits.drain_s).run(sockets=None if port is None else [port])
    finally:
        door.finish()
    if door.problem is not None:
        raise door.problem


def stop(signum: int, frame: FrameType | None) -> None:
    """Leave the program as if it had ended by itself, so that whatever is open is closed."""
    raise SystemExit(0)


@get("/", include_in_schema=False, media_type=MediaType.TEXT, sync_to_thread=False)
def no_page() -> str:
    """Stands in for the page where it was not built."""
    return NO_PAGE


async def _page(request: Request[Any, Any, State]) -> Response[bytes] | None:
    """The page at its own address; what lies beside it is for the router of files."""
    return page.index(request.app.state.static, request.scope) if request.scope["path"] == "/" else None


@asynccontextmanager
async def _threads(app: Litestar) -> AsyncIterator[None]:
    """As many threads for computing as the settings say, and as many for writing: neither waits behind the other."""
    threads = app.state.engine.settings.server.threads
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, "request"))
    with ThreadPoolExecutor(threads, "write") as writers:
        app.state.writers = writers
        yield
    app.state.access.close()


# --- errors: always {"error": {"field", "problem", "expected"}} -------------------------------------------------------


def _failure(status: int, field: str, problem: str, expected: str) -> Response[Failure]:
    return Response(Failure(Problem(field, problem, expected)), status_code=status, media_type=MediaType.JSON)


def _of_engine(request: Request[Any, Any, State], error: ForYouError) -> Response[Failure]:
    named = isinstance(error, NotFound)  # its message may say who was asked for, which is not for the log
    observe.line_of(request.scope).error = type(error).__name__ if named else str(error)
    if isinstance(error, InvalidEvent):
        return _failure(413 if isinstance(error, TooLarge) else 400, error.field, error.problem, error.expected)
    if isinstance(error, AccessError):
        response = _failure(gate.status_of(error), error.field, error.problem, error.expected)
        response.headers.update({name.decode(): value.decode() for name, value in gate.headers_of(error)})
        return response
    if isinstance(error, NotFound):
        right = "one from the last 30 days" if error.gone else "one that exists"
        return _failure(410 if error.gone else 404, "path", str(error), right)
    if isinstance(error, Overloaded):
        busy = _failure(503, "server", str(error), LATER)
        busy.headers["retry-after"] = retry_after(error.retry_s)
        return busy
    if error.__cause__ is not None and not isinstance(error.__cause__, ForYouError | OSError):
        LOG.error("".join(traceback.format_exception(error)).rstrip())  # a mistake of ours
    taking = isinstance(error, BackendError) and request.method == "POST"
    return _failure(507 if taking else 503, "server", str(error), "the same request again, later")


def _of_http(request: Request[Any, Any, State], error: HTTPException) -> Response[Failure] | Response[bytes]:
    """What Litestar found wrong: parameters, paths, methods. No file, but an address of the app: that is the page."""
    static: Path = request.app.state.static
    if error.status_code == 404 and (static / "index.html").is_file():
        if page.is_of_app(request.method, request.scope["path"]):
            return page.index(static, request.scope)
        if page.is_asked_for_as_a_page(request.scope):
            return page.index(static, request.scope, status=404)  # it says so in words
    if error.status_code >= 500:
        return _of_us(request, error)
    field, problem, expected = "path", error.detail, "a path and method of /schema"
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        field = str(error.extra[0].get("key", "query"))
        named, problem, _ = why(str(error.extra[0].get("message", "")))
        expected = _expected(request, field)
        field = named if field == "data" else field  # the body as a whole: its message names the field
    elif error.status_code == 413:
        field, problem, expected = "body", "is too large", "fewer events in one request"
    elif error.status_code == 416:
        field, expected = "range", "bytes that the file has"
    elif error.detail == "Invalid host header":
        field, problem, expected = "host", "is no name or address of a host", "the one that this server is called by"
    observe.line_of(request.scope).error = f"{field}: {problem}"
    response = _failure(error.status_code, field, problem, expected)
    response.headers.update(error.headers or {})
    return response


def _expected(request: Request[Any, Any, State], field: str) -> str:
    """What a parameter of this route should be, from its own description."""
    parameter = request.route_handler.parsed_fn_signature.parameters.get(field)
    kwarg = parameter.kwarg_definition if parameter else None
    return str(getattr(kwarg, "description", None) or "see /schema")


def _of_us(request: Request[Any, Any, State], error: Exception) -> Response[Failure]:
    """A mistake of ours: the log has it all, the answer only says so."""
    observe.line_of(request.scope).error = f"{type(error).__name__}: {error}"
    LOG.error("".join(traceback.format_exception(error)).rstrip())
    return _failure(500, "server", "made a mistake; its log says more", "an answer")
