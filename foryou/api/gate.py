"""The gate before the application: who calls, whether they may, how often; and the headers of every answer.

It looks at method, path and headers only. For whom a call acts is for its handler to say (`caller_of(scope).act_for`):
an answer to a viewer's token whose handler did not say so is held back.
"""

from __future__ import annotations

import asyncio
import math
from typing import cast
from urllib.parse import unquote

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from foryou.access import audit, headers
from foryou.access.audit import Noted
from foryou.access.headers import Headers, header
from foryou.access.limits import is_local, network_of
from foryou.access.open import ANYBODY, Access, Caller
from foryou.access.rules import CLOSED, PAGE, SCHEMA, Rule, rule_of
from foryou.api.manual import STYLE
from foryou.api.observe import line_of
from foryou.api.schema import Failure, Problem
from foryou.core.clock import Clock
from foryou.core.errors import AccessError, BackendError, Forbidden, ForYouError, TooMany, Unidentified

SESSION = "foryou_session"
"""The cookie of a session."""
_READING = ("GET", "HEAD", "OPTIONS")

_API, _PAGE, _MANUAL = headers.of_api(), headers.of_page(), headers.of_manual(STYLE)


def caller_of(scope: Scope) -> Caller:
    """Who makes this call. Where there is no gate, anybody may do anything."""
    return cast(Caller, scope.get("state", {}).get("caller", ANYBODY))


