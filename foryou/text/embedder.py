"""What turns texts into vectors, and which of them a deployment uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foryou.core.errors import SettingsError

Vectors: TypeAlias = NDArray[np.float32]
DIM = 64
"""The length of every text vector, whoever made it: 256 bytes a video in the tables, 128 in the log."""
CHOICES = ("learned", "hashed", "e5")


class Embedder(Protocol):
    """Texts to vectors. `name` says which space they are in, and changes whenever vectors of before could not stand
    beside those of now; `at_once` is how many texts it is given in one go."""

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int: ...

    def __call__(self, texts: Iterable[str]) -> Vectors:
        """Vectors `[texts, DIM]` of length 1, whose inner product says how alike two texts are; zero where a text says
        nothing."""


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How captions, hashtags and descriptions are understood."""

    embedder: str = field(
        default="learned",
        metadata={
            "help": "`learned`: what words mean on this site counts, learned from its texts; `hashed`: shared words "
            "count; `e5`: meanings count, across languages, needs `pip install 'foryou[text]'`. After a change all "
            "texts are read anew in the background"
        },
    )

    def __post_init__(self) -> None:
        if self.embedder not in CHOICES:
            raise SettingsError(f"text.embedder is {self.embedder!r}; expected {', '.join(CHOICES)}")
