"""What clients do to a real server that they should not: it answers what is right, and goes on serving the others."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress

import pytest

from foryou.client import connect
from tests.serving import Answer, Server, answers, everything, exchange

MOST = 60
"""Connections that the server takes."""
MB = 1_000_000
LIKE = {"kind": "like", "viewer": "ada", "video": "v1"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of little patience that keeps nothing."""
    running = Server(
        "memory:",
        {
            "FORYOU_LIMITS_HEADER_S": "1", "FORYOU_LIMITS_BODY_S": "1.5", "FORYOU_LIMITS_ANSWER_S": "1.5",
            "FORYOU_LIMITS_IDLE_S": "2", "FORYOU_LIMITS_CONNECTIONS": str(MOST), "FORYOU_LIMITS_FEEDS": "6",
            "FORYOU_SERVER_BODY_MB": "8", "FORYOU_LIMITS_BODIES_MB": "20",
        },
    )  # fmt: skip
    running.start()
    yield running
    running.end()


@pytest.fixture(autouse=True)
def goes_on(server: Server) -> Iterator[None]:
    """Whatever was done to it, it serves the next one."""
    yield
    until = time.monotonic() + 10
    while (answer := ask(server, "/v1/feed?viewer=bob")).status != 200:
        assert answer.status == 503 and time.monotonic() < until, answer
        time.sleep(0.1)


