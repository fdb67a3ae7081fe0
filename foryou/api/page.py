"""The addresses of the app: the page itself works them out, so the server answers them all with the page.

`web/src/routes.ts` has the same addresses. Whatever else does not exist is told as a failure, as of the API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from litestar import MediaType, Response
from litestar.types import Scope

from foryou.access.headers import header

_APP = re.compile(r"/(following|plain|tune|you|inbox|how|data|signin|liked|saved(/.+)?|(v|s|t|series)/.+|@.+)")


def is_of_app(method: str, path: str) -> bool:
    """Whether a request is for an address of the app.

    >>> is_of_app("GET", "/v/kr-12"), is_of_app("GET", "/@ada"), is_of_app("GET", "/assets/a.js")
    (True, True, False)
    """
    return method in ("GET", "HEAD") and _APP.fullmatch(path) is not None


def index(static: Path, scope: Scope) -> Response[bytes]:
    """The page, never from a cache that was not asked whether it is still the newest. It says which texts it will ask
    for, so that the browser fetches them beside its script."""
    body, texts = _built(static, (static / "index.html").stat().st_mtime_ns)
    told = {"cache-control": "no-cache"}
    wanted = texts.get(_language(header(scope["headers"], b"accept-language") or ""))
    if wanted is not None:
        told["link"] = f"<{wanted}>; rel=modulepreload"
    return Response(body if scope.get("method") == "GET" else b"", media_type=MediaType.HTML, headers=told)


@lru_cache(maxsize=4)
def _built(static: Path, changed: int) -> tuple[bytes, Mapping[str, str]]:
    """The page as it was built last, and the address of its texts by language."""
    texts = {path.name[:2]: f"/assets/{path.name}" for path in (static / "assets").glob("[a-z][a-z]-*.js")}
    return (static / "index.html").read_bytes(), texts


def _language(accepted: str) -> str:
    """The language that the page will speak (`web/src/messages/languages.ts`), unless another was chosen in it.

    >>> _language("nn-NO,nn;q=0.9,en;q=0.8"), _language("fr, nl;q=0.5"), _language("fr")
    ('nb', 'nl', 'en')
    """
    for tag in accepted.lower().split(","):
        short = tag.partition(";")[0].strip().partition("-")[0]
        if short in ("en", "nl", "nb"):
            return short
        if short in ("no", "nn"):
            return "nb"
    return "en"
