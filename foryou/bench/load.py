"""A light HTTP client: several connections that are kept open, one thread, hardly any parsing.

On a machine of two cores a client of the usual weight would be half of what is measured.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from foryou.core.errors import ForYouError

PATIENCE_S = 120.0
"""How long nothing may come before that is an error."""
_ROOM = 1 << 18


class LoadError(ForYouError):
    """The server did not answer, or not as it should have."""


@dataclass(slots=True)
class Load:
    """What came of it: the ms of each request and when it was sent (s since the start), and what the client used."""

    ms: list[float] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    failed: int = 0
    wall_s: float = 0.0
    client_cpu_s: float = 0.0

    @property
    def requests_per_s(self) -> float:
        """Answers a second."""
        return len(self.ms) / max(self.wall_s, 1e-9)


@dataclass(slots=True, eq=False)
class _Connection:
    socket: socket.socket
    sent: float = 0.0
    due: float = 0.0
    came: bytearray = field(default_factory=bytearray)
    wants: int = -1


def get(path: str) -> bytes:
    """A GET request as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A POST request of JSON as bytes."""
    about = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"POST {path} HTTP/1.1\r\n{about}\r\n\r\n".encode() + body


def drive(
    port: int,
    requests: Iterator[bytes],
    connections: int = 1,
    rate: float = 0.0,
    heard: Callable[[int, bytes], None] | None = None,
) -> Load:
    """Send all requests over so many connections, each a new one as soon as its last was answered.

    With `rate`, so many a second: a request whose time came while all connections were busy is timed from when it was
    due, so that a stall shows in all that waited for it. `heard` gets the status and the body of each answer.
    """
    found, pick = Load(), selectors.DefaultSelector()
    held = [_connected(port) for _ in range(connections)]
    for each in held:
        pick.register(each.socket, selectors.EVENT_READ, each)
    started, cpu, number, more = time.perf_counter(), time.thread_time(), 0, True
    idle = held.copy()
    try:
        while True:
            while more and idle:
                due = started + number / rate if rate else time.perf_counter()
                if due > time.perf_counter():
                    break
                request = next(requests, None)
                if request is None:
                    more = False
                    break
                _send(idle.pop(), request, due)
                number += 1
            if not more and len(idle) == len(held):
                break
            wait = max(0.0, started + number / rate - time.perf_counter()) if more and idle and rate else PATIENCE_S
            ready = pick.select(wait)
            if not ready and len(idle) < len(held) and wait >= PATIENCE_S:
                raise LoadError(f"the server did not answer for {PATIENCE_S:.0f} s")
            for key, _ in ready:
                if key.data in idle:  # the server let go of one that nobody used for a while
                    pick.unregister(key.data.socket)
                    key.data.socket.close()
                    key.data.socket = _connected(port).socket
                    pick.register(key.data.socket, selectors.EVENT_READ, key.data)
                elif _answered(key.data, found, started, heard):
                    idle.append(key.data)
    finally:
        pick.close()
        for each in held:
            each.socket.close()
    found.wall_s, found.client_cpu_s = time.perf_counter() - started, time.thread_time() - cpu
    return found


def ask(port: int, request: bytes) -> bytes:
    """The body of one answer. LoadError if it is no success."""
    told: list[tuple[int, bytes]] = []
    drive(port, iter([request]), heard=lambda status, body: told.append((status, body)))
    status, body = told[0]
    if status != 200:
        raise LoadError(f"{request[:80]!r} was answered {status}: {body[:300]!r}")
    return body


def _connected(port: int) -> _Connection:
    try:
        made = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    except OSError as problem:
        raise LoadError(f"cannot connect to port {port}: {problem}") from problem
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Connection(made)


def _send(to: _Connection, request: bytes, due: float) -> None:
    to.due, to.wants = due, -1
    to.came.clear()
    to.sent = time.perf_counter()
    to.socket.sendall(request)


def _answered(by: _Connection, found: Load, started: float, heard: Callable[[int, bytes], None] | None) -> bool:
    """Take what came; whether the answer is whole."""
    part = by.socket.recv(_ROOM)
    if not part:
        raise LoadError("the server closed a connection")
    by.came += part
    if by.wants < 0:
        end = by.came.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(by.came[:end]).lower()
        length = head.find(b"content-length:")
        if length < 0:
            raise LoadError(f"an answer without its length: {head[:200]!r}")
        by.wants = end + 4 + int(head[length + 15 :].split(b"\r\n", 1)[0])
    if len(by.came) < by.wants:
        return False
    status = int(by.came[9:12])
    found.ms.append(1e3 * (time.perf_counter() - by.due))
    found.at.append(by.sent - started)
    found.failed += status != 200
    if heard is not None:
        heard(status, bytes(by.came[by.came.find(b"\r\n\r\n") + 4 : by.wants]))
    return True
