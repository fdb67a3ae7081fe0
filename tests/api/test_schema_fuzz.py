"""Whatever is sent, the server answers as its OpenAPI document says, and never fails."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
import schemathesis
from gated import Gated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.types import ASGIApp
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from foryou.access.rules import Role
from foryou.api.server import application, watched
from foryou.app import Engine
from foryou.client import in_process
from foryou.core.clock import ManualClock
from foryou.settings import load

CASES = int(os.environ.get("FORYOU_TEST_CASES", "600"))
"""`FORYOU_TEST_CASES=10000` for the long run: so many requests over all operations, to the open server and to the one
with keys. It prints how often each operation gave each status (`-s` shows it)."""
NOW = 1_700_000_000_000
REMOVED = "v39"
HERE = "http://127.0.0.1:8080"
HARD = (
    "/v1/account", "/password", "/delete", "/v1/session", "/passkeys", "/passkey", "/options", "/{passkey}", "/{event}",
    "/evidence", "/v1/demo", "/{series}",
)  # fmt: skip
"""Operations that chance hardly gets right: they have tests of their own."""
VIEWERS = ("ada", "bob", "a/b c", "x" * 256, "ä%2F")
NAMES = (
    "accept", "accept-encoding", "content-encoding", "content-type", "host", "if-none-match", "origin", "range",
    "x-forwarded-for",
)  # fmt: skip
VALUES = (
    "", "gzip", "identity", "br", "*/*", "text/html", "application/json", "application/msgpack", "multipart/form-data",
    HERE, "bytes=0-3",
)  # fmt: skip
HEADERS = st.dictionaries(
    st.sampled_from(NAMES),
    st.sampled_from(VALUES) | st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=9),
    max_size=2,
)
"""Headers that no operation documents, right and wrong."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass
class Site:
    """The application behind its gate, without a socket, on a loop of its own."""

    app: Litestar
    whole: ASGIApp
    loop: asyncio.AbstractEventLoop

    def send(self, case: Case, headers: dict[str, str]) -> Response:
        """What comes back, byte for byte: nothing in between makes a request better than it is."""
        sent = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
        sent.headers.update(headers)
        return self.loop.run_until_complete(self._send(sent))

    async def _send(self, sent: requests.PreparedRequest) -> Response:
        url = urlsplit(str(sent.url))
        body = sent.body if isinstance(sent.body, bytes) else str(sent.body or "").encode()
        headers = {"host": "127.0.0.1:8080", **{name.lower(): value for name, value in sent.headers.items()}}
        scope: Any = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": sent.method, "scheme": "http",
            "path": unquote(url.path), "raw_path": url.path.encode(), "query_string": url.query.encode(),
            "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080),
            "headers": [(_bytes(name), _bytes(value)) for name, value in headers.items()],
        }  # fmt: skip
        told: list[Any] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            if not waiting:  # it stays a while: what is streamed would be cut off
                await asyncio.sleep(0.5)
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)

        await self.whole(scope, receive, send)
        named: dict[str, list[str]] = defaultdict(list)
        for name, value in told[0]["headers"]:
            named[name.decode()].append(value.decode())
        content = b"".join(message.get("body", b"") for message in told[1:])
        return Response(told[0]["status"], named, content, sent, 0.0, True)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine that keeps nothing, with forty videos, and viewers who watched some."""
    made = Engine.open(load(environment={"FORYOU_DATA_URL": "memory:", "FORYOU_SERVER_DEADLINE_MS": "0",
                                         "FORYOU_ACCESS_PER_KEY": "0", "FORYOU_ACCESS_PER_VIEWER": "0"}),
                       ManualClock(NOW))  # fmt: skip
    client = in_process(made)
    client.events(
        [
            {"id": f"video-{n}", "kind": "video", "video": f"v{n}", "author": f"a{n % 7}", "duration": 10.0 + n,
             "caption": f"number {n}", "hashtags": [f"#t{n % 5}"], "uploaded": NOW - 1000 * n, "at": NOW - 1000 * n}
            for n in range(40)
        ]
    )  # fmt: skip
    for viewer in VIEWERS:
        seen = [{"id": f"{viewer[:9]}-{n}", "kind": "watch", "viewer": viewer, "video": f"v{n}", "seconds": 9.0}
                for n in range(5)]  # fmt: skip
        assert client.events(seen).refused == []
    client.events(
        [
            {"id": "ada-like", "kind": "like", "viewer": "ada", "video": "v1"},
            {"id": "of-a-series", "kind": "video", "video": "v2", "series": "naps", "episode": 1, "sound": "purr"},
        ]
    )
    client.events([{"id": "gone", "kind": "remove", "video": REMOVED}])
    made.work()
    yield made
    made.close()


@pytest.fixture(scope="module")
def sites(engine: Engine) -> Iterator[tuple[Site, Site]]:
    """Without keys, and with."""
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def run(app: Litestar, begun: asyncio.Event) -> None:
        async with app.lifespan():
            begun.set()
            await ended.wait()

    made, running = [], []
    for app in (application(engine), application(engine)):
        begun = asyncio.Event()
        running.append(loop.create_task(run(app, begun)))
        loop.run_until_complete(begun.wait())
        made.append(Site(app, watched(app), loop))
    yield made[0], made[1]
    ended.set()
    loop.run_until_complete(asyncio.gather(*running))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture(scope="module")
def shown(sites: tuple[Site, Site]) -> dict[str, str]:
    """What callers of the site with keys show: a key of every role, of each, a viewer's token, and nonsense."""
    access = sites[1].app.state.access
    access.kept.look_s = 0.0
    roles = {"all": tuple(Role), **{str(role): (role,) for role in Role}}
    keys = {name: access.keys.create(name, of, NOW, "test")[1] for name, of in roles.items()}
    token, _ = access.tokens.sign("ada", 3600, access.keys.named("all"), NOW)
    return {**keys, "token": token, "wrong": "fy_no-key-of-this-server", "odd": "a b\xe9", "none": ""}


