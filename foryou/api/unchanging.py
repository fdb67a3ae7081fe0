"""Serves files that never change under their names: clips with their posters and subtitles, and the page's own assets.

Browsers keep them for a year and ask for parts of them (RFC 9110, ranges): a player that seeks needs no more than what
it shows. The names carry what the files are made of, so that another content has another name. A file beside which its
compressed form lies goes out as that to whoever reads it (RFC 9110, content codings).
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import HTTPScope, Message, Receive, Scope, Send

from foryou.access.headers import Headers, header

TYPES: Mapping[str, str] = {
    "mp4": "video/mp4", "webm": "video/webm", "vtt": "text/vtt; charset=utf-8", "webp": "image/webp",
    "jpg": "image/jpeg", "png": "image/png", "svg": "image/svg+xml", "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8", "woff2": "font/woff2", "json": "application/json",
}  # fmt: skip
"""What is served, by the ends of the names; a file with another end is not there."""
FOREVER = b"public, max-age=31536000, immutable"
CODINGS: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}
"""What a file may be compressed with, smallest first, and how the name ends of what lies beside it then."""
COMPRESSED = ("js", "css")
"""The ends of names of files that may have a compressed form."""
PIECE = 1 << 18
"""Bytes that are read at a time."""
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.([a-z0-9]+)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)

Span: TypeAlias = tuple[int, int]
"""The first byte and the one after the last."""


@dataclass(frozen=True, slots=True)
class Unchanging:
    """The files of one directory, as an application below its own path; None: there are none."""

    directory: Path | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _method(scope) not in ("GET", "HEAD"):
            raise MethodNotAllowedException(headers={"allow": "GET, HEAD"})
        name = scope["path"].strip("/")
        kind = TYPES.get(found[1]) if (found := _NAME.fullmatch(name)) else None
        if found is None or kind is None or self.directory is None:
            raise _absent(name)
        codings = _codings(scope) if found[1] in COMPRESSED else None
        try:
            answer = await asyncio.to_thread(_answer, scope, self.directory / name, kind, codings)
        except OSError as error:
            raise _absent(name) from error
        with answer.file:
            await _start(send, answer.status, answer.headers)
            await _body(send, answer.piece, more=answer.left > 0)
            for left in range(answer.left, 0, -PIECE):
                piece = await asyncio.to_thread(answer.file.read, min(PIECE, left))
                await _body(send, piece, more=left > PIECE)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What goes out of an open file: its first piece, and how many bytes are left to be read after that."""

    file: BinaryIO
    status: int
    headers: Headers
    piece: bytes = b""
    left: int = 0


def _method(scope: Scope) -> str:
    return str(cast(HTTPScope, scope)["method"])


def _absent(name: str) -> NotFoundException:
    return NotFoundException(f"there is no file {name[:100]!r}", headers={"cache-control": "no-store"})


def _open(path: Path, codings: Sequence[str]) -> tuple[BinaryIO, str]:
    """A file in the first of these codings in which it is there, or else ("") as it is."""
    for coding in codings:
        with suppress(FileNotFoundError):
            return path.with_name(path.name + CODINGS[coding]).open("rb"), coding
    return path.open("rb"), ""


def _codings(scope: Scope) -> Sequence[str]:
    """What whoever asks reads, smallest first; a part is of the file as it is."""
    if header(scope["headers"], b"range") is not None:
        return ()
    asked = (header(scope["headers"], b"accept-encoding") or "").lower().replace(" ", "").split(",")
    weighed = [each.partition(";q=") for each in asked]
    wanted = {name for name, _, weight in weighed if not weight or weight.strip("0.")}
    return [coding for coding in CODINGS if coding in wanted]


def _answer(scope: Scope, path: Path, kind: str, codings: Sequence[str] | None) -> _Answer:
    """What was asked for of a file, in one of the codings; None: it has but one form. In one go, so that what is small
    waits for its turn among threads only once."""
    file, coding = _open(path, codings or ())
    try:
        return _read(scope, file, kind, _coded(coding) if codings is not None else [])
    except BaseException:
        file.close()
        raise


def _coded(coding: str) -> Headers:
    told: Headers = [(b"content-encoding", coding.encode())] if coding else []
    return [(b"vary", b"Accept-Encoding"), *told]


def _read(scope: Scope, file: BinaryIO, kind: str, coded: Headers) -> _Answer:
    known = os.fstat(file.fileno())
    size, changed = known.st_size, formatdate(known.st_mtime, usegmt=True)
    tag = f'"{known.st_mtime_ns:x}-{size:x}"'
    told: Headers = [
        (b"accept-ranges", b"bytes"), (b"cache-control", FOREVER), (b"etag", tag.encode()),
        (b"last-modified", changed.encode()), *coded,
    ]  # fmt: skip
    if _has_it(scope, tag, known.st_mtime):
        return _Answer(file, 304, told)
    span = _span(scope, size, tag, changed)
    first, last = span or (0, size)
    told += [(b"content-type", kind.encode()), (b"content-length", str(last - first).encode())]
    if span is not None:
        told.append((b"content-range", f"bytes {first}-{last - 1}/{size}".encode()))
    status = 200 if span is None else 206
    if _method(scope) == "HEAD":
        return _Answer(file, status, told)
    file.seek(first)
    piece = file.read(min(PIECE, last - first))
    return _Answer(file, status, told, piece, last - first - len(piece))


def _has_it(scope: Scope, tag: str, changed: float) -> bool:
    """Whether whoever asks has this very file already."""
    if (tags := header(scope["headers"], b"if-none-match")) is not None:
        return tags.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in tags.split(","))
    since = header(scope["headers"], b"if-modified-since")
    try:
        return since is not None and int(changed) <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False


def _span(scope: Scope, size: int, tag: str, changed: str) -> Span | None:
    """The part that is asked for; None for the whole, also where several parts are asked for, which a server may answer
    so. 416 where the file is shorter than that."""
    asked = header(scope["headers"], b"range")
    found = _RANGE.fullmatch(asked.strip()) if asked is not None else None
    if found is None or header(scope["headers"], b"if-range") not in (None, tag, changed):
        return None
    first, last = found[1], found[2]
    if len(first) > 18 or len(last) > 18 or not (first or last):
        return None
    if not first:  # the last so many bytes
        span = max(size - int(last), 0), size
    else:
        span = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if span[0] >= size or span[0] == span[1]:
        raise HTTPException(
            f"the file has {size:,} bytes", status_code=416, headers={"content-range": f"bytes */{size}"}
        )
    return span


async def _start(send: Send, status: int, told: Headers) -> None:
    await send(cast(Message, {"type": "http.response.start", "status": status, "headers": told}))


async def _body(send: Send, piece: bytes, more: bool = False) -> None:
    await send(cast(Message, {"type": "http.response.body", "body": piece, "more_body": more}))
