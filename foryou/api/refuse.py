"""The one shape of an error answer, for what never reaches a route: `{"error": {"field", "problem", "expected"}}`."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil

import msgspec
from litestar.types import Send

from foryou.api.schema import Failure, Problem

RETRY_MOST_S = 60
Headers = list[tuple[bytes, bytes]]


def retry_after(seconds: float) -> str:
    """The value of `Retry-After`: whole seconds, 1 to 60."""
    return str(min(max(ceil(seconds), 1), RETRY_MOST_S))


def failure(field: str, problem: str, expected: str) -> bytes:
    """The body of an error answer."""
    return msgspec.json.encode(Failure(Problem(field, problem, expected)))


def headers(body: bytes, retry_s: float | None = None) -> Headers:
    """What goes before it."""
    told: Headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_s is not None:
        told.append((b"retry-after", retry_after(retry_s).encode()))
    return told


def raw(status: int, body: bytes, retry_s: float | None = None) -> bytes:
    """A whole answer, for where there is a connection and no request; the last one on it."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in (*headers(body, retry_s), (b"connection", b"close"))]
    return b"\r\n".join([*lines, b"", body])


async def answer(send: Send, status: int, body: bytes, retry_s: float | None = None) -> None:
    """Answer a request."""
    await send({"type": "http.response.start", "status": status, "headers": headers(body, retry_s)})
    await send({"type": "http.response.body", "body": body, "more_body": False})
