"""The routes of passkeys: make one for the account that is signed in, see and remove them, and sign in with one.

What browsers are asked and answer is JSON as the standard writes it (W3C WebAuthn, level 3).
"""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import Body, Parameter
from msgspec import Meta, Struct

from foryou.access.headers import header
from foryou.access.passkeys import Passkey, Passkeys
from foryou.access.sites import Site, site_of
from foryou.api.account import access_of, account_of, limit, signed_in, sure_account_of, takes_passkeys
from foryou.api.answers import ABSENT, BUSY, LARGE, WHO
from foryou.api.asked import Answer, Asked, engine_of
from foryou.api.gate import caller_of
from foryou.api.paths import name_in
from foryou.core.errors import InvalidEvent, NotFound, Unidentified

_Bytes = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]*$", max_length=100_000, description="bytes in base64url")]


class Proof(Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks for something of their account, once more."""

    password: Annotated[str, Meta(max_length=1_000, description="the password, 8 to 200 characters")]


class Attestation(Struct, frozen=True):
    """What an authenticator says of a new passkey."""

    client: _Bytes = msgspec.field(name="clientDataJSON")
    attestation: _Bytes = msgspec.field(name="attestationObject")


class Assertion(Struct, frozen=True):
    """What an authenticator says of a passkey that is shown."""

    client: _Bytes = msgspec.field(name="clientDataJSON")
    authenticator: _Bytes = msgspec.field(name="authenticatorData")
    signature: _Bytes
    handle: _Bytes = msgspec.field(name="userHandle")


class Made(Struct, frozen=True):
    """`RegistrationResponseJSON`."""

    id: _Bytes
    raw: _Bytes = msgspec.field(name="rawId")
    type: str
    response: Attestation


class Shown(Struct, frozen=True):
    """`AuthenticationResponseJSON`."""

    id: _Bytes
    raw: _Bytes = msgspec.field(name="rawId")
    type: str
    response: Assertion


class New(Struct, frozen=True, forbid_unknown_fields=True):
    """A new passkey, and what it is called."""

    name: Annotated[str, Meta(max_length=256, description="what the viewer calls it, 1 to 60 characters")]
    credential: Made


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """Who comes back."""

    credential: Shown


@get("/v1/account/passkeys", responses=WHO | BUSY, summary="See one's passkeys")
async def passkeys(request: Asked) -> Answer:
    """The passkeys of the account that is signed in, the oldest first: each with `id`, `name`, `host` (where it works),
    `created`, and `used` (null: never)."""
    return await asyncio.to_thread(_all, request)  # as in `account`: Litestar would take a thread for the thread


@post(
    "/v1/account/passkeys/options",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY,
    summary="Begin to add a passkey",
)
def options_to_make(
    request: Asked, data: Annotated[Proof, Body(description="the password, once more")]
) -> dict[str, Any]:
    """What the page gives to `navigator.credentials.create`. Its challenge can be answered once, within 5 minutes."""
    ceremony, site, kept = _ceremony(), _site(request), _kept(request)
    mine = sure_account_of(request, data.password)
    challenge = kept.challenge(mine.id, site.host, engine_of(request).clock())
    known = [each.credential for each in kept.of_account(mine.id) if each.host == site.host]
    told: dict[str, Any] = ceremony.to_make(site, mine.name, kept.handle_of(mine.id), challenge, known)
    return told


@post(
    "/v1/account/passkeys",
    status_code=201,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY,
    summary="Add a passkey",
)
def add(request: Asked, data: Annotated[New, Body(description="the passkey, and its name")]) -> Answer:
    """Keeps the public key of a passkey that a browser made. It goes on to work when the password is changed."""
    mine, site, kept, now = account_of(request), _site(request), _kept(request), engine_of(request).clock()
    ceremony, credential = _ceremony(), msgspec.to_builtins(data.credential)
    challenge = ceremony.challenge_in(credential)
    kept.check(challenge, mine.id, site.host, now)
    new = ceremony.made(credential, site, challenge)
    return _told(kept.add(mine.id, site.host, new, data.name, challenge, now))


@delete(
    "/v1/account/passkeys/{passkey:str}",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | ABSENT | BUSY,
    summary="Remove a passkey",
)
def remove(request: Asked, passkey: Annotated[str, Parameter(description="the passkey's id")]) -> Answer:
    """Nobody signs in with it from now on. Sessions that began with it go on: `DELETE /v1/session?everywhere=true` ends
    them."""
    mine = account_of(request)
    if not _kept(request).remove(mine.id, name_in(passkey)):
        raise NotFound("the account has no such passkey")
    return {"removed": name_in(passkey)}


@post(
    "/v1/session/passkey/options",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | BUSY,
    summary="Begin to sign in with a passkey",
)
def options_to_show(request: Asked) -> dict[str, Any]:
    """What the page gives to `navigator.credentials.get`. It names nobody: the browser shows whose passkeys it has."""
    caller_of(request.scope).act_for_nobody()
    limit(request, "", "challenge")
    ceremony, site = _ceremony(), _site(request)
    challenge = _kept(request).challenge("", site.host, engine_of(request).clock())
    told: dict[str, Any] = ceremony.to_show(site, challenge)
    return told


@post(
    "/v1/session/passkey",
    status_code=200,
    sync_to_thread=True,
    responses=WHO | LARGE | BUSY,
    summary="Sign in with a passkey",
)
def sign_in(request: Asked, data: Annotated[Entry, Body(description="the passkey that was shown")]) -> Response[Answer]:
    """Begins a session, as `POST /v1/session` does."""
    caller_of(request.scope).act_for_nobody()
    limit(request, "", "passkey")
    site, kept, now = _site(request), _kept(request), engine_of(request).clock()
    ceremony, credential = _ceremony(), msgspec.to_builtins(data.credential)
    challenge = ceremony.challenge_in(credential)
    kept.check(challenge, "", site.host, now)
    found = kept.find(*ceremony.named(credential))
    if found is None:
        raise Unidentified("passkey", "is of no account here", "one that was not removed, or a name and password")
    kept.note_use(found, ceremony.signed(credential, site, challenge, found), challenge, now)
    return signed_in(request, access_of(request).accounts.of_passkey(found), 200)


def _all(request: Asked) -> Answer:
    mine = account_of(request)
    _ceremony()
    return {"passkeys": [_told(each) for each in _kept(request).of_account(mine.id)]}


def _told(passkey: Passkey) -> Answer:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "host": passkey.host,
        "created": passkey.created,
        "used": passkey.used or None,
    }


def _kept(request: Asked) -> Passkeys:
    return access_of(request).accounts.passkeys


def _site(request: Asked) -> Site:
    return site_of(header(request.scope["headers"], b"host") or "")


def _ceremony() -> ModuleType:
    """What checks passkeys, which not every server has. InvalidEvent says what is lacking."""
    if not takes_passkeys():
        raise InvalidEvent("passkeys", "are not taken by this server", "one with `pip install 'foryou[passkeys]'`")
    from foryou.access import ceremony  # noqa: PLC0415

    return ceremony


ROUTES = (passkeys, options_to_make, add, remove, options_to_show, sign_in)
