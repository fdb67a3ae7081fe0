"""The same calls, in process and over HTTP, give the same answers and raise the same errors."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import uvicorn

from foryou.api.server import application
from foryou.app import Engine
from foryou.client import Client, connect, in_process
from foryou.core.clock import DAY, ManualClock
from foryou.core.errors import BackendError, Forbidden, InvalidEvent, NotFound, TooMany, Unidentified
from foryou.settings import load

NOW = 1_700_000_000_000
VIDEOS = [
    {
        "id": f"video-{n}",
        "kind": "video",
        "video": f"v/{n}",
        "author": f"a{n}",
        "duration": 9.0,
        "at": NOW,
        "uploaded": NOW,
    }
    for n in range(12)
]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def engine(clock: ManualClock) -> Iterator[Engine]:
    opened = Engine.open(load(environment={"FORYOU_DATA_URL": "memory:"}), clock)
    yield opened
    opened.close()


@pytest.fixture
def url(engine: Engine) -> Iterator[str]:
    """A server in a thread of this process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(application(engine), log_config=None, lifespan="on"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(params=["in process", "http"])
def client(request: pytest.FixtureRequest, engine: Engine) -> Client:
    return in_process(engine) if request.param == "in process" else connect(request.getfixturevalue("url"))


def test_events_go_in_and_a_feed_comes_out(client: Client) -> None:
    receipt = client.events([*VIDEOS, VIDEOS[0], {"id": "x", "kind": "like"}])
    assert (receipt.accepted, receipt.duplicates) == (12, 1)
    assert [(no.index, no.field) for no in receipt.refused] == [(13, "viewer")]
    slate = client.feed("ada", n=5, session="s", time_zone="Europe/Oslo")
    assert len({item["video"] for item in slate.items}) == 5
    why = client.explain(slate.request, str(slate.items[0]["video"]), "nl")
    assert (why["video"], why["position"]) == (slate.items[0]["video"], 0)
    assert client.viewer("ada")["viewer"] == "ada"
    way = client.reach("v/1", "nb")
    assert (way["video"], way["stage"], way["room"]) == ("v/1", 0, 6)
    assert "første publikum" in str(way["why"])


def test_a_viewer_is_erased_whatever_the_id_looks_like(client: Client) -> None:
    who = "a/b?c#d é"
    client.events([*VIDEOS, {"id": "l", "kind": "like", "viewer": who, "video": "v/1"}])
    assert client.viewer(who)["signals_this_week"] == 1
    receipt = client.erase(who)
    assert receipt["removed"]["log events"] == 1  # type: ignore[index]
    assert client.viewer(who)["signals_this_week"] == 0
    with pytest.raises(InvalidEvent, match="viewer: has 300 characters"):
        client.erase("x" * 300)


def test_errors_are_the_same_wherever_the_engine_is(client: Client, clock: ManualClock) -> None:
    with pytest.raises(InvalidEvent, match="body: has 0 events"):
        client.events([])
    with pytest.raises(InvalidEvent, match=r"n: .*1 to 100"):
        client.feed(n=0)
    with pytest.raises(InvalidEvent, match="time_zone: 'Mars' is no time zone; expected an IANA time zone"):
        client.feed(time_zone="Mars")
    with pytest.raises(NotFound) as absent:
        client.explain("twelve", "v/1")
    assert not absent.value.gone
    with pytest.raises(NotFound):
        client.reach("nothing")
    with pytest.raises(InvalidEvent, match=r"language: .*en, nb or nl"):
        client.reach("v/1", "fr")  # type: ignore[arg-type]
    client.events(VIDEOS)
    slate = client.feed("ada", n=1)
    clock.forward(31 * DAY)
    with pytest.raises(NotFound) as gone:
        client.explain(slate.request, str(slate.items[0]["video"]))
    assert gone.value.gone


def test_a_server_that_is_not_there_is_a_backend_error() -> None:
    with pytest.raises(BackendError, match="cannot reach"):
        connect("http://127.0.0.1:9", timeout_s=1).feed()


@pytest.mark.parametrize(
    ("status", "raised"),
    [(401, Unidentified), (403, Forbidden), (429, TooMany), (400, InvalidEvent), (503, BackendError)],
)
def test_what_a_server_refuses_is_raised_as_what_it_is(status: int, raised: type[Exception]) -> None:
    shown: list[str | None] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(b'{"error": {"field": "f", "problem": "p", "expected": "e"}}')

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(raised) as told:
            connect(f"http://127.0.0.1:{server.server_port}", key="fy_x").feed("ada")
        thread.join()
    assert shown == ["Bearer fy_x"]
    if isinstance(told.value, TooMany):
        assert told.value.after_s == 7.0
