"""Passwords: what is kept of them, and whether one is right (scrypt, RFC 7914).

32 MB and about a tenth of a second each: the setting N = 2^15, r = 8, p = 3 of OWASP's password storage sheet. At most
two are computed at a time, so that whoever guesses cannot take the memory of everybody else.
"""

from __future__ import annotations

import secrets
import threading
from hashlib import scrypt
from hmac import compare_digest

SHORTEST, LONGEST = 8, 200
"""Characters of a password."""

_N, _R, _P = 1 << 15, 8, 3
_SALT, _KEY = 16, 32
_MEMORY = 64 << 20
_some = threading.Semaphore(2)


def kept_of(password: str) -> str:
    """What is kept of a password: the setting, a salt of its own, and the digest."""
    salt = secrets.token_bytes(_SALT)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_digest(password, salt, _N, _R, _P).hex()}"


def is_right(password: str, kept: str) -> bool:
    """Whether a password is the one of which this was kept."""
    _, n, r, p, salt, digest = kept.split("$")
    return compare_digest(_digest(password, bytes.fromhex(salt), int(n), int(r), int(p)), bytes.fromhex(digest))


NOBODYS = f"scrypt${_N}${_R}${_P}${'00' * _SALT}${'00' * _KEY}"
"""Kept of no password: checking one against it takes as long as against another, so time does not tell who exists."""


def _digest(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _some:
        return scrypt(password.encode(errors="replace"), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_KEY)
