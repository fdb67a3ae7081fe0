"""The policies by name, and those that somebody wrote in a file of their own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from types import ModuleType

from foryou.core.errors import InvalidEvent, NotFound
from foryou.simulator.policies.engine import ForYou
from foryou.simulator.policies.gorse import GorseLike
from foryou.simulator.policies.ials import Ials
from foryou.simulator.policies.item_knn import ItemKnn
from foryou.simulator.policies.linucb import LinUcb
from foryou.simulator.policies.plain import chance, recent
from foryou.simulator.policies.policy import Policy
from foryou.simulator.policies.popular import Popular, epsilon_greedy


@dataclass(frozen=True)
class Options:
    """What policies may need to know: a running server for `foryou`, its key, and settings of its own engine."""

    server: str = ""
    key: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    config: Path | None = None
    """Settings of its engine (TOML), under `settings`."""


POLICIES: Mapping[str, Callable[[Options], Policy]] = {
    "foryou": lambda options: ForYou(
        server=options.server, key=options.key, changes=options.settings, config=options.config
    ),
    "random": lambda options: chance(),
    "popular": lambda options: Popular(),
    "recent": lambda options: recent(),
    "epsilon-greedy": lambda options: epsilon_greedy(),
    "item-knn": lambda options: ItemKnn(),
    "ials": lambda options: Ials(),
    "linucb": lambda options: LinUcb(),
    "gorse-like": lambda options: GorseLike(),
}


PARTS = ("name", "start", "join", "publish", "feed", "observe", "finish")
"""What a policy has."""


def policy_of(name: str, options: Options | None = None) -> Policy:
    """A new policy by its name, or by `FILE.py:Class`. NotFound if there is none."""
    if name in POLICIES:
        return POLICIES[name](options or Options())
    path, _, made = name.rpartition(":")
    if path.endswith(".py"):
        return _written(Path(path), made)
    raise NotFound(f"there is no policy {name!r}; there are {', '.join(POLICIES)}, and your own as FILE.py:Class")


def _written(path: Path, name: str) -> Policy:
    if not path.is_file():
        raise NotFound(f"there is no file {path}; a policy of your own is FILE.py:Class")
    found = getattr(_module(path), name, None)
    if not callable(found):
        raise NotFound(f"{path} has no class {name!r}; a policy of your own is FILE.py:Class")
    try:
        signature(found).bind()
    except TypeError as error:
        raise InvalidEvent(f"{path}:{name}", str(error), "a class that is made without arguments") from error
    made: Policy = found()
    missing = [part for part in PARTS if not hasattr(made, part)]
    if missing:
        raise NotFound(f"{name} of {path} is no policy: it has no {', '.join(missing)}")
    if not isinstance(made.name, str) or not made.name:
        raise InvalidEvent(f"{path}:{name}", f"its `name` is {made.name!r}", "a word by which it is told apart")
    return made


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise InvalidEvent(f"{path}", f"line {error.lineno}: {error.msg}", "a file of Python") from error
    except ImportError as error:
        raise InvalidEvent(f"{path}", str(error), "imports that are installed") from error
    return module
