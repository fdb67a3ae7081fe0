"""Opens the embedder that the settings name."""

from __future__ import annotations

from collections.abc import Callable

from foryou.core.ids import id_of
from foryou.text.e5 import E5
from foryou.text.embedder import Embedder, TextSettings
from foryou.text.hashed import Hashed
from foryou.text.learned import Learned

_KNOWN = {id_of("embedder", known.name): known.name for known in (Hashed, E5, Learned)}


def open_embedder(settings: TextSettings) -> Embedder:
    """The embedder of a deployment. SettingsError if what it needs is not installed."""
    made: dict[str, Callable[[], Embedder]] = {"learned": Learned, "hashed": Hashed, "e5": E5}
    return made[settings.embedder]()


def embedder_id(embedder: Embedder) -> int:
    """What stands beside a vector to say who made it."""
    return id_of("embedder", embedder.name)


def embedder_name(number: int) -> str:
    """Who made a vector, in words."""
    return _KNOWN.get(number, "an embedder that this version does not know")
