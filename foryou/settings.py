"""Assembles the stages' own settings from one TOML file and the environment, read once.

A setting lives as a field of what it configures, with its default and its help; here they only get a name.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from math import isfinite
from pathlib import Path
from typing import TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from foryou.access.rules import AccessSettings
from foryou.core.errors import SettingsError
from foryou.features.reach_settings import ReachSettings
from foryou.features.trust import TrustSettings
from foryou.feed.recipe import FeedSettings
from foryou.retention import RetentionSettings
from foryou.text.embedder import TextSettings
from foryou.training.stream import LearningSettings

FILE = Path("foryou.toml")
"""Read if it is there and no other is named."""
PREFIX = "FORYOU_"

Tree: TypeAlias = Mapping[str, object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where the log, the tables and the models are kept."""

    url: str = field(default="file:./data/live", metadata={"help": "`file:DIRECTORY`, or `memory:` to keep nothing"})

    @property
    def directory(self) -> Path | None:
        """The directory of the files; None where nothing is kept."""
        scheme, _, path = self.url.partition(":")
        return Path(path.removeprefix("//")).expanduser() if scheme == "file" and path else None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the API and the page are served."""

    host: str = field(default="127.0.0.1", metadata={"help": "address to listen on; 0.0.0.0 for every network"})
    port: int = field(default=8080, metadata={"help": "port to listen on, 1 to 65535"})
    workers: int = field(
        default=1,
        metadata={"help": "processes that serve; from 2 on, another one has the log, folds and learns"},
    )
    threads: int = field(default=8, metadata={"help": "requests computed at the same time"})
    body_mb: int = field(default=32, metadata={"help": "largest request body, MB, as sent and when inflated"})
    deadline_ms: int = field(
        default=100, metadata={"help": "a feed is degraded rather than later than this, ms after it came in; 0: never"}
    )

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65_535:
            raise SettingsError(f"server.port is {self.port}; expected 1 to 65535")
        if self.threads < 1 or self.body_mb < 1 or self.workers < 1:
            raise SettingsError("server.workers, server.threads and server.body_mb must be at least 1")
        if self.deadline_ms < 0:
            raise SettingsError(f"server.deadline_ms is {self.deadline_ms}; expected 0 or more")


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How commands call a running server."""

    key: str = field(default="", metadata={"help": "the key that commands send to a server (`--server`)"})


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What the server takes on at once, and how long it waits for clients; beyond, it says so and when to come back."""

    feeds: int = field(default=64, metadata={"help": "feeds and other questions that are computed or wait, at most"})
    writes: int = field(default=64, metadata={"help": "requests with events that are computed or wait, at most"})
    write_wait_ms: int = field(default=1000, metadata={"help": "events that would wait longer for their turn: 503, ms"})
    bodies_mb: int = field(default=256, metadata={"help": "bytes of all request bodies held at the same time, MB"})
    memory_share: float = field(
        default=0.85, metadata={"help": "share of the machine's memory above which events get 503; 1: never"}
    )
    connections: int = field(
        default=10_000, metadata={"help": "connections, at most; fewer where the system allows fewer open files"}
    )
    header_s: float = field(default=10.0, metadata={"help": "within which the head of a request has come, s"})
    body_s: float = field(default=60.0, metadata={"help": "within which the body of a request has come, s"})
    answer_s: float = field(default=60.0, metadata={"help": "within which a client has read an answer, s"})
    idle_s: float = field(default=30.0, metadata={"help": "how long a connection without a request is kept, s"})
    drain_s: float = field(
        default=0.0, metadata={"help": "told to stop: serve on for so long with `/health/ready` at 503, s"}
    )

    def __post_init__(self) -> None:
        for name in ("feeds", "writes", "write_wait_ms", "bodies_mb", "connections"):
            if getattr(self, name) < 1:
                raise SettingsError(f"limits.{name} is {getattr(self, name)}; expected 1 or more")
        for name in ("header_s", "body_s", "answer_s", "idle_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise SettingsError(f"limits.{name} is {getattr(self, name)}; expected seconds, above 0")
        if not 0 <= self.drain_s <= 600:
            raise SettingsError(f"limits.drain_s is {self.drain_s}; expected 0 to 600")
        if not 0 < self.memory_share <= 1:
            raise SettingsError(f"limits.memory_share is {self.memory_share}; expected above 0, at most 1")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    data: DataSettings = field(default_factory=DataSettings, metadata={"help": "where everything is kept"})
    server: ServerSettings = field(default_factory=ServerSettings, metadata={"help": "the HTTP server"})
    access: AccessSettings = field(default_factory=AccessSettings, metadata={"help": "who may do what, and how often"})
    client: ClientSettings = field(default_factory=ClientSettings, metadata={"help": "how commands call a server"})
    limits: LimitSettings = field(default_factory=LimitSettings, metadata={"help": "what the server takes on at once"})
    feed: FeedSettings = field(default_factory=FeedSettings, metadata={"help": "what the feed shows"})
    text: TextSettings = field(default_factory=TextSettings, metadata={"help": "how captions are understood"})
    learning: LearningSettings = field(default_factory=LearningSettings, metadata={"help": "how the model learns"})
    retention: RetentionSettings = field(
        default_factory=RetentionSettings, metadata={"help": "how long events stay in the log"}
    )
    trust: TrustSettings = field(
        default_factory=TrustSettings, metadata={"help": "how much engagement counts that may not be real"}
    )
    reach: ReachSettings = field(default_factory=ReachSettings, metadata={"help": "how a new video finds its audience"})
    demographics: bool = field(
        default=True, metadata={"help": "whether age band, gender and country may be inputs of the model"}
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the reference: `key` in the file, `variable` in the environment."""

    key: str
    variable: str
    type: str
    default: object
    help: str


