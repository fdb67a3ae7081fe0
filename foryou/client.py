"""The calls of the API, in process or over HTTP, with the same answers and the same errors.

client = connect("http://127.0.0.1:8080")      # or: in_process(engine)
client.events([{"id": "e1", "kind": "like", "viewer": "ada", "video": "v7"}])
slate = client.feed("ada", n=5)
"""

from __future__ import annotations

import http.client
import time  # only to wait, and to say when an answer is due
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from foryou.api import calls
from foryou.api.calls import MOST_ITEMS, Language, Surface
from foryou.api.decode import MOST_EVENTS, from_objects
from foryou.api.schema import Failure, Problem, Receipt, Slate
from foryou.core.errors import (
    BackendError,
    Forbidden,
    ForYouError,
    InvalidEvent,
    NotFound,
    Overloaded,
    TooMany,
    Unidentified,
)
from foryou.feed.preview import SHOWN
from foryou.feed.serve import Ask

if TYPE_CHECKING:
    from foryou.app import Engine

Answer: TypeAlias = dict[str, object]


class Client(Protocol):
    """What a client can ask. InvalidEvent, NotFound, AccessError or BackendError when it cannot be had; Overloaded, one
    of the last, says when to ask again."""

    def events(self, rows: Sequence[Mapping[str, object]]) -> Receipt:
        """Send 1 to 1,000 events; accepted ones are durable on return."""

    def feed(
        self,
        viewer: str = "",
        n: int = 10,
        surface: Surface = "for_you",
        session: str = "",
        device: str = "",
        language: str = "",
        country: str = "",
        time_zone: str = "",
        deadline_ms: int = 0,
    ) -> Slate:
        """Videos for a viewer, best first; degraded rather than later than `deadline_ms` (0: as the server is set, and
        whenever it is done in process)."""

    def explain(self, request: str, video: str, language: Language = "en") -> Answer:
        """Why a video was in a slate."""

    def reach(self, video: str, language: Language = "en") -> Answer:
        """How far a video has come, and why."""

    def stages(self) -> list[Answer]:
        """How new videos fare as a whole, stage by stage."""

    def viewer(self, viewer: str) -> Answer:
        """What is known of a viewer."""

    def evidence(self, viewer: str, kind: str, name: str) -> list[Answer]:
        """What a viewer did that speaks for or against an author, a sound or a hashtag."""

    def preview(self, viewer: str, events: Sequence[Mapping[str, object]], session: str = "") -> Answer:
        """What a viewer would get next if these events of theirs had come; they need no `id` and no `viewer`."""

    def erase(self, viewer: str) -> Answer:
        """Take everything of a viewer out of everything; the receipt."""


def connect(url: str, timeout_s: float = 30.0, key: str = "") -> Client:
    """A client of a running server. `key` is a key or a viewer's token; a server that only this machine reaches needs
    none. Without the right one calls raise AccessError."""
    return _Http(url.rstrip("/"), timeout_s, key)


def in_process(engine: Engine) -> Client:
    """A client of an engine in this process."""
    return _InProcess(engine)


@dataclass(frozen=True, slots=True)
class _InProcess:
    engine: Engine

    def events(self, rows: Sequence[Mapping[str, object]]) -> Receipt:
        if not 1 <= len(rows) <= MOST_EVENTS:
            raise InvalidEvent("body", f"has {len(rows):,} events", f"1 to {MOST_EVENTS:,} events")
        return calls.accept(self.engine, from_objects(rows))[0]

    def feed(
        self,
        viewer: str = "",
        n: int = 10,
        surface: Surface = "for_you",
        session: str = "",
        device: str = "",
        language: str = "",
        country: str = "",
        time_zone: str = "",
        deadline_ms: int = 0,
    ) -> Slate:
        if not 1 <= n <= MOST_ITEMS:
            raise InvalidEvent("n", f"is {n}", f"how many videos, 1 to {MOST_ITEMS}")
        ask = Ask(viewer, n, surface, session, device, language, country, time_zone)
        due = time.perf_counter() + deadline_ms / 1e3 if deadline_ms else inf
        slate = calls.feed(self.engine, ask, due)[0]
        return msgspec.json.decode(_encode(slate), type=Slate)

    def explain(self, request: str, video: str, language: Language = "en") -> Answer:
        return msgspec.json.decode(_encode(calls.explain(self.engine, request, video, language)), type=Answer)

    def reach(self, video: str, language: Language = "en") -> Answer:
        return msgspec.json.decode(_encode(self.engine.reach(video, calls.spoken(language))), type=Answer)

    def stages(self) -> list[Answer]:
        return msgspec.json.decode(_encode(self.engine.stages()), type=list[Answer])

    def viewer(self, viewer: str) -> Answer:
        return msgspec.json.decode(_encode(self.engine.viewer(viewer)), type=Answer)

    def evidence(self, viewer: str, kind: str, name: str) -> list[Answer]:
        return msgspec.json.decode(_encode(self.engine.evidence(viewer, kind, name)), type=list[Answer])

    def preview(self, viewer: str, events: Sequence[Mapping[str, object]], session: str = "") -> Answer:
        ask = Ask(viewer, SHOWN, session=session)
        return msgspec.json.decode(_encode(calls.preview(self.engine, ask, events)), type=Answer)

    def erase(self, viewer: str) -> Answer:
        return msgspec.json.decode(_encode(calls.erase(self.engine, viewer)), type=Answer)


