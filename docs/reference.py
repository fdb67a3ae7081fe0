"""Writes the reference pages from the code, so that they cannot say anything else.

`python -m docs.reference` writes them; with `--check` it writes nothing, and exits 1 if a page is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args

import typer
from typer.models import ArgumentInfo, ParamMeta
from typer.utils import get_params_from_function

from foryou.access.rules import RULES, Role, Rule
from foryou.api.schema import FIELDS
from foryou.api.server import application
from foryou.app import Engine
from foryou.cli import app
from foryou.core.event import EVENT, KINDS, KindRule
from foryou.core.heads import HEADS, WATCH_CUTS
from foryou.core.inputs import FAMILIES, HISTORY, HISTORY_COLUMNS, INPUTS, RATES, Input
from foryou.settings import PREFIX, DataSettings, Settings, describe

DIRECTORY = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by `python -m docs.reference` from the code. Change the code, then run `make docs`. -->"
_EMPTY = ("", None)


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` name those that are stale; the exit status."""
    stale = {name: page for name, page in pages().items() if _on_disk(name) != page}
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} is stale: run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    DIRECTORY.mkdir(exist_ok=True)
    for name, page in stale.items():
        (DIRECTORY / name).write_text(page, "utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


def pages() -> dict[str, str]:
    """Every page by file name."""
    writers: dict[str, Callable[[], Iterable[str]]] = {
        "settings.md": settings_page,
        "events.md": events_page,
        "heads.md": heads_page,
        "inputs.md": inputs_page,
        "commands.md": commands_page,
        "http.md": lambda: http_page(schema()),
    }
    return {name: "\n\n".join([_NOTE, *write()]) + "\n" for name, write in writers.items()}


def settings_page() -> Iterator[str]:
    """Every setting, as `foryou.settings.describe` tells it."""
    yield "# Settings"
    yield (
        "They come from one TOML file (`foryou.toml` in the working directory, or the one that `--config` names), then "
        f"from the environment (`{PREFIX}...`), then from the command line; the later wins. A key, or a `{PREFIX}` "
        "variable, that is not listed here is refused."
    )
    yield _table(
        ("key", "variable", "type", "default", "what"),
        ((_code(s.key), _code(s.variable), s.type, _code(_shown(s.default)), s.help) for s in describe()),
    )
    yield "A dot in a key is a section of the file: `server.port` is `port` under `[server]`."


def events_page() -> Iterator[str]:
    """The kinds of event, the fields on the wire and the columns inside."""
    yield "# Events"
    yield (
        "One flat record for everything that happens, sent to `POST /v1/events` or read from a file by "
        "`foryou import`. Every event has an `id` of the client's own and a `kind`. `at` may be left out, and is then "
        "the time of arrival; a time after the arrival is set back to it."
    )
    yield "## Kinds"
    kinds = ((_code(kind.wire), _needs(rule), _codes(rule.may), rule.help) for kind, rule in KINDS.items())
    yield _table(("kind", "needs", "may have", "says"), kinds)
    yield "## Fields on the wire"
    yield _table(("field", "what"), ((_code(name), what) for name, what in FIELDS.items()))
    yield "## Columns inside"
    yield (
        "What an event becomes at the edge: names are int64 ids (0: none), times are ms UTC. `-1` stands for a number "
        "that was not sent."
    )
    columns = (
        (_code(f.name), f.dtype + (f" [{f.width}]" if f.width > 1 else ""), _code(_shown(f.default)), f.help)
        for f in EVENT
    )
    yield _table(("column", "type", "default", "what"), columns)


def heads_page() -> Iterator[str]:
    """The outcomes that are predicted."""
    yield "# Heads"
    yield (
        "The outcomes that the model predicts. A video's score is the sum over heads of weight x prediction; a "
        "prediction is a probability, or seconds for `watch`. The prior is how often it happens where nothing is known."
    )
    yield _table(
        ("head", "kind", "weight", "prior", "is 1 when, or counts", "in words"),
        ((_code(h.name), h.kind, f"{h.weight:g}", f"{h.prior:g}", h.label, h.help) for h in HEADS),
    )
    yield f"The survival head asks at {', '.join(f'{cut:g}' for cut in WATCH_CUTS)} s whether watching went on."


def inputs_page() -> Iterator[str]:
    """What the model reads."""
    yield "# Inputs"
    yield (
        "Everything that the model is told; what is not in these tables it cannot use. An id is embedded, a dense "
        "input is one or more numbers. The families are those of explanations."
    )
    yield "## Families"
    yield _table(("family", "what"), ((_code(name), what) for name, what in FAMILIES.items()))
    for side, title in (("viewer", "Of the viewer, once a request"), ("item", "Of each video, beside the viewer")):
        yield f"## {title}"
        yield _table(
            ("input", "kind", "width", "family", "what"), (_input(known) for known in INPUTS if known.side == side)
        )
    yield "## History"
    yield f"The viewer's latest {HISTORY} exposures, newest first: {_codes(HISTORY_COLUMNS)}."
    yield f"`RATES` in the tables above, in this order: {_codes(RATES)}."


def commands_page() -> Iterator[str]:
    """The command line, as Typer knows it."""
    yield "# Commands"
    yield (
        "`foryou COMMAND --help` says the same. An error that ForYou raises on purpose is one line, and the exit "
        "status is then 2."
    )
    for name, callback in commands():
        params = [p for p in get_params_from_function(callback).values() if p.annotation is not typer.Context]
        usage = " ".join(_argument(p) for p in params if isinstance(p.default, ArgumentInfo))
        yield f"## foryou {name}"
        yield " ".join((callback.__doc__ or "").split())
        yield f"```\nforyou {' '.join(filter(None, (name, '[OPTIONS]', usage)))}\n```"
        yield _table(("argument or option", "type", "default", "what"), (_parameter(param) for param in params))


def _argument(param: ParamMeta) -> str:
    """As it is written in a usage line: in brackets where it may be left out."""
    return param.name.upper() if param.default.default is ... else f"[{param.name.upper()}]"


def commands(of: typer.Typer = app, before: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command's name, as it is typed after `foryou`, and its function; those of groups too."""
    for command in of.registered_commands:
        assert command.callback is not None
        yield before + (command.name or command.callback.__name__), command.callback
    for group in of.registered_groups:
        assert group.typer_instance is not None
        name = f"{before}{group.typer_instance.info.name}"
        callback = group.typer_instance.registered_callback
        if callback is not None and group.typer_instance.info.invoke_without_command:
            assert callback.callback is not None
            yield name, callback.callback
        yield from commands(group.typer_instance, f"{name} ")


def http_page(openapi: Mapping[str, Any]) -> Iterator[str]:
    """The routes, as the OpenAPI schema has them."""
    yield "# HTTP"
    yield (
        "A running server describes itself at `/schema` (for people) and `/schema/openapi.json` (OpenAPI). Bodies are "
        "JSON; events may be MessagePack (`application/msgpack`). Every error answer but that of `/health/ready` is "
        '`{"error": {"field", "problem", "expected"}}`.'
    )
    yield "## Who may call"
    yield (
        "Once there is any key, a call needs one with a role of its row, or a viewer's token where the row says so "
        "([access](../guides/access.md))."
    )
    yield _table(("route", "roles", "viewer's token", "in the audit log"), map(_who_may, RULES))
    for path, methods in openapi["paths"].items():
        for verb, operation in methods.items():
            yield from _operation(path, verb, operation)
    yield "## Answers"
    for name, component in openapi["components"]["schemas"].items():
        fields = ((_code(field), _json_type(kind)) for field, kind in component["properties"].items())
        yield f"### {name}"
        yield _table(("field", "type"), fields)


def _who_may(rule: Rule) -> tuple[str, ...]:
    roles = "everybody" if rule.public else _codes(role for role in Role if role in rule.roles)
    return _code(f"{rule.method} {rule.name}"), roles, *("yes" if each else "" for each in (rule.viewer, rule.audited))


def schema() -> dict[str, Any]:
    """The OpenAPI schema of an engine that keeps nothing."""
    engine = Engine.open(Settings(data=DataSettings(url="memory:")))
    try:
        return application(engine).openapi_schema.to_schema()
    finally:
        engine.close()


def _operation(path: str, verb: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {verb.upper()} {path}"
    yield f"{operation['summary']}. " + " ".join(operation.get("description", "").split())
    if "description" in operation.get("requestBody", {}):
        yield f"Body: {operation['requestBody']['description']} (see [events](events.md))."
    if parameters := operation.get("parameters"):
        rows = (
            (_code(p["name"]), p["in"], _json_type(p["schema"]), _code(_shown(p["schema"].get("default"))), _said(p))
            for p in parameters
        )
        yield _table(("parameter", "in", "type", "default", "what"), rows)
    answers = ((_code(status), _answer(answer, status)) for status, answer in operation["responses"].items())
    yield _table(("status", "answer"), answers)


def _said(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("description", ""))


def _answer(answer: Mapping[str, Any], status: str) -> str:
    content: Mapping[str, Any] = next(iter(answer.get("content", {}).values()), {})
    kind = _json_type(content.get("schema", {}))
    if status.startswith("2"):
        return kind
    return str(answer["description"])


def _json_type(kind: Mapping[str, Any]) -> str:
    if "$ref" in kind:
        name = str(kind["$ref"]).rsplit("/", maxsplit=1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in kind:
        return "one of " + _codes(kind["enum"])
    if kind.get("type") == "array":
        return f"array of {_json_type(kind['items'])}"
    return str(kind.get("type", "anything"))


def _input(known: Input) -> tuple[str, ...]:
    return _code(known.name), known.kind, str(known.width), _code(known.family), known.help


def _parameter(param: ParamMeta) -> tuple[str, ...]:
    info = param.default
    if isinstance(info, ArgumentInfo):
        name = param.name.upper()
    else:
        name = (info.param_decls or (f"--{param.name.replace('_', '-')}",))[0]
    default = "" if info.default in (..., None) else _shown(info.default)
    return _code(name), _type_name(param.annotation), _code(default), info.help or ""


def _type_name(hint: Any) -> str:
    """A type as a reader knows it: `str | None` is a text that may be left out.

    >>> _type_name(str | None), _type_name(list[str]), _type_name(Path)
    ('text', 'texts', 'path')
    """
    if isinstance(hint, UnionType):
        return " or ".join(_type_name(part) for part in get_args(hint) if part is not NoneType)
    if get_args(hint):
        one = _type_name(get_args(hint)[0])
        return one if one.startswith("one of") else one + "s"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "one of " + _codes(hint)
    return {str: "text", int: "whole number", Path: "path", datetime: "day"}.get(hint, str(hint))


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else "" if value in _EMPTY else str(value)


def _needs(rule: KindRule) -> str:
    return ", ".join(filter(None, (_codes(rule.needs), f"{rule.choice} {_codes(rule.one_of)}" if rule.one_of else "")))


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _on_disk(name: str) -> str:
    path = DIRECTORY / name
    return path.read_text("utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
