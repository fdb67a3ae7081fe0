"""The addresses of the app: the page itself works them out, so the server answers them all with the page.

`web/src/routes.ts` has the same addresses. Whatever else does not exist is told as a failure, as of the API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
from litestar import MediaType, Response
from litestar.types import Scope

from foryou.access.headers import header

_APP = re.compile(r"/(following|plain|tune|you|inbox|how|data|signin|liked|saved(/.+)?|(v|s|t|series)/.+|@.+)")
_PAGES = {
    "tune": "Tune", "you": "You", "inbox": "Inbox", "how": "How", "data": "Data", "signin": "SignIn", "liked": "Liked",
    "saved": "Saved", "s": "Sound", "t": "Hashtag", "series": "Series",
}  # fmt: skip
"""The files of `web/src/pages`, by what their addresses begin with."""
_NO_PAGES = ("/v1/", "/media/", "/assets/", "/health/", "/schema")


def is_of_app(method: str, path: str) -> bool:
    """Whether a request is for an address of the app.

    >>> is_of_app("GET", "/v/kr-12"), is_of_app("GET", "/@ada"), is_of_app("GET", "/assets/a.js")
    (True, True, False)
    """
    return method in ("GET", "HEAD") and _APP.fullmatch(path) is not None


def is_asked_for_as_a_page(scope: Scope) -> bool:
    """Whether somebody went to an address with a browser, rather than a program that wants an answer of the API."""
    path = scope["raw_path"].decode("latin-1")  # whole, in what is mounted too
    wants = header(scope["headers"], b"accept") or ""
    return scope.get("method") in ("GET", "HEAD") and "text/html" in wants and not path.startswith(_NO_PAGES)


def index(static: Path, scope: Scope, status: int = 200) -> Response[bytes]:
    """The app, never from a cache that was not asked whether it is still the newest. It says which texts and which
    files of the page it will ask for, so that the browser fetches them beside its script."""
    built = _built(static, (static / "index.html").stat().st_mtime_ns)
    told = {"cache-control": "no-cache"}
    wanted = [
        *built.texts.get(_language(header(scope["headers"], b"accept-language") or ""), ()),
        *built.pages.get(_PAGES.get(scope["path"][1:].partition("/")[0], ""), ()),
    ]
    if wanted:
        told["link"] = ", ".join(wanted)
    body = built.body if scope.get("method") == "GET" else b""
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=told)


@dataclass(frozen=True, slots=True)
class _Built:
    """The app as it was built last, and the links to its texts by language, and to what else its pages take."""

    body: bytes
    texts: Mapping[str, tuple[str, ...]]
    pages: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=4)
def _built(static: Path, changed: int) -> _Built:
    texts = {path.name[:2]: (_link(f"/assets/{path.name}"),) for path in (static / "assets").glob("[a-z][a-z]-*.js")}
    told = static / "pages.json"  # `web/vite.config.ts`
    files = msgspec.json.decode(told.read_bytes(), type=dict[str, list[str]]) if told.is_file() else {}
    pages = {page: tuple(map(_link, each)) for page, each in files.items()}
    return _Built((static / "index.html").read_bytes(), texts, pages)


def _link(address: str) -> str:
    return f"<{address}>; rel=" + ("preload; as=style; crossorigin" if address.endswith(".css") else "modulepreload")


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
