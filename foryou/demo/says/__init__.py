"""Words of the demo in each language: first names, and what people write under videos."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def phrases(language: str) -> Mapping[str, tuple[str, ...]]:
    """The phrases of a language by what they are for."""
    text = (files("foryou.demo.says") / f"{language}.toml").read_text("utf-8")
    return {name: tuple(each.split(" | ")) for name, each in tomllib.loads(text).items()}
