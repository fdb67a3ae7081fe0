"""The door of the server: open from the first moment, shut before anything else stops.

While the log is folded it says how far that is; once told to stop it says so, and lets in what still comes until the
server has closed its port.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time  # only to say how long it takes
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import FrameType
from typing import TypeAlias

import msgspec
import uvicorn
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from foryou.api.calls import Calls
from foryou.api.refuse import answer, failure
from foryou.core.errors import ForYouError

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how far the log was read, of how far it goes."""

LOOK_S = 0.05
LOG = logging.getLogger("foryou.errors")


class _Stopped(Exception):
    """Told to stop before everything was loaded."""


class Door:
    """An application that is there before its engine is."""

    def __init__(
        self,
        load: Callable[[Progress], Calls],
        build: Callable[[Calls], Litestar],
        wrap: Callable[[Litestar], ASGIApp],
    ) -> None:
        """`load` opens the engine in a thread of its own; `build` puts the application over it and `wrap` what goes
        around that."""
        self._load, self._build, self._wrap = load, build, wrap
        self._engine: Calls | None = None
        self._app: ASGIApp | None = None
        self._thread = threading.Thread(target=self._open, name="foryou-load", daemon=True)
        self._began = time.perf_counter()
        self._done = self._end = 0
        self._closing: float | None = None
        self.problem: Exception | None = None
        """What kept the engine from opening."""

    def close(self) -> None:
        """Be ready no more."""
        if self._closing is None:
            self._closing = time.perf_counter()

    @property
    def closed_s(self) -> float:
        """For how long it has not been ready."""
        return time.perf_counter() - self._closing if self._closing is not None else 0.0

    def finish(self) -> None:
        """Close the engine, if it was opened."""
        self.close()
        if self._thread.ident is not None:
            self._thread.join(FINISH_LOADING_S)
        if self._engine is not None:
            self._engine.close()

    def _open(self) -> None:
        try:
            self._engine = self._load(self._told)
        except _Stopped:
            return
        except Exception as problem:  # told by whoever waits for it
            self.problem = problem

    def _told(self, done: int, end: int) -> None:
        if self._closing is not None:
            raise _Stopped
        self._done, self._end = done, end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]
        if kind == "lifespan":
            await self._live(receive, send)
        elif kind != ScopeType.HTTP:
            return  # no other way in
        elif scope["path"] == "/health/ready" and (self._app is None or self._closing is not None):
            await answer(send, 503, msgspec.json.encode(self.state()), self.retry_s)
        elif self._app is not None:
            await self._app(scope, receive, send)
        elif scope["path"] == "/health/live":
            await answer(send, 200, b'{"status":"alive"}')
        else:
            compiling = "is getting ready: what it computes with is compiled, once on a machine"
            problem = f"is loading: {self._share:.0%} of the log" if self._end else compiling
            await answer(send, 503, failure("server", problem, "the same request again, later"), self.retry_s)

    def state(self) -> dict[str, object]:
        """What `/health/ready` says while it is not."""
        if self._closing is not None:
            return {"status": "closing"}
        return {"status": "loading", "done": self._done, "of": self._end, "share": round(self._share, 4)}

    @property
    def retry_s(self) -> float:
        """How long loading still takes, at the speed so far."""
        spent = time.perf_counter() - self._began
        return spent * (1 - self._share) / self._share if self._share else spent

    @property
    def _share(self) -> float:
        return self._done / self._end if self._end else 0.0

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan: it starts at once, and the application's own follows when there is one."""
        await receive()
        self._thread.start()
        waiting = asyncio.create_task(self._enter())
        await send({"type": "lifespan.startup.complete"})  # type: ignore[typeddict-item]
        await receive()
        self.close()
        leave = await waiting
        if leave is not None:
            await leave.aclose()
        await send({"type": "lifespan.shutdown.complete"})  # type: ignore[typeddict-item]

    async def _enter(self) -> AsyncExitStack | None:
        """Wait for the engine, and let requests through to it; what has to be left again in the end."""
        while self._thread.is_alive() and self._closing is None:
            await asyncio.sleep(LOOK_S)
        engine = self._engine
        if engine is None or self._closing is not None:
            return None
        stack = AsyncExitStack()
        try:
            app = self._build(engine)
            await stack.enter_async_context(app.lifespan())
        except Exception as problem:  # nothing can be served: say why, and end
            self.problem = problem
            return None
        engine.start()
        self._app = self._wrap(app)
        return stack


FINISH_LOADING_S = 10.0
"""How long to wait for loading that was told to stop; nothing was acknowledged meanwhile, so nothing can be lost."""


class Server(uvicorn.Server):
    """uvicorn's server, which is not ready before it stops taking connections, and ends if there is nothing to
    serve."""

    def __init__(self, config: uvicorn.Config, door: Door, drain_s: float) -> None:
        super().__init__(config)
        self._door, self._drain_s = door, drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop, by a signal."""
        self._door.close()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now."""
        if self._door.problem is not None:
            if not isinstance(self._door.problem, ForYouError):
                LOG.error("could not load: %r", self._door.problem)
            return True
        return await super().on_tick(counter) and (self.force_exit or self._door.closed_s >= self._drain_s)