def head(path: str, *fields: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def ask(server: Server, path: str) -> Answer:
    return exchange(server.socket(), head(path, "Connection: close", method="GET"))


def send(server: Server, body: bytes, *fields: str) -> Answer:
    told = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close", *fields)
    return exchange(server.socket(), head("/v1/events", *told), body)


# --- slow ones --------------------------------------------------------------------------------------------------------


def test_half_a_head_is_waited_for_and_then_told_so(server: Server) -> None:
    answer = exchange(server.socket(), b"GET /v1/feed HTTP/1.1\r\nHost: he")
    assert answer.status == 408
    assert answer.problem == "head did not come within 1 s"
    assert answer.headers["connection"] == "close"


def test_a_head_that_comes_byte_by_byte_has_no_more_time(server: Server) -> None:
    with server.socket() as slow:
        for byte in b"GET /v1/feed?viewer=somebody-who-types-slowly HTTP/1.1":
            try:
                slow.sendall(bytes([byte]))
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(0.1)
        assert [answer.status for answer in answers(everything(slow))] in ([408], [])


def test_half_a_body_is_waited_for_and_then_told_so(server: Server) -> None:
    answer = exchange(server.socket(), head("/v1/events", "Content-Length: 1000"), b"[")
    assert answer.status == 408
    assert answer.problem == "body did not come within 1.5 s"


@pytest.mark.parametrize("first", [b"", head("/health/live", method="GET")])
def test_a_connection_without_a_request_is_closed(server: Server, first: bytes) -> None:
    with server.socket() as idle:
        idle.sendall(first)
        assert [answer.status for answer in answers(everything(idle))] == [200] * bool(first)


def test_who_does_not_read_is_cut_off(server: Server) -> None:
    """Three hundred manuals, which do not fit between here and there."""
    whole, some = len(ask(server, "/schema/openapi.json").body), 300
    with closing(socket.socket()) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(1)
        deaf.connect(("127.0.0.1", server.port))
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            for _ in range(some):
                deaf.sendall(head("/schema/openapi.json", method="GET"))
                time.sleep(0.005)
        time.sleep(2.5)
        deaf.settimeout(20)
        assert len(everything(deaf)) < some * whole


# --- large ones -------------------------------------------------------------------------------------------------------


def test_64_mb_are_refused_before_they_are_read(server: Server) -> None:
    answer = exchange(server.socket(), head("/v1/events", f"Content-Length: {64 << 20}"), b"[")
    assert (answer.status, answer.problem) == (413, "body is too large")


def test_who_sends_64_mb_all_the_same_gets_to_read_why_not(server: Server) -> None:
    before = server.memory()
    answer = exchange(server.socket(), head("/v1/events", f"Content-Length: {64 << 20}"), *[b" " * (1 << 20)] * 64)
    assert answer.status == 413
    assert server.memory() - before < 20 * MB


def test_so_are_bodies_that_do_not_say_how_long_they_are(server: Server) -> None:
    before = server.memory()
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    answer = exchange(server.socket(), head("/v1/events", "Transfer-Encoding: chunked"), *[chunk] * 64)
    assert (answer.status, answer.problem) == (413, "body is too large")
    assert server.memory() - before < 60 * MB


def test_who_asks_first_whether_to_send_is_told_not_to(server: Server) -> None:
    answer = exchange(server.socket(), head("/v1/events", f"Content-Length: {64 << 20}", "Expect: 100-continue"))
    assert answer.status == 413


def test_all_bodies_together_are_bounded(server: Server) -> None:
    """Three times 7 MB are 21, and 20 are held."""
    with ExitStack() as stack:
        senders = [stack.enter_context(server.socket()) for _ in range(3)]
        for sender in senders:
            with suppress(BrokenPipeError, ConnectionResetError):
                sender.sendall(head("/v1/events", f"Content-Length: {7 * MB + 1}") + b" " * 7 * MB)
        got = [answer for sender in senders for answer in answers(everything(sender))]
    assert Counter(answer.status for answer in got) == {503: 1, 408: 2}
    (busy,) = [answer for answer in got if answer.status == 503]
    assert "bytes of requests are held" in busy.problem
    assert int(busy.headers["retry-after"]) >= 1


def test_gzip_is_understood(server: Server) -> None:
    rows = [{**LIKE, "id": f"zip-{n}"} for n in range(3)]
    two = gzip.compress(json.dumps(rows[:2]).encode()[:-1]) + gzip.compress(b"," + json.dumps(rows[2:]).encode()[1:])
    answer = send(server, two, "Content-Encoding: gzip")
    assert json.loads(answer.body) == {"accepted": 3, "duplicates": 0, "refused": []}


def test_a_compressed_bomb_is_defused(server: Server) -> None:
    before = server.memory()
    packer = zlib.compressobj(1, wbits=31)
    bomb = b"".join([*(packer.compress(b" " * (1 << 20)) for _ in range(300)), packer.flush()])
    assert len(bomb) < 2 * MB
    answer = send(server, bomb, "Content-Encoding: gzip")
    assert answer.status == 413
    assert "when inflated" in answer.problem
    assert server.memory() - before < 60 * MB


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"[]" * 1000)[:-12], gzip.compress(b"[]") + b"more"],
    ids=["no gzip", "cut", "with more"],
)
def test_what_is_no_whole_gzip_is_refused(server: Server, body: bytes) -> None:
    answer = send(server, body, "Content-Encoding: gzip")
    assert (answer.status, answer.problem.split()[0]) == (400, "body")


@pytest.mark.parametrize("encoding", ["deflate", "zstd", "br", "gzip, gzip"])
def test_other_compressions_are_named_as_unknown(server: Server, encoding: str) -> None:
    answer = exchange(server.socket(), head("/v1/events", "Content-Length: 100", f"Content-Encoding: {encoding}"), b"x")
    assert answer.status == 415
    assert encoding in answer.problem


# --- strange ones -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'[{"a":' * 100_000, b"[" + b"{}," * 2_000_000 + b"{}]", b"[" + b'"a",' * 1_500_000 + b"1]"],
    ids=["deep", "deep-objects", "many", "many-texts"],
)
def test_deep_and_endless_json_is_refused_without_being_built(server: Server, body: bytes) -> None:
    before = server.memory()
    assert send(server, body).status == 400
    assert server.memory() - before < 60 * MB


