"""The headers that go with every answer: what browsers may do with it, and which other pages may read it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]

_FEATURES = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid",
    "microphone", "midi", "payment", "serial", "usb",
)  # fmt: skip
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": ", ".join(["autoplay=(self)", *(f"{feature}=()" for feature in _FEATURES)]),
}
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
    "media-src 'self' blob: https:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def of_api() -> Headers:
    """For answers of the API: no cache keeps them, no page shows them."""
    return _as_bytes({**_ALWAYS, "content-security-policy": _NOTHING, "cache-control": "no-store"})


def of_page() -> Headers:
    """For the page: its own scripts and styles, its own server, and nothing else."""
    return _as_bytes({**_ALWAYS, "content-security-policy": _PAGE})


def of_manual(style: str) -> Headers:
    """For the page of the schema, which has this one style sheet inside."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"{_NOTHING}; style-src 'sha256-{digest}'; img-src 'self'"
    return _as_bytes({**_ALWAYS, "content-security-policy": policy})


def cross_origin(allowed: Sequence[str], origin: str) -> Headers:
    """What lets a page of this origin read an answer (the Fetch standard's CORS protocol); nothing if it may not.

    No cookies are ever used, so none are allowed: a page shows its key or token itself.
    """
    if not may_read(allowed, origin):
        return []
    told = {"access-control-allow-origin": "*" if "*" in allowed else origin, "vary": "Origin"}
    return _as_bytes({**told, "access-control-expose-headers": "Retry-After"})


def preflight() -> Headers:
    """What a page of an allowed origin may send, kept by its browser for ten minutes."""
    return _as_bytes(
        {
            "access-control-allow-methods": "GET, POST, DELETE",
            "access-control-allow-headers": "Authorization, Content-Type",
            "access-control-max-age": "600",
        }
    )


def may_read(allowed: Sequence[str], origin: str) -> bool:
    """Whether pages of an origin may call."""
    return bool(origin) and ("*" in allowed or origin in allowed)


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The first header of this name (in lower case); None if there is none."""
    return next((value.decode("latin-1") for key, value in headers if key == name), None)


def _as_bytes(named: dict[str, str]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in named.items()]
