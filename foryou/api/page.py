"""The addresses of the app: the page itself works them out, so the server answers them all with the page.

`web/src/routes.ts` has the same addresses. Whatever else does not exist is told as a failure, as of the API.
"""

from __future__ import annotations

import re
from pathlib import Path

from litestar import MediaType, Response

_APP = re.compile(r"/(following|plain|tune|you|inbox|how|data|signin|liked|saved(/.+)?|(v|s|t|series)/.+|@.+)")


def is_of_app(method: str, path: str) -> bool:
    """Whether a request is for an address of the app.

    >>> is_of_app("GET", "/v/kr-12"), is_of_app("GET", "/@ada"), is_of_app("GET", "/assets/a.js")
    (True, True, False)
    """
    return method in ("GET", "HEAD") and _APP.fullmatch(path) is not None


def index(static: Path, method: str) -> Response[bytes]:
    """The page, never from a cache that was not asked whether it is still the newest."""
    body = (static / "index.html").read_bytes() if method == "GET" else b""
    return Response(body, media_type=MediaType.HTML, headers={"cache-control": "no-cache"})
