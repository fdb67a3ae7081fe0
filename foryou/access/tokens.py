"""Tokens by which an app acts for one viewer for a while: JSON Web Tokens (RFC 7519), signed with HMAC-SHA-256.

The seed that signs is replaced every few days; what it signed is valid until it runs out. The key that signs is made
of the seed and the deployment's secret, so the file of seeds alone signs nothing.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

import jwt

from foryou.access import audit
from foryou.access.audit import Noted
from foryou.access.kept import Kept
from foryou.core.clock import DAY, SECOND
from foryou.core.errors import Unidentified

LONGEST_S = 24 * 3600
"""Seconds that a token may be valid."""
FOR = "foryou"
"""The audience: a token that was made for something else does not count here."""

_ALGORITHM = "HS256"
_REMEMBERED = 10_000
_RIGHT = "a token of POST /v1/tokens that has not run out"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: whose it is, which key (its id) asked for it, and until when (ms UTC)."""

    viewer: str
    by: str
    expires: int


class Tokens:
    """Signs and checks. Checked tokens are remembered, as long as no seed has changed."""

    def __init__(self, kept: Kept, rotate_days: int) -> None:
        self._kept, self._rotate = kept, rotate_days * DAY
        self._seen: tuple[int, ...] | None = None
        self._seeds: dict[str, tuple[bytes, int]] = {}
        self._checked: OrderedDict[str, Claims] = OrderedDict()

    def sign(self, viewer: str, seconds: int, by: str, now: int) -> tuple[str, int]:
        """A token for a viewer, and when it runs out (ms UTC, a whole second)."""
        seeds = self._fresh()
        number = next(reversed(seeds), "")
        if not number or now - seeds[number][1] >= self._rotate:
            number = self._renew(now)
        until = now // SECOND + seconds
        claims = {"aud": FOR, "sub": viewer, "by": by, "iat": now // SECOND, "exp": until}
        return jwt.encode(claims, self._key(self._fresh()[number][0]), _ALGORITHM, {"kid": number}), until * SECOND

    def check(self, token: str, now: int) -> Claims:
        """What a token says. Unidentified if it is not ours, was made for something else, or has run out."""
        seeds = self._fresh()
        claims = self._checked.get(token)
        if claims is None:
            claims = self._read(token, seeds)
            self._checked[token] = claims
            if len(self._checked) > _REMEMBERED:
                self._checked.popitem(last=False)
        if now >= claims.expires:
            raise Unidentified("authorization", "is a token that has run out", _RIGHT)
        return claims

    def rotate(self, now: int, who: str) -> None:
        """A new seed, and no other: whatever was signed so far no longer counts."""
        with self._kept.writing() as connection:
            connection.execute("DELETE FROM seeds")
            connection.execute("INSERT INTO seeds VALUES (?, ?, ?)", _seed(now))
            audit.note(connection, Noted(now, who, "", "key rotate", "", "ok"))

    def _renew(self, now: int) -> str:
        """The id of a new seed, unless another process was first; seeds whose tokens have all run out go."""
        with self._kept.writing() as connection:
            last = connection.execute("SELECT id, created FROM seeds ORDER BY created DESC LIMIT 1").fetchone()
            if last is not None and now - last[1] < self._rotate:
                return str(last[0])
            connection.execute("DELETE FROM seeds WHERE created < ?", (now - self._rotate - LONGEST_S * SECOND,))
            row = _seed(now)
            connection.execute("INSERT INTO seeds VALUES (?, ?, ?)", row)
            return row[0]

    def _read(self, token: str, seeds: dict[str, tuple[bytes, int]]) -> Claims:
        try:
            number = str(jwt.get_unverified_header(token).get("kid", ""))
            if number not in seeds:
                seeds = self._fresh(at_once=True)
            if number not in seeds:
                raise Unidentified("authorization", "is no token of this server", _RIGHT)
            told = jwt.decode(
                token,
                self._key(seeds[number][0]),
                algorithms=[_ALGORITHM],
                audience=FOR,
                # The time is the caller's, so that it can be checked again for a token that is remembered.
                options={"require": ["aud", "sub", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
            return Claims(told["sub"], str(told.get("by", "")), int(told["exp"]) * SECOND)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unidentified("authorization", f"is no valid token: {error}", _RIGHT) from error

    def _fresh(self, at_once: bool = False) -> dict[str, tuple[bytes, int]]:
        seen = self._kept.version(at_once)
        if seen != self._seen:
            found = self._kept.rows("SELECT id, seed, created FROM seeds ORDER BY created, rowid")
            self._seeds = {number: (seed, created) for number, seed, created in found}
            self._checked = OrderedDict()
            self._seen = seen
        return self._seeds

    def _key(self, seed: bytes) -> bytes:
        return blake2b(seed, digest_size=32, key=self._kept.secret, person=b"token").digest()


def _seed(now: int) -> tuple[str, bytes, int]:
    return secrets.token_hex(4), secrets.token_bytes(32), now
