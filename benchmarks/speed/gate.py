"""What the gate adds to a request: who calls, whether they may, how often, and the headers of the answer."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from foryou.access.open import Access
from foryou.access.rules import AccessSettings, Role
from foryou.api.gate import caller_of, guarded
from foryou.bench.record import Benchmark, Line, Report
from foryou.core.clock import SystemClock

ANY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many requests are timed."""

    requests: int = 20_000


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """The least that an application can do."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}", "more_body": False})


async def act(scope: Scope, receive: Receive, send: Send) -> None:
    """As `answer`, for a viewer."""
    caller_of(scope).act_for("ada")
    await answer(scope, receive, send)


def measure(size: Size) -> Report:
    """Requests with a key, with a token that was seen before, and tokens that were not; in microseconds."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as where:
        access = Access(Path(where), AccessSettings(per_viewer=ANY, per_address=ANY))
        key, secret = access.keys.create("app", [Role.SERVE], clock(), "benchmark", per_minute=ANY)
        token, _ = access.tokens.sign("ada", 3600, key.id, clock())
        gate = guarded(act, access, clock)
        bare = asyncio.run(_timed(answer, secret, size.requests))
        told = {
            "key": asyncio.run(_timed(gate, secret, size.requests)),
            "token": asyncio.run(_timed(gate, token, size.requests)),
        }
        fresh = []
        for n in range(max(1, size.requests // 20)):
            token, _ = access.tokens.sign(f"viewer {n}", 3600, key.id, clock())
            started = time.perf_counter()
            access.tokens.check(token, clock())
            fresh.append(time.perf_counter() - started)
        access.close()
    added = {
        f"{name}_{at}_us": round(took - bare["p50"], 1) for name, each in told.items() for at, took in each.items()
    }
    return added | {"new_token_p50_us": round(1e6 * statistics.median(fresh), 1)}


async def _timed(app: ASGIApp, shown: str, requests: int) -> dict[str, float]:
    took = []
    for _ in range(requests):
        scope = _scope(shown)
        started = time.perf_counter()
        await app(scope, _never, _nowhere)
        took.append(time.perf_counter() - started)
    took.sort()
    return {"p50": 1e6 * took[len(took) // 2], "p99": 1e6 * took[len(took) * 99 // 100]}


def _scope(shown: str) -> Scope:
    headers = [(b"host", b"feed.example"), (b"accept", b"*/*"), (b"authorization", f"Bearer {shown}".encode())]
    told = {"type": "http", "method": "GET", "path": "/v1/feed", "headers": headers, "client": ("203.0.113.7", 1)}
    return told | {"state": {}}  # type: ignore[return-value]


async def _never() -> Message:  # type: ignore[return]
    raise AssertionError("nothing is read before the application")


async def _nowhere(message: Message) -> None:
    pass


def lines(report: Report) -> list[Line]:
    """For the README."""
    return [Line("what keys and limits add to a request", f"{report['key_p50_us']:.0f} us", "50 us")]


BENCHMARK = Benchmark("what keys, tokens and limits add to a request", Size(), Size(requests=100), measure, lines)
