"""The door of the server: open while it loads, not ready before it closes, and finished with what came in."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
import uvicorn

from foryou.api.connections import guarded
from foryou.api.door import Door, Progress, Server
from foryou.api.server import application, watched
from foryou.app import Engine
from foryou.core.errors import BackendError
from foryou.settings import Settings

Load = Callable[[Progress], Engine]


@contextmanager
def door(settings: Settings, load: Load, drain_s: float = 0.0) -> Iterator[tuple[httpx.Client, Server, Door]]:
    """A server in this process, and a client of it."""
    door = Door(load, application, watched)
    config = uvicorn.Config(door, port=0, http=guarded(settings.limits), ws="none", log_config=None)  # type: ignore[arg-type]
    server = Server(config, door, drain_s)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        yield client, server, door
    server.should_exit = True
    thread.join(30)
    door.finish()
    assert not thread.is_alive()


def until_ready(client: httpx.Client) -> None:
    end = time.monotonic() + 60
    while client.get("/health/ready").status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_port_is_open_at_once_and_says_how_far_it_is(settings: Settings) -> None:
    halfway, go_on = threading.Event(), threading.Event()

    def load(told: Progress) -> Engine:
        told(300, 1_000)
        halfway.set()
        assert go_on.wait(30)
        return Engine.open(settings)

    with door(settings, load) as (client, _, _):
        assert halfway.wait(30)
        assert client.get("/health/live").json() == {"status": "alive"}
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json() == {"status": "loading", "done": 300, "of": 1_000, "share": 0.3}
        feed = client.get("/v1/feed")
        assert (feed.status_code, feed.json()["error"]["problem"]) == (503, "is loading: 30% of the log")
        assert int(feed.headers["retry-after"]) >= 1
        go_on.set()
        until_ready(client)
        assert client.get("/v1/feed").status_code == 200


def test_what_keeps_the_engine_from_opening_ends_the_server_and_is_told(settings: Settings) -> None:
    def load(told: Progress) -> Engine:
        raise BackendError("somebody else has it")

    door = Door(load, application, watched)
    config = uvicorn.Config(door, port=0, log_config=None)
    Server(config, door, 0.0).run()
    assert str(door.problem) == "somebody else has it"


def test_loading_stops_when_it_is_told_to(settings: Settings) -> None:
    begun = threading.Event()

    def load(told: Progress) -> Engine:
        for done in range(1_000_000):
            told(done, 1_000_000)
            begun.set()
            time.sleep(0.001)
        return Engine.open(settings)

    with door(settings, load) as (_, _, opened):
        assert begun.wait(30)
    assert opened.problem is None


def test_readiness_goes_first_and_requests_under_way_are_finished(engine: Engine, settings: Settings) -> None:
    asked, go_on = threading.Event(), threading.Event()
    usual = engine.feed

    def slow(*arguments: object) -> object:
        asked.set()
        assert go_on.wait(30)
        return usual(*arguments)  # type: ignore[arg-type]

    engine.feed = slow  # type: ignore[method-assign,assignment]
    got: list[httpx.Response] = []
    with door(settings, lambda told: engine, drain_s=0.5) as (client, server, _door):
        until_ready(client)
        asking = threading.Thread(target=lambda: got.append(client.get("/v1/feed")))
        asking.start()
        assert asked.wait(30)
        server.handle_exit(15, None)
        closing = client.get("/health/ready")
        assert (closing.status_code, closing.json()) == (503, {"status": "closing"})
        assert client.get("/health/live").status_code == 200, "it still takes what comes until the time is over"
        while any(listening.is_serving() for listening in server.servers):
            time.sleep(0.02)
        go_on.set()
        asking.join(30)
    assert [answer.status_code for answer in got] == [200]


@pytest.mark.parametrize("due_ms", [1, 1000])
def test_a_feed_says_what_it_had_to_do_without(
    settings: Settings, videos: list[dict[str, object]], due_ms: int
) -> None:
    within = replace(settings, server=replace(settings.server, deadline_ms=1_000_000))
    with door(within, lambda told: Engine.open(within)) as (client, _, _):
        until_ready(client)
        client.post("/v1/events", content=json.dumps(videos).encode(), headers={"content-type": "application/json"})
        for _ in range(3):
            assert client.get("/v1/feed", params={"viewer": "ada"}).json()["degraded"] == []
        answer = client.get("/v1/feed", params={"viewer": "bob", "deadline_ms": due_ms}).json()
        assert len(answer["items"]) == 10
        if due_ms == 1:
            assert "model:late" in answer["degraded"]
            assert answer["model"] == "linear"
            metrics = client.get("/metrics").text
            assert 'foryou_degraded_total{reason="model:late"} 1.0' in metrics
