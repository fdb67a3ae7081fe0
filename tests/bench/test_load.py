"""The light client sends everything once, at the pace that was asked for, and says what went wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from foryou.bench.load import LoadError, ask, drive, get, post
from foryou.bench.server import free_port

SEEN: list[str] = []


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got: a real server, of the standard library."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        SEEN.append(self.path)
        self._answer(404 if self.path == "/absent" else 200, self.path.encode() * 50_000)

    def do_POST(self) -> None:
        self._answer(200, self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_request_is_sent_once_over_connections_that_are_kept(port: int) -> None:
    SEEN.clear()
    bodies: list[int] = []
    load = drive(port, (get(f"/{n}") for n in range(40)), 3, heard=lambda status, body: bodies.append(len(body)))
    assert sorted(SEEN) == sorted(f"/{n}" for n in range(40))
    assert (len(load.ms), load.failed, min(bodies)) == (40, 0, 100_000)


def test_a_rate_spreads_the_requests_over_the_time(port: int) -> None:
    load = drive(port, (get("/x") for _ in range(11)), 2, rate=50.0)
    assert load.wall_s >= 0.2


def test_an_answer_is_its_body_and_what_is_no_success_is_an_error(port: int) -> None:
    assert ask(port, post("/", b"[1, 2]")) == b"[1, 2]"
    with pytest.raises(LoadError, match="was answered 404"):
        ask(port, get("/absent"))
    assert drive(port, iter([get("/absent")])).failed == 1
    with pytest.raises(LoadError, match="cannot connect"):
        ask(free_port(), get("/"))


class Hasty(Echo):
    """Lets go of connections that are quiet."""

    timeout = 0.4


def test_a_connection_that_the_server_let_go_of_while_it_was_idle_is_made_again() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hasty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        load = drive(server.server_port, (get("/x") for _ in range(16)), 3, rate=20.0)
        assert len(load.ms) == 16
        assert load.failed == 0
    finally:
        server.shutdown()
        server.server_close()