@pytest.mark.parametrize("number", ["9" * 100_000, "1e999", "-" + "9" * 5_000, "NaN", "1." + "3" * 100_000])
def test_huge_numbers_are_refused_or_read_as_numbers(server: Server, number: str) -> None:
    row = json.dumps({**LIKE, "kind": "watch", "id": "huge", "seconds": 0}).replace(": 0}", f": {number}}}")
    answer = send(server, f"[{row}]".encode())
    assert answer.status in (200, 400)
    assert b"error" in answer.body or json.loads(answer.body)["accepted"] + len(json.loads(answer.body)["refused"]) <= 1


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        head("/v1/events", "Content-Length: 5", "Transfer-Encoding: chunked"), head("/v1/events", "Content-Length: -1"),
        head("/v1/events", "Content-Length: 5", "Content-Length: 6"), head("/", "A b: c", method="GET"),
        head("/v1/events", "Transfer-Encoding: chunked") + b"zz\r\n", head("/", *(f"H{n}: 1" for n in range(200))),
    ],
)  # fmt: skip
def test_what_is_no_http_is_refused_in_the_shape_of_errors(server: Server, said: bytes) -> None:
    answer = exchange(server.socket(), said)
    assert (answer.status, answer.problem) == (400, "request is no HTTP that can be read")


def test_a_head_without_an_end_is_cut_short(server: Server) -> None:
    answer = exchange(server.socket(), b"GET / HTTP/1.1\r\nX: ", *[b"x" * 10_000] * 300)
    assert (answer.status, answer.problem) == (431, "head is longer than 65,536 bytes")


def test_requests_may_be_sent_ahead_and_are_answered_in_order(server: Server) -> None:
    asks = [
        head("/v1/feed?surface=plain", method="GET"),
        head("/none", method="GET"),
        head("/health/live", method="GET"),
    ]
    with server.socket() as ahead:
        ahead.sendall(b"".join(asks))
        assert [answer.status for answer in answers(everything(ahead))] == [200, 404, 200]


def test_but_not_thousands_of_them(server: Server) -> None:
    before = server.memory()
    with server.socket() as flood:
        with suppress(BrokenPipeError, ConnectionResetError):
            flood.sendall(head("/v1/feed", method="GET") * 20_000)
        assert len(answers(everything(flood))) < 100
    assert server.memory() - before < 20 * MB


# --- many -------------------------------------------------------------------------------------------------------------


def test_beyond_what_it_takes_connections_are_refused_and_the_idle_ones_make_room(server: Server) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(server.socket()) for _ in range(3 * MOST)]
        refused = [answer for late in crowd[MOST:] for answer in answers(everything(late))]
        assert {answer.status for answer in refused} == {503}
        assert len(refused) == 2 * MOST
        assert all("too many connections" in answer.problem for answer in refused)
    with ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(server.socket())
        time.sleep(1.1)
        assert ask(server, "/health/live").status == 200, "one that asked nothing for a second gave way"


def test_more_feeds_than_can_be_made_get_503_and_when_to_come_back(server: Server) -> None:
    """Forty at once, of which six may wait."""
    with ThreadPoolExecutor(40) as threads:
        got = list(threads.map(lambda n: ask(server, f"/v1/feed?viewer=u{n}"), range(400)))
    statuses = Counter(answer.status for answer in got)
    assert set(statuses) == {200, 503}
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in got if answer.status == 503)
    assert all("busy" in answer.problem for answer in got if answer.status == 503)


def test_events_are_taken_while_feeds_are_refused(server: Server) -> None:
    with ThreadPoolExecutor(20) as threads:
        feeds = [threads.submit(ask, server, f"/v1/feed?viewer=u{n}") for n in range(200)]
        sent = [connect(server.url).events([{**LIKE, "id": f"while-{n}"}]).accepted for n in range(5)]
        assert sent == [1] * 5
        assert {feed.result().status for feed in feeds} <= {200, 503}