_encode = msgspec.json.Encoder(enc_hook=calls.plain).encode


_AGAIN_S = (0.05, 0.2)
"""Before a request whose connection broke is sent again. Nothing is done twice by that: events have ids."""


@dataclass(frozen=True, slots=True)
class _Http:
    url: str
    timeout_s: float
    key: str = field(default="", repr=False)

    def events(self, rows: Sequence[Mapping[str, object]]) -> Receipt:
        return msgspec.json.decode(self._ask("/v1/events", body=msgspec.json.encode(rows)), type=Receipt)

    def feed(
        self,
        viewer: str = "",
        n: int = 10,
        surface: Surface = "for_you",
        session: str = "",
        device: str = "",
        language: str = "",
        country: str = "",
        time_zone: str = "",
        deadline_ms: int = 0,
    ) -> Slate:
        query = {
            "viewer": viewer, "n": n, "surface": surface, "session": session, "device": device,
            "language": language, "country": country, "time_zone": time_zone, "deadline_ms": deadline_ms,
        }  # fmt: skip
        return msgspec.json.decode(self._ask("/v1/feed", query), type=Slate)

    def explain(self, request: str, video: str, language: Language = "en") -> Answer:
        path = f"/v1/explain/{_quoted(request)}/{_quoted(video)}"
        return msgspec.json.decode(self._ask(path, {"language": language}), type=Answer)

    def reach(self, video: str, language: Language = "en") -> Answer:
        path = f"/v1/videos/{_quoted(video)}/reach"
        return msgspec.json.decode(self._ask(path, {"language": language}), type=Answer)

    def stages(self) -> list[Answer]:
        return msgspec.json.decode(self._ask("/v1/reach"), type=list[Answer])

    def viewer(self, viewer: str) -> Answer:
        return msgspec.json.decode(self._ask(f"/v1/viewers/{_quoted(viewer)}"), type=Answer)

    def evidence(self, viewer: str, kind: str, name: str) -> list[Answer]:
        path = f"/v1/viewers/{_quoted(viewer)}/evidence"
        return msgspec.json.decode(self._ask(path, {"kind": kind, "name": name}), type=list[Answer])

    def preview(self, viewer: str, events: Sequence[Mapping[str, object]], session: str = "") -> Answer:
        path, body = f"/v1/viewers/{_quoted(viewer)}/preview", msgspec.json.encode(events)
        return msgspec.json.decode(self._ask(path, {"session": session}, body), type=Answer)

    def erase(self, viewer: str) -> Answer:
        return msgspec.json.decode(self._ask(f"/v1/viewers/{_quoted(viewer)}", method="DELETE"), type=Answer)

    def _ask(
        self, path: str, query: Mapping[str, object] | None = None, body: bytes | None = None, method: str | None = None
    ) -> bytes:
        url = self.url + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Content-Type": "application/json"} if body else {}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(url, body, headers, method=method)
        for wait_s in _AGAIN_S:
            try:
                return self._asked(request)
            except (ConnectionError, http.client.HTTPException):  # the process died with the request: another answers
                time.sleep(wait_s)
        try:
            return self._asked(request)
        except (OSError, http.client.HTTPException) as error:
            raise BackendError(f"cannot reach {self.url}: {error}") from error

    def _asked(self, request: urllib.request.Request) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                read: bytes = answer.read()
                return read
        except urllib.error.HTTPError as error:
            with error:
                raise _as_raised(error.code, error.read(), error.headers.get("Retry-After", "")) from error
        except urllib.error.URLError as error:
            raise error.reason if isinstance(error.reason, OSError) else error from error


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")


def _as_raised(status: int, body: bytes, retry_after: str = "") -> ForYouError:
    """The error that the server raised; `retry_after` (s) is when it wants to be asked again."""
    try:
        problem = msgspec.json.decode(body, type=Failure).error
    except (msgspec.MsgspecError, UnicodeError):
        problem = Problem("server", f"answered {status}", "an answer of this API")
    if status in (404, 410):
        return NotFound(problem.problem, gone=status == 410)
    if status in (401, 403):
        return (Unidentified if status == 401 else Forbidden)(problem.field, problem.problem, problem.expected)
    if status == 429:
        return TooMany(problem.field, problem.problem, float(retry_after or 0))
    if status < 500:
        return InvalidEvent(problem.field, problem.problem, problem.expected)
    return Overloaded(problem.problem, float(retry_after)) if retry_after.isdigit() else BackendError(problem.problem)
