"""The answers other than success that routes document."""

from __future__ import annotations

from litestar.openapi.datastructures import ResponseSpec

from foryou.api.schema import Failure


def _failure(description: str) -> ResponseSpec:
    return ResponseSpec(Failure, generate_examples=False, description=description)


BAD = {400: _failure("something in the request is wrong")}
STRANGE = BAD | {
    403: _failure("this key or token does not open it, or only this machine may call"),
    429: _failure("too many requests; Retry-After says when to ask"),
}
"""Answers that every route may give: to what is hardly HTTP, to strangers, and to who asks too often."""
WHO = STRANGE | {401: _failure("a key or token that counts is needed")}
"""Answers of the gate, which every route but those of health may give too."""
ABSENT = {404: _failure("there is no such thing")}
GONE = {410: _failure("it was there, but is no longer kept")}
LARGE = {
    413: _failure("the body is too large, as sent or inflated"),
    415: _failure("the body is compressed, and not with what is known here"),
}
BUSY = {503: _failure("too much is asked, or the log or a table cannot be reached")}
FULL = {507: _failure("the disk cannot take more: nothing was accepted")}