def guarded(app: ASGIApp, access: Access, clock: Clock) -> ASGIApp:
    """The app behind the gate."""

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:  # there are none here
            await send(cast(Message, {"type": "websocket.close", "code": 1008, "reason": ""}))
            return
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        method = str(scope["method"])
        rule = rule_of(method, scope["path"])
        origin = header(scope["headers"], b"origin") or ""
        send = _with_headers(send, rule, headers.cross_origin(access.settings.cors, origin) if origin else [])
        try:
            if method == "OPTIONS" and origin and header(scope["headers"], b"access-control-request-method"):
                _take_address(access, scope)
                await _answer_preflight(access, origin, send)
                return
            caller = _admitted(access, rule, scope, origin, clock())
            if method not in _READING and (rule.own_page or caller.account is not None):
                _check_own_page(scope, origin, caller)
        except ForYouError as error:
            scope["path_template"] = rule.name
            await _refuse(error, scope, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        line_of(scope).key = caller.key
        if rule.audited:
            send = _noting(send, access, rule, scope, caller, clock)
        if caller.viewer is not None and rule.viewer:
            send = _holding(send, caller)
        await app(scope, receive, send)

    return gate


def _take_address(access: Access, scope: Scope) -> None:
    if network := network_of(_address(scope)):
        access.take(f"address {network}", access.settings.per_address)


def _admitted(access: Access, rule: Rule, scope: Scope, origin: str, now: int) -> Caller:
    """Who calls, if they may. AccessError if not."""
    _take_address(access, scope)
    shown = header(scope["headers"], b"authorization")
    open_ = rule.public or (rule is SCHEMA and access.settings.schema)
    try:
        caller = access.caller(shown, now, session_of(scope))
    except Unidentified:
        if not open_:
            raise
        return Caller("", frozenset(), accounts=access.accounts)
    if not access.keys.required:
        _check_local(access, scope, origin)
    if caller.viewer is not None and not (rule.viewer or open_ or caller.roles & rule.roles):
        raise Forbidden("authorization", "is a viewer's token, which does not open this", "a key")
    if caller.viewer is None and not open_ and not (caller.roles & rule.roles) and access.keys.required:
        roles = " or ".join(sorted(rule.roles))
        if rule is CLOSED:
            raise Forbidden("path", "is not opened by any key", "a path and method of /schema")
        raise Forbidden("authorization", f"is a key without the role {roles}", f"a key with the role {roles}")
    return caller


def _check_local(access: Access, scope: Scope, origin: str) -> None:
    """Without keys only this machine may call: neither others, nor pages from elsewhere that a browser here has open
    (by a name that was made to point here, or by sending without reading the answer)."""
    host = header(scope["headers"], b"host") or ""
    if network_of(_address(scope)) or not is_local(host):
        raise Forbidden(
            "host", "is not this machine, and there are no keys yet", "a key: `foryou key create NAME --role ...`"
        )
    same = origin.partition("://")[2] == host
    if origin and not same and not headers.may_read(access.settings.cors, origin):
        raise Forbidden("origin", f"{origin[:100]!r} is another page", "one of the setting access.cors")


def session_of(scope: Scope) -> str:
    """The token of the session in a request's cookies; "" if there is none."""
    for part in (header(scope["headers"], b"cookie") or "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION:
            return value
    return ""


def _check_own_page(scope: Scope, origin: str, caller: Caller) -> None:
    """What a cookie could change, only a page of this server may ask for: a browser sends it along with whatever any
    page asks. It says itself where a request is from (Fetch Metadata), or its origin does."""
    site = header(scope["headers"], b"sec-fetch-site")
    same = origin.partition("://")[2] == (header(scope["headers"], b"host") or "")
    if site == "same-origin" or (site is None and origin and same):
        return
    if site is None and not origin and caller.account is None:  # no browser, and nothing that it would have sent along
        return
    raise Forbidden("origin", "is not a page of this server", "a request of the page itself, which says its Origin")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _with_headers(send: Send, rule: Rule, more: Headers) -> Send:
    """Sends with the headers that the kind of answer has."""
    own = {id(PAGE): _PAGE, id(SCHEMA): _MANUAL}.get(id(rule), _API)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *own, *more]
        await send(message)

    return sending


def _holding(send: Send, caller: Caller) -> Send:
    """Holds back what was made for a viewer's token by a handler that never asked for whom."""
    held = False

    async def sending(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start" and message["status"] < 400 and not caller.asked:
            held = True
            await _answer(send, 403, Problem("path", "is not opened by a viewer's token", "a key"), [])
        elif not held:
            await send(message)

    return sending


def _noting(send: Send, access: Access, rule: Rule, scope: Scope, caller: Caller, clock: Clock) -> Send:
    """Notes what came of a call in the audit log before the answer goes out; no note, no answer."""
    start, _, named = rule.path.partition("{")
    who, address, failed = caller.key or "nobody", _address(scope), False

    def note(status: int) -> None:
        # By now it is as the router has it: the viewer's name is one part of it.
        viewer = unquote(scope["path"].removeprefix(start).partition("/")[0]) if named else ""
        subject = audit.subject_of(access.kept, viewer) if viewer else ""
        with access.kept.writing() as connection:
            audit.note(connection, Noted(clock(), who, address, f"{rule.method} {rule.name}", subject, str(status)))

    async def sending(message: Message) -> None:
        nonlocal failed
        if message["type"] == "http.response.start":
            try:
                await asyncio.to_thread(note, message["status"])
            except BackendError as error:
                failed = True
                await _refuse(error, scope, send)
        if not failed:
            await send(message)

    return sending


async def _answer_preflight(access: Access, origin: str, send: Send) -> None:
    if not headers.may_read(access.settings.cors, origin):
        raise Forbidden("origin", f"{origin[:100]!r} may not call from its pages", "one of the setting access.cors")
    await send(cast(Message, {"type": "http.response.start", "status": 204, "headers": headers.preflight()}))
    await send(cast(Message, {"type": "http.response.body", "body": b"", "more_body": False}))


async def _refuse(error: ForYouError, scope: Scope, send: Send) -> None:
    line_of(scope).error = type(error).__name__ if isinstance(error, AccessError) else str(error)
    if isinstance(error, AccessError):
        await _answer(send, status_of(error), Problem(error.field, error.problem, error.expected), headers_of(error))
    else:
        await _answer(send, 503, Problem("server", str(error), "the same request again, later"), [])


def status_of(error: AccessError) -> int:
    """401, 403 or 429."""
    return 401 if isinstance(error, Unidentified) else 429 if isinstance(error, TooMany) else 403


def headers_of(error: AccessError) -> Headers:
    """How to come in, or when."""
    if isinstance(error, Unidentified):
        return [(b"www-authenticate", b'Bearer realm="foryou"')]
    if isinstance(error, TooMany):
        return [(b"retry-after", str(max(1, math.ceil(error.after_s))).encode())]
    return []


async def _answer(send: Send, status: int, problem: Problem, more: Headers) -> None:
    body = msgspec.json.encode(Failure(problem))
    told = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *more]
    await send(cast(Message, {"type": "http.response.start", "status": status, "headers": told}))
    await send(cast(Message, {"type": "http.response.body", "body": body, "more_body": False}))
