"""The routes of accounts: sign up, sign in and out, who am I, another password, and leave for good.

The page of this server uses them, with a cookie that no script can read.
"""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import Body, Parameter
from msgspec import Meta, Struct

from foryou.access.accounts import SESSION_MS, Account, age_band, folded_name
from foryou.access.limits import network_of
from foryou.access.open import Access, Caller
from foryou.api import calls
from foryou.api.answers import BUSY, FULL, LARGE, WHO
from foryou.api.asked import Asked, engine_of
from foryou.api.gate import SESSION, caller_of, session_of
from foryou.api.schema import Event
from foryou.core.clock import SECOND
from foryou.core.errors import Forbidden, InvalidEvent, Unidentified
from foryou.core.event import Kind
from foryou.features.documents import GUEST

TRIES = 10
"""Passwords a minute that may be tried for one name, and from one address."""
STOP_AFTER_MIN = 60
"""When minors are asked whether they want to go on."""

_Password = Annotated[str, Meta(max_length=1_000, description="the password, 8 to 200 characters")]
_Name = Annotated[str, Meta(max_length=256, description="the name that others see, 2 to 40 characters")]


class SignUp(Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants an account."""

    name: _Name
    password: _Password
    birth_year: Annotated[int, Meta(description="the year of birth")]
    language: Annotated[str, Meta(max_length=16, description="a language code such as en, nb or nl")] = ""
    adopt: Annotated[str, Meta(max_length=256, description="the guest that they were so far, web-...")] = ""


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Who comes back."""

    name: _Name
    password: _Password


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """Another password in the place of the old one."""

    old: _Password
    new: _Password


class Leave(Struct, frozen=True, forbid_unknown_fields=True):
    """Who leaves for good."""

    password: _Password


@get(
    "/v1/account",
    sync_to_thread=True,
    responses=WHO | BUSY,
    summary="Who am I",
    description="The account that is signed in: name, `viewer` (who they are in events), `author` (as whom they post), "
    "`roles`, whether they may be a minor, and what the page does for them unless they say otherwise (`defaults`). A "
    "guest gets `signed_in: false`. `passkeys` says whether this server takes them.",
)
def account(request: Asked) -> dict[str, object]:
    """Described above: of a path with several methods Litestar reads the docstring of GET from its own wrapper."""
    caller = caller_of(request.scope)
    caller.act_for_nobody()
    told = {"signed_in": False} if caller.account is None else _told(request, caller.account)
    return {**told, "passkeys": takes_passkeys()}


@post("/v1/account", status_code=201, sync_to_thread=True, responses=WHO | LARGE | BUSY | FULL, summary="Sign up")
def sign_up(
    request: Asked, data: Annotated[SignUp, Body(description="name, password and year of birth")]
) -> Response[dict[str, object]]:
    """Makes an account and signs in. With `adopt` the guest of that id becomes the account's viewer, so that nothing
    that was learned is lost. Whoever may be under 13 is refused; whoever may be under 18 gets defaults of their own."""
    access, caller, engine = access_of(request), caller_of(request.scope), engine_of(request)
    now = engine.clock()
    limit(request, "")
    if data.adopt:
        _check_adopted(access, caller, data.adopt)
    if data.language and not data.language.isascii():
        raise InvalidEvent("language", f"{data.language[:16]!r} is no language code", "a code such as en, nb or nl")
    made = access.accounts.sign_up(data.name, data.password, data.birth_year, data.language, data.adopt, now)
    try:
        receipt, _ = calls.accept(engine, [_introduced(made, now)])
        if receipt.refused:
            refusal = receipt.refused[0]
            raise InvalidEvent(refusal.field, refusal.problem, refusal.expected)
    except BaseException:
        access.accounts.delete(made)
        raise
    return signed_in(request, made, 201)


@post(
    "/v1/account/delete",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY,
    summary="Delete an account",
)
def leave(
    request: Asked, data: Annotated[Leave, Body(description="the password, once more")]
) -> Response[dict[str, object]]:
    """Erases the viewer as `DELETE /v1/viewers/{viewer}` does, and then the account; the answer is the receipt."""
    mine = sure_account_of(request, data.password)
    receipt = calls.erase(engine_of(request), mine.viewer)
    access_of(request).accounts.delete(mine)
    return Response(receipt, headers={"set-cookie": _cookie(request, "", 0)})


@post(
    "/v1/account/password",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY,
    summary="Change a password",
)
def change_password(
    request: Asked, data: Annotated[Change, Body(description="the old and the new password")]
) -> Response[dict[str, object]]:
    """Every session of the account ends, and this one begins anew."""
    mine = sure_account_of(request, data.old)
    access_of(request).accounts.change_password(mine, data.new)
    return signed_in(request, mine, 200)


# Litestar makes two threads of the first of several handlers of a path that are to run in one, and waits for the outer
# one only where what is returned is no response. So these take their thread themselves.


@post("/v1/session", status_code=200, responses=WHO | LARGE | BUSY, summary="Sign in")
async def sign_in(
    request: Asked, data: Annotated[SignIn, Body(description="name and password")]
) -> Response[dict[str, object]]:
    """Begins a session: its cookie is sent along from now on, and ends 30 days after it was last used."""
    return await asyncio.to_thread(_sign_in, request, data)


@delete("/v1/session", status_code=200, responses=WHO | BUSY, summary="Sign out")
async def sign_out(
    request: Asked,
    everywhere: Annotated[bool, Parameter(description="true: every session of the account ends")] = False,
) -> Response[dict[str, object]]:
    """Ends the session. Whoever is not signed in is not, too."""
    return await asyncio.to_thread(_sign_out, request, everywhere)


def _sign_in(request: Asked, data: SignIn) -> Response[dict[str, object]]:
    limit(request, data.name)
    return signed_in(request, access_of(request).accounts.sign_in(data.name, data.password), 200)


def _sign_out(request: Asked, everywhere: bool) -> Response[dict[str, object]]:
    access, caller = access_of(request), caller_of(request.scope)
    caller.act_for_nobody()
    if everywhere and caller.account is not None:
        access.accounts.end_all(caller.account)
    elif token := session_of(request.scope):
        access.accounts.end(token)
    return Response({"signed_in": False}, headers={"set-cookie": _cookie(request, "", 0)})


def _told(request: Asked, mine: Account) -> dict[str, object]:
    engine = engine_of(request)
    author, posts = engine.pages.author_of(mine.viewer)
    minor = mine.is_minor(engine.clock())
    return {
        "signed_in": True,
        "name": mine.name,
        "viewer": mine.viewer,
        "author": author,
        "roles": ["viewer", *(["creator"] if posts else [])],
        "minor": minor,
        "language": mine.language,
        "created": mine.created,
        "defaults": {"autoplay": not minor, "stop_after_min": STOP_AFTER_MIN if minor else 0},
    }


def _introduced(made: Account, now: int) -> Event:
    """What the log gets to know of an account. The age of minors only together with that it is not to be used."""
    event = Event(
        id=f"account-{made.id}",
        kind=Kind.VIEWER.wire,
        viewer=made.viewer,
        name=made.name,
        language=made.language or None,
    )
    event.age = age_band(made.birth_year, now)
    if made.is_minor(now):
        event.demographics = False
    return event


def _check_adopted(access: Access, caller: Caller, guest: str) -> None:
    if not guest.startswith(GUEST) or len(guest) < len(GUEST) + 8:
        raise InvalidEvent("adopt", f"{guest[:50]!r} is no guest", f"the id of a guest, which begins with {GUEST}")
    if access.keys.required and caller.viewer != guest and not caller.roles:
        raise Forbidden("adopt", "is not the viewer of a token of yours", "the viewer that a token was made for")
    caller.act_for(guest)


def signed_in(request: Asked, mine: Account, status: int) -> Response[dict[str, object]]:
    """The answer with which a session begins."""
    caller_of(request.scope).act_for_nobody()
    token = access_of(request).accounts.begin(mine, engine_of(request).clock())
    cookie = _cookie(request, token, SESSION_MS // SECOND)
    return Response(_told(request, mine), status_code=status, headers={"set-cookie": cookie})


def _cookie(request: Asked, token: str, seconds: int) -> str:
    secure = "; Secure" if request.scope["scheme"] == "https" else ""
    return f"{SESSION}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}"


def account_of(request: Asked) -> Account:
    """The account that is signed in. Unidentified if none is."""
    caller = caller_of(request.scope)
    caller.act_for_nobody()
    if caller.account is None:
        raise Unidentified("session", "is missing or has ended", "the cookie of POST /v1/session")
    return caller.account


def sure_account_of(request: Asked, password: str) -> Account:
    """The account that is signed in, for who knows its password as well."""
    mine = account_of(request)
    limit(request, mine.name)
    access_of(request).accounts.check(mine, password)
    return mine


def limit(request: Asked, name: str, of: str = "password") -> None:
    """Count a try at proving who one is, for its address and for a name, "" for none. TooMany if it is one too many."""
    access = access_of(request)
    client = request.scope.get("client")
    if network := network_of(str(client[0]) if client else ""):
        access.take(f"address-{of} {network}", TRIES)
    if name:
        access.take(f"name {folded_name(name)[:64]}", TRIES)


def takes_passkeys() -> bool:
    """Whether the extra `[passkeys]` is there."""
    return find_spec("webauthn") is not None


def access_of(request: Asked) -> Access:
    """Who keeps keys, accounts and limits."""
    access: Access = request.app.state.access
    return access


ROUTES = (account, sign_up, leave, change_password, sign_in, sign_out)