def test_every_answer_is_one_of_the_document(engine: Engine, sites: tuple[Site, Site], shown: dict[str, str]) -> None:
    """A case is drawn from the document, right or wrong on purpose, and then at times aimed at what there is, sent with
    headers that it does not document, or with another key."""
    schema = schemathesis.openapi.from_dict(sites[0].app.openapi_schema.to_schema(), config=SchemathesisConfig())
    operations = [found.ok() for found in schema.get_all_operations()]
    kinds = [
        (operation, mode)
        for operation in operations
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or operation.query or operation.body  # else there is nothing to get wrong
    ]
    known = _known(engine)
    told: dict[str, Counter[int]] = defaultdict(Counter)
    for operation, mode in kinds:

        @settings(max_examples=-(-CASES // len(kinds)), suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
        def answers(case: Case, data: st.DataObject) -> None:
            if case.path_parameters and data.draw(st.booleans()):
                for name in case.path_parameters:
                    case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
            headers = data.draw(HEADERS) if data.draw(st.integers(0, 3)) == 3 else {}
            site, secret = sites[0], data.draw(st.sampled_from([shown["all"]] * 6 + [*shown.values()]))
            if data.draw(st.booleans()):
                site = sites[1]
                headers |= {"authorization": f"Bearer {secret}"} if secret else {}
            response = site.send(case, headers)
            told[case.operation.label][response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        answers()
    for label, statuses in told.items():
        print(f"{label}: {', '.join(f'{status} x {count}' for status, count in sorted(statuses.items()))}")
    assert sum(map(Counter.total, told.values())) >= CASES
    assert all(statuses[200] for label, statuses in told.items() if not label.endswith(HARD))


def _known(engine: Engine) -> dict[str, tuple[str, ...]]:
    """By parameter of a path, values that lead somewhere, led there once, or nearly do."""
    feed = in_process(engine).feed("ada", n=9)
    videos = (*(str(item["video"]) for item in feed.items), "v0", REMOVED, "none", "a/b")
    return {
        "viewer": VIEWERS,
        "video": videos,
        "request_id": (*[feed.request] * 6, "1", "9" * 19, "x"),
        "event": ("ada-like", "ada-0", "none"),
        "author": ("a1", "nobody"),
        "sound": ("purr", "none"),
        "hashtag": ("#t1", "T1", "none"),
        "series": ("naps", "none"),
        "passkey": ("0123456789abcdef", "none"),
    }


def test_a_host_that_is_none_is_named(gated: Gated) -> None:
    answer = gated.ask("GET", "/v1/feed", gated.key("app", Role.SERVE), headers={"host": "a b"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "host")


def test_only_events_may_be_compressed(gated: Gated) -> None:
    answer = gated.ask("POST", "/v1/tokens", headers={"content-encoding": "gzip"}, content=b"zip")
    assert (answer.status_code, answer.json()["error"]["expected"]) == (415, "none")
    assert gated.ask("GET", "/v1/feed", headers={"content-encoding": "br"}).status_code == 200
