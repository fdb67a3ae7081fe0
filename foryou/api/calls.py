"""What the API does, in wire types and without HTTP: the routes and the client in process both call this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from foryou.api.schema import Receipt, Row, Slate, is_request, is_time_zone, to_columns
from foryou.core.batch import Batch
from foryou.core.errors import InvalidEvent, NotFound
from foryou.core.pipeline import Trace
from foryou.feed.serve import Ask

if TYPE_CHECKING:
    from foryou.app import Engine

Surface: TypeAlias = Literal["for_you", "following", "plain"]
Language: TypeAlias = Literal["en", "nb", "nl"]

MOST_ITEMS = 100
"""How many videos one feed request may ask for."""

MOST_NAME = 256
"""Characters of an id."""

ZONE = "an IANA time zone such as Europe/Oslo"


def accept(engine: Engine, rows: Sequence[Row]) -> tuple[Receipt, Batch]:
    """Take events in; on return they are durable. Also the events that were new, as columns."""
    batch, refused = to_columns(rows, engine.clock())
    new = batch.take(engine.accept(batch)) if len(batch) else batch
    return Receipt(len(new), len(batch) - len(new), refused), new


def feed(engine: Engine, ask: Ask) -> tuple[Slate, Trace]:
    """A slate, and the diary of how it came about. InvalidEvent for a time zone that there is not."""
    if ask.time_zone and not is_time_zone(ask.time_zone):
        raise InvalidEvent("time_zone", f"{ask.time_zone[:50]!r} is no time zone", ZONE)
    served = engine.feed(ask)
    return Slate(served.request, served.surface, served.model, served.items), served.trace


def explain(engine: Engine, request: str, video: str, language: Language) -> dict[str, object]:
    """Why a video was in a slate. NotFound, `gone` after 30 days."""
    if not is_request(request):
        raise NotFound(f"there is no request {request[:50]!r}")
    return engine.explain(request, video, language)


def erase(engine: Engine, viewer: str) -> dict[str, object]:
    """Take everything of a viewer out of everything; the receipt."""
    if not 1 <= len(viewer) <= MOST_NAME:
        raise InvalidEvent("viewer", f"has {len(viewer)} characters", f"a viewer's id, 1 to {MOST_NAME} characters")
    return engine.erase(viewer)


def plain(value: object) -> object:
    """NumPy values as those of Python, for encoders that know no others."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise NotImplementedError(f"cannot send a {type(value).__name__}")
