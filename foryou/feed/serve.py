"""From a question to a slate: builds the request from what is known, runs the recipe, and says what has to be
logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import SECOND
from foryou.core.errors import InvalidEvent
from foryou.core.heads import NAMES
from foryou.core.ids import id_of, pair_of
from foryou.core.pipeline import Request, Slate, Trace
from foryou.core.ports import Model, Store
from foryou.features.hydrate import viewer_columns, without_demographics
from foryou.features.wishes import wishes
from foryou.feed.recipe import BESIDE, SURFACES
from foryou.training.examples import ITEM_COLUMNS, VIEWER_COLUMNS


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client asks for, in its own words. InvalidEvent names what is wrong."""

    viewer: str = ""
    n: int = 10
    surface: str = "for_you"
    session: str = ""
    device: str = ""
    language: str = ""
    country: str = ""
    time_zone: str = ""

    def __post_init__(self) -> None:
        if self.surface not in SURFACES:
            raise InvalidEvent("surface", f"{self.surface!r} is no feed", f"one of {', '.join(SURFACES)}")
        if not 1 <= self.n <= 100:
            raise InvalidEvent("n", f"{self.n} is out of range", "1 to 100")


@dataclass(frozen=True, slots=True)
class Served:
    """A slate as it is answered, with the diary of how it came about."""

    request: str
    surface: str
    model: str
    items: list[dict[str, object]]
    trace: Trace
    withheld: list[dict[str, object]]
    """Where it is shorter than was asked for: see `feed.withheld`."""


def offset_of(time_zone: str, at: int) -> int:
    """Minutes east of UTC in an IANA zone at a time (ms), plus 1,440; -1 where no zone was sent."""
    if not time_zone:
        return -1
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise InvalidEvent(
            "time_zone", f"{time_zone!r} is no time zone", "an IANA name such as Europe/Oslo"
        ) from problem
    away = datetime.fromtimestamp(at / SECOND, tz=UTC).astimezone(zone).utcoffset()
    return int(away.total_seconds() // 60) + 1440 if away is not None else -1


def request_for(
    ask: Ask, store: Store, model: Model, number: int, at: int, reached: int, seed: int, demographics: bool
) -> Request:
    """The request with everything that is known of the viewer. In the plain feed nobody is known.

    Two requests of the same viewer, session and page on the same log have the same chance in them.
    """
    personal = ask.surface != "plain"
    viewer = id_of("viewer", ask.viewer) if personal else 0
    said = {
        "surface": id_of("surface", ask.surface),
        "device": id_of("device", ask.device),
        "language": id_of("language", ask.language),
        "country": id_of("country", ask.country),
    }
    context: dict[str, Column] = {name: np.array([value], np.int64) for name, value in said.items()}
    context["offset"] = np.array([offset_of(ask.time_zone, at)], np.int64)
    known = viewer_columns(store, np.array([viewer], np.int64), np.array([at], np.int64), context)
    language, country = int(known["viewer_language"][0]), int(known["country"][0])
    if not demographics:
        known = without_demographics(known)
    own = id_of("author", ask.viewer) if personal else -1
    known = known.extend(wishes(store, viewer).columns)
    known = known.extend({"own_author": np.array([own or -1], np.int64), "vector": model.viewer_vector(known)})
    session = id_of("session", ask.session)
    mixed = pair_of(np.array([viewer ^ session]), np.array([seed * 1_000_003 + reached]))
    return Request(
        id=number,
        at=at,
        viewer_id=viewer,
        n=ask.n,
        surface=said["surface"],
        session=session,
        language=language,
        country=country,
        viewer=known,
        seed=int(mixed[0]),
    )


def log_rows(
    request: Request, slate: Slate, version: str, degraded: Sequence[str] = (), considered: bytes = b""
) -> Batch:
    """The slate as it is logged: what was shown where and why, the predictions of which version of the model, and the
    columns to learn from; for some also what was `considered`."""
    count = len(slate)

    def all_rows(value: int) -> Column:
        return np.full(count, value, np.int64)

    rows: dict[str, Column] = {
        "request": all_rows(request.id),
        "at": all_rows(request.at),
        "session": all_rows(request.session),
        "model": all_rows(id_of("model", version)),
        "version": np.full(count, version.encode(), object),
        "position": np.arange(count, dtype=np.int16),
        "source": slate["source"],
        "sources": slate["sources"],
        "propensity": slate["propensity"],
        "score": slate["score"],
        "explore": slate["explore"],
        "variety": slate["variety"],
        "explored": slate["explored"],
    }
    if degraded:
        rows["degraded"] = np.array([" ".join(degraded).encode()] * count, object)
    if considered and count:
        rows["considered"] = np.array([considered, *[b""] * (count - 1)], object)
    if "rejected" in slate:
        rows |= {f"p_{name}": slate[name] for name in NAMES if name in slate}
        rows |= {name: slate[name] for name in BESIDE}
        rows |= {name: _for_each(request.viewer[name], count) for name in VIEWER_COLUMNS}
        rows |= {name: slate[name] for name in ITEM_COLUMNS}
    return Batch(
        {"viewer": all_rows(request.viewer_id), "item": slate["item"], "surface": all_rows(request.surface), **rows}
    )


def _for_each(values: Column, count: int) -> Column:
    """One row as so many, without a copy: it is packed as one."""
    return np.broadcast_to(values, (count, *values.shape[1:]))


KEPT = (
    "viewer",
    "item",
    "surface",
    "request",
    "at",
    "session",
    "model",
    "version",
    "position",
    "source",
    "sources",
    "propensity",
    "score",
    "explore",
    *BESIDE,
    "variety",
    "explored",
    "degraded",
    "considered",
    *(f"p_{name}" for name in NAMES),
)
"""What stays of a logged slate once its rows can no longer be joined with outcomes."""
