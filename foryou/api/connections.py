"""Connections: how many there may be, and how long each may take; for everything else they are uvicorn's.

A client that sends its head or body too slowly is told so (408) and left, one that does not read is cut off, and one
that asks for nothing is closed. Where there are too many, the one that has waited longest without a request makes room
for a new one; if each of them has one, the new one is refused.
"""

from __future__ import annotations

import asyncio
import resource
import time  # only to measure how long clients take
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foryou.api.refuse import failure, raw
from foryou.settings import LimitSettings

HEAD_BYTES = 64 * 1024
"""The largest head of a request; 8 to 64 KiB are usual."""
HEADERS = 100
"""Header fields of a request, and of what follows a chunked body."""
PIPELINED = 16
"""Requests that may be sent ahead of their answers."""
SWEEP_S = 0.5
LINGER_S = 2.0
"""How long what a refused client still sends is read and thrown away, so that it gets to read why."""
LINGERING = 256
"""Refused connections that are waited for at once."""
HOLD_S = 1.0
"""How long a new connection may wait for its request before it has to make room for another."""
FILES = 256
"""Open files that are not connections: the log, models, the page."""


class Connections:
    """All connections of a server."""

    def __init__(self, limits: LimitSettings, most: int) -> None:
        self.limits, self.most = limits, most
        self.open: set[Guarded] = set()
        self.idle: OrderedDict[Guarded, None] = OrderedDict()
        """Those without a request, the longest waiting first."""
        self.lingering = 0
        self._sweeping = False

    def room(self) -> bool:
        """Whether there is room for one more, or could be made."""
        if len(self.open) < self.most:
            return True
        oldest = next(iter(self.idle), None)
        if oldest is None or time.perf_counter() - oldest.since < HOLD_S:
            return False
        oldest.cut()
        return True

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at the clock for as long as there are connections."""
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(SWEEP_S, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.perf_counter()
        for connection in list(self.open):
            connection.check(now)
        self._sweeping = False
        if self.open:
            self.watch(loop)


class _Transport:
    """A transport that does not hang up on a client that is still sending: it would lose the answer with it."""

    def __init__(self, transport: asyncio.Transport, of: Guarded) -> None:
        self._transport, self._of = transport, of
        self.write, self.get_extra_info = transport.write, transport.get_extra_info
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading
        self.get_write_buffer_size, self.abort = transport.get_write_buffer_size, transport.abort

    def is_closing(self) -> bool:
        return self._of.lingers or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing():
            return
        if self._of.sending and self._transport.can_write_eof():
            self._of.linger(self._transport)
        else:
            self._transport.close()


class Guarded(HttpToolsProtocol):
    """One connection."""

    def __init__(self, all_: Connections, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._all = all_
        self.since = 0.0
        """When what is waited for began."""
        self.sending = False
        """Whether the client is in the middle of a request."""
        self.lingers = self._refused = False
        self._in_body = False
        self._head = 0
        self._unread_since: float | None = None

    # --- connections --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.since = time.perf_counter()
        if not self._all.room():
            self._refuse(transport)
            return
        super().connection_made(_Transport(transport, self))  # type: ignore[arg-type]
        self._all.open.add(self)
        self._wait()
        self._all.watch(self.loop)

    def _refuse(self, transport: asyncio.Transport) -> None:
        """Say that there is no room, where there is room to say so."""
        self._refused = self.sending = True
        self.transport = transport
        if self._all.lingering >= LINGERING:
            transport.abort()
            return
        transport.write(raw(503, failure("server", "has too many connections", "to connect again, later"), 1.0))
        self.linger(transport)

    def linger(self, transport: asyncio.Transport) -> None:
        """Send no more, and throw away what still comes for a while."""
        self.lingers = True
        self._all.lingering += 1
        self._all.idle.pop(self, None)
        if self.flow is not None:
            self.flow.resume_reading()
        transport.write_eof()
        self.loop.call_later(LINGER_S, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.lingering -= self.lingers
        self._all.open.discard(self)
        self._all.idle.pop(self, None)
        if not self._refused:
            super().connection_lost(exc)

    def eof_received(self) -> None:
        if self.lingers:
            self.transport.abort()

    def cut(self) -> None:
        """End it at once; nobody waits for anything."""
        self._all.open.discard(self)
        self._all.idle.pop(self, None)
        self.transport.abort()

    def _wait(self) -> None:
        """For the next request."""
        self.since, self._head, self.sending, self._in_body = time.perf_counter(), 0, False, False
        self._all.idle[self] = None

    # --- what the client sends ----------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self.lingers:
            return
        if not self._in_body:
            if self._head == 0 and self._idle:
                self.since, self.sending = time.perf_counter(), True
            self._head += len(data)
        super().data_received(data)
        if not self._in_body and self._head > HEAD_BYTES:
            self.sending = True
            self._give_up(431, "head", f"is longer than {HEAD_BYTES:,} bytes", "shorter header fields")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["arrived"] = time.perf_counter()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= HEADERS:
            raise ValueError("too many header fields")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= PIPELINED:
            raise ValueError("too many requests ahead of their answers")
        self._all.idle.pop(self, None)
        self.since, self._in_body, self.sending = time.perf_counter(), True, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body, self._head, self.sending = False, 0, False
        super().on_message_complete()
        if self._idle:  # it was answered before it had all come
            self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._idle and not self.sending and not self.transport.is_closing():
            self._wait()

    @property
    def _idle(self) -> bool:
        """Whether no request of this connection is under way."""
        return (self.cycle is None or self.cycle.response_complete) and not self.pipeline

    # --- when it takes too long ---------------------------------------------------------------------------------------

    def check(self, now: float) -> None:
        """Whether the client still has time for what it does."""
        limits, spent = self._all.limits, now - self.since
        if self.transport.get_write_buffer_size() == 0:
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since > limits.answer_s:
            self.cut()
            return
        if self.transport.is_closing() or self.flow.read_paused:
            return
        if self._in_body:
            if spent > limits.body_s:
                self._give_up(408, "body", f"did not come within {limits.body_s:g} s", "fewer events in one request")
        elif self.sending:
            if spent > limits.header_s:
                self._give_up(408, "head", f"did not come within {limits.header_s:g} s", "a whole request")
        elif self._idle and spent > limits.idle_s:
            self.transport.close()

    def _give_up(self, status: int, field: str, problem: str, expected: str) -> None:
        """Tell the client what it did, and leave."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(raw(status, failure(field, problem, expected)))
        self._forget()
        self.transport.close()

    def _forget(self) -> None:
        """Nobody waits for the answer any more."""
        self.pipeline.clear()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self.sending = True
        self._give_up(400, "request", "is no HTTP that can be read", "a request as of RFC 9112")

    def _unsupported_upgrade_warning(self) -> None:
        """Answered as HTTP/1.1, as a server may (RFC 9110, section 7.8)."""


def guarded(limits: LimitSettings) -> Callable[..., Guarded]:
    """What uvicorn makes of each connection. Lets this process open as many files as it is allowed to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = hard if hard != resource.RLIM_INFINITY else limits.connections + 2 * FILES
    return partial(Guarded, Connections(limits, max(min(limits.connections, files - FILES), 1)))
