"""The schema as a page that people read: no scripts, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from foryou.core.event import KINDS

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem } code { font-size: .95em } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884 }
.verb { font-weight: 700; text-transform: uppercase }
"""


class ManualPlugin(OpenAPIRenderPlugin):
    """Renders the schema at `/schema`."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The whole page."""
        return page(openapi_schema).encode()


def page(schema: dict[str, Any]) -> str:
    """The routes, then the kinds of event, then the fields of an event."""
    info = schema["info"]
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<link rel=icon href=/favicon.svg><title>{escape(info['title'])} API</title><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{escape(info.get('description', ''))} "
        f"<a href=/schema/openapi.json>OpenAPI as JSON</a>.</p>"
    ]
    for path, methods in schema["paths"].items():
        for verb, operation in methods.items():
            parts.extend(_operation(path, verb, operation))
    parts.append("<h2 id=kinds>Kinds of event</h2>" + _table(("kind", "needs", "may have", "says"), _kinds()))
    body = schema["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]["items"]
    parts.append("<h2 id=fields>Fields of an event</h2>" + _table(("field", "what"), _fields(body)))
    return "\n".join(parts)


def _operation(path: str, verb: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><span class=verb>{escape(verb)}</span> <code>{escape(path)}</code></h2>"
    yield f"<p>{escape(operation.get('description') or operation.get('summary') or '')}</p>"
    if parameters := operation.get("parameters"):
        rows = ((_code(p["name"]), p["in"], escape(p.get("description", ""))) for p in parameters)
        yield _table(("parameter", "in", "what"), rows)
    if what := escape(operation.get("requestBody", {}).get("description", "")):
        yield f"<p>Body: {what} (<a href=#kinds>kinds</a>, <a href=#fields>fields</a>).</p>"
    answers = ((status, escape(answer.get("description", ""))) for status, answer in operation["responses"].items())
    yield _table(("status", "when"), answers)


def _kinds() -> Iterator[tuple[str, ...]]:
    for kind, rule in KINDS.items():
        needs = [
            *map(_code, rule.needs),
            *([f"{rule.choice} " + ", ".join(map(_code, rule.one_of))] if rule.one_of else []),
        ]
        yield _code(kind.wire), ", ".join(needs), ", ".join(map(_code, rule.may)), escape(rule.help)


def _fields(event: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, field in event["properties"].items():
        yield _code(name), escape(field.get("description", ""))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>" + "".join(lines) + "</table>"
