"""Who is let in: so many requests at once, so many bytes, so much waiting; who is not is told when to come back.

It goes around the whole application and knows paths and bytes, not what the routes do with them. A request is refused
before its body is read, and takes its place among those that wait once its body is here, so that a slow sender is in
nobody's way.
"""

from __future__ import annotations

import threading
import time  # only to measure how long requests take
from dataclasses import dataclass, field
from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPRequestEvent, Message, Receive, Scope, Send

from foryou.api.inflate import ENCODINGS
from foryou.api.memory import MemoryWatch, available
from foryou.api.refuse import answer, failure
from foryou.core.errors import Overloaded
from foryou.settings import LimitSettings, ServerSettings

ALWAYS = 4
"""Requests of a kind that are let in however slow the last ones were: how else would one know that they are no longer.
"""
KNOWN = 20
"""Answers after which it is known how long they take: the first ones after a start load what is compiled."""
OTHERS = 32
"""Requests for pages, health and metrics at once."""
PATIENCE_S = 1.0
"""How long a request may have to wait for its turn where nothing says otherwise."""
NEW = 0.1
"""What the latest gap between two answers counts in the running one."""
MEMORY_RETRY_S = 30.0

LATER = "the same request again, after `Retry-After` seconds"


@dataclass(slots=True)
class Lane:
    """Requests of a kind. Its service time is the running gap between two answers while there is something to do."""

    most: int
    patience_s: float
    inside: int = 0
    gap_s: float = 0.0
    answered: int = 0
    _since: float = 0.0

    @property
    def wait_s(self) -> float:
        """How long one that comes now would wait for its answer."""
        return (self.inside + 1) * self.gap_s

    @property
    def full(self) -> bool:
        """Whether the next one would be one too many, or wait for too long."""
        known = self.answered >= KNOWN
        return self.inside >= self.most or (known and self.inside >= ALWAYS and self.wait_s > self.patience_s)

    def enter(self) -> None:
        """One more."""
        if self.inside == 0:
            self._since = time.perf_counter()
        self.inside += 1

    def leave(self) -> None:
        """One was answered."""
        now = time.perf_counter()
        gap, self._since = now - self._since, now
        self.answered += 1
        self.gap_s += max(NEW, 1 / self.answered) * (gap - self.gap_s)
        self.inside -= 1


@dataclass(slots=True)
class Bodies:
    """The bytes of all bodies that are held now. Any thread may take."""

    most: int
    held: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, count: int) -> None:
        """Hold so many more; Overloaded, and nothing held, if that is too many."""
        with self._lock:
            if self.held + count > self.most:
                raise Overloaded(f"{self.held:,} bytes of requests are held already")
            self.held += count

    def give(self, count: int) -> None:
        """They are gone."""
        with self._lock:
            self.held -= count


@dataclass(slots=True)
class Held:
    """What one request holds of them."""

    bodies: Bodies
    count: int = 0

    def more(self, count: int) -> None:
        """So many more; Overloaded if that is too many."""
        self.bodies.take(count)
        self.count += count

    def give(self) -> None:
        """All of it is gone."""
        self.bodies.give(self.count)
        self.count = 0


def held_of(scope: Scope) -> Held:
    """What this request holds; where nobody counts, of more than there is."""
    return cast(Held, scope["state"].get("held") or Held(Bodies(1 << 62)))


@dataclass(eq=False)
class _Refusal(Exception):
    status: int
    field: str
    problem: str
    expected: str
    retry_s: float | None = None


@dataclass(frozen=True)
class Lanes:
    """The application behind its limits."""

    app: ASGIApp
    body_most: int
    feeds: Lane
    writes: Lane
    bodies: Bodies
    memory: MemoryWatch
    others: Lane = field(default_factory=lambda: Lane(OTHERS, PATIENCE_S))

    @staticmethod
    def of(app: ASGIApp, server: ServerSettings, limits: LimitSettings) -> Lanes:
        """As the settings say. A feed waits no longer than its deadline."""
        return Lanes(
            app,
            server.body_mb * 1_000_000,
            Lane(limits.feeds, server.deadline_ms / 1e3 or PATIENCE_S),
            Lane(limits.writes, limits.write_wait_ms / 1e3),
            Bodies(limits.bodies_mb * 1_000_000),
            MemoryWatch(limits.memory_share, available()),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        lane = self.writes if path == "/v1/events" else self.feeds if path.startswith("/v1/") else self.others
        held, upload = Held(self.bodies), _Upload.of(scope)
        scope.setdefault("state", {})["held"] = held
        try:
            self._check(path, lane, upload)
            body = await self._read(upload, receive, held)
            if body is None:
                return
            self._check(path, lane, upload)
        except _Refusal as no:
            held.give()
            scope["path_template"] = path if path in ("/v1/events", "/v1/feed") else "unknown"
            await answer(upload.closing(send), no.status, failure(no.field, no.problem, no.expected), no.retry_s)
            return
        lane.enter()
        try:
            await self.app(scope, _again(body, receive), send)
        finally:
            lane.leave()
            held.give()

    def _check(self, path: str, lane: Lane, upload: _Upload) -> None:
        """_Refusal if there is no room for this one."""
        if path == "/health/live":
            return
        if lane.full:
            raise _Refusal(503, "server", f"is busy with {lane.inside} such requests", LATER, lane.wait_s)
        if lane is self.writes and self.memory.short:
            raise _Refusal(503, "server", "has too little memory left to take in events", LATER, MEMORY_RETRY_S)
        if upload.length > self.body_most:
            raise _Refusal(413, "body", "is too large", "fewer events in one request")
        known = ENCODINGS if lane is self.writes else ()  # only events are inflated
        if upload.any and upload.encoding not in ("", "identity", *known):
            right = " or ".join((*known, "none"))
            raise _Refusal(415, "content-encoding", f"{upload.encoding[:50]!r} is not known here", right)

    async def _read(self, upload: _Upload, receive: Receive, held: Held) -> bytes | None:
        """The whole body; None if the client went away."""
        if not upload.any:
            return b""
        pieces: list[bytes] = []
        while not upload.whole:
            message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]
            if message["type"] == "http.disconnect":
                held.give()
                return None
            piece = message["body"]
            if held.count + len(piece) > self.body_most:
                raise _Refusal(413, "body", "is too large", "fewer events in one request")
            try:
                held.more(len(piece))
            except Overloaded as full:
                raise _Refusal(503, "server", str(full), LATER, self.writes.wait_s) from None
            pieces.append(piece)
            upload.whole = not message["more_body"]
        return b"".join(pieces)


@dataclass(slots=True)
class _Upload:
    """What the head of a request says of its body, and whether all of it came."""

    any: bool
    length: int
    encoding: str
    whole: bool = False

    @staticmethod
    def of(scope: Scope) -> _Upload:
        told = {name: value for name, value in scope["headers"] if name.startswith((b"content-", b"transfer-"))}
        length = int(told.get(b"content-length", b"0"))  # the parser took it, so it is a number
        encoding = told.get(b"content-encoding", b"").decode("latin-1").strip().lower().removeprefix("x-")
        return _Upload(length > 0 or b"transfer-encoding" in told, length, encoding)

    def closing(self, send: Send) -> Send:
        """`send`, which also says that the connection ends where some of the body was not read."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and self.any and not self.whole:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        return told


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read, to be received once more; then what comes after it."""
    message: HTTPRequestEvent | None = {"type": "http.request", "body": body, "more_body": False}

    async def again() -> HTTPReceiveMessage:
        nonlocal message
        if message is None:
            return await receive()  # type: ignore[return-value]
        told, message = message, None
        return told

    return again
