"""Names in paths: any text, slashes too, and yet it is clear what is asked of them.

A name is one part of a path, percent-encoded: `/v1/videos/a%2Freach` is the video `a/reach`, and `/v1/videos/a/reach`
the reach of the video `a`. A server is told paths decoded, where the two look alike; what was sent is beside it. A name
whose slashes are sent as they are is understood as long as it ends in none of the parts that mean something.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_ANY = "*"
PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "videos": (("reach",), ("comments",)),
    "viewers": (
        ("inbox", "read"),
        ("inbox",),
        ("liked",),
        ("saved",),
        ("collections",),
        ("marks",),
        ("suggestions",),
        ("engagement",),
        ("data",),
        ("evidence",),
        ("preview",),
        ("events", _ANY),
    ),
    "authors": (),
    "sounds": (),
    "hashtags": (),
    "series": (),
}
"""What can be asked for after a name, the longest first."""


def with_whole_names(app: ASGIApp) -> ASGIApp:
    """The app, to which each name comes as one part of the path, percent-encoded."""

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            sent = scope.get("raw_path") or quote(scope["path"]).encode()
            scope["path"] = one_part(sent.partition(b"?")[0].decode("latin-1")) or scope["path"]
        await app(scope, receive, send)

    return named


def one_part(sent: str) -> str:
    """A path as it was sent, with its name as one part; "" if it has none.

    >>> one_part("/v1/videos/a/b/reach"), one_part("/v1/videos/a%2Freach")
    ('/v1/videos/a%2Fb/reach', '/v1/videos/a%2Freach')
    """
    parts = [part for part in sent.split("/") if part]
    if len(parts) < 3 or parts[0] != "v1" or parts[1] not in PARTS:
        return ""
    name, after = parts[2:], []
    for ends in PARTS[parts[1]]:
        if len(name) > len(ends) and all(
            end in (_ANY, part) for end, part in zip(ends, name[-len(ends) :], strict=True)
        ):
            name, after = name[: -len(ends)], name[-len(ends) :]
            break
    whole = [quote(unquote("/".join(name)), safe=""), *(quote(unquote(part), safe="") for part in after)]
    return "/".join(["", "v1", parts[1], *whole])


def name_in(part: str) -> str:
    """The name that a part of a path is."""
    return unquote(part)