def load(
    path: Path | None = None, environment: Mapping[str, str] | None = None, changes: Tree | None = None
) -> Settings:
    """The settings of a TOML file (default: `foryou.toml` if there is one), under those of the environment, under
    `changes` (a tree like the file's, from the command line). SettingsError names the key that is wrong."""
    tree = _merged(_file(path), _environment(os.environ if environment is None else environment))
    return build(Settings, _merged(tree, changes or {}))


def build(cls: type[T], tree: Tree, at: str = "") -> T:
    """A dataclass of settings from a tree of values; what is left out keeps its default."""
    hints, known = get_type_hints(cls), {f.name: f for f in _fields(cls)}
    values: dict[str, object] = {}
    for name, value in tree.items():
        key = f"{at}{name}"
        if name not in known:
            raise SettingsError(f"there is no setting {key}; there are {', '.join(at + other for other in known)}")
        if is_dataclass(hints[name]):
            if not isinstance(value, Mapping):
                raise SettingsError(f"{key} is {value!r}; expected a section [{key}]")
            values[name] = build(hints[name], value, f"{key}.")
        else:
            values[name] = _value(key, value, hints[name])
    try:
        return cls(**values)
    except ValueError as error:
        raise SettingsError(f"[{at.rstrip('.')}] {error}") from error


def describe(cls: type = Settings, at: str = "") -> Iterator[Setting]:
    """Every setting there is, in order."""
    hints = get_type_hints(cls)
    for f in _fields(cls):
        if is_dataclass(hints[f.name]):
            yield from describe(hints[f.name], f"{at}{f.name}.")
        else:
            key = at + f.name
            default = f.default_factory() if f.default_factory is not MISSING else f.default
            yield Setting(key, _variable(key), _type_name(hints[f.name]), default, str(f.metadata.get("help", "")))


def changed(chosen: Settings) -> dict[str, object]:
    """The settings that are not the usual ones, by key."""
    found = {}
    for setting in describe():
        value: object = chosen
        for name in setting.key.split("."):
            value = getattr(value, name)
        if value != setting.default:
            found[setting.key] = value
    return found


def _fields(cls: type) -> tuple[Field[object], ...]:
    return fields(cls)


def _variable(key: str) -> str:
    return PREFIX + key.replace(".", "_").upper()


def _type_name(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) and not hasattr(hint, "__args__") else str(hint)


def _value(key: str, value: object, hint: object) -> object:
    """A value as its type, where it fits; texts (from the environment) are read as numbers, switches or JSON."""
    lax = isinstance(value, _Text)
    try:
        return msgspec.convert(str(value) if lax else value, hint, strict=not lax)
    except (msgspec.ValidationError, UnicodeError) as error:
        if lax:
            try:
                return msgspec.convert(json.loads(str(value)), hint)
            except (ValueError, RecursionError):
                pass
        raise SettingsError(f"{key} is {value!r}; expected {_wanted(hint)}") from error


def _wanted(hint: object) -> str:
    """What a value should be, in words where its type alone does not say how it is written."""
    if get_origin(hint) is tuple and get_args(hint)[-1] is not Ellipsis:
        parts = get_args(hint)
        numbers = "whole numbers" if parts[0] is int else f"{parts[0].__name__}s"
        return f"a list of {len(parts)} {numbers}, such as {list(range(1, len(parts) + 1))}"
    return _type_name(hint)


class _Text(str):
    """A value from the environment, whose type is still to be read."""

    __slots__ = ()


def _file(path: Path | None) -> Tree:
    if path is None and not FILE.is_file():
        return {}
    try:
        return tomllib.loads((path or FILE).read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path or FILE} is no TOML: {error}") from error


def _environment(environment: Mapping[str, str]) -> Tree:
    keys = {setting.variable: setting.key for setting in describe()}
    tree: dict[str, object] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        if variable not in keys:
            raise SettingsError(f"there is no setting {variable}; there are {', '.join(keys)}")
        leaf: object = _Text(text)
        for part in reversed(keys[variable].split(".")):
            leaf = {part: leaf}
        assert isinstance(leaf, dict)
        tree = _merged(tree, leaf)
    return tree


def _merged(under: Tree, over: Tree) -> dict[str, object]:
    merged = dict(under)
    for name, value in over.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
